import { Temporal } from 'temporal-polyfill'
import type { Problem } from '../refusal.ts'
import { onDay, type Rhythm, readCron } from './cron.ts'

/** `cron` has five fields and runs in the town's zone; `until` is the last day (YYYY-MM-DD) on which it may run. */
export type Recurrence = { cron: string; until?: string | null }

/** The longest gap between two dates of a rhythm: a 29 February on a certain weekday, over 2100, which is no leap year. */
const LONGEST_GAP_YEARS = 40
const DAY_MS = 86_400_000

/**
 * The next dates strictly after `after`, in order, at most `count`. Clock changes: a time that does not exist (02:30 in March) is the same
 * time an hour later (03:30); one that comes twice (02:30 in October) counts once, the first time; two times that fall together run once.
 * Empty: never again. @throws RangeError for a cron that `checkRecurrence` refuses
 */
export function nextDates(recurrence: Recurrence, zone: string, after: Date, count: number): Date[] {
  const rhythm = readCron(recurrence.cron)
  if (typeof rhythm === 'string') throw new RangeError(rhythm)
  const found: Date[] = []
  let day = Temporal.Instant.fromEpochMilliseconds(after.getTime()).toZonedDateTimeISO(zone).toPlainDate()
  const last = recurrence.until ? Temporal.PlainDate.from(recurrence.until) : null
  let giveUp = day.add({ years: LONGEST_GAP_YEARS })
  while (found.length < count && Temporal.PlainDate.compare(day, last ?? giveUp) <= 0) {
    if (onDay(rhythm, day.month, day.day, day.dayOfWeek)) {
      for (const ms of momentsOf(rhythm, day, zone)) {
        if (ms > after.getTime() && found.length < count) found.push(new Date(ms))
      }
      day = day.add({ days: 1 })
      giveUp = day.add({ years: LONGEST_GAP_YEARS })
    } else {
      // Whole months are stepped over, so that a rhythm for one day a year is found quickly.
      day = rhythm.months.has(day.month) ? day.add({ days: 1 }) : day.with({ day: 1 }).add({ months: 1 })
    }
  }
  return found
}

/** All moments of a rhythm on one day, in order, each once. */
function momentsOf(rhythm: Rhythm, day: Temporal.PlainDate, zone: string): number[] {
  const midnight = day.toZonedDateTime(zone).epochMilliseconds
  const nextMidnight = day.add({ days: 1 }).toZonedDateTime(zone).epochMilliseconds
  const clockChanges = nextMidnight - midnight !== DAY_MS
  const moments = new Set<number>()
  for (const hour of rhythm.hours) {
    for (const minute of rhythm.minutes) {
      moments.add(
        clockChanges
          ? day.toZonedDateTime({ timeZone: zone, plainTime: new Temporal.PlainTime(hour, minute) }).epochMilliseconds
          : midnight + (hour * 60 + minute) * 60_000,
      )
    }
  }
  return [...moments].sort((a, b) => a - b)
}

/** Everything that is wrong with a recurrence that is to begin no earlier than `from`; empty: fine. */
export function checkRecurrence(recurrence: Recurrence, zone: string, from: Date): Problem[] {
  const rhythm = readCron(recurrence.cron)
  if (typeof rhythm === 'string') return [{ field: 'recurrence.cron', message: rhythm }]
  if (recurrence.until && !isDate(recurrence.until)) {
    return [{ field: 'recurrence.until', message: 'Das Enddatum muss ein Datum wie 2027-06-30 sein.' }]
  }
  if (nextDates({ cron: recurrence.cron }, zone, from, 1).length === 0) {
    return [{ field: 'recurrence.cron', message: 'Diesen Termin gibt es nie. Bitte prüfen Sie Tag und Monat.' }]
  }
  if (nextDates(recurrence, zone, from, 1).length === 0) {
    return [{ field: 'recurrence.until', message: 'Bis zum Enddatum gibt es keinen Termin mehr.' }]
  }
  return []
}

/** A slip such as `* 9 * * *` would send sixty messages to everybody before anybody is at the desk. */
export function isOftenerThanHourly({ cron }: Pick<Recurrence, 'cron'>): boolean {
  const rhythm = readCron(cron)
  return typeof rhythm !== 'string' && rhythm.minutes.length > 1
}

function isDate(text: string): boolean {
  try {
    return Temporal.PlainDate.from(text, { overflow: 'reject' }).toString() === text
  } catch {
    return false
  }
}

/** Whether something planned for `at` is still to come, is due, or was missed by more than the tolerance (the service did not run). */
export function dueOrMissed(at: Date, now: Date, toleranceMs: number): 'early' | 'due' | 'missed' {
  const lateMs = now.getTime() - at.getTime()
  return lateMs < 0 ? 'early' : lateMs <= toleranceMs ? 'due' : 'missed'
}

/** Missed dates beyond this many are not counted any further. */
const COUNTED_AT_MOST = 1000

/**
 * What to do about a series whose date `due` has come: run the latest date that is not older than the tolerance (null: none is), skip the
 * `missed` ones before it, and wake again at `following` (null: the series is over).
 */
export function catchUp(recurrence: Recurrence, zone: string, due: Date, now: Date, toleranceMs: number) {
  const since = new Date(Math.max(due.getTime(), now.getTime() - toleranceMs) - 1)
  let run: Date | null = null
  let cursor = since
  for (;;) {
    const dates = nextDates(recurrence, zone, cursor, 100)
    const past = dates.filter((date) => date <= now)
    run = past.at(-1) ?? run
    if (past.length < 100) {
      const missed = nextDates(recurrence, zone, new Date(due.getTime() - 1), COUNTED_AT_MOST).filter(
        (date) => date <= now && date.getTime() !== run?.getTime(),
      ).length
      return { run, missed, following: dates[past.length] ?? null }
    }
    cursor = past.at(-1)!
  }
}

/** `Donnerstag, 3. Dezember 2026, 9:10 Uhr` without what is obvious: the date within six days, the year within this one. */
export function spoken(at: Date, now: Date, zone: string): string {
  const local = Temporal.Instant.fromEpochMilliseconds(at.getTime()).toZonedDateTimeISO(zone)
  const today = Temporal.Instant.fromEpochMilliseconds(now.getTime()).toZonedDateTimeISO(zone)
  const days = today.toPlainDate().until(local.toPlainDate()).days
  const near = days >= 0 && days <= 6
  const day = new Intl.DateTimeFormat('de-DE', {
    timeZone: zone,
    weekday: 'long',
    ...(near ? {} : { day: 'numeric', month: 'long' }),
    ...(near || local.year === today.year ? {} : { year: 'numeric' }),
  }).format(at)
  return `${day}, ${local.hour}:${String(local.minute).padStart(2, '0')} Uhr`
}

/** An instant as the town's clock shows it: 2026-12-01T09:00:00+01:00. */
export const withOffset = (at: Date, zone: string): string =>
  Temporal.Instant.fromEpochMilliseconds(at.getTime()).toZonedDateTimeISO(zone).toString({ timeZoneName: 'never' })
