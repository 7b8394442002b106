/** Pure: when a broadcast may leave. The sender and the forecast both ask here, so that what is promised is what happens. */
import { Temporal } from 'temporal-polyfill'
import type { MinuteSpan } from '../channels/channel.ts'

/** People who were written to outside an open window and still count against the daily limit, by the moment from which they count. */
export type Used = { at: Date; people: number }

/** Meta counts different people in any 24 hours. */
export const LIMIT_WINDOW_MS = 24 * 3_600_000

/** Minutes since local midnight; over midnight if `fromMinute` is later. Equal or null: no quiet hours. */
export type QuietHours = MinuteSpan | null

/** Until when it is quiet, or null: it is not quiet now. The first minute is quiet, `toMinute` is not. */
export function quietUntil(at: Date, quiet: QuietHours, zone: string): Date | null {
  if (!quiet || quiet.fromMinute === quiet.toMinute) return null
  const { fromMinute, toMinute } = quiet
  const local = localTime(at, zone)
  const minute = local.hour * 60 + local.minute
  const overMidnight = fromMinute > toMinute
  const begun = minute >= fromMinute
  const over = minute >= toMinute
  if (overMidnight ? !begun && over : !begun || over) return null
  const day = local.toPlainDate()
  return wallTime(overMidnight && begun ? day.add({ days: 1 }) : day, toMinute, zone, at)
}

/** When the quiet hours begin next, strictly after `at`; null without quiet hours. */
export function nextQuietAt(at: Date, quiet: QuietHours, zone: string): Date | null {
  if (!quiet || quiet.fromMinute === quiet.toMinute) return null
  const today = localTime(at, zone).toPlainDate()
  const begins = wallTime(today, quiet.fromMinute, zone, at)
  return begins > at ? begins : wallTime(today.add({ days: 1 }), quiet.fromMinute, zone, at)
}

const localTime = (at: Date, zone: string) =>
  Temporal.Instant.fromEpochMilliseconds(at.getTime()).toZonedDateTimeISO(zone)

/** A time of day that comes twice is meant the second time if the first is over: quiet hours never end in the past. */
function wallTime(day: Temporal.PlainDate, minute: number, zone: string, after: Date): Date {
  const local = day.toPlainDateTime().add({ minutes: minute })
  const first = local.toZonedDateTime(zone).epochMilliseconds
  const ms =
    first > after.getTime() ? first : local.toZonedDateTime(zone, { disambiguation: 'later' }).epochMilliseconds
  return new Date(ms)
}

/** Whether a daily limit binds at all: null is not known, -1 unlimited. */
export const isLimited = (dailyLimit: number | null): dailyLimit is number => dailyLimit !== null && dailyLimit >= 0

/**
 * How many more people may be written to at `at` (Infinity without a known limit), and when that number next grows: when the oldest of
 * those who still count fall out of the window, or so many of them that there is room again (null: it will not).
 */
export function roomAt(
  dailyLimit: number | null,
  used: readonly Used[],
  at: Date,
): { room: number; growsAt: Date | null } {
  if (!isLimited(dailyLimit)) return { room: Number.POSITIVE_INFINITY, growsAt: null }
  let people = 0
  let oldest = Number.POSITIVE_INFINITY
  for (const entry of used) {
    if (!countsAt(entry, at)) continue
    people += entry.people
    oldest = Math.min(oldest, entry.at.getTime())
  }
  // A limit that was lowered: the oldest alone make no room.
  if (people > dailyLimit) oldest = lastToGo(used, at, people - dailyLimit)
  return {
    room: Math.max(0, dailyLimit - people),
    growsAt: Number.isFinite(oldest) ? new Date(oldest + LIMIT_WINDOW_MS) : null,
  }
}

const countsAt = ({ people, at: counted }: Used, at: Date): boolean =>
  people > 0 && counted.getTime() > at.getTime() - LIMIT_WINDOW_MS && counted <= at

/** Since when the last one counts who must fall out of the window before more than `tooMany` have. */
function lastToGo(used: readonly Used[], at: Date, tooMany: number): number {
  let gone = 0
  for (const entry of used.filter((one) => countsAt(one, at)).sort((a, b) => a.at.getTime() - b.at.getTime())) {
    gone += entry.people
    if (gone > tooMany) return entry.at.getTime()
  }
  return Number.POSITIVE_INFINITY
}

export type Windows = {
  zone: string
  quiet: QuietHours
  /** null = not known, -1 = unlimited */
  dailyLimit: number | null
  used: readonly Used[]
}

export type Wait = { reason: 'quiet-hours' | 'daily-limit'; until: Date }

/** Why nothing of a broadcast may leave at `at`, and until when; null: it may. Quiet hours are named first. `until` is null for a limit of 0. */
export function waitAt(windows: Windows, at: Date): Wait | { reason: 'daily-limit'; until: null } | null {
  const quiet = quietUntil(at, windows.quiet, windows.zone)
  if (quiet) return { reason: 'quiet-hours', until: quiet }
  const { room, growsAt } = roomAt(windows.dailyLimit, windows.used, at)
  return room >= 1 ? null : { reason: 'daily-limit', until: growsAt }
}

/** The earliest moment from `at` on at which a message of a broadcast may leave; null: never, as things are. */
export function nextAllowed(windows: Windows, at: Date): Date | null {
  let moment = at
  // Each wait ends later than it began; a limit and quiet hours can alternate only as often as there are entries that still count.
  for (let turns = 0; turns <= 2 * windows.used.length + 2; turns++) {
    const wait = waitAt(windows, moment)
    if (!wait) return moment
    if (!wait.until) return null
    moment = wait.until
  }
  return null
}
