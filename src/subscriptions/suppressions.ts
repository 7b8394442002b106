import { and, eq, inArray, max } from 'drizzle-orm'
import type { Contact } from '../contacts/contacts.ts'
import { hashesOf } from '../contacts/enrol.ts'
import { suppressions } from '../db/schema.ts'
import type { Deed } from '../runtime.ts'
import { activeOfferings, leave } from './subscriptions.ts'

/** Notes keyed hashes of numbers and user ids that no import may bring back. The first reason stays; repeats change nothing. */
export async function suppress(deed: Deed, channel: string, hashes: readonly Buffer[], reason: string): Promise<void> {
  const unique = [...new Map(hashes.map((hash) => [hash.toString('hex'), hash])).values()]
  if (unique.length === 0) return
  await deed.tx
    .insert(suppressions)
    .values(unique.map((idHash) => ({ channel, idHash, reason, at: deed.now })))
    .onConflictDoNothing()
}

/** Which of these hashes are noted, as hex. */
export async function suppressedAmong(
  deed: Pick<Deed, 'tx'>,
  channel: string,
  hashes: readonly Buffer[],
): Promise<ReadonlySet<string>> {
  if (hashes.length === 0) return new Set()
  const rows = await deed.tx
    .select({ idHash: suppressions.idHash })
    .from(suppressions)
    .where(and(eq(suppressions.channel, channel), inArray(suppressions.idHash, [...hashes])))
  return new Set(rows.map(({ idHash }) => idHash.toString('hex')))
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
 * A contact has an id now under which somebody said no or was erased: what was agreed to before that ends, since it may well be the same person, with a
 * ledger entry. The caller holds the contact's lock.
 */
export async function honourSuppressions(
  deed: Deed,
  contact: Contact,
  why: { source: string; at: Date; messageId?: string; noticeVersion: string },
): Promise<void> {
  const hashes = hashesOf(deed, contact)
  if (hashes.length === 0) return
  const { channel, id: contactId, subject } = contact
  const [last] = await deed.tx
    .select({ at: max(suppressions.at) })
    .from(suppressions)
    .where(and(eq(suppressions.channel, channel), inArray(suppressions.idHash, hashes)))
  const saidNoAt = last?.at
  if (!saidNoAt) return
  const active = (await activeOfferings(deed, [contactId])).get(contactId) ?? []
  await leave(
    deed,
    active
      .filter(({ joinedAt }) => joinedAt < saidNoAt)
      .map(({ offering }) => ({ channel, contactId, subject, offering, ...why })),
  )
}
