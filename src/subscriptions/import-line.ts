import { parsePhoneNumberFromString } from 'libphonenumber-js/max'
import type { Channel, Offering } from '../channels/channel.ts'
import { type Addresses, addressesIn, identifies } from '../contacts/naming.ts'
import { isUserId } from '../contacts/phone.ts'
import { asWritten } from './csv-text.ts'

/** The columns of an export, in order; an import knows them also by the other names. `noticeVersion`, `userId`, `topics` and `offering` may be missing. */
export const COLUMNS = ['phone', 'userId', 'offering', 'topics', 'date', 'source', 'wording', 'noticeVersion'] as const
export type Column = (typeof COLUMNS)[number]

const ALSO: Readonly<Record<Column, readonly string[]>> = {
  phone: ['phonenumber', 'number', 'mobile', 'telefon', 'telefonnummer', 'nummer', 'rufnummer', 'mobilnummer', 'handy'],
  userId: ['bsuid', 'kennung', 'whatsappkennung'],
  offering: ['angebot'],
  topics: ['topic', 'themen', 'thema'],
  date: ['at', 'datum', 'consentat', 'consentdate', 'dateofconsent', 'joinedat', 'since', 'einwilligungam'],
  source: ['quelle', 'herkunft', 'consentsource'],
  wording: ['wortlaut', 'text', 'consentwording', 'consenttext', 'einwilligungstext'],
  noticeVersion: ['version', 'fassung', 'noticeversion'],
}

/** What the office calls the columns, each one of the names above. */
export const GERMAN: Readonly<Record<Column, string>> = {
  phone: 'Rufnummer',
  userId: 'Kennung',
  offering: 'Angebot',
  topics: 'Themen',
  date: 'Datum',
  source: 'Quelle',
  wording: 'Wortlaut',
  noticeVersion: 'Fassung',
}

const REQUIRED: readonly Column[] = ['date', 'source', 'wording']

export type Header = { columns: readonly (Column | null)[] } | { problem: string }

/** What the columns of a file mean; columns that nobody knows are passed over. */
export function readHeader(names: readonly string[]): Header {
  const compact = (name: string) => name.toLowerCase().replace(/[^a-zäöüß]/g, '')
  const columns = names.map(
    (name) => COLUMNS.find((column) => [column.toLowerCase(), ...ALSO[column]].includes(compact(name))) ?? null,
  )
  const twice = columns.find((column, i) => column !== null && columns.indexOf(column) !== i)
  if (twice) return { problem: `The first line names the column ${twice} twice.` }
  const missing: string[] = REQUIRED.filter((column) => !columns.includes(column))
  if (!columns.includes('phone') && !columns.includes('userId')) missing.unshift('phone')
  if (missing.length > 0)
    return {
      problem: `The first line must name the columns. Missing: ${missing.join(', ')}. Known: ${COLUMNS.join(', ')}; in German: ${Object.values(GERMAN).join(', ')}.`,
    }
  return { columns }
}

/** One consent of one person as a file states it, checked as far as the line alone allows. */
export type Stated = {
  phone?: string
  userId?: string
  offering: Offering
  /** null = all */
  topics: string[] | null
  at: Date
  source: string
  wording: string
  noticeVersion: string
}

/** Stands in the ledger where nobody knows which notice was shown. */
export const UNKNOWN_NOTICE = 'unknown'

const LONGEST = { source: 200, wording: 4000, noticeVersion: 100 } as const

/** Reads one line. A reason names the column and never repeats a number, since reasons end up in logs and mails. */
export function readLine(
  columns: readonly (Column | null)[],
  fields: readonly string[],
  channel: Channel,
  now: Date,
): Stated | { reason: string } {
  if (fields.length !== columns.length) return { reason: `has ${fields.length} fields instead of ${columns.length}` }
  const value = (column: Column): string => {
    const index = columns.indexOf(column)
    return index < 0 ? '' : asWritten(fields[index]!.trim())
  }
  const missing = REQUIRED.find((column) => value(column) === '')
  if (missing) return { reason: `${missing} is missing: without it the consent cannot be proven` }
  const phone = value('phone') === '' ? undefined : validPhone(value('phone'))
  if (phone === null) return { reason: 'phone is not a valid number' }
  const userId = value('userId') || undefined
  if (userId !== undefined && !isUserId(userId))
    return { reason: 'userId is not an id of WhatsApp such as DE.1234567890' }
  if (phone === undefined && userId === undefined) return { reason: 'phone is missing' }
  const asked = value('offering').toLowerCase()
  const offering = asked === 'infokanal' ? 'info' : asked || (channel.offerings.info ? 'info' : 'chat')
  if (offering !== 'info' && offering !== 'chat') return { reason: 'offering must be info or chat' }
  if (!channel.offerings[offering]) return { reason: `this channel does not offer ${offering}` }
  const topics = topicsIn(value('topics'), offering, channel)
  if (topics !== null && 'reason' in topics) return topics
  const at = instantIn(value('date'), channel.timezone)
  if (!at) return { reason: 'date must be such as 2026-03-01, 2026-03-01T10:00:00+01:00 or 01.03.2026' }
  if (at > now) return { reason: 'date lies in the future' }
  if (at < EARLIEST) return { reason: 'date lies before WhatsApp existed' }
  const texts = {
    source: value('source').replace(/^(import: )+/, ''),
    wording: value('wording'),
    noticeVersion: value('noticeVersion') || UNKNOWN_NOTICE,
  }
  for (const [column, text] of Object.entries(texts) as [keyof typeof LONGEST, string][]) {
    if (text.length > LONGEST[column]) return { reason: `${column} is longer than ${LONGEST[column]} characters` }
    // The database holds no zero bytes.
    if (/[\uFFFD\0]/.test(text)) return { reason: `${column} is not UTF-8` }
    // The ledger can never forget: what identifies somebody must not get in.
    if (identifies(text, 9, addressesOf(channel)))
      return {
        reason: `${column} contains a number or an e-mail address that is not known as the town's, which could never be erased from the ledger`,
      }
  }
  return { ...(phone ? { phone } : {}), ...(userId ? { userId } : {}), offering, topics, at, ...texts }
}

const addresses = new WeakMap<Channel, Addresses>()

/** How the town itself can be reached: its words of consent often say so, and its own list must come back in. */
function addressesOf(channel: Channel): Addresses {
  const before = addresses.get(channel)
  if (before) return before
  const closures = channel.offerings.chat?.closures.map(({ text }) => text ?? '') ?? []
  const domain = new URL(channel.privacy.noticeUrl).hostname.replace(/^www\./, '')
  const own = addressesIn([channel.whatsapp.phoneNumber, ...Object.values(channel.replies), ...closures])
  const known = new Set([...own, `@${domain}`])
  addresses.set(channel, known)
  return known
}

const EARLIEST = new Date('2009-01-01T00:00:00Z')

/** Stricter than what citizens may write themselves: a slip in a list would message a stranger. */
function validPhone(typed: string): string | null {
  const parsed = parsePhoneNumberFromString(typed.replace(/^00/, '+'), 'DE')
  return parsed?.isValid() && !parsed.ext ? parsed.number : null
}

function topicsIn(text: string, offering: Offering, channel: Channel): string[] | null | { reason: string } {
  const asked = text
    .split(/[;|]/)
    .map((topic) => topic.trim())
    .filter((topic) => topic !== '')
  if (asked.length === 0) return null
  if (offering === 'chat') return { reason: 'topics belong to info only' }
  const known = channel.offerings.info?.topics ?? {}
  const keys = asked.map((topic) =>
    Object.keys(known).find((key) => [key, known[key]!].some((name) => name.toLowerCase() === topic.toLowerCase())),
  )
  if (keys.includes(undefined))
    return { reason: `topics may only be: ${Object.keys(known).join('; ') || 'empty, there are none'}` }
  return [...new Set(keys as string[])]
}

/** A day counts from its beginning in the town. */
function instantIn(text: string, timezone: string): Date | null {
  const german = /^(\d{1,2})\.(\d{1,2})\.(\d{4})(?:,?\s+(\d{1,2}):(\d{2}))?(?::(\d{2}))?$/.exec(text)
  const iso = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?)?(Z|[+-]\d{2}:?\d{2})?$/.exec(text)
  const [year, month, day, hour, minute, second] = (
    german ? [german[3], german[2], german[1], ...german.slice(4)] : (iso?.slice(1) ?? [])
  ).map((part) => Number(part ?? 0))
  if (!year || !month || !day || month > 12 || hour! > 23 || minute! > 59 || second! > 59) return null
  if (new Date(Date.UTC(year, month - 1, day)).getUTCDate() !== day) return null
  if (iso?.[7]) {
    const at = new Date(text.replace(' ', 'T'))
    return Number.isNaN(at.getTime()) ? null : at // an offset of 99 hours, or one without a time
  }
  const asUtc = Date.UTC(year, month - 1, day, hour, minute, second)
  return new Date(asUtc - offsetMs(timezone, new Date(asUtc - offsetMs(timezone, new Date(asUtc)))))
}

const clocks = new Map<string, Intl.DateTimeFormat>()

/** How far the town's clock is ahead of UTC at this moment. */
function offsetMs(timezone: string, at: Date): number {
  let clock = clocks.get(timezone)
  if (!clock) {
    clock = new Intl.DateTimeFormat('en', {
      timeZone: timezone,
      hourCycle: 'h23',
      ...{ year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' },
    })
    clocks.set(timezone, clock)
  }
  const parts = Object.fromEntries(clock.formatToParts(at).map(({ type, value }) => [type, Number(value)]))
  const { year, month, day, hour, minute, second } = parts as Record<string, number>
  return Date.UTC(year!, month! - 1, day, hour, minute, second) - Math.floor(at.getTime() / 1000) * 1000
}
