import { type SQL, sql } from 'drizzle-orm'
import { contacts } from '../db/schema.ts'
import type { Deed } from '../runtime.ts'

/**
 * Counts one more broadcast for everybody whom WhatsApp called unreachable, and begins anew for whoever it reached. Touches only rows that change, locked
 * in the order of their ids.
 * @param outcomes a SELECT of `contact_id` and `reached` (boolean), one row per contact
 * @param at when the broadcast ended
 */
export async function countReach(deed: Deed, outcomes: SQL, at: Date): Promise<void> {
  await deed.tx.execute(sql`
    with told as materialized (${outcomes}),
    changing as materialized (
      select c.id, t.reached from ${contacts} c join told t on t.contact_id = c.id
      where not t.reached or c.unreachable > 0
      order by c.id for no key update of c)
    update ${contacts} c set
      unreachable = case when g.reached then 0 else least(c.unreachable + 1, 30000) end,
      unreachable_since = case when g.reached then null else coalesce(c.unreachable_since, ${at.toISOString()}::timestamptz) end
    from changing g where g.id = c.id`)
}
