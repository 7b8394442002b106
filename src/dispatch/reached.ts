import { randomUUID } from 'node:crypto'
import { and, eq, inArray, isNull, type SQL, sql } from 'drizzle-orm'
import { PgDialect } from 'drizzle-orm/pg-core'
import type { Sql } from '../db/db.ts'
import { broadcasts, outgoing } from '../db/schema.ts'
import type { Vault } from '../db/vault.ts'
import type { Deed } from '../runtime.ts'
import type { Waiting } from './lane.ts'
import { LIMIT_WINDOW_MS } from './windows.ts'

type Row = typeof outgoing.$inferSelect

/** Not handed over, or refused. */
const NOT_REACHED: readonly Row['status'][] = ['queued', 'skipped', 'failed']

/**
 * A SELECT of everybody whom WhatsApp's daily limit counts: who got something they had not asked for since then, each once, as `contact_id` with the latest
 * moment `at`. That is broadcasts, the template that says an answer waits, and tests; what WhatsApp refused does not count. Somebody who was erased meanwhile
 * still does, as nobody in particular.
 */
export const reachedSince = (channel: string, since: Date): SQL => {
  const counts = sql`o.handed_over_at > ${since.toISOString()}::timestamptz and o.status not in ${NOT_REACHED}`
  return sql`select person as contact_id, max(at) as at from (
      select coalesce(o.contact_id, ${nobody}) as person, o.handed_over_at as at from ${broadcasts} b join ${outgoing} o on o.broadcast_id = b.id
      where b.channel = ${channel} and b.first_id is not null and (b.finished_at is null or b.finished_at > ${since.toISOString()}::timestamptz) and ${counts}
      union all
      select o.counts_as, o.handed_over_at from ${outgoing} o where o.channel = ${channel} and o.counts_as is not null and ${counts}) r
    group by 1`
}

/** In place of a person: the row itself. */
const nobody = sql`lpad(to_hex(o.id), 32, '0')::uuid`

/** Over `reachedSince`: since when (ms) the one counts after whom there is room again, the oldest unless the limit was lowered below what is used. */
export const lastToGo = (limit: number): SQL =>
  sql`extract(epoch from (array_agg(at order by at))[greatest(count(*) - ${limit}::int + 1, 1)])::float8 * 1000`

/** All of `reachedSince` as rows, the earliest first, for who has no transaction. */
export async function readReached(client: Sql, channel: string, since: Date): Promise<{ person: string; at: Date }[]> {
  return run(client, sql`select contact_id as person, at from (${reachedSince(channel, since)}) r order by at`)
}

/** The recipients of the channel's running broadcasts who wait for their first attempt and count already, in the sender's order, at most `limit`. */
export async function readKnown(client: Sql, channel: string, since: Date, limit: number): Promise<Waiting[]> {
  return run(
    client,
    sql`
      select o.id, o.kind, o.contact_id as "contactId", o.broadcast_id as "broadcastId", o.contact_id as "countsAs", o.attempts
      from (${reachedSince(channel, since)}) r join ${broadcasts} b on b.channel = ${channel} and b.status = 'sending'
      join ${outgoing} o on o.broadcast_id = b.id and o.contact_id = r.contact_id
      where o.status = 'queued' and o.not_before is null
      order by b.started_at, b.id, o.id limit ${limit}`,
  )
}

async function run<Found>(client: Sql, query: SQL): Promise<Found[]> {
  const { sql: text, params } = new PgDialect().sqlToQuery(query)
  return [...(await client.unsafe(text, params as string[]))] as Found[]
}

type Gone = Pick<Row, 'channel' | 'status' | 'handedOverAt' | 'countsAs'>

/** Of messages that were just deleted, those that count go on doing so: as nobody in particular, unless the people stay. */
export async function keepCounting(
  { tx, now }: Deed,
  gone: readonly Gone[],
  { asThemselves }: { asThemselves: boolean },
): Promise<void> {
  const since = new Date(now.getTime() - LIMIT_WINDOW_MS)
  const counting = gone.flatMap(({ channel, status, handedOverAt, countsAs }) =>
    countsAs !== null && handedOverAt !== null && handedOverAt > since && !NOT_REACHED.includes(status)
      ? [
          {
            channel,
            kind: 'reply' as const,
            status: 'sent' as const,
            handedOverAt,
            statusAt: handedOverAt,
            createdAt: handedOverAt,
            countsAs: asThemselves ? countsAs : randomUUID(),
          },
        ]
      : [],
  )
  if (counting.length > 0) await tx.insert(outgoing).values(counting)
}

/** Recipients with an open outcome who are about to get another attempt go on counting for the one before. */
export async function keepCountingOpen({ tx, now }: Deed, which: SQL): Promise<void> {
  await tx.execute(sql`
    insert into ${outgoing} (channel, kind, status, handed_over_at, status_at, created_at, counts_as)
    select channel, 'reply', 'sent', handed_over_at, handed_over_at, handed_over_at, contact_id from ${outgoing}
    where ${which} and contact_id is not null and handed_over_at > ${new Date(now.getTime() - LIMIT_WINDOW_MS).toISOString()}::timestamptz`)
}

/** Whom a message without owner counts as one of these, contacts or strangers, it counts as nobody in particular from now on. */
export async function nobodyAnyMore({ tx }: Deed, channel: string, people: readonly string[]): Promise<void> {
  await tx
    .update(outgoing)
    .set({ countsAs: sql`gen_random_uuid()` })
    .where(and(eq(outgoing.channel, channel), isNull(outgoing.contactId), inArray(outgoing.countsAs, [...people])))
}

/** Stands for a number that belongs to none of our contacts: the same one for the same number, which cannot be read from it. */
export const strangerOf = (vault: Pick<Vault, 'fingerprint'>, phone: string): string =>
  vault
    .fingerprint('reached', phone)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
