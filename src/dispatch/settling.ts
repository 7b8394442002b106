import type { Sql } from '../db/db.ts'
import type { Logger } from '../log.ts'
import { type Settled, settle } from './lane.ts'

/** Writes outcomes as they come, many in one statement: while one statement runs, the next ones gather. Nothing is dropped while the database is away. */
export class Settling {
  #waiting: Settled[] = []
  #writing: Promise<void> | null = null
  #givenUp = false
  readonly #sql: Sql
  readonly #log: Logger
  constructor(sql: Sql, log: Logger) {
    this.#sql = sql
    this.#log = log
  }

  add(outcome: Settled): void {
    this.#waiting.push(outcome)
    this.#start()
  }

  #start(): void {
    this.#writing ??= this.#write().finally(() => {
      this.#writing = null
      if (this.#waiting.length > 0 && !this.#givenUp) this.#start() // came while the last statement ended
    })
  }

  /**
   * Resolves when everything given so far is durable, or gives up after `deadline` (ms since the epoch):
   * what is not written then becomes `unknown` when another process takes over.
   */
  async flush(deadline: number): Promise<void> {
    while (this.#writing) {
      if (Date.now() > deadline) {
        this.#givenUp = true
        throw new Error('outcomes could not be written in time')
      }
      await Promise.race([this.#writing, pause(100)])
    }
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0 && !this.#givenUp) {
      if (this.#waiting.length < ENOUGH) await pause(GATHER_MS)
      const batch = this.#waiting.splice(0, 1000)
      try {
        await settle(this.#sql, batch)
      } catch (error) {
        this.#waiting.unshift(...batch)
        this.#log.warn({ err: error, waiting: this.#waiting.length }, 'outcomes not written yet')
        await pause(200)
      }
    }
  }
}

/** A statement costs as much as thirty of its rows: a moment's wait makes one out of several. What dies in it would have been `unknown` anyway. */
const GATHER_MS = 20
const ENOUGH = 500

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
