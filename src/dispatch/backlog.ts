import { sql } from 'drizzle-orm'
import type { Db } from '../db/db.ts'

export type Backlog = { channel: string; lane: 'single' | 'broadcast' | 'inbox'; queued: number }

/** What waits to leave, per channel. Reads the small queue indexes, and of broadcasts the ones under way. */
export async function backlog(db: Db): Promise<Backlog[]> {
  const rows = await db.execute<{ channel: string; lane: Backlog['lane']; queued: number }>(sql`
    select channel, 'single' as lane, count(*)::int as queued from outgoing where not_before is not null and kind <> 'inbox' group by channel
    union all
    select channel, 'inbox', count(*)::int from outgoing where not_before is not null and kind = 'inbox' group by channel
    union all
    select b.channel, 'broadcast', count(*)::int
    from broadcasts b join outgoing o on o.id between b.first_id and b.last_id
    where b.status in ('starting', 'sending', 'paused') and o.status = 'queued' and o.not_before is null
    group by b.channel`)
  return [...rows]
}
