import { and, eq, inArray, sql, TransactionRollbackError } from 'drizzle-orm'
import { contacts, formerIds } from '../db/schema.ts'
import { uuids } from '../db/sets.ts'
import type { Deed } from '../runtime.ts'
import { type Contact, openContact } from './contacts.ts'
import { keysOf, lockKnown, type Row } from './ids.ts'

export type Ids = { phone?: string; userId?: string }

/** Whom these ids belong to: nobody yet, one contact, two different ones, or somebody who had them before. */
export type Known =
  | { is: 'nobody' }
  | { is: 'contact'; contact: Contact }
  | { is: 'two-people' }
  | { is: 'former'; contactId: string }

/** Fingerprints of the ids, for look-ups. */
export const hashesOf = (deed: Pick<Deed, 'vault'>, ids: Ids): Buffer[] => {
  const { phoneKey, userIdKey } = keysOf(deed.vault, ids)
  return [phoneKey, userIdKey].filter((key) => key !== undefined).map((key) => Buffer.from(key, 'hex'))
}

/** Looks up many people of whom an office has the ids, in the order asked, and locks the contacts found until the deed ends. */
export async function lookUpAll(deed: Deed, channel: string, people: readonly Ids[]): Promise<Known[]> {
  const keys = people.map((ids) => keysOf(deed.vault, ids))
  const rows = [...(await lockKnown(deed, channel, keys)).values()]
  const byPhone = new Map(rows.flatMap((row) => (row.phoneHash ? [[row.phoneHash.toString('hex'), row] as const] : [])))
  const byUserId = new Map(
    rows.flatMap((row) => (row.userIdHash ? [[row.userIdHash.toString('hex'), row] as const] : [])),
  )
  const former = await formerOwners(
    deed,
    channel,
    people.flatMap((ids) => hashesOf(deed, ids)),
  )
  return keys.map(({ phoneKey, userIdKey }): Known => {
    const found = [phoneKey && byPhone.get(phoneKey), userIdKey && byUserId.get(userIdKey)].filter(
      (row): row is Row => typeof row === 'object',
    )
    if (new Set(found).size > 1) return { is: 'two-people' }
    if (found[0]) return { is: 'contact', contact: openContact(deed.vault, found[0]) }
    const before = (phoneKey && former.get(phoneKey)) || (userIdKey && former.get(userIdKey))
    return before ? { is: 'former', contactId: before } : { is: 'nobody' }
  })
}

async function formerOwners(deed: Deed, channel: string, hashes: readonly Buffer[]): Promise<Map<string, string>> {
  if (hashes.length === 0) return new Map()
  const rows = await deed.tx
    .select()
    .from(formerIds)
    .where(and(eq(formerIds.channel, channel), inArray(formerIds.idHash, [...hashes])))
  return new Map(rows.map(({ idHash, contactId }) => [idHash.toString('hex'), contactId]))
}

/**
 * Creates contacts for people who never wrote to us: no window is opened. Null if one of the ids was taken meanwhile; then nothing was written and the
 * caller looks again.
 * @param people no two of whom share an id: looking again would never end
 */
export async function enrol(deed: Deed, channel: string, people: readonly Ids[]): Promise<Contact[] | null> {
  if (people.length === 0) return []
  const { vault, now } = deed
  const born = people.map((ids) => ({
    ids,
    keys: keysOf(vault, ids),
    id: crypto.randomUUID(),
    subject: crypto.randomUUID(),
  }))
  const ids = born.flatMap(({ keys }) => [keys.phoneKey, keys.userIdKey].filter((key) => key !== undefined))
  if (new Set(ids).size < ids.length) throw new Error('two of these people share an id')
  const rows = born.map(({ id, subject, ids, keys }) => ({
    id,
    subject,
    phone: ids.phone === undefined ? null : vault.seal(ids.phone),
    phone_key: keys.phoneKey ?? null,
    user_id: ids.userId === undefined ? null : vault.seal(ids.userId),
    user_id_key: keys.userIdKey ?? null,
  }))
  try {
    await deed.tx.transaction(async (inner) => {
      const { count } = await inner.execute(sql`
        insert into ${contacts} (id, subject, channel, phone_sealed, phone_hash, user_id_sealed, user_id_hash, created_at)
        select id, subject, ${channel}, phone, decode(phone_key, 'hex'), user_id, decode(user_id_key, 'hex'), ${now.toISOString()}::timestamptz
        from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
          as r(id uuid, subject uuid, phone text, phone_key text, user_id text, user_id_key text)
        on conflict do nothing`)
      if (count < rows.length) inner.rollback()
    })
  } catch (error) {
    if (error instanceof TransactionRollbackError) return null
    throw error
  }
  return born.map(({ id, subject, ids }) => ({
    ...ids,
    ...{ id, subject, channel, lastInboundAt: null, marketingStoppedAt: null, createdAt: now },
  }))
}

/** Fingerprints of every id that this contact has or had. */
export async function idHashesOf(deed: Deed, contact: Pick<Contact, 'id' | 'phone' | 'userId'>): Promise<Buffer[]> {
  return (await allIdHashesOf(deed, [contact])).get(contact.id)!
}

/** The same of many: contact → fingerprints. */
export async function allIdHashesOf(
  deed: Deed,
  people: readonly Pick<Contact, 'id' | 'phone' | 'userId'>[],
): Promise<Map<string, Buffer[]>> {
  const found = new Map(people.map((contact) => [contact.id, hashesOf(deed, contact)]))
  if (found.size === 0) return found
  const before = await deed.tx
    .select({ idHash: formerIds.idHash, contactId: formerIds.contactId })
    .from(formerIds)
    .where(sql`${formerIds.contactId} = any(${uuids([...found.keys()])})`)
  for (const { idHash, contactId } of before) found.get(contactId)!.push(idHash)
  return found
}
