import { and, eq, or, sql } from 'drizzle-orm'
import { contacts, formerIds } from '../db/schema.ts'
import { hashes } from '../db/sets.ts'
import type { Vault } from '../db/vault.ts'
import type { Deed } from '../runtime.ts'
import type { Identity } from './identity.ts'

export type Row = typeof contacts.$inferSelect

export const phoneHash = (vault: Vault, phone: string) => vault.fingerprint('phone', phone)
export const userIdHash = (vault: Vault, userId: string) => vault.fingerprint('user-id', userId)

/** Fingerprints of both ids as text. */
export function keysOf(vault: Vault, { phone, userId }: Identity): { phoneKey?: string; userIdKey?: string } {
  return {
    phoneKey: phone ? phoneHash(vault, phone).toString('hex') : undefined,
    userIdKey: userId ? userIdHash(vault, userId).toString('hex') : undefined,
  }
}

/** The contacts who have one of these ids now, locked in the order of their own ids. */
export async function lockKnown(
  deed: Deed,
  channel: string,
  asked: readonly { phoneKey?: string; userIdKey?: string }[],
): Promise<Map<string, Row>> {
  const phones = [...new Set(asked.flatMap((p) => p.phoneKey ?? []))]
  const userIds = [...new Set(asked.flatMap((p) => p.userIdKey ?? []))]
  const matches = or(
    phones.length > 0 ? sql`${contacts.phoneHash} = any(${hashes(phones)})` : undefined,
    userIds.length > 0 ? sql`${contacts.userIdHash} = any(${hashes(userIds)})` : undefined,
  )
  if (!matches) return new Map()
  const rows = await deed.tx
    .select()
    .from(contacts)
    .where(and(eq(contacts.channel, channel), matches))
    .orderBy(contacts.id)
    .for('no key update')
  return new Map(rows.map((row) => [row.id, row]))
}

/** Which of these fingerprints, as hex, lead to a contact, by an id that it has or had. */
export async function leadingSomewhere(
  { tx }: Pick<Deed, 'tx'>,
  channel: string,
  ids: readonly string[],
): Promise<Set<string>> {
  const rows = await tx.execute<{ id: string }>(sql`
    select i.id from jsonb_array_elements_text(${JSON.stringify(ids)}::jsonb) as i(id)
    where exists (select from ${contacts} c where c.channel = ${channel} and c.phone_hash = decode(i.id, 'hex'))
      or exists (select from ${contacts} c where c.channel = ${channel} and c.user_id_hash = decode(i.id, 'hex'))
      or exists (select from ${formerIds} f where f.channel = ${channel} and f.id_hash = decode(i.id, 'hex'))`)
  return new Set(rows.map(({ id }) => id))
}

/** What stands in for the ids of a contact that has none left: a fingerprint that nobody's id can produce. */
export const nobodyHash = (vault: Vault, contactId: string) => vault.fingerprint('nobody', contactId)

/** Takes ids from a contact, which may be left without any. */
export async function strip(deed: Deed, row: Row, which: readonly ('phone' | 'userId')[]): Promise<void> {
  if (which.includes('phone')) {
    row.phoneHash = null
    row.phoneSealed = null
  }
  if (which.includes('userId')) {
    row.userIdHash = null
    row.userIdSealed = null
  }
  if (row.phoneHash === null) row.userIdHash ??= nobodyHash(deed.vault, row.id)
  const { phoneHash, phoneSealed, userIdHash, userIdSealed } = row
  await deed.tx
    .update(contacts)
    .set({ phoneHash, phoneSealed, userIdHash, userIdSealed })
    .where(eq(contacts.id, row.id))
}

/** Notes ids that these contacts had before, so that a STOP from one of them still counts. */
export async function noteFormer(
  deed: Deed,
  channel: string,
  ids: readonly { idHash: Buffer; contactId: string }[],
): Promise<void> {
  if (ids.length === 0) return
  await deed.tx
    .insert(formerIds)
    .values(ids.map((id) => ({ ...id, channel, endedAt: deed.now })))
    .onConflictDoNothing()
}

export async function writeChanges(deed: Deed, rows: readonly Row[]): Promise<void> {
  if (rows.length === 0) return
  const changes = rows.map((row) => ({
    id: row.id,
    phone_sealed: row.phoneSealed,
    phone_hash: row.phoneHash?.toString('hex') ?? null,
    user_id_sealed: row.userIdSealed,
    user_id_hash: row.userIdHash?.toString('hex') ?? null,
    name_sealed: row.nameSealed,
    last_inbound_at: row.lastInboundAt?.toISOString() ?? null,
  }))
  await deed.tx.execute(sql`
    update contacts c set phone_sealed = r.phone_sealed, phone_hash = decode(r.phone_hash, 'hex'), user_id_sealed = r.user_id_sealed,
      user_id_hash = decode(r.user_id_hash, 'hex'), name_sealed = r.name_sealed, last_inbound_at = r.last_inbound_at
    from jsonb_to_recordset(${JSON.stringify(changes)}::jsonb) as r(id uuid, phone_sealed text, phone_hash text, user_id_sealed text,
      user_id_hash text, name_sealed text, last_inbound_at timestamptz)
    where c.id = r.id`)
}
