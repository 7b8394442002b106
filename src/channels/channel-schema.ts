import { getHolidays } from 'feiertagejs'
import { parsePhoneNumberFromString } from 'libphonenumber-js/max'
import { z } from 'zod'
import { parseDuration } from '../duration.ts'
import { chatwootPlace } from '../inbox/chatwoot.ts'
import { Secret } from '../secret.ts'
import { ACCEPTABLE, type MinuteSpan, WEEKDAYS } from './channel.ts'
import { inboxAddressProblem } from './inbox-address.ts'
import { compact, STANDARD_KEYWORDS } from './keywords.ts'

const line = z.string().trim().min(1, 'must not be empty')

/** Text that `parse` understands (null = it does not); `rule` says how it must look. */
const parsed = <T>(rule: string, parse: (text: string) => T | null) =>
  z.string({ error: (issue) => (issue.input === undefined ? undefined : rule) }).transform((text, context): T => {
    const value = parse(text.trim())
    if (value !== null) return value
    context.addIssue({ code: 'custom', message: rule })
    return z.NEVER
  })

/** YAML reads `2026` as a number although a version or a duration is meant. */
const numberAsText = (value: unknown) => (typeof value === 'number' ? String(value) : value)

const duration = (fallback: string) =>
  z.preprocess(numberAsText, parsed('must be a duration such as 8d, 12h or 30m', parseDuration)).prefault(fallback)

const id = z
  .string({
    error: (issue) =>
      typeof issue.input === 'number' ? 'must be in quotes: numbers lose their last digits' : undefined,
  })
  .trim()
  .regex(/^[A-Za-z0-9_-]+$/, 'must be an id of letters and digits')

const secret = parsed('must not be empty or contain blanks', (text) => (/^\S+$/.test(text) ? new Secret(text) : null))

const webhookSecret = parsed('must be whsec_ followed by base64', (text) => {
  const key = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text)?.[1]
  const whole =
    key !== undefined && Buffer.from(key, 'base64').toString('base64').replace(/=+$/, '') === key.replace(/=+$/, '')
  return whole ? new Secret(text) : null
})

/** Meta's own test numbers (+1 555 …) are possible but belong to nobody, so possible is all we can ask of numbers outside Germany. */
const phoneNumber = parsed('must be a whole phone number in quotes, with country code: "+492932201100"', (text) => {
  const number = text.startsWith('+') ? parsePhoneNumberFromString(text) : undefined
  const right = number?.countryCallingCode === '49' ? number.isValid() : number?.isPossible()
  return number && right ? number.number : null
})

const timezone = parsed('must be a time zone such as Europe/Berlin', (text) => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone && text
  } catch {
    return null
  }
})

const region = parsed('must be a German state such as DE-NW or DE-HE', (text) => {
  const state = /^DE-([A-Z]{2})$/.exec(text)?.[1]
  try {
    return state && getHolidays(2026, state as 'NW').length > 0 ? text : null
  } catch {
    return null
  }
})

const httpAddress = parsed('must be an address that starts with https:// or http://', (text) =>
  /^https?:\/\/\S+$/i.test(text) && URL.canParse(text) ? text : null,
)

const day = z.preprocess(
  (value) => (value instanceof Date && !Number.isNaN(value.getTime()) ? value.toISOString().slice(0, 10) : value),
  parsed('must be a day such as 2026-12-24', (text) => {
    const instant = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN
    return !Number.isNaN(instant) && new Date(instant).toISOString().startsWith(text) ? text : null
  }),
)

const CLOCK = '([01]?\\d|2[0-3]):([0-5]\\d)|(24):(00)'
const minutesOf = (text: string): number | null => {
  const [, hour, minute, midnight] = new RegExp(`^(?:${CLOCK})$`).exec(text) ?? []
  if (midnight) return 1440
  return hour === undefined ? null : Number(hour) * 60 + Number(minute)
}
const clock = parsed('must be a time such as "21:00"', (text) => {
  const minute = minutesOf(text)
  return minute === 1440 ? null : minute
})

const span = parsed(
  'must be hours such as "08:00-12:30", the second later than the first',
  (text): MinuteSpan | null => {
    const [from, to, ...more] = text.split(/\s*[-–]\s*/)
    const fromMinute = minutesOf(from ?? '')
    const toMinute = minutesOf(to ?? '')
    if (more.length > 0 || fromMinute === null || toMinute === null || fromMinute >= toMinute) return null
    return { fromMinute, toMinute }
  },
)

const spans = z
  .preprocess((value) => (typeof value === 'string' ? [value] : value), z.array(span))
  .transform((list) => list.toSorted((a, b) => a.fromMinute - b.fromMinute))
  .refine((list) => list.every((one, index) => index === 0 || one.fromMinute >= list[index - 1]!.toMinute), {
    message: 'has hours that overlap',
  })
  .prefault([])

const keywords = (standard: readonly string[]) =>
  z
    .array(line.refine((word) => compact(word) !== '', { message: 'has no letters that could be recognised' }))
    .min(1, 'must name at least one keyword')
    .prefault([...standard])

const info = z.strictObject({
  join: keywords(STANDARD_KEYWORDS.info.join),
  leave: keywords(STANDARD_KEYWORDS.info.leave),
  approval: z.enum(['four-eyes', 'none']).default('four-eyes'),
  quietHours: z
    .strictObject({ from: clock, to: clock })
    .refine(({ from, to }) => from !== to, { message: 'must not begin and end at the same time' })
    .transform(({ from, to }): MinuteSpan => ({ fromMinute: from, toMinute: to }))
    .optional()
    .transform((hours) => hours ?? null),
  topics: z
    .record(z.string().regex(/^[a-z0-9][a-z0-9_-]*$/, 'must be a key of small letters, digits and hyphens'), line)
    .default({}),
})

/** Judged at the field, so that it is reported beside other problems of the inbox; whether it may be private is known only with the whole. */
const inboxUrl = line.superRefine((url, context) => {
  const message = inboxAddressProblem(url, true)
  if (message) context.addIssue({ code: 'custom', message })
})
const inboxAddress = { url: inboxUrl, allowPrivateAddress: z.boolean().default(false) }
const chatwootUrl = line.refine((url) => chatwootPlace(url) !== null, {
  message: 'must name account and inbox: https://chatwoot.example/api/v1/accounts/1/inboxes/5',
})

const inbox = z
  .preprocess(
    (value) =>
      typeof value === 'object' && value !== null && !('kind' in value) ? { ...value, kind: 'webhook' } : value,
    z.discriminatedUnion('kind', [
      z.strictObject({ ...inboxAddress, kind: z.literal('webhook'), secret: webhookSecret }),
      z.strictObject({ ...inboxAddress, kind: z.literal('chatwoot'), url: chatwootUrl, secret }),
    ]),
  )
  .superRefine(({ url, allowPrivateAddress }, context) => {
    const message = inboxAddressProblem(url, allowPrivateAddress)
    const told = inboxAddressProblem(url, true)
    if (message && !told) context.addIssue({ code: 'custom', path: ['url'], message })
  })

const closure = z
  .strictObject({ from: day, to: day.optional(), text: line.optional() })
  .transform(({ from, to, text }) => ({ from, to: to ?? from, text: text ?? null }))
  .refine(({ from, to }) => from <= to, { message: 'ends before it begins' })

const chat = z.strictObject({
  join: keywords(STANDARD_KEYWORDS.chat.join),
  leave: keywords(STANDARD_KEYWORDS.chat.leave),
  optInRequired: z.boolean().default(true),
  accepts: z.array(z.enum(ACCEPTABLE)).min(1, 'must name at least one kind').default(['text', 'image']),
  officeHours: z
    .strictObject(Object.fromEntries(WEEKDAYS.map((weekday) => [weekday, spans])) as Record<Weekdays, typeof spans>)
    .optional()
    .transform((hours) => hours ?? null),
  closures: z.array(closure).default([]),
  inbox,
  eraseOnClose: z.boolean().default(false),
  eraseGrace: duration('0m'),
})
type Weekdays = (typeof WEEKDAYS)[number]

/** As for the texts of the ledger: what reads as somebody's number could not be taken in again from an export. */
const LIKE_A_NUMBER = /\d(?:-?\d){8,}/
const posterCode = z
  .string()
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'must be a code of small letters, digits and single hyphens')
  .max(32, 'must have at most 32 characters')
  .refine((code) => compact(code) !== '', { message: 'consists of words that say nothing' })
  .refine((code) => !LIKE_A_NUMBER.test(code), { message: 'must not look like a phone number' })

const price = z.number().min(0).max(10).optional()
const prices = { marketing: price, utility: price, authentication: price }
/** One price list for ever, or one per country and day from which it counts: Meta changes them at the start of a quarter. */
const rates = z
  .union([
    z.strictObject(prices).transform((list) => [{ from: '0000-01-01', country: 'DE', ...list }]),
    z.array(
      z.strictObject({
        from: day,
        country: z
          .string()
          .regex(/^[A-Z]{2}$/, 'must be a country such as DE')
          .default('DE'),
        ...prices,
      }),
    ),
  ])
  .transform((lists) => lists.toSorted((a, b) => a.from.localeCompare(b.from)))

/** The content of a channel file, each field for itself; what concerns several fields or files is checked by `channel-checks.ts`. */
export const channelSchema = z.strictObject({
  name: line,
  town: line,
  language: z.enum(['de', 'en']),
  timezone,
  region,
  whatsapp: z.strictObject({
    phoneNumber,
    phoneNumberId: id,
    businessAccountId: id,
    accessToken: secret,
    messagesPerSecond: z.int().min(1, 'must be from 1 to 1000').max(1000, 'must be from 1 to 1000').default(80),
  }),
  offerings: z
    .strictObject({ info: info.optional(), chat: chat.optional() })
    .refine(({ info, chat }) => info || chat, { message: 'must contain info, chat or both' }),
  posters: z.record(posterCode, line.max(100, 'must have at most 100 characters')).default({}),
  privacy: z.strictObject({
    noticeUrl: httpAddress,
    noticeVersion: z.preprocess(numberAsText, line),
    retention: z
      .strictObject({
        inboundIds: duration('8d'),
        recipients: duration('30d'),
        chats: duration('30d'),
        audit: duration('365d'),
        contacts: duration('90d'),
        unreachable: duration('60d'),
        unreachableBroadcasts: z.int().min(2, 'must be from 2 to 100').max(100, 'must be from 2 to 100').default(5),
      })
      .prefault({}),
  }),
  replies: z.record(z.string(), line.max(1024, 'must have at most 1024 characters')).default({}),
  rates: rates.default([]),
})
