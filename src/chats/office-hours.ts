import { getHolidays, isHoliday } from 'feiertagejs'
import { Temporal } from 'temporal-polyfill'
import { type Channel, type ChatOffering, type Closure, type MinuteSpan, WEEKDAYS } from '../channels/channel.ts'
import { localeOf } from '../channels/locale.ts'
import { replyText, textsOf } from '../channels/replies.ts'

/** Longer than any closure somebody would plan: then there is no next opening worth naming. */
const SEARCHED_DAYS = 400

/**
 * Whether the office reads messages now: within the weekly hours, on no public holiday of the region and on no closed day. Without weekly hours it is open
 * whenever it is not closed; without a chat always, since nobody waits for an answer.
 */
export function isOpen(channel: Channel, at: Date): boolean {
  const { chat } = channel.offerings
  if (!chat) return true
  return spansOn(channel, localDay(channel, at)).some((span) => span.from <= at && at < span.to)
}

/** The first moment from `at` on at which the office reads messages: `at` itself if it is open, null if none is near. */
export function nextOpening(channel: Channel, at: Date): Date | null {
  const { chat } = channel.offerings
  if (!chat) return at
  let day = localDay(channel, at)
  for (let days = 0; days <= SEARCHED_DAYS; days++) {
    for (const { from, to } of spansOn(channel, day)) if (at < to) return from < at ? at : from
    day = day.add({ days: 1 })
  }
  return null
}

/**
 * The line for whoever writes while nobody reads: why, and when somebody will ("am Montag ab 8:00 Uhr"). Null while the office is open or if no opening is
 * near. `until` ends the closed period: whoever got the line needs no second one before.
 */
export function closedNotice(channel: Channel, at: Date): { text: string; until: Date } | null {
  const until = nextOpening(channel, at)
  if (until === null || until.getTime() === at.getTime()) return null
  const today = localDay(channel, at)
  const key = `${today} ${until.getTime()}`
  const known = lastNotice.get(channel)
  if (known?.key === key) return { text: known.text, until }
  const closure = reasonOn(channel, today) ?? ''
  const text = replyText(channel, 'officeClosed', { closure, opening: spokenOpening(channel, today, until) })
  lastNotice.set(channel, { key, text })
  return { text, until }
}

/** Wording a line costs more than everything else here, and all who write in one night get the same. */
const lastNotice = new WeakMap<Channel, { key: string; text: string }>()

const localDay = (channel: Channel, at: Date): Temporal.PlainDate =>
  Temporal.Instant.fromEpochMilliseconds(at.getTime()).toZonedDateTimeISO(channel.timezone).toPlainDate()

const WHOLE_DAY: MinuteSpan = { fromMinute: 0, toMinute: 1440 }

type Opening = { from: Date; to: Date }

/** Working out one day takes about a millisecond, and every message of a citizen asks for the same few days. */
const daysKnown = new WeakMap<Channel, Map<string, Opening[]>>()
const DAYS_KEPT = 1000

function spansOn(channel: Channel, day: Temporal.PlainDate): readonly Opening[] {
  let known = daysKnown.get(channel)
  if (known === undefined || known.size > DAYS_KEPT) {
    known = new Map()
    daysKnown.set(channel, known)
  }
  const date = day.toString()
  let openings = known.get(date)
  if (openings === undefined) {
    openings = openingsOn(channel, day)
    known.set(date, openings)
  }
  return openings
}

/** A day's opening hours as moments, in order. Each time of day is looked up on its own day, so clock changes are right. */
function openingsOn(channel: Channel, day: Temporal.PlainDate): Opening[] {
  const { chat } = channel.offerings
  if (!chat || closureOn(chat, day)) return []
  const { officeHours } = chat
  if (officeHours && isHoliday(day.toString(), stateOf(channel))) return []
  const spans = officeHours ? officeHours[WEEKDAYS[day.dayOfWeek - 1]!] : [WHOLE_DAY]
  return spans.map(({ fromMinute, toMinute }) => ({
    from: moment(channel, day, fromMinute),
    to: moment(channel, day, toMinute),
  }))
}

function moment({ timezone }: Channel, day: Temporal.PlainDate, minute: number): Date {
  if (minute === 1440) return new Date(day.add({ days: 1 }).toZonedDateTime(timezone).epochMilliseconds)
  const plainTime = new Temporal.PlainTime(Math.floor(minute / 60), minute % 60)
  return new Date(day.toZonedDateTime({ timeZone: timezone, plainTime }).epochMilliseconds)
}

const closureOn = (chat: ChatOffering, day: Temporal.PlainDate): Closure | undefined => {
  const date = day.toString()
  return chat.closures.find(({ from, to }) => from <= date && date <= to)
}

const stateOf = ({ region }: Channel) => region.slice(3) as Parameters<typeof isHoliday>[1]

/** Why a whole day is closed: the closure's own text, else the holiday's name. */
function reasonOn(channel: Channel, day: Temporal.PlainDate): string | undefined {
  const { chat } = channel.offerings
  const closure = chat && closureOn(chat, day)
  if (closure) return closure.text ?? undefined
  const date = day.toString()
  const holiday = getHolidays(day.year, stateOf(channel)).find((one) => one.dateString === date)
  const name = channel.language === 'de' ? holiday?.translate('de') : undefined
  return name && chat?.officeHours ? `${textsOf(channel).phrases.holiday} ${name}.` : undefined
}

/** 'heute ab 13:30 Uhr', 'am Montag ab 8:00 Uhr', 'am Montag, 4. Januar, ab 8:00 Uhr' from the seventh day on. */
function spokenOpening(channel: Channel, today: Temporal.PlainDate, opening: Date): string {
  const { phrases } = textsOf(channel)
  const days = today.until(localDay(channel, opening)).days
  const format = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(localeOf(channel), { timeZone: channel.timezone, ...options }).format(opening)
  const time = format({ hour: 'numeric', minute: '2-digit', hourCycle: 'h23' }).replace(/^0(?=\d)/, '')
  const weekday = format({ weekday: 'long' })
  const day =
    days === 0
      ? phrases.today
      : phrases.onDay.replace('{day}', days < 7 ? weekday : `${weekday}, ${format({ day: 'numeric', month: 'long' })},`)
  return phrases.fromTime.replace('{day}', day).replace('{time}', time)
}
