/** A rhythm in five fields, read: which minutes, hours and days it names. */
export type Rhythm = {
  minutes: number[]
  hours: number[]
  daysOfMonth: ReadonlySet<number>
  months: ReadonlySet<number>
  /** 0 = Sunday … 6 = Saturday */
  weekdays: ReadonlySet<number>
  /** Both kinds of day are restricted: then either is enough, as cron has always done it. */
  eitherDay: boolean
}

type Field = { name: string; min: number; max: number; names: readonly string[] }

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']

const FIELDS: readonly [Field, Field, Field, Field, Field] = [
  { name: 'Minute', min: 0, max: 59, names: [] },
  { name: 'Stunde', min: 0, max: 23, names: [] },
  { name: 'Tag im Monat', min: 1, max: 31, names: [] },
  { name: 'Monat', min: 1, max: 12, names: MONTHS },
  // 7 is Sunday as well.
  { name: 'Wochentag', min: 0, max: 7, names: WEEKDAYS },
]

/** Reads minute, hour, day of month, month, weekday: numbers, English short names, `*`, lists, ranges and steps. A string is what is wrong with it, in German. */
export function readCron(cron: string): Rhythm | string {
  const parts = cron.trim().split(/\s+/)
  if (parts.length !== 5 || parts[0] === '') {
    return 'Der Rhythmus braucht fünf Angaben: Minute, Stunde, Tag im Monat, Monat, Wochentag. Beispiel: „0 9 * * 5“ für freitags um 9 Uhr.'
  }
  const sets: Set<number>[] = []
  for (const [index, field] of FIELDS.entries()) {
    const values = readField(parts[index]!, field)
    if (typeof values === 'string') return values
    sets.push(values)
  }
  const [minutes, hours, daysOfMonth, months, weekdays] = sets as [
    Set<number>,
    Set<number>,
    Set<number>,
    Set<number>,
    Set<number>,
  ]
  if (weekdays.delete(7)) weekdays.add(0)
  return {
    minutes: [...minutes].sort((a, b) => a - b),
    hours: [...hours].sort((a, b) => a - b),
    daysOfMonth,
    months,
    weekdays,
    eitherDay: !parts[2]!.startsWith('*') && !parts[4]!.startsWith('*'),
  }
}

function readField(text: string, field: Field): Set<number> | string {
  const values = new Set<number>()
  for (const item of text.split(',')) {
    const read = /^(?:(\*)|(\w+)(?:-(\w+))?)(?:\/(\d{1,3}))?$/.exec(item)
    if (!read) return `„${item}“ ist als ${field.name} nicht lesbar.`
    const [, star, first, second, stepText] = read
    const step = stepText === undefined ? 1 : Number(stepText)
    const from = star ? field.min : numberIn(first!, field)
    let to = star ? field.max : second !== undefined ? numberIn(second, field) : stepText ? field.max : from
    // "sat-sun" and "5-0": the week may end with Sunday.
    if (field.names === WEEKDAYS && second !== undefined && to === 0) to = 7
    if (from === null || to === null) return outOfRange(item, field)
    if (from > to) return `„${item}“ läuft rückwärts: Die kleinere Zahl steht vorn.`
    if (step === 0) return `„${item}“ hat die Schrittweite 0.`
    for (let value = from; value <= to; value += step) values.add(value)
  }
  return values
}

function numberIn(text: string, field: Field): number | null {
  const named = field.names.indexOf(text.toLowerCase())
  if (named >= 0) return named + field.min
  const value = /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN
  return value >= field.min && value <= field.max ? value : null
}

const outOfRange = (item: string, field: Field): string =>
  `„${item}“ passt nicht: ${field.name} geht von ${field.min} bis ${field.max}${field.names.length > 0 ? ` oder ${field.names[0]}–${field.names.at(-1)}` : ''}.`

/** Whether the rhythm names this day. `weekday`: 0 or 7 = Sunday. */
export function onDay(rhythm: Rhythm, month: number, day: number, weekday: number): boolean {
  if (!rhythm.months.has(month)) return false
  const byDate = rhythm.daysOfMonth.has(day)
  const byWeekday = rhythm.weekdays.has(weekday % 7)
  return rhythm.eitherDay ? byDate || byWeekday : byDate && byWeekday
}
