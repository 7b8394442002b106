import type { Sql } from '../db/db.ts'
import { readReached } from './reached.ts'
import { isLimited, LIMIT_WINDOW_MS } from './windows.ts'

/** WhatsApp counts from when it gets a message, which is a moment after we noted it. */
const KEPT_MS = LIMIT_WINDOW_MS + 5000

/** Messages to one person that have no outcome yet, and when the person last counted besides them. */
export type Counting = { person: string; messages: number; before: number | undefined }

/** The people a channel has written to on its own in the last 24 hours, by Meta's way of counting: each person once. */
export class DailyLimit {
  /** undefined: not read yet */
  #limit: number | null | undefined = undefined
  #latest = new Map<string, number>()
  #open = new Map<string, Counting>()
  /** Who was counted while the rows are being read, which may not show them. */
  #meanwhile: Map<string, number> | null = null

  /**
   * Reads from the rows who counts; until that is done, what was known before holds. No message may be under way to its hand-over when this begins. False:
   * all was forgotten meanwhile.
   */
  async load(sql: Sql, channel: string, limit: number | null, nowMs: number): Promise<boolean> {
    const meanwhile = new Map<string, number>()
    this.#meanwhile = meanwhile
    const rows = isLimited(limit) ? await readReached(sql, channel, new Date(nowMs - KEPT_MS)) : []
    if (this.#meanwhile !== meanwhile) return false
    this.#meanwhile = null
    this.#limit = limit
    this.#latest = new Map(rows.map(({ person, at }) => [person, at.getTime()]))
    const open = this.#open
    this.#open = new Map()
    for (const [person, atMs] of meanwhile) {
      const counting = open.get(person)
      if (counting) {
        counting.before = this.#latest.get(person)
        this.#open.set(person, counting)
      }
      this.#latest.delete(person)
      this.#latest.set(person, atMs)
    }
    return true
  }

  /** undefined until it was read. */
  get limit(): number | null | undefined {
    return this.#limit
  }

  /** Forgets everything: it must be read again before it is asked. */
  unload(): void {
    this.#limit = undefined
    this.#latest.clear()
    this.#open.clear()
    this.#meanwhile = null
  }

  /** May this person be written to now? Whoever counts already costs nothing more. */
  allows(person: string, nowMs: number): boolean {
    if (this.#limit === undefined) return false
    if (!isLimited(this.#limit)) return true
    this.#forget(nowMs)
    return this.#latest.has(person) || this.#latest.size < this.#limit
  }

  /** Notes that this person is written to. Answers with what `end` wants to know when the outcome is there. */
  count(person: string, nowMs: number): Counting | undefined {
    this.#meanwhile?.set(person, nowMs)
    if (this.#limit === undefined || !isLimited(this.#limit)) return undefined
    const known = this.#open.get(person)
    const counting = known ?? { person, messages: 0, before: this.#latest.get(person) }
    counting.messages += 1
    if (!known) this.#open.set(person, counting)
    this.#latest.delete(person)
    this.#latest.set(person, nowMs)
    return counting
  }

  /**
   * One message to this person has its outcome. When none of those under way together has reached them, they count as before.
   * @param reachedAtMs when it was handed over; null if WhatsApp did not take it
   */
  end(counting: Counting, reachedAtMs: number | null): void {
    const { person } = counting
    if (this.#open.get(person) !== counting) return // read anew from the rows meanwhile
    if (reachedAtMs !== null) counting.before = Math.max(counting.before ?? 0, reachedAtMs)
    counting.messages -= 1
    if (counting.messages > 0) return
    this.#open.delete(person)
    if (counting.before === undefined) this.#latest.delete(person)
    else if (this.#latest.has(person)) this.#latest.set(person, counting.before)
  }

  /** Entries are kept in the order of their times, so the oldest come first. */
  #forget(nowMs: number): void {
    for (const [person, at] of this.#latest) {
      if (at > nowMs - KEPT_MS) return
      this.#latest.delete(person)
    }
  }
}
