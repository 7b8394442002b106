import { and, eq, gt, inArray, isNull, sql } from 'drizzle-orm'
import { type Actor, type Role, record } from '../audit/audit.ts'
import { apiKeys, sessions, signInLinks, staff, staffCredentials } from '../db/schema.ts'
import { Refusal } from '../refusal.ts'
import type { Deed } from '../runtime.ts'
import { hashOf, newSecret } from './secrets.ts'
import { endSessionsOf, openSession } from './sessions.ts'

const LINK_MS = 48 * 3_600_000

/** Where a one-time link leads: a page with a button, because mail scanners follow links and would use it up. */
export const signInUrl = (publicUrl: string, token: string) => `${publicUrl}/office/anmelden?link=${token}`

/** The form of an address; whether somebody reads it, nobody can see from here. */
export const isEmail = (text: string): boolean => /^[^\s@]+@(?:[^\s@]+\.[^\s@]+|localhost)$/.test(text)

/** Creates or changes a person's access and returns a link token for it; see `StaffAuth`. */
export async function invite(
  deed: Deed,
  by: Actor,
  person: { email: string; role: Exclude<Role, 'inbox'>; channel: string | null },
): Promise<{ staffId: string; token: string; expiresAt: Date }> {
  if (by.channel !== null && person.channel !== by.channel) throw new Refusal('wrong-channel')
  const email = person.email.trim()
  if (!isEmail(email))
    throw new Refusal('invalid-input', [{ field: 'email', message: 'Das ist keine E-Mail-Adresse.' }])
  const [known] = await deed.tx
    .select()
    .from(staff)
    .where(eq(sql`lower(${staff.email})`, email.toLowerCase()))
    .for('update')
  // A town's admin must neither see nor change who works for another town.
  if (known && by.channel !== null && known.channel !== by.channel) throw new Refusal('wrong-channel')
  const staffId = known?.id ?? crypto.randomUUID()
  const changed =
    known !== undefined && (known.role !== person.role || known.channel !== person.channel || known.disabledAt !== null)
  if (!known)
    await deed.tx
      .insert(staff)
      .values({ id: staffId, email, role: person.role, channel: person.channel, createdAt: deed.now })
  else if (changed) {
    await deed.tx
      .update(staff)
      .set({ role: person.role, channel: person.channel, disabledAt: null })
      .where(eq(staff.id, staffId))
    await endSessionsOf(deed, staffId)
  }
  await deed.tx.delete(signInLinks).where(and(eq(signInLinks.staffId, staffId), isNull(signInLinks.usedAt)))
  const { secret: token, hash } = newSecret()
  const expiresAt = new Date(deed.now.getTime() + LINK_MS)
  await deed.tx.insert(signInLinks).values({ hash, staffId, expiresAt })
  await record(deed, by, {
    action: 'staff.invited',
    channel: person.channel,
    target: staffId,
    detail: { role: person.role, access: changed ? 'changed' : known ? 'again' : 'invited' },
  })
  return { staffId, token, expiresAt }
}

/** Exchanges a link token for a session; see `StaffAuth`. */
export async function redeem(deed: Deed, token: string) {
  const [link] = await deed.tx
    .update(signInLinks)
    .set({ usedAt: deed.now })
    .where(and(eq(signInLinks.hash, hashOf(token)), isNull(signInLinks.usedAt), gt(signInLinks.expiresAt, deed.now)))
    .returning({ staffId: signInLinks.staffId })
  if (!link) return null
  const [person] = await deed.tx
    .select()
    .from(staff)
    .where(and(eq(staff.id, link.staffId), isNull(staff.disabledAt)))
  return person ? openSession(deed, person) : null
}

/** Shuts a person out at once: no session, no link, no password. A second time changes nothing. */
export async function disableStaff(deed: Deed, by: Actor, staffId: string): Promise<void> {
  const [person] = await deed.tx.select().from(staff).where(eq(staff.id, staffId)).for('update')
  if (!person || (by.channel !== null && person.channel !== by.channel)) throw new Refusal('not-found')
  if (person.disabledAt !== null) return
  await deed.tx.update(staff).set({ disabledAt: deed.now }).where(eq(staff.id, staffId))
  await deed.tx.delete(signInLinks).where(and(eq(signInLinks.staffId, staffId), isNull(signInLinks.usedAt)))
  await deed.tx.delete(staffCredentials).where(eq(staffCredentials.staffId, staffId))
  await endSessionsOf(deed, staffId)
  await record(deed, by, { action: 'staff.disabled', channel: person.channel, target: staffId })
}

export type StaffMember = Pick<
  typeof staff.$inferSelect,
  'id' | 'email' | 'name' | 'role' | 'channel' | 'createdAt' | 'disabledAt'
> & {
  /** Has set a password and a second factor. */
  ready: boolean
  lastSeenAt: Date | null
}

/** The people whom this actor may see, in the order of their names. */
export async function listStaff(deed: Pick<Deed, 'tx'>, by: Pick<Actor, 'channel'>): Promise<StaffMember[]> {
  const rows = await deed.tx
    .select({
      person: staff,
      ready: sql<boolean>`${staffCredentials.staffId} is not null`,
      lastSeenAt: sql<
        string | null
      >`(select max(${sessions.seenAt}) from ${sessions} where ${sessions.staffId} = ${staff.id})`,
    })
    .from(staff)
    .leftJoin(staffCredentials, eq(staffCredentials.staffId, staff.id))
    .where(by.channel === null ? undefined : eq(staff.channel, by.channel))
    .orderBy(sql`lower(coalesce(${staff.name}, ${staff.email}))`)
  return rows.map(({ person, ready, lastSeenAt }) => ({
    ...person,
    ready,
    lastSeenAt: lastSeenAt === null ? null : new Date(lastSeenAt),
  }))
}

const UUID = /:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** What the office calls these actors (`staff:…`, `key:…`); whoever is unknown stays out. */
export async function namesOf(deed: Pick<Deed, 'tx'>, actors: Iterable<string | null>): Promise<Map<string, string>> {
  const wanted = [...new Set(actors)].filter((id): id is string => id !== null)
  const ids = (kind: string) =>
    wanted.filter((id) => id.startsWith(`${kind}:`) && UUID.test(id)).map((id) => id.slice(kind.length + 1))
  const names = new Map([
    ['system', 'WhatsUp'],
    ['command', 'Kommandozeile'],
  ])
  const [people, keys] = [ids('staff'), ids('key')]
  if (people.length > 0)
    for (const { id, name, email } of await deed.tx.select().from(staff).where(inArray(staff.id, people)))
      names.set(`staff:${id}`, name ?? email)
  if (keys.length > 0)
    for (const { id, name } of await deed.tx.select().from(apiKeys).where(inArray(apiKeys.id, keys)))
      names.set(`key:${id}`, `${name} (Schlüssel)`)
  return names
}
