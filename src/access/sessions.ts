import { and, eq, gt, isNull, ne } from 'drizzle-orm'
import { type Actor, record } from '../audit/audit.ts'
import type { Db } from '../db/db.ts'
import { sessions, staff } from '../db/schema.ts'
import type { Deed } from '../runtime.ts'
import { hashOf, newSecret } from './secrets.ts'

const HOUR_MS = 3_600_000
/** A session ends this long after its last use … */
export const SESSION_MS = 12 * HOUR_MS
/** … and in any case this long after signing in. */
export const LONGEST_SESSION_MS = 7 * 24 * HOUR_MS

type StaffRow = Pick<typeof staff.$inferSelect, 'id' | 'email' | 'name' | 'role' | 'channel'>

/** The person of the office as the doer of deeds. */
export const actorOf = (person: StaffRow): Actor => ({
  id: `staff:${person.id}`,
  name: person.name ?? person.email,
  role: person.role,
  channel: person.channel,
})

/** Opens a session for somebody who has just proven who they are. */
export async function openSession(
  deed: Deed,
  person: StaffRow,
): Promise<{ token: string; expiresAt: Date; actor: Actor }> {
  const { secret: token, hash } = newSecret()
  const expiresAt = new Date(deed.now.getTime() + SESSION_MS)
  await deed.tx.insert(sessions).values({ hash, staffId: person.id, createdAt: deed.now, seenAt: deed.now, expiresAt })
  const actor = actorOf(person)
  await record(deed, actor, { action: 'session.opened', channel: person.channel, target: person.id })
  return { token, expiresAt, actor }
}

/** Who holds this session; null if it has ended or the person was shut out. Extends it, with at most one write a minute. */
export async function whoIs(db: Db, token: string, now: Date): Promise<Actor | null> {
  const hash = hashOf(token)
  const [found] = await db
    .select({
      seenAt: sessions.seenAt,
      createdAt: sessions.createdAt,
      person: { id: staff.id, email: staff.email, name: staff.name, role: staff.role, channel: staff.channel },
    })
    .from(sessions)
    .innerJoin(staff, eq(staff.id, sessions.staffId))
    .where(and(eq(sessions.hash, hash), gt(sessions.expiresAt, now), isNull(staff.disabledAt)))
  if (!found) return null
  if (now.getTime() - found.seenAt.getTime() >= 60_000) {
    const latest = found.createdAt.getTime() + LONGEST_SESSION_MS
    const expiresAt = new Date(Math.min(now.getTime() + SESSION_MS, latest))
    await db.update(sessions).set({ seenAt: now, expiresAt }).where(eq(sessions.hash, hash))
  }
  return actorOf(found.person)
}

/** Ends the session; nothing happens if there is none. */
export async function endSession(deed: Deed, token: string): Promise<void> {
  const ended = await deed.tx
    .delete(sessions)
    .where(eq(sessions.hash, hashOf(token)))
    .returning({ staffId: sessions.staffId })
  for (const { staffId } of ended) {
    const [person] = await deed.tx.select().from(staff).where(eq(staff.id, staffId))
    if (person)
      await record(deed, actorOf(person), { action: 'session.ended', channel: person.channel, target: staffId })
  }
}

/** Ends all sessions of one person, but for the one whose token is to be kept: after a change of role or password, or when access is taken away. */
export async function endSessionsOf(deed: Deed, staffId: string, keep?: string): Promise<void> {
  const others = keep === undefined ? undefined : ne(sessions.hash, hashOf(keep))
  await deed.tx.delete(sessions).where(and(eq(sessions.staffId, staffId), others))
}
