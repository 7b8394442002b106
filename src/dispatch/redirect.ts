import { sql } from 'drizzle-orm'
import type { Deed } from '../runtime.ts'
import { skipQueued } from './queue.ts'

/**
 * Two contacts are one person: what is queued or was sent for `from` is `to`'s. Where a broadcast has a row for both, the queued one of `from` is skipped,
 * and that of `to` where `from` has it or may have it, so that nobody gets it twice.
 */
export async function redirect(deed: Deed, from: string, to: string): Promise<void> {
  const { tx } = deed
  await tx.execute(sql`
    update outgoing o set contact_id = ${to}::uuid from broadcasts b
    where o.broadcast_id = b.id and o.contact_id = ${from}::uuid
      and not exists (select from outgoing twin where twin.broadcast_id = b.id and twin.contact_id = ${to}::uuid)`)
  await skipQueued(deed, { contactIds: [from] })
  await tx.execute(sql`
    update outgoing o set status = 'skipped', status_at = ${deed.now.toISOString()}::timestamptz, not_before = null
    from broadcasts b join outgoing twin on twin.broadcast_id = b.id and twin.contact_id = ${from}::uuid
    where o.broadcast_id = b.id and o.contact_id = ${to}::uuid and o.status = 'queued' and twin.status not in ('queued', 'skipped', 'failed')`)
  await tx.execute(
    sql`update outgoing set contact_id = ${to}::uuid where contact_id = ${from}::uuid and kind <> 'broadcast'`,
  )
  await tx.execute(sql`update outgoing set counts_as = ${to}::uuid where counts_as = ${from}::uuid`)
}
