import { and, eq, inArray, isNull, sql } from 'drizzle-orm'
import { contacts, formerIds, notices } from '../db/schema.ts'
import type { Deed } from '../runtime.ts'
import { type Contact, openContact } from './contacts.ts'
import { keysOf, lockKnown, nobodyHash, noteFormer, type Row, strip, writeChanges } from './ids.ts'

export type Ids = { phone?: string; userId?: string }

export type Move = {
  contact: Contact
  /** False: they had these ids already, nothing was changed. */
  moved: boolean
  /** Contacts that turned out to be this person too; they have no address any more. */
  same: Contact[]
  /** Somebody else who had the new number until now. */
  bereft: string[]
}

/**
 * Gives the contact with the old ids exactly the new ones, since Meta gives a new user id with a new number. What it had before stays as former ids. Null:
 * nobody has the old ids. Doing it again changes nothing.
 */
export async function moveIdentity(deed: Deed, channel: string, old: Ids, fresh: Ids): Promise<Move | null> {
  const { vault } = deed
  const [oldKeys, freshKeys] = [keysOf(vault, old), keysOf(vault, fresh)]
  const rows = await lockKnown(deed, channel, [oldKeys, freshKeys])
  const holds = (keys: ReturnType<typeof keysOf>, row: Row) => ({
    phone: keys.phoneKey !== undefined && row.phoneHash?.toString('hex') === keys.phoneKey,
    userId: keys.userIdKey !== undefined && row.userIdHash?.toString('hex') === keys.userIdKey,
  })
  const all = [...rows.values()]
  // A number whose user id is another one than the old one is somebody else's by now.
  const compatible = (keys: typeof oldKeys, row: Row) =>
    keys.userIdKey === undefined || row.userIdHash === null || row.userIdHash.toString('hex') === keys.userIdKey
  const owner =
    all.find((row) => holds(oldKeys, row).userId) ??
    all.find((row) => holds(oldKeys, row).phone && compatible(oldKeys, row))
  if (!owner) return movedBefore(deed, channel, old, fresh)

  const others = all.filter((row) => row !== owner)
  const same = others.filter(
    (row) =>
      holds(freshKeys, row).userId ||
      (holds(freshKeys, row).phone && compatible(freshKeys, row)) ||
      (holds(oldKeys, row).phone && row.userIdHash === null),
  )
  const bereft = others.filter((row) => !same.includes(row) && holds(freshKeys, row).phone)
  const alsoThem = same.map((row) => openContact(vault, row))
  const [byUserId] = alsoThem.filter((_, i) => holds(freshKeys, same[i]!).userId)
  const [byPhone] = alsoThem.filter((_, i) => holds(freshKeys, same[i]!).phone)
  const next: Ids = { phone: fresh.phone ?? byUserId?.phone, userId: fresh.userId ?? byPhone?.userId }
  const nextKeys = keysOf(vault, next)
  const before = { phone: owner.phoneHash, userId: owner.userIdHash }
  const moved =
    same.length > 0 ||
    before.phone?.toString('hex') !== nextKeys.phoneKey ||
    before.userId?.toString('hex') !== nextKeys.userIdKey
  if (!moved) return { contact: openContact(vault, owner), moved, same: [], bereft: [] }

  for (const row of bereft) {
    await noteFormer(deed, channel, [{ idHash: row.phoneHash!, contactId: row.id }])
    await strip(deed, row, ['phone'])
  }
  for (const row of same) await strip(deed, row, ['phone', 'userId'])
  await noteFormer(
    deed,
    channel,
    [before.phone, before.userId, ...alsoThem.flatMap((contact) => currentHashes(deed, contact))]
      .filter((hash) => hash !== null && hash !== undefined)
      .filter((hash) => ![nextKeys.phoneKey, nextKeys.userIdKey].includes(hash.toString('hex')))
      .map((idHash) => ({ idHash, contactId: owner.id })),
  )
  owner.phoneHash = nextKeys.phoneKey === undefined ? null : Buffer.from(nextKeys.phoneKey, 'hex')
  owner.phoneSealed = next.phone === undefined ? null : vault.seal(next.phone)
  owner.userIdHash = nextKeys.userIdKey === undefined ? null : Buffer.from(nextKeys.userIdKey, 'hex')
  owner.userIdSealed = next.userId === undefined ? null : vault.seal(next.userId)
  await writeChanges(deed, [owner])
  return { contact: openContact(vault, owner), moved, same: alsoThem, bereft: bereft.map((row) => row.id) }
}

const currentHashes = ({ vault }: Deed, contact: Contact) => {
  const { phoneKey, userIdKey } = keysOf(vault, contact)
  return [phoneKey, userIdKey].filter((key) => key !== undefined).map((key) => Buffer.from(key, 'hex'))
}

async function movedBefore(deed: Deed, channel: string, old: Ids, fresh: Ids): Promise<Move | null> {
  const found = await formerHolders(deed, channel, [old])
  const { phoneKey, userIdKey } = keysOf(deed.vault, fresh)
  const holder = found.find((row) => {
    const { phoneHash, userIdHash } = row
    return (
      (phoneKey !== undefined && phoneHash?.toString('hex') === phoneKey) ||
      (userIdKey !== undefined && userIdHash?.toString('hex') === userIdKey)
    )
  })
  return holder ? { contact: openContact(deed.vault, holder), moved: false, same: [], bereft: [] } : null
}

async function formerHolders(deed: Deed, channel: string, who: readonly Ids[]): Promise<Row[]> {
  const hashes = who.flatMap((ids) => {
    const { phoneKey, userIdKey } = keysOf(deed.vault, ids)
    return [phoneKey, userIdKey].filter((key) => key !== undefined).map((key) => Buffer.from(key, 'hex'))
  })
  if (hashes.length === 0) return []
  const found = deed.tx
    .select({ id: formerIds.contactId })
    .from(formerIds)
    .where(and(eq(formerIds.channel, channel), inArray(formerIds.idHash, hashes)))
  return deed.tx.select().from(contacts).where(inArray(contacts.id, found)).orderBy(contacts.id).for('no key update')
}

/** The contacts who had one of these ids before a change and go by others now, locked. */
export async function formerContacts(deed: Deed, channel: string, ids: readonly Ids[]): Promise<Contact[]> {
  return (await formerHolders(deed, channel, ids)).map((row) => openContact(deed.vault, row))
}

/**
 * Makes `other`, who lost its ids to `keeper`, a part of it: what it had before, when it got which automatic line, its stop of marketing. The row stays,
 * without anything personal, because the ledger speaks of its pseudonym; `absorbedBy` finds it.
 */
export async function absorb(deed: Deed, keeperId: string, otherId: string): Promise<void> {
  const { tx, vault, now } = deed
  const at = now.toISOString()
  await tx.execute(sql`
    with gone as (delete from ${formerIds} where contact_id = ${otherId}::uuid returning channel, id_hash, ended_at)
    insert into ${formerIds} (channel, id_hash, contact_id, ended_at) select channel, id_hash, ${keeperId}::uuid, ended_at from gone
    on conflict do nothing`)
  await tx.execute(sql`
    with gone as (delete from ${notices} where contact_id = ${otherId}::uuid returning kind, at)
    insert into ${notices} (contact_id, kind, at) select ${keeperId}::uuid, kind, at from gone
    on conflict (contact_id, kind) do update set at = greatest(notices.at, excluded.at)`)
  await tx.execute(sql`
    update ${contacts} k set marketing_stopped_at = greatest(k.marketing_stopped_at, o.marketing_stopped_at),
      last_inbound_at = greatest(k.last_inbound_at, o.last_inbound_at), name_sealed = coalesce(k.name_sealed, o.name_sealed)
    from ${contacts} o where k.id = ${keeperId}::uuid and o.id = ${otherId}::uuid`)
  await tx.execute(sql`
    update ${contacts} set name_sealed = null, phone_sealed = null, phone_hash = null, user_id_sealed = null,
      user_id_hash = ${nobodyHash(vault, otherId)}, marketing_stopped_at = null, last_inbound_at = null
    where id = ${otherId}::uuid`)
  await tx.execute(sql`
    insert into ${formerIds} (channel, id_hash, contact_id, ended_at)
    select channel, user_id_hash, ${keeperId}::uuid, ${at}::timestamptz from ${contacts} where id = ${otherId}::uuid on conflict do nothing`)
}

/** The contacts that became a part of this one, with the pseudonyms under which the ledger knows them. */
export async function absorbedBy(deed: Deed, contactId: string): Promise<{ id: string; subject: string }[]> {
  return deed.tx
    .select({ id: contacts.id, subject: contacts.subject })
    .from(contacts)
    .innerJoin(formerIds, and(eq(formerIds.channel, contacts.channel), eq(formerIds.idHash, contacts.userIdHash)))
    .where(and(eq(formerIds.contactId, contactId), isNull(contacts.userIdSealed), isNull(contacts.phoneSealed)))
}
