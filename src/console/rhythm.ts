import type { Recurrence } from '../broadcasts/calendar.ts'

const DAYS = ['Sonntag', 'Montag', 'Dienstag', 'Mittwoch', 'Donnerstag', 'Freitag', 'Samstag', 'Sonntag']

/** A recurrence in words, as far as it is a plain one: `jeden Freitag um 9:00 Uhr, bis 30.6.2027`. */
export function rhythmOf({ cron, until }: Recurrence): string {
  const end = until ? `, bis ${new Intl.DateTimeFormat('de-DE', { timeZone: 'UTC' }).format(new Date(until))}` : ''
  const [, minute, hour, dayOfMonth, days] = /^(\d{1,2}) (\d{1,2}) (\d{1,2}|\*) \* ([\d,]+|\*)$/.exec(cron) ?? []
  if (minute === undefined || (dayOfMonth !== '*' && days !== '*')) return `eigener Rhythmus (${cron})${end}`
  const clock = `${Number(hour)}:${minute.padStart(2, '0')} Uhr`
  if (dayOfMonth !== '*') return `jeden Monat am ${dayOfMonth}. um ${clock}${end}`
  if (days === '*') return `jeden Tag um ${clock}${end}`
  const names = days!.split(',').map((day) => DAYS[Number(day)] ?? day)
  const last = names.pop()!
  return `jeden ${names.length > 0 ? `${names.join(', ')} und ${last}` : last} um ${clock}${end}`
}
