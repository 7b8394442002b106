import { and, asc, eq, inArray, isNotNull, isNull, sql } from 'drizzle-orm'
import { broadcasts, outgoing } from '../db/schema.ts'
import { forgetRecipients } from '../dispatch/forget.ts'
import { countStates } from '../dispatch/queue.ts'
import type { Deed } from '../runtime.ts'

/**
 * Makes the recipients of broadcasts that ended before a moment anonymous: their states are kept as totals, then their rows are deleted, at most about
 * `limit` at a time. Returns how many rows went; 0 = there are none left.
 */
export async function anonymiseRecipients(deed: Deed, channel: string, before: Date, limit: number): Promise<number> {
  const [half] = await deed.tx
    .select({ id: broadcasts.id })
    .from(broadcasts)
    .where(
      and(
        eq(broadcasts.channel, channel),
        isNotNull(broadcasts.totals),
        sql`exists (select from ${outgoing} o where o.broadcast_id = ${broadcasts.id})`,
      ),
    )
    .limit(1)
  if (half) return forgetRecipients(deed, half.id, { limit })
  const [next] = await deed.tx
    .select({ id: broadcasts.id })
    .from(broadcasts)
    .where(
      and(
        eq(broadcasts.channel, channel),
        inArray(broadcasts.status, ['done', 'cancelled']),
        isNull(broadcasts.totals),
        isNotNull(broadcasts.firstId),
        sql`coalesce(${broadcasts.finishedAt}, ${broadcasts.changedAt}) < ${before.toISOString()}::timestamptz`,
      ),
    )
    .orderBy(asc(broadcasts.firstId))
    .limit(1)
    .for('update', { skipLocked: true })
  if (!next) return 0
  const totals = (await countStates(deed, [next.id])).get(next.id)!
  await deed.tx.update(broadcasts).set({ totals }).where(eq(broadcasts.id, next.id))
  // In this very transaction, so that a retry never queues somebody who counts already.
  await forgetRecipients(deed, next.id, { retryable: true })
  return Math.max(1, await forgetRecipients(deed, next.id, { limit }))
}
