import { and, eq, sql } from 'drizzle-orm'
import { outgoing } from '../db/schema.ts'
import type { Deed } from '../runtime.ts'
import { explain, reasonFor } from '../whatsapp/outcome.ts'
import { find } from './broadcasts.ts'
import { isRetryable } from './running.ts'

/** One reason why messages of a broadcast did not arrive, in German, with what to do about it. */
export type Failure = { reason: string; what: string; advice: string; people: number; retryable: number }

/** The failures of a broadcast by reason, most frequent first. Codes of Meta that mean the same to the office count together. */
export async function failuresOf(deed: Deed, channel: string, id: string): Promise<Failure[]> {
  const row = await find(deed, channel, id)
  if (row.firstId === null) return []
  const rows = await deed.tx
    .select({ code: outgoing.errorCode, people: sql<number>`count(*)::int` })
    .from(outgoing)
    .where(
      and(
        sql`${outgoing.id} between ${row.firstId} and ${row.lastId}`,
        eq(outgoing.broadcastId, row.id),
        eq(outgoing.status, 'failed'),
      ),
    )
    .groupBy(outgoing.errorCode)
  const grouped = new Map<string, Failure>()
  for (const { code, people } of rows) {
    const reason = reasonFor(code ?? undefined)
    const before = grouped.get(reason) ?? { reason, ...explain(code ?? undefined), people: 0, retryable: 0 }
    const retryable = isRetryable(code) ? people : 0
    grouped.set(reason, { ...before, people: before.people + people, retryable: before.retryable + retryable })
  }
  return [...grouped.values()].sort((a, b) => b.people - a.people)
}
