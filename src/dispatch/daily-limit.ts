import type { Sql } from '../db/db.ts'
import { isLimited, LIMIT_WINDOW_MS } from './windows.ts'

/** The people a channel has written to on its own in the last 24 hours, by Meta's way of counting: each person once. */
export class DailyLimit {
  /** undefined: not read yet */
  #limit: number | null | undefined = undefined
  readonly #latest = new Map<string, number>()

  /** Reads what counts from the rows: broadcasts handed over in the window that WhatsApp did not refuse. */
  async load(sql: Sql, channel: string, limit: number | null, nowMs: number): Promise<void> {
    this.#limit = limit
    this.#latest.clear()
    if (!isLimited(limit)) return
    const rows = await sql<{ contact: string; at: Date }[]>`
      select o.contact_id as contact, max(o.handed_over_at) as at
      from broadcasts b join outgoing o on o.broadcast_id = b.id
      where b.channel = ${channel} and b.first_id is not null
        and (b.finished_at is null or b.finished_at > ${new Date(nowMs - LIMIT_WINDOW_MS)})
        and o.handed_over_at > ${new Date(nowMs - LIMIT_WINDOW_MS)} and o.status not in ('queued', 'skipped', 'failed') and o.contact_id is not null
      group by 1 order by 2`
    for (const { contact, at } of rows) this.#latest.set(contact, at.getTime())
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
  allows(contactId: string, nowMs: number): boolean {
    if (this.#limit === undefined) return false
    if (!isLimited(this.#limit)) return true
    this.#forget(nowMs)
    return this.#latest.has(contactId) || this.#latest.size < this.#limit
  }

  /** Notes that this person is written to. Answers with when they were last, for `discount`. */
  count(contactId: string, nowMs: number): number | undefined {
    if (this.#limit === undefined || !isLimited(this.#limit)) return undefined
    const before = this.#latest.get(contactId)
    this.#latest.delete(contactId)
    this.#latest.set(contactId, nowMs)
    return before
  }

  /** WhatsApp did not take it: the person counts as before. */
  discount(contactId: string, before: number | undefined): void {
    if (before === undefined) this.#latest.delete(contactId)
    else if (this.#latest.has(contactId)) this.#latest.set(contactId, before)
  }

  /** Entries are kept in the order of their times, so the oldest come first. */
  #forget(nowMs: number): void {
    for (const [contact, at] of this.#latest) {
      if (at > nowMs - LIMIT_WINDOW_MS) return
      this.#latest.delete(contact)
    }
  }
}
