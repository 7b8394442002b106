import { Temporal } from 'temporal-polyfill'

/** The next change between summer and winter time within six weeks, as a sentence; null if none is near. */
export function nextClockChange(zone: string, now: Date): string | null {
  const here = Temporal.Instant.fromEpochMilliseconds(now.getTime()).toZonedDateTimeISO(zone)
  const change = here.getTimeZoneTransition('next')
  if (!change || change.since(here).total('days') > 42) return null
  const forward = change.offsetNanoseconds > change.subtract({ seconds: 1 }).offsetNanoseconds
  const date = `${change.day}.${change.month}.${change.year}`
  return forward
    ? `Am ${date} beginnt die Sommerzeit: Die Stunde von 2 bis 3 Uhr fällt aus.`
    : `Am ${date} endet die Sommerzeit: Die Stunde von 2 bis 3 Uhr kommt zweimal, gesendet wird nur einmal.`
}
