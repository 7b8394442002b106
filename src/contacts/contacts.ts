import { and, eq, or, sql } from 'drizzle-orm'
import type { Sql } from '../db/db.ts'
import { contacts, formerIds } from '../db/schema.ts'
import { uuids } from '../db/sets.ts'
import type { Vault } from '../db/vault.ts'
import type { Deed } from '../runtime.ts'
import { type Identity, recogniseBy } from './identity.ts'
import { keysOf, lockKnown, noteFormer, phoneHash, type Row, strip, userIdHash, writeChanges } from './ids.ts'

export type Contact = Identity & {
  id: string
  channel: string
  /** The pseudonym of the consent ledger. */
  subject: string
  lastInboundAt: Date | null
  marketingStoppedAt: Date | null
  createdAt: Date
}

/**
 * What a message told about who is who beyond its sender. `same-person`: what were two contacts, one by number and one by user id, is one; `otherId` has no
 * address any more. `number-moved`: the number is somebody else's now, `fromId` lost it. `id-learnt`: a contact has a number or user id that it did not
 * have until now.
 */
export type Finding =
  | { is: 'same-person'; contactId: string; otherId: string }
  | { is: 'number-moved'; fromId: string }
  | { is: 'id-learnt'; contactId: string }

/** The one place where identities are opened. */
export function openContact(vault: Vault, row: Row): Contact {
  return {
    id: row.id,
    channel: row.channel,
    subject: row.subject,
    phone: row.phoneSealed === null ? undefined : vault.open(row.phoneSealed),
    userId: row.userIdSealed === null ? undefined : vault.open(row.userIdSealed),
    name: row.nameSealed === null ? undefined : vault.open(row.nameSealed),
    lastInboundAt: row.lastInboundAt,
    marketingStoppedAt: row.marketingStoppedAt,
    createdAt: row.createdAt,
  }
}

type Person = { identity: Identity; at?: Date; phoneKey?: string; userIdKey?: string }

/**
 * The contacts behind these senders, in the order asked; whoever is new is created, missing ids and changed names are completed. Locks the rows, so that
 * two events of one citizen are carried out one after the other over all processes.
 * @param people `at` is Meta's time stamp of the message, which opens the 24-hour window; absent: they did not write
 * @param findings gets what was learnt; carried out by `intake/identities.ts`
 */
export async function recognise(
  deed: Deed,
  channel: string,
  people: readonly { identity: Identity; at?: Date }[],
  findings: Finding[] = [],
): Promise<Contact[]> {
  const asked = people.map(({ identity, at }): Person => ({ identity, at, ...keysOf(deed.vault, identity) }))
  const known = await lockKnown(deed, channel, asked)
  const book = new AddressBook(known.values())
  const found: string[] = []
  const fresh = new Set<string>()
  const former: { idHash: Buffer; contactId: string }[] = []
  for (const person of asked) {
    const byPhone = book.byPhone(person.phoneKey)
    const who = recogniseBy(
      { hasUserId: person.userIdKey !== undefined },
      book.byUserId(person.userIdKey),
      byPhone && { id: byPhone.id, hasUserId: byPhone.userIdHash !== null },
    )
    const row = 'id' in who ? known.get(who.id)! : newRow(deed, channel, person)
    if ('formerOwner' in who) findings.push(await takeNumber(deed, known.get(who.formerOwner)!, row))
    if ('id' in who) {
      const { learnt, replaced } = complete(deed.vault, row, person)
      if (learnt) findings.push({ is: 'id-learnt', contactId: row.id })
      if (replaced) former.push({ idHash: replaced, contactId: row.id })
    } else {
      known.set(row.id, row)
      fresh.add(row.id)
    }
    book.note(row)
    found.push(row.id)
  }
  const born = [...fresh].map((id) => known.get(id)!)
  if (born.length > 0) {
    const inserted = await deed.tx.insert(contacts).values(born).onConflictDoNothing().returning({ id: contacts.id })
    // Another process was faster: its rows are visible now, so ask once more.
    if (inserted.length < born.length) return recognise(deed, channel, people, findings)
  }
  await noteFormer(deed, channel, former)
  await writeChanges(
    deed,
    [...known.values()].filter((row) => !fresh.has(row.id)),
  )
  return found.map((id) => openContact(deed.vault, known.get(id)!))
}

/** Rows by their current ids. */
class AddressBook {
  readonly #phones = new Map<string, Row>()
  readonly #userIds = new Map<string, Row>()
  constructor(rows: Iterable<Row>) {
    for (const row of rows) this.note(row)
  }
  note(row: Row): void {
    if (row.phoneHash) this.#phones.set(row.phoneHash.toString('hex'), row)
    if (row.userIdHash) this.#userIds.set(row.userIdHash.toString('hex'), row)
  }
  byPhone = (key: string | undefined) => (key === undefined ? undefined : this.#phones.get(key))
  byUserId = (key: string | undefined) => (key === undefined ? undefined : this.#userIds.get(key))
}

function newRow(deed: Deed, channel: string, { identity, at }: Person): Row {
  const { vault } = deed
  return {
    id: crypto.randomUUID(),
    channel,
    subject: crypto.randomUUID(),
    phoneSealed: identity.phone ? vault.seal(identity.phone) : null,
    phoneHash: identity.phone ? phoneHash(vault, identity.phone) : null,
    userIdSealed: identity.userId ? vault.seal(identity.userId) : null,
    userIdHash: identity.userId ? userIdHash(vault, identity.userId) : null,
    nameSealed: identity.name ? vault.seal(identity.name) : null,
    lastInboundAt: at ?? null,
    marketingStoppedAt: null,
    unreachable: 0,
    unreachableSince: null,
    createdAt: deed.now,
  }
}

/** Fills in what was not known; a number that a known user id now has replaces the old one. */
function complete(vault: Vault, row: Row, { identity, at }: Person): { learnt: boolean; replaced: Buffer | null } {
  let learnt = false
  let replaced: Buffer | null = null
  if (identity.phone && !row.phoneHash?.equals(phoneHash(vault, identity.phone))) {
    learnt = true
    replaced = row.phoneHash
    row.phoneHash = phoneHash(vault, identity.phone)
    row.phoneSealed = vault.seal(identity.phone)
  }
  if (identity.userId && row.userIdHash === null) {
    learnt = true
    row.userIdHash = userIdHash(vault, identity.userId)
    row.userIdSealed = vault.seal(identity.userId)
  }
  if (identity.name && (row.nameSealed === null || vault.open(row.nameSealed) !== identity.name)) {
    row.nameSealed = vault.seal(identity.name)
  }
  if (at !== undefined && (row.lastInboundAt === null || row.lastInboundAt < at)) row.lastInboundAt = at
  return { learnt, replaced }
}

/**
 * Takes the number from a contact who no longer has it. Without a user id of its own that contact was the number, so whoever has the number now is the same
 * person; with one it is somebody else, of whom the number stays a former id.
 */
async function takeNumber(deed: Deed, from: Row, to: Row): Promise<Finding> {
  const finding: Finding =
    from.userIdHash === null
      ? { is: 'same-person', contactId: to.id, otherId: from.id }
      : { is: 'number-moved', fromId: from.id }
  const number = from.phoneHash
  await strip(deed, from, ['phone'])
  if (number && finding.is === 'number-moved')
    await noteFormer(deed, from.channel, [{ idHash: number, contactId: from.id }])
  return finding
}

/** Looks somebody up by number or user id, also by one they had before; null if unknown. */
export async function findContact(deed: Deed, channel: string, who: Identity): Promise<Contact | null> {
  const hashes = [
    ...(who.userId ? [userIdHash(deed.vault, who.userId)] : []),
    ...(who.phone ? [phoneHash(deed.vault, who.phone)] : []),
  ]
  for (const hash of hashes) {
    const [row] = await deed.tx
      .select()
      .from(contacts)
      .where(and(eq(contacts.channel, channel), or(eq(contacts.userIdHash, hash), eq(contacts.phoneHash, hash))))
    if (row) return openContact(deed.vault, row)
  }
  for (const hash of hashes) {
    const [row] = await deed.tx
      .select({ contact: contacts })
      .from(formerIds)
      .innerJoin(contacts, eq(contacts.id, formerIds.contactId))
      .where(and(eq(formerIds.channel, channel), eq(formerIds.idHash, hash)))
      .limit(1)
    if (row) return openContact(deed.vault, row.contact)
  }
  return null
}

/** One contact by its own id; null if it does not exist (any more). */
export async function contactById(deed: Deed, id: string): Promise<Contact | null> {
  const [row] = await deed.tx.select().from(contacts).where(eq(contacts.id, id))
  return row ? openContact(deed.vault, row) : null
}

/** Notes that these contacts stopped marketing messages inside WhatsApp, or allowed them again; the newest time stamp wins. Answers with those for whom it was otherwise. */
export async function recordPreference(
  deed: Deed,
  contactIds: readonly string[],
  preference: { value: 'stop' | 'resume'; at: ReadonlyMap<string, Date> },
): Promise<string[]> {
  const told = JSON.stringify(contactIds.map((id) => ({ id, at: preference.at.get(id)!.toISOString() })))
  const when = sql`jsonb_to_recordset(${told}::jsonb) as t(id uuid, at timestamptz)`
  const changed = await deed.tx.execute<{ id: string }>(
    preference.value === 'stop'
      ? sql`
        with before as (
          select id, marketing_stopped_at as stopped from contacts where id = any(${uuids(contactIds)}) order by id for no key update),
        noted as (
          update contacts c set marketing_stopped_at = greatest(c.marketing_stopped_at, t.at) from before b join ${when} on t.id = b.id where c.id = b.id)
        select id from before where stopped is null`
      : sql`
        update contacts c set marketing_stopped_at = null from ${when}
        where c.id = t.id and c.marketing_stopped_at < t.at returning c.id`,
  )
  return changed.map(({ id }) => id)
}

/** Locks those to whom these messages went. Whoever changes people and messages locks people first, as a STOP and an erasure do, or two would wait for each other. */
export async function lockReached(deed: Deed, outgoingIds: readonly number[]): Promise<void> {
  if (outgoingIds.length === 0) return
  await deed.tx.execute(sql`
    select from contacts where id in (
      select o.contact_id from outgoing o where o.id = any(array(select jsonb_array_elements_text(${JSON.stringify(outgoingIds)}::jsonb)::bigint)))
    order by id for no key update`)
}

/** Which of these contacts' messages went to somebody of whom only the number is known: message → fingerprint of the number, as hex. */
export async function knownByNumberOnly(sql: Sql, outgoingIds: readonly number[]): Promise<Map<number, string>> {
  if (outgoingIds.length === 0) return new Map()
  const rows = await sql<{ id: string; hash: string }[]>`
    select o.id, encode(c.phone_hash, 'hex') as hash from outgoing o join contacts c on c.id = o.contact_id
    where o.id = any(${outgoingIds as number[]}::bigint[]) and c.user_id_hash is null`
  return new Map(rows.map(({ id, hash }) => [Number(id), hash]))
}
