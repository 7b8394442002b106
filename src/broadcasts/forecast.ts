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
  /** What the sender takes before this one, if there is anything. */
  queue?: Queue
}

/** Broadcasts in the sender's order with everybody they go to. `starts` leaves out ours, which is the last one. */
export type Queue = { starts: readonly Date[]; crowds: readonly Crowd[] }

/** People who wait for the same broadcasts (places in the queue). `at`: since when they count against the daily limit; null: they do not. */
export type Crowd = { people: number; at: Date | null; waitFor: readonly number[] }

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

/** How a broadcast will run, by walking through the same windows that the sender waits for, in the sender's order. */
export function forecast(input: ForecastInput): Forecast {
  const waits: Forecast['waits'] = []
  let fitsDailyLimit = true
  const { starts, crowds } = input.recipients === 0 ? ALONE : (input.queue ?? alone(input))
  const walk = new Walk(input, crowds)
  for (const [place, startAt] of [...starts, input.startAt].entries()) {
    const finished = walk.through(place, startAt, (wait, from) => {
      // What ours would not have left in anyway is no wait of ours.
      if (wait.until && wait.until <= input.startAt) return
      if (wait.reason === 'daily-limit') fitsDailyLimit = false
      const begun = from > input.startAt ? from : input.startAt
      if (wait.until && waits.length < WAITS_LISTED) waits.push({ ...wait, from: begun })
    })
    if (!finished) return { ...facts(input), finishesAt: null, fitsDailyLimit, waits }
  }
  return { ...facts(input), finishesAt: walk.at, fitsDailyLimit, waits }
}

const ALONE: Queue = { starts: [], crowds: [] }

const alone = ({ used, recipients, known = 0, startAt }: ForecastInput): Queue => ({
  starts: [],
  crowds: [
    ...used.map(({ at, people }) => ({ at, people, waitFor: [] })),
    { people: Math.min(known, recipients), at: startAt, waitFor: [0] },
    { people: Math.max(0, recipients - known), at: null, waitFor: [0] },
  ],
})

type Seen = Wait | { reason: 'daily-limit'; until: null }

/** Goes through the broadcasts of a queue one after the other, in stretches of sending between the waits. */
class Walk {
  readonly #windows: Windows & { perSecond: number }
  #crowds: Crowd[]
  #stretches = 0
  at = new Date(0)

  constructor(windows: Windows & { perSecond: number }, crowds: readonly Crowd[]) {
    this.#windows = windows
    this.#crowds = crowds.filter(({ people }) => people > 0)
  }

  /** False: it has no end within sight. */
  through(place: number, startAt: Date, waited: (wait: Seen, from: Date) => void): boolean {
    const { perSecond, quiet, zone, dailyLimit } = this.#windows
    if (startAt > this.at) this.at = startAt
    for (;;) {
      if (++this.#stretches > STRETCHES) return false
      const { at } = this
      this.#crowds = this.#crowds.filter((crowd) => crowd.waitFor.length > 0 || this.#counts(crowd))
      const waiting = this.#crowds.filter(({ waitFor }) => waitFor.includes(place))
      if (waiting.length === 0) return true
      const known = waiting.filter((crowd) => this.#counts(crowd))
      const used = this.#crowds.flatMap((crowd): Used[] => (crowd.at ? [{ at: crowd.at, people: crowd.people }] : []))
      const wait = waitAt({ quiet, zone, used, dailyLimit: known.length > 0 ? null : dailyLimit }, at)
      if (wait) {
        waited(wait, at)
        if (!wait.until) return false
        this.at = wait.until
        continue
      }
      const quietAt = nextQuietAt(at, quiet, zone)
      const untilQuiet = quietAt ? Math.ceil(((quietAt.getTime() - at.getTime()) / 1000) * perSecond) : Infinity
      const people =
        known.length > 0
          ? this.#send(place, known, untilQuiet)
          : this.#send(place, waiting, Math.min(untilQuiet, roomAt(dailyLimit, used, at).room))
      this.at = new Date(at.getTime() + Math.ceil((people / perSecond) * 1000))
    }
  }

  #counts({ at }: Crowd): boolean {
    return at !== null && at.getTime() > this.at.getTime() - LIMIT_WINDOW_MS
  }

  /** They fall out of the window at the rate they were sent, so counting them all from the first one on loses nothing. */
  #send(place: number, crowds: readonly Crowd[], most: number): number {
    let sent = 0
    for (const crowd of crowds) {
      const people = Math.min(crowd.people, most - sent)
      if (people === 0) break
      sent += people
      const rest = people < crowd.people ? [{ ...crowd, people: crowd.people - people }] : []
      const gone = { people, at: this.at, waitFor: crowd.waitFor.filter((one) => one !== place) }
      this.#crowds.splice(this.#crowds.indexOf(crowd), 1, ...rest, gone)
    }
    return sent
  }
}

const facts = ({ recipients, perSecond, rate }: ForecastInput) => ({
  recipients,
  seconds: Math.ceil(recipients / perSecond),
  costEur: rate === null ? null : costOf(recipients, rate),
})

/** People who do not count yet and get an earlier one first. */
const peopleBefore = ({ starts, crowds }: Queue = ALONE): number =>
  crowds
    .filter(({ at, waitFor }) => at === null && waitFor.some((place) => place < starts.length))
    .reduce((sum, { people }) => sum + people, 0)

const figures = new Intl.NumberFormat('de-DE')

/** The forecast in one German line: "6.000 Empfänger, Limit 2.000 in 24 h, 340 verbraucht: fertig am Donnerstag, 9:10 Uhr". */
export function sentence(result: Forecast, input: ForecastInput, now: Date): string {
  if (result.recipients === 0) return 'Zurzeit niemand, der diese Meldung bekommt.'
  const parts = [`${figures.format(result.recipients)} Empfänger`]
  if (!result.fitsDailyLimit && isLimited(input.dailyLimit)) {
    const spent = input.dailyLimit - roomAt(input.dailyLimit, input.used, input.startAt).room + (input.known ?? 0)
    parts.push(`Limit ${figures.format(input.dailyLimit)} in 24 h`, `${figures.format(spent)} verbraucht`)
    const before = peopleBefore(input.queue)
    if (before > 0) parts.push(`${figures.format(before)} in früheren Meldungen`)
  }
  if (result.waits.some((wait) => wait.reason === 'quiet-hours')) parts.push('mit Ruhezeit')
  const end = result.finishesAt
    ? `fertig am ${spoken(result.finishesAt, now, input.zone)}`
    : 'mit diesem Limit nicht zu schaffen'
  return `${parts.join(', ')}: ${end}`
}
