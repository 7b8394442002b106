import { and, eq, inArray, lt, sql } from 'drizzle-orm'
import { hashesOf } from '../contacts/enrol.ts'
import { contacts, subscriptions, suppressions } from '../db/schema.ts'
import { hashes, uuids } from '../db/sets.ts'
import type { Deed } from '../runtime.ts'
import { leave, type Wish } from './subscriptions.ts'

/** The reason of whoever only stopped advertising inside WhatsApp. */
export const STOPPED_ADVERTISING = 'stopped-in-whatsapp'
const isMark = sql`${suppressions.reason} = ${STOPPED_ADVERTISING}`

/** The reason of whoever answered our question about erasing with yes; its time is WhatsApp's. */
export const ERASED_BY_KEYWORD = 'keyword'

/**
 * Notes keyed hashes of numbers and user ids that no import may bring back. The latest word stays, with its reason: it overrules what was agreed to before it
 * under another id.
 */
export async function suppress(
  deed: Deed,
  channel: string,
  idHashes: readonly Buffer[],
  no: Suppression,
): Promise<void> {
  await suppressAll(
    deed,
    channel,
    idHashes.map((idHash) => ({ ...no, idHash })),
  )
}

/** The same of several people. */
export async function suppressAll(
  deed: Deed,
  channel: string,
  noes: readonly (Suppression & { idHash: Buffer })[],
): Promise<void> {
  const unique = new Map(noes.map((no) => [no.idHash.toString('hex'), no]))
  if (unique.size === 0) return
  // Sorted, so that two deeds do not wait in a circle.
  const rows = [...unique].sort(([one], [other]) => (one < other ? -1 : 1))
  await deed.tx
    .insert(suppressions)
    .values(rows.map(([, { idHash, reason, at }]) => ({ channel, idHash, reason, at })))
    .onConflictDoUpdate({
      target: [suppressions.channel, suppressions.idHash],
      set: {
        reason: sql`case when excluded.at > ${suppressions.at} or ${isMark} then excluded.reason else ${suppressions.reason} end`,
        at: sql`case when ${isMark} then excluded.at else greatest(${suppressions.at}, excluded.at) end`,
      },
    })
}

/**
 * Between a list that names somebody new and their no there is no row yet for which one could wait for the other: each takes its turn until its deed ends.
 * Lists do not wait for each other.
 */
export async function takeTurn({ tx }: Deed, channel: string, as: 'list' | 'no'): Promise<void> {
  const key = sql`hashtextextended(${`whatsup list ${channel}`}, 0)`
  await tx.execute(
    as === 'no' ? sql`select pg_advisory_xact_lock(${key})` : sql`select pg_advisory_xact_lock_shared(${key})`,
  )
}

/** Those of these hashes that are noted, as hex, with the no. */
export async function suppressedAmong(
  deed: Pick<Deed, 'tx'>,
  channel: string,
  ids: readonly Buffer[],
): Promise<ReadonlyMap<string, Suppression>> {
  if (ids.length === 0) return new Map()
  const asked = hashes(ids.map((id) => id.toString('hex')))
  const rows = await deed.tx
    .select({ idHash: suppressions.idHash, at: suppressions.at, reason: suppressions.reason })
    .from(suppressions)
    .where(and(eq(suppressions.channel, channel), sql`${suppressions.idHash} = any(${asked})`))
  return new Map(rows.map(({ idHash, at, reason }) => [idHash.toString('hex'), { at, reason }]))
}

/** Whether it is noted that no list may sign up whoever goes by this id. */
export const isKeptAway = async (deed: Deed, channel: string, who: { phone: string } | { userId: string }) =>
  (await suppressedAmong(deed, channel, hashesOf(deed, who))).size > 0

/**
 * Somebody of whom nobody knows anything else stopped advertising inside WhatsApp, or allows it again: as long as it is stopped no list signs them up for the
 * newsletter. That is no no to what they themselves agree to, and takes the place of none.
 */
export async function markStranger(
  { tx }: Deed,
  channel: string,
  ids: readonly Buffer[],
  { value, at }: { value: 'stop' | 'resume'; at: Date },
): Promise<void> {
  if (ids.length === 0) return
  if (value === 'stop') {
    const rows = ids.map((idHash) => ({ channel, idHash, reason: STOPPED_ADVERTISING, at }))
    await tx.insert(suppressions).values(rows).onConflictDoNothing()
    return
  }
  const theirs = and(eq(suppressions.channel, channel), inArray(suppressions.idHash, [...ids]))
  await tx.delete(suppressions).where(and(theirs, isMark, lt(suppressions.at, at)))
}

/** The latest no that is noted under one of these hashes. */
export async function latestNo(deed: Deed, channel: string, ids: readonly Buffer[]): Promise<Suppression | undefined> {
  return (await suppressionsOf(deed, channel, ids)).findLast(({ reason }) => reason !== STOPPED_ADVERTISING)
}

export type Suppression = { at: Date; reason: string }

/** When and why somebody with one of these hashes was noted, oldest first; a number and an id noted together are one. */
export async function suppressionsOf(deed: Deed, channel: string, hashes: readonly Buffer[]): Promise<Suppression[]> {
  if (hashes.length === 0) return []
  return deed.tx
    .selectDistinct({ at: suppressions.at, reason: suppressions.reason })
    .from(suppressions)
    .where(and(eq(suppressions.channel, channel), inArray(suppressions.idHash, [...hashes])))
    .orderBy(suppressions.at)
}

/**
 * These contacts have an id now under which somebody said no or was erased: what was agreed to before that ends, since it may well be the same person, with
 * a ledger entry. The caller holds the contacts' locks.
 */
export async function honourSuppressions(
  deed: Deed,
  contactIds: readonly string[],
  why: { source: string; at: Date; messageId?: string; noticeVersion: string },
): Promise<void> {
  if (contactIds.length === 0) return
  const overruled = await deed.tx.execute<Pick<Wish, 'channel' | 'contactId' | 'subject' | 'offering'>>(sql`
    select c.channel, c.id as "contactId", c.subject, s.offering from ${contacts} c
    join ${subscriptions} s on s.contact_id = c.id and s.left_at is null
    where c.id = any(${uuids(contactIds)}) and exists (select from ${suppressions} n
      where n.channel = c.channel and n.id_hash in (c.phone_hash, c.user_id_hash) and n.at >= s.joined_at and n.reason <> ${STOPPED_ADVERTISING})
    order by c.id, s.offering`)
  await leave(
    deed,
    overruled.map((row) => ({ ...row, ...why })),
  )
}
