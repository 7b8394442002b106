import { and, desc, eq, isNull } from 'drizzle-orm'
import { type Actor, type Role, record } from '../audit/audit.ts'
import type { Db } from '../db/db.ts'
import { apiKeys } from '../db/schema.ts'
import { Refusal } from '../refusal.ts'
import type { Deed } from '../runtime.ts'
import { reaches } from './permissions.ts'
import { hashOf, newSecret } from './secrets.ts'

export type ApiKey = {
  id: string
  name: string
  role: Role
  /** null = every channel */
  channel: string | null
  createdAt: Date
  lastUsedAt: Date | null
  revokedAt: Date | null
}

/** Makes an API key. The key itself is returned here once and never again; only its sha256 is stored. */
export async function createKey(
  deed: Deed,
  actor: Actor,
  wanted: { name: string; role: Role; channel: string | null },
): Promise<{ id: string; key: string }> {
  if (actor.channel !== null && wanted.channel !== actor.channel) throw new Refusal('wrong-channel')
  const { secret, hash } = newSecret('wu_')
  const [row] = await deed.tx
    .insert(apiKeys)
    .values({ name: wanted.name, role: wanted.role, channel: wanted.channel, hash, createdAt: deed.now })
    .returning({ id: apiKeys.id })
  await record(deed, actor, {
    action: 'key.created',
    channel: wanted.channel,
    target: row!.id,
    detail: { role: wanted.role },
  })
  return { id: row!.id, key: secret }
}

/** Ends a key at once; a second time changes nothing. Refuses with `not-found` what is outside of the actor's channel. */
export async function revokeKey(deed: Deed, actor: Actor, id: string): Promise<void> {
  const [row] = await deed.tx.select().from(apiKeys).where(eq(apiKeys.id, id)).for('update')
  if (!row || (actor.channel !== null && row.channel !== actor.channel)) throw new Refusal('not-found')
  if (row.revokedAt !== null) return
  await deed.tx.update(apiKeys).set({ revokedAt: deed.now }).where(eq(apiKeys.id, id))
  await record(deed, actor, { action: 'key.revoked', channel: row.channel, target: id })
}

/** The keys that this actor may see, newest first, ended ones included; never the keys themselves. */
export async function listKeys(deed: Deed, actor: Actor): Promise<ApiKey[]> {
  const { hash: _, ...columns } = columnsOf
  const rows = await deed.tx.select(columns).from(apiKeys).orderBy(desc(apiKeys.createdAt), desc(apiKeys.id))
  return rows.filter((row) => (row.channel === null ? actor.channel === null : reaches(actor, row.channel)))
}

const columnsOf = {
  id: apiKeys.id,
  hash: apiKeys.hash,
  name: apiKeys.name,
  role: apiKeys.role,
  channel: apiKeys.channel,
  createdAt: apiKeys.createdAt,
  lastUsedAt: apiKeys.lastUsedAt,
  revokedAt: apiKeys.revokedAt,
}

/** Who holds this key; null if it is unknown or ended. Notes its use at most once a minute. */
export async function actorOfKey(db: Db, key: string, now: Date): Promise<Actor | null> {
  if (!key.startsWith('wu_')) return null
  const [row] = await db
    .select(columnsOf)
    .from(apiKeys)
    .where(and(eq(apiKeys.hash, hashOf(key)), isNull(apiKeys.revokedAt)))
  if (!row) return null
  if (row.lastUsedAt === null || now.getTime() - row.lastUsedAt.getTime() >= 60_000)
    await db.update(apiKeys).set({ lastUsedAt: now }).where(eq(apiKeys.id, row.id))
  return { id: `key:${row.id}`, name: row.name, role: row.role, channel: row.channel }
}
