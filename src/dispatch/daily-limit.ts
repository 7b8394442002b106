import type { Sql } from '../db/db.ts'
import { readReached } from './reached.ts'
import { isLimited, LIMIT_WINDOW_MS } from './windows.ts'

/** The people a channel has written to on its own in the last 24 hours, by Meta's way of counting: each person once. */
export class DailyLimit {
  /** undefined: not read yet */
  #limit: number | null | undefined = undefined
  readonly #latest = new Map<string, number>()

  /** Reads from the rows who counts. */
  async load(sql: Sql, channel: string, limit: number | null, nowMs: number): Promise<void> {
    this.#limit = limit
    this.#latest.clear()
    if (!isLimited(limit)) return
    for (const { person, at } of await readReached(sql, channel, new Date(nowMs - LIMIT_WINDOW_MS)))
      this.#latest.set(person, at.getTime())
  }

  /** undefined until it was read. */
  get limit(): number | null | undefined {
    return this.#limit
  }

  /** Forgets everything: it must be read again before it is asked. */
  unload(): void {
    this.#limit = undefined
    this.#latest.clear()
  }

  /** May this person be written to now? Whoever counts already costs nothing more. */
  allows(person: string, nowMs: number): boolean {
    if (this.#limit === undefined) return false
    if (!isLimited(this.#limit)) return true
    this.#forget(nowMs)
    return this.#latest.has(person) || this.#latest.size < this.#limit
  }

  /** Notes that this person is written to. Answers with when they were last, for `discount`. */
  count(person: string, nowMs: number): number | undefined {
    if (this.#limit === undefined || !isLimited(this.#limit)) return undefined
    const before = this.#latest.get(person)
    this.#latest.delete(person)
    this.#latest.set(person, nowMs)
    return before
  }

  /** WhatsApp did not take it: the person counts as before. */
  discount(person: string, before: number | undefined): void {
    if (before === undefined) this.#latest.delete(person)
    else if (this.#latest.has(person)) this.#latest.set(person, before)
  }

  /** Entries are kept in the order of their times, so the oldest come first. */
  #forget(nowMs: number): void {
    for (const [person, at] of this.#latest) {
      if (at > nowMs - LIMIT_WINDOW_MS) return
      this.#latest.delete(person)
    }
  }
}
