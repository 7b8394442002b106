import { and, eq, sql } from 'drizzle-orm'
import { SYSTEM } from '../audit/audit.ts'
import type { Db, Tx } from '../db/db.ts'
import { broadcasts, contacts, outgoing, subscriptions } from '../db/schema.ts'
import { inDeed, type Runtime } from '../runtime.ts'
import { take, write } from './broadcasts.ts'

/**
 * Skips what came back to the queue (WhatsApp asked for another attempt, or it did not reach the wire) after its broadcast was cancelled or its person had
 * left or stopped marketing: none of them saw it there. Nothing of the first two can leave meanwhile, since each hand-over asks again; marketing that was
 * stopped is refused by WhatsApp itself. Returns how many.
 */
async function skipReturned({ db, now }: Pick<Runtime, 'db' | 'now'>): Promise<number> {
  const { count } = await db.execute(sql`
    update ${outgoing} set status = 'skipped', status_at = ${now().toISOString()}::timestamptz, not_before = null
    where id in (
      select o.id from ${outgoing} o join ${broadcasts} b on b.id = o.broadcast_id
      where o.not_before is not null and o.kind = 'broadcast' and o.status = 'queued'
        and (b.status = 'cancelled' or not exists (
            select from ${subscriptions} s where s.contact_id = o.contact_id and s.offering = 'info' and s.left_at is null)
          or upper(b.category) = 'MARKETING' and exists (
            select from ${contacts} c where c.id = o.contact_id and c.marketing_stopped_at is not null))
      for no key update of o skip locked)`)
  return count
}

/**
 * What came back to the queue after its broadcast had ended is still sent: a process that was frozen gave back what another had taken for an open outcome, or
 * WhatsApp's refusal of the last one came late.
 */
async function reopenReturned(runtime: Pick<Runtime, 'db' | 'vault' | 'now'>): Promise<void> {
  const hasReturned = and(
    eq(broadcasts.status, 'done'),
    sql`${broadcasts.id} in (
      select o.broadcast_id from ${outgoing} o
      where o.not_before is not null and o.kind <> 'inbox' and o.kind = 'broadcast' and o.status = 'queued')`,
  )
  const found = await runtime.db.select({ id: broadcasts.id }).from(broadcasts).where(hasReturned)
  for (const { id } of found)
    await inDeed(runtime, async (deed) => {
      const [row] = await deed.tx
        .select()
        .from(broadcasts)
        .where(and(eq(broadcasts.id, id), hasReturned))
        .for('update', { skipLocked: true })
      if (row) await write(deed, SYSTEM, row, 'reopened', { status: take(row, 'retry'), finishedAt: null })
    })
}

/** Ends every broadcast of which nothing is queued or being handed over any more; open outcomes do not hold it up. Returns how many. */
export async function finishDone(runtime: Pick<Runtime, 'db' | 'vault' | 'now'>): Promise<number> {
  await skipReturned(runtime)
  await reopenReturned(runtime)
  const sending = eq(broadcasts.status, 'sending')
  let finished = 0
  for (const { id } of await runtime.db.select({ id: broadcasts.id }).from(broadcasts).where(sending)) {
    if (await isUnderWay(runtime.db, id)) continue
    finished += await inDeed(runtime, async (deed) => {
      const [row] = await deed.tx
        .select()
        .from(broadcasts)
        .where(and(eq(broadcasts.id, id), sending))
        .for('update', { skipLocked: true })
      // Looked at again under the lock, because a retry may have come in between.
      if (!row || (await isUnderWay(deed.tx, id))) return 0
      await write(deed, SYSTEM, row, 'finished', { status: take(row, 'finish'), finishedAt: deed.now })
      return 1
    })
  }
  return finished
}

/**
 * Repeats stand in the small index of single messages. The rest is looked for from the end, where the last ones wait: while a broadcast is under way
 * the first row answers, and all of it is read only when it is over.
 */
async function isUnderWay(db: Db | Tx, id: string): Promise<boolean> {
  const [found] = await db.execute<{ under_way: boolean }>(sql`
    select exists (
        select from ${outgoing} o
        where o.channel = b.channel and o.not_before is not null and o.kind <> 'inbox' and o.broadcast_id = b.id)
      or (select o.id from ${outgoing} o
        where o.id between b.first_id and b.last_id and o.broadcast_id = b.id and o.status in ('queued', 'sending')
        order by o.id desc limit 1) is not null as under_way
    from ${broadcasts} b where b.id = ${id}::uuid`)
  return found?.under_way === true
}
