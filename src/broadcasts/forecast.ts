import {
  isLimited,
  LIMIT_WINDOW_MS,
  nextQuietAt,
  roomAt,
  type Used,
  type Wait,
  type Windows,
  waitAt,
} from '../dispatch/windows.ts'
import { spoken } from './calendar.ts'
import { costOf } from './rates.ts'

export type ForecastInput = Windows & {
  recipients: number
  /** Of these, people who count against the daily limit already and so cost nothing more; they are not in `used`. */
  known?: number
  /** Messages per second of the channel. */
  perSecond: number
  startAt: Date
  /** EUR for one delivered message; null = not known */
  rate: number | null
}

export type Forecast = {
  recipients: number
  /** Of pure sending, without waits. */
  seconds: number
  /** Waits included; null: the limit as it is will never let everybody through. */
  finishesAt: Date | null
  /** Everybody is reached without waiting for the daily limit. */
  fitsDailyLimit: boolean
  /** EUR with two decimals if everything is delivered; null: no rate known. */
  costEur: string | null
  /** Each pause of the sending with its reason, in order; the first `WAITS_LISTED`. */
  waits: (Wait & { from: Date })[]
}

const WAITS_LISTED = 50
/** Stretches of sending after which the end is called out of sight: years, with any limit Meta gives. */
const STRETCHES = 2000

/** How a broadcast will run, by walking through the same windows that the sender waits for. */
export function forecast(input: ForecastInput): Forecast {
  const { recipients, perSecond } = input
  const used: Used[] = [...input.used]
  const waits: Forecast['waits'] = []
  let fitsDailyLimit = true
  let remaining = recipients
  let known = Math.min(input.known ?? 0, recipients)
  let at: Date | null = input.startAt
  for (let stretch = 0; remaining > 0; stretch++) {
    if (stretch > STRETCHES) return { ...facts(input), finishesAt: null, fitsDailyLimit, waits }
    const wait = waitAt({ ...input, used, dailyLimit: known > 0 ? null : input.dailyLimit }, at)
    if (wait) {
      if (wait.reason === 'daily-limit') fitsDailyLimit = false
      if (!wait.until) return { ...facts(input), finishesAt: null, fitsDailyLimit, waits }
      if (waits.length < WAITS_LISTED) waits.push({ ...wait, from: at })
      at = wait.until
      forget(used, at)
      continue
    }
    const quietAt = nextQuietAt(at, input.quiet, input.zone)
    const untilQuiet = quietAt ? Math.ceil(((quietAt.getTime() - at.getTime()) / 1000) * perSecond) : remaining
    const people = Math.min(remaining, untilQuiet, known > 0 ? known : roomAt(input.dailyLimit, used, at).room)
    // They fall out of the window at the rate they were sent, so counting them all from the first one on loses nothing.
    if (isLimited(input.dailyLimit)) used.push({ at, people })
    remaining -= people
    known = Math.max(0, known - people)
    at = new Date(at.getTime() + Math.ceil((people / perSecond) * 1000))
  }
  return { ...facts(input), finishesAt: at, fitsDailyLimit, waits }
}

const facts = ({ recipients, perSecond, rate }: ForecastInput) => ({
  recipients,
  seconds: Math.ceil(recipients / perSecond),
  costEur: rate === null ? null : costOf(recipients, rate),
})

function forget(used: Used[], at: Date): void {
  for (let i = used.length - 1; i >= 0; i--) {
    if (used[i]!.at.getTime() <= at.getTime() - LIMIT_WINDOW_MS) used.splice(i, 1)
  }
}

const figures = new Intl.NumberFormat('de-DE')

/** The forecast in one German line: "6.000 Empfänger, Limit 2.000 in 24 h, 340 verbraucht: fertig am Donnerstag, 9:10 Uhr". */
export function sentence(result: Forecast, input: ForecastInput, now: Date): string {
  if (result.recipients === 0) return 'Zurzeit niemand, der diese Meldung bekommt.'
  const parts = [`${figures.format(result.recipients)} Empfänger`]
  if (!result.fitsDailyLimit && isLimited(input.dailyLimit)) {
    const spent = input.dailyLimit - roomAt(input.dailyLimit, input.used, input.startAt).room + (input.known ?? 0)
    parts.push(`Limit ${figures.format(input.dailyLimit)} in 24 h`, `${figures.format(spent)} verbraucht`)
  }
  if (result.waits.some((wait) => wait.reason === 'quiet-hours')) parts.push('mit Ruhezeit')
  const end = result.finishesAt
    ? `fertig am ${spoken(result.finishesAt, now, input.zone)}`
    : 'mit diesem Limit nicht zu schaffen'
  return `${parts.join(', ')}: ${end}`
}
