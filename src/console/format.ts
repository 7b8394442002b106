const figures = new Intl.NumberFormat('de-DE')

/** 12.345 */
export const count = (n: number): string => figures.format(n)

/** One and many with their number: `1 Person`, `12 Personen`. */
export const counted = (n: number, one: string, many: string): string => `${count(n)} ${n === 1 ? one : many}`

/** 38 % of a whole; a whole of nobody has no share. */
export const share = (part: number, whole: number): string =>
  whole === 0 ? '–' : `${new Intl.NumberFormat('de-DE', { maximumFractionDigits: 1 }).format((part / whole) * 100)} %`

/** `1.234,50 €` of `1234.50`. */
export const euros = (amount: string): string =>
  new Intl.NumberFormat('de-DE', { style: 'currency', currency: 'EUR' }).format(Number(amount))

type Moment = Date | string
const dateOf = (at: Moment): Date => (typeof at === 'string' ? new Date(at) : at)

/** `Do, 26.11.2026, 9:10 Uhr` by the town's clock. */
export function dateTime(at: Moment, zone: string): string {
  return `${day(at, zone)}, ${time(at, zone)}`
}

/** `Do, 26.11.2026` */
export const day = (at: Moment, zone: string): string =>
  new Intl.DateTimeFormat('de-DE', {
    timeZone: zone,
    weekday: 'short',
    day: '2-digit',
    month: '2-digit',
    year: 'numeric',
  })
    .format(dateOf(at))
    .replace('.,', ',')

/** `9:10 Uhr` */
export const time = (at: Moment, zone: string): string =>
  `${new Intl.DateTimeFormat('de-DE', { timeZone: zone, hour: 'numeric', minute: '2-digit' }).format(dateOf(at))}\u00A0Uhr`

/** How long, roughly: `weniger als eine Minute`, `4 Minuten`, `2 Stunden 10 Minuten`, `3 Tage`. */
export function duration(seconds: number): string {
  if (seconds < 60) return 'weniger als eine Minute'
  const minutes = Math.round(seconds / 60)
  if (minutes < 60) return counted(minutes, 'Minute', 'Minuten')
  const hours = Math.floor(minutes / 60)
  if (hours >= 48) return counted(Math.round(hours / 24), 'Tag', 'Tage')
  const rest = minutes % 60
  return rest === 0
    ? counted(hours, 'Stunde', 'Stunden')
    : `${counted(hours, 'Stunde', 'Stunden')} ${counted(rest, 'Minute', 'Minuten')}`
}
