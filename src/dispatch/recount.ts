import type { Sql } from '../db/db.ts'
import type { Logger } from '../log.ts'
import type { DailyLimit } from './daily-limit.ts'
import type { Waiting } from './lane.ts'
import { readKnown } from './reached.ts'
import { LIMIT_WINDOW_MS } from './windows.ts'

type Parts = {
  channel: string
  sql: Sql
  now: () => Date
  log: Logger
  limit: DailyLimit
  /** Whether this broadcast's rows are being handed out. */
  isRunning: (broadcastId: string) => boolean
  /** Gets those who count already, in the sender's order: they go before everybody who would cost room. */
  putFirst: (known: readonly Waiting[]) => void
}

/** So many of those who count already are read at once. */
const READ_ROWS = 2000
/** How soon the rows are read again while somebody waits for the daily limit, and how many times what that takes, if it takes long. */
const AGAIN_MS = 5000
const AGAIN_TIMES = 50
const WAIT_MS = 100

const NOBODY = () => ({ ids: new Set<string>(), more: false })

/**
 * Counts again from the rows whom the daily limit counts, while it keeps somebody back: who was told not to have been reached makes room, and whoever counts
 * already waits behind nobody who would cost room.
 */
export class Recount {
  readonly #p: Parts
  #isWanted = false
  #againAtMs = 0
  #counting: Promise<void> | null = null
  /** Picked while the rows are being counted, which may still show them as waiting. */
  #pickedMeanwhile = new Set<string>()
  /** Those who count already, as last read for their own sake, and whether there are more of them. */
  #known = NOBODY()

  constructor(parts: Parts) {
    this.#p = parts
  }

  /** Counts if it is time to. Mostly it is done at once; where a large broadcast is read, neither answers nor the lease wait for it. */
  async look(limit: number | null): Promise<void> {
    const isDue = this.#isWanted && performance.now() >= this.#againAtMs
    if (this.#counting || !(limit !== this.#p.limit.limit || isDue)) return
    this.#pickedMeanwhile.clear()
    this.#counting = this.#count(limit)
      .catch((error) =>
        this.#p.log.warn({ err: error, channel: this.#p.channel }, 'the daily limit was not counted, tried again'),
      )
      .finally(() => {
        this.#counting = null
      })
    await Promise.race([this.#counting, new Promise((resolve) => setTimeout(resolve, WAIT_MS))])
  }

  /** The daily limit kept somebody back. */
  want(): void {
    this.#isWanted = true
  }

  /** Those read last are used up: the next of them are looked for soon, if there are any. */
  wantMore(): void {
    if (this.#known.more) this.#againAtMs = 0
    this.#known.more = false
  }

  picked(id: string): void {
    if (this.#counting) this.#pickedMeanwhile.add(id)
  }

  /** Was put first, so nobody reads it once more in its place. */
  has(id: string): boolean {
    return this.#known.ids.has(id)
  }

  /** Could not be taken: it is read again in its place. */
  letGo(id: string): void {
    this.#known.ids.delete(id)
  }

  forget(): void {
    this.#known = NOBODY()
    this.#againAtMs = 0
  }

  async #count(limit: number | null): Promise<void> {
    const { channel, sql, isRunning, putFirst } = this.#p
    const startedMs = performance.now()
    const now = this.#p.now()
    if (!(await this.#p.limit.load(sql, channel, limit, now.getTime())) || !this.#isWanted) return
    const found = await readKnown(sql, channel, new Date(now.getTime() - LIMIT_WINDOW_MS), READ_ROWS)
    if (this.#p.limit.limit === undefined) return // forgotten meanwhile
    const known = found.filter(({ id, broadcastId }) => isRunning(broadcastId!) && !this.#pickedMeanwhile.has(id))
    this.#known = { ids: new Set(known.map(({ id }) => id)), more: found.length === READ_ROWS }
    putFirst(known)
    this.#isWanted = false
    const endedMs = performance.now()
    this.#againAtMs = endedMs + Math.max(AGAIN_MS, AGAIN_TIMES * (endedMs - startedMs))
  }
}
