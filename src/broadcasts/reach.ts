import { and, asc, eq, inArray, isNotNull, isNull, lt, sql } from 'drizzle-orm'
import { countReach } from '../contacts/reach.ts'
import { broadcasts, outgoing } from '../db/schema.ts'
import type { Deed } from '../runtime.ts'

/** "Message undeliverable": no WhatsApp on this number, an outdated one, or its terms not accepted. @see cloud-api.md §7 */
const UNDELIVERABLE = 131026

/**
 * Notes with each recipient of the oldest broadcast not counted yet whether WhatsApp could deliver it; statuses that come after a day are late enough to
 * be missed. One statement per broadcast. False: there was none to count.
 */
export async function countNextReach(deed: Deed, channel: string): Promise<boolean> {
  const dayAgo = new Date(deed.now.getTime() - 86_400_000)
  const [row] = await deed.tx
    .select({ id: broadcasts.id, finishedAt: broadcasts.finishedAt })
    .from(broadcasts)
    .where(
      and(
        eq(broadcasts.channel, channel),
        inArray(broadcasts.status, ['done', 'cancelled']),
        isNull(broadcasts.reachCountedAt),
        isNull(broadcasts.totals),
        isNotNull(broadcasts.firstId),
        lt(broadcasts.finishedAt, dayAgo),
      ),
    )
    .orderBy(asc(broadcasts.firstId))
    .limit(1)
    .for('update', { skipLocked: true })
  if (!row) return false
  await countReach(
    deed,
    sql`select o.contact_id, o.status <> 'failed' as reached from ${outgoing} o, ${broadcasts} b
      where b.id = ${row.id}::uuid and o.id between b.first_id and b.last_id and o.broadcast_id = b.id and o.contact_id is not null
        and (o.status in ('delivered', 'read') or o.status = 'failed' and o.error_code = ${UNDELIVERABLE})`,
    row.finishedAt!,
  )
  await deed.tx.update(broadcasts).set({ reachCountedAt: deed.now }).where(eq(broadcasts.id, row.id))
  return true
}
