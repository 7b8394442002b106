import { sql } from 'drizzle-orm'
import { outgoing } from '../db/schema.ts'
import type { Deed } from '../runtime.ts'
import type { OutgoingKind } from './queue.ts'

/**
 * Deletes single messages of these kinds from before a moment, at most `limit`. Returns how many.
 * @param which.waiting of what is not settled: nothing, what waits, or also what is on its way
 */
export async function forgetMessages(
  deed: Deed,
  channel: string,
  {
    kinds,
    before,
    limit,
    waiting = 'stays',
  }: {
    kinds: readonly Exclude<OutgoingKind, 'broadcast'>[]
    before: Date
    limit: number
    waiting?: 'stays' | 'goes' | 'all goes'
  },
): Promise<number> {
  const { count } = await deed.tx.execute(sql`
    delete from ${outgoing} where id = any(array(
      select id from ${outgoing}
      where channel = ${channel} and kind::text = any(array(select jsonb_array_elements_text(${JSON.stringify(kinds)}::jsonb)))
        and ${SETTLED[waiting]} and created_at < ${before.toISOString()}::timestamptz
      limit ${limit} for update skip locked))`)
  return count
}

const SETTLED = {
  stays: sql`status not in ('queued', 'sending')`,
  goes: sql`status <> 'sending'`,
  'all goes': sql`true`,
} as const

/**
 * Gives up single messages that belong to nobody (any more) and have waited since before a moment, at most `limit`: last words to people who were erased,
 * and tests. Address and text go at once. Returns how many.
 */
export async function giveUpOwnerless(deed: Deed, channel: string, before: Date, limit: number): Promise<number> {
  const { count } = await deed.tx.execute(sql`
    update ${outgoing} set status = 'skipped', status_at = ${deed.now.toISOString()}::timestamptz, not_before = null,
      address_sealed = null, payload_sealed = null
    where id = any(array(
      select id from ${outgoing}
      where channel = ${channel} and not_before is not null and broadcast_id is null and kind <> 'inbox'
        and contact_id is null and status = 'queued' and created_at < ${before.toISOString()}::timestamptz
      limit ${limit} for update skip locked))`)
  return count
}

/** Deletes recipients of a broadcast whose totals are kept, at most `limit`, those first whom a retry would take. Returns how many. */
export async function forgetRecipients(
  deed: Deed,
  broadcastId: string,
  which: { limit: number } | { retryable: true },
): Promise<number> {
  const { count } =
    'limit' in which
      ? await deed.tx.execute(sql`
          delete from ${outgoing} where id = any(array(
            select id from ${outgoing} where broadcast_id = ${broadcastId}::uuid limit ${which.limit}))`)
      : await deed.tx.execute(sql`
          delete from ${outgoing} where broadcast_id = ${broadcastId}::uuid and status in ('failed', 'unknown')`)
  return count
}
