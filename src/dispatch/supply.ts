import type { Channel } from '../channels/channel.ts'
import type { Sql } from '../db/db.ts'
import type { Logger } from '../log.ts'
import { type Address, addresser } from '../whatsapp/messages.ts'
import { type Counting, DailyLimit } from './daily-limit.ts'
import { type Run, readChannel, readDue, readRun, readRuns, type Waiting } from './lane.ts'
import { Recount } from './recount.ts'
import { quietUntil } from './windows.ts'

type RunState = Run & {
  afterId: string
  exhausted: boolean
  /** lowest id that was read but could not be taken: read again */
  missed: string | null
  render: (address: Address, callbackData?: string) => string
}

type Reserved = Pick<Waiting, 'broadcastId' | 'contactId'> & { counting: Counting | undefined }

const READ_ROWS = 2000
const DUE_ROWS = 200
/** So long before quiet hours nothing more is handed out: until then it must be looked up again, have its moment, and be on the wire. */
const LEAVES_WITHIN_MS = 2000
/** So many single messages at most, when none of the first may go now: they wait for one another, or for the daily limit. */
const MOST_DUE_ROWS = 6400
/** Known subscribers behind one for whom the daily limit leaves no room: looked for this far at once, and everywhere when the rows are read again. */
const LOOK_PAST = 500

/** What a channel has to send, in its order: single messages first, then its broadcasts, the oldest first. Reads ahead; decides nothing for good. */
export class Supply {
  readonly #channel: Channel
  readonly #sql: Sql
  readonly #now: () => Date
  readonly limit = new DailyLimit()
  readonly #recount: Recount
  /** People with a single message on its way: theirs go one after the other. */
  readonly busy = new Set<string>()
  #urgent: Waiting[] = []
  #moreUrgent = false
  #dueRows = DUE_ROWS
  #isStuck = false
  #bulk: Waiting[] = []
  #bulkAt = 0
  #runs = new Map<string, RunState>()
  #reading: Promise<void> | null = null
  #heldUntilMs = 0
  #quiet = false
  #quietLookAtMs = 0
  #rereadAtMs = 0
  #stopped = false

  constructor(parts: { channel: Channel; sql: Sql; now: () => Date; log: Logger }) {
    this.#channel = parts.channel
    this.#sql = parts.sql
    this.#now = parts.now
    this.#recount = new Recount({
      ...parts,
      channel: parts.channel.slug,
      limit: this.limit,
      isRunning: (broadcastId) => this.#runs.has(broadcastId),
      putFirst: (known) => {
        this.#keep(({ id }) => !this.#recount.has(id))
        this.#bulk.unshift(...known)
      },
    })
  }

  /** Forgets what was read: somebody else may have sent it meanwhile. */
  forget(): void {
    this.#urgent = []
    this.#bulk = []
    this.#bulkAt = 0
    this.#runs.clear()
    this.#recount.forget()
    this.limit.unload()
  }

  /** Reads what is due and what runs. */
  async look(): Promise<void> {
    const { slug } = this.#channel
    const now = this.#now()
    const [due, running, state] = await Promise.all([
      readDue(this.#sql, slug, now, this.#dueRows, this.#mayBroadcast()),
      readRuns(this.#sql, slug),
      readChannel(this.#sql, slug),
    ])
    this.#stopped = state.isStopped
    this.#urgent = due
    this.#moreUrgent = due.length === this.#dueRows
    this.#isStuck = false
    if (due.length < DUE_ROWS) this.#dueRows = DUE_ROWS
    const known = this.#runs
    this.#runs = new Map(running.map((run) => [run.id, known.get(run.id) ?? startOf(run)]))
    if ([...known.keys()].some((id) => !this.#runs.has(id))) this.#keep((row) => this.#runs.has(row.broadcastId!))
    await this.#recount.look(state.dailyLimit)
  }

  /** Single messages that were read are nearly used up, or none of them may go, and there are more. */
  get wantsLook(): boolean {
    return this.#isStuck || (this.#moreUrgent && this.#urgent.length < DUE_ROWS / 4)
  }

  /** The next message to hand over, or none right now. */
  next(): Waiting | undefined {
    return this.nextUrgent() ?? (!this.#stopped && this.#mayBroadcast() ? this.#nextBulk() : undefined)
  }

  /** The next one that goes before all fresh recipients: a single message, or another attempt. */
  nextUrgent(): Waiting | undefined {
    return this.#stopped ? undefined : this.#nextUrgent()
  }

  /** Reads on in the broadcasts where that is due. Resolves when there is something, or nothing to read. */
  async readOn(): Promise<void> {
    const left = this.#bulk.length - this.#bulkAt
    if (!this.#reading && left < READ_ROWS / 2 && !this.#stopped && this.#mayBroadcast()) {
      this.#reading = this.#readMore().finally(() => {
        this.#reading = null
      })
      this.#reading.catch(() => {}) // whoever waits for it is told; nobody else need be
    }
    if (left === 0 && this.#reading) await this.#reading
  }

  /**
   * Whoever is picked counts at once, or a batch would go beyond the limit together. Answers with what the limit noted.
   * @param row what `next` answered with
   */
  reserve({ id, broadcastId, contactId, countsAs }: Waiting, at: Date): Counting | undefined {
    this.#recount.picked(id)
    if (broadcastId === null && contactId !== null) this.busy.add(contactId)
    return countsAs === null ? undefined : this.limit.count(countsAs, at.getTime())
  }

  /** It was not sent after all. */
  unreserve({ broadcastId, contactId, counting }: Reserved): void {
    if (broadcastId === null && contactId !== null) this.busy.delete(contactId)
    if (counting) this.limit.end(counting, null)
  }

  /** It was sent, or may have been. */
  reached({ counting, handedOverAt }: { counting: Counting | undefined; handedOverAt: Date }): void {
    if (counting) this.limit.end(counting, handedOverAt.getTime())
  }

  /** It was there when read, but could not be taken: locked, skipped or paused meanwhile. */
  notTaken({ id, broadcastId }: Waiting): void {
    this.#recount.letGo(id)
    const run = broadcastId === null ? undefined : this.#runs.get(broadcastId)
    if (run && (run.missed === null || BigInt(id) < BigInt(run.missed))) run.missed = id
  }

  /** The finished body of a broadcast's message, without address. */
  renderOf(broadcastId: string): RunState['render'] | undefined {
    return this.#runs.get(broadcastId)?.render
  }

  /** Hands out nothing more of this broadcast until it is found running again. False: it was not running. */
  drop(broadcastId: string): boolean {
    const known = this.#runs.delete(broadcastId)
    if (known) this.#keep((row) => row.broadcastId !== broadcastId)
    return known
  }

  /** No broadcasts for a while. */
  hold(ms: number): void {
    this.#heldUntilMs = Math.max(this.#heldUntilMs, performance.now() + ms)
  }

  #mayBroadcast(): boolean {
    const nowMs = performance.now()
    if (nowMs < this.#heldUntilMs) return false
    if (nowMs >= this.#quietLookAtMs) {
      const { offerings, timezone } = this.#channel
      const isQuiet = (at: Date) => quietUntil(at, offerings.info?.quietHours ?? null, timezone) !== null
      const now = this.#now()
      this.#quiet = isQuiet(now) || isQuiet(new Date(now.getTime() + LEAVES_WITHIN_MS))
      this.#quietLookAtMs = nowMs + 200 // asking a calendar for every message costs more than sending it
    }
    return !this.#quiet
  }

  #nextUrgent(): Waiting | undefined {
    const nowMs = this.#now().getTime()
    const i = this.#urgent.findIndex((row) => {
      const isBusy = row.broadcastId === null && row.contactId !== null && this.busy.has(row.contactId)
      return !isBusy && this.#mayReach(row, nowMs)
    })
    if (i >= 0) return this.#urgent.splice(i, 1)[0]
    if (this.#moreUrgent && !this.#isStuck && this.#urgent.length > 0 && this.#dueRows < MOST_DUE_ROWS) {
      this.#isStuck = true
      this.#dueRows *= 2
    }
    return undefined
  }

  #nextBulk(): Waiting | undefined {
    const row = this.#bulk[this.#bulkAt]
    if (!row) return undefined
    const nowMs = this.#now().getTime()
    if (this.#mayReach(row, nowMs)) {
      this.#bulkAt += 1
      return row
    }
    // Who counts already costs nothing more and need not wait for those who would.
    const end = Math.min(this.#bulk.length, this.#bulkAt + LOOK_PAST)
    for (let i = this.#bulkAt + 1; i < end; i++) {
      const other = this.#bulk[i]!
      if (!this.#mayReach(other, nowMs)) continue
      this.#bulk.splice(i, 1)
      return other
    }
    this.#recount.wantMore()
    this.hold(1000)
    return undefined
  }

  #mayReach({ countsAs }: Waiting, nowMs: number): boolean {
    const may = countsAs === null || this.limit.allows(countsAs, nowMs)
    if (!may) this.#recount.want()
    return may
  }

  async #readMore(): Promise<void> {
    for (const run of this.#runs.values()) {
      if (run.exhausted) {
        // Only when everything read is used up: a row must not be in hand twice.
        if (run.missed === null || this.#bulkAt < this.#bulk.length || performance.now() < this.#rereadAtMs) continue
        this.#rereadAtMs = performance.now() + 200
        run.afterId = String(BigInt(run.missed) - 1n)
        run.missed = null
        run.exhausted = false
      }
      const rows = await readRun(this.#sql, run, run.afterId, READ_ROWS)
      if (rows.length < READ_ROWS) run.exhausted = true
      const last = rows.at(-1)
      if (!last) continue
      run.afterId = last.id
      if (this.#runs.get(run.id) !== run) return // forgotten meanwhile: whoever finds it anew reads it anew
      this.#keep(() => true)
      this.#bulk.push(...rows.filter(({ id }) => !this.#recount.has(id)))
      return
    }
  }

  #keep(wanted: (row: Waiting) => boolean): void {
    this.#bulk = this.#bulk.slice(this.#bulkAt).filter(wanted)
    this.#bulkAt = 0
  }
}

const startOf = (run: Run): RunState => ({
  ...run,
  afterId: String(BigInt(run.firstId) - 1n),
  exhausted: false,
  missed: null,
  render: addresser(JSON.parse(run.body)),
})
