import { and, eq, gt, sql } from 'drizzle-orm'
import { audit } from '../db/schema.ts'
import type { Deed } from '../runtime.ts'

export type Role = 'editor' | 'approver' | 'admin' | 'inbox'

/** Who does something: a person of the office, an API key, the command line or the service itself. */
export type Actor = {
  /** `staff:<uuid>`, `key:<uuid>`, `command` or `system` */
  id: string
  name: string
  role: Role
  /** null = every channel */
  channel: string | null
}

export const SYSTEM: Actor = { id: 'system', name: 'WhatsUp', role: 'admin', channel: null }
export const COMMAND: Actor = { id: 'command', name: 'Kommandozeile', role: 'admin', channel: null }

export type AuditEntry = { action: string; channel?: string | null; target?: string; detail?: Record<string, unknown> }

/** Notes who did what, in the transaction of the deed. `detail` holds ids, counts and settings, never a number, name or text. */
export async function record(deed: Deed, actor: Actor, entry: AuditEntry): Promise<void> {
  await deed.tx.insert(audit).values({
    at: deed.now,
    actor: actor.id,
    actorName: actor.name,
    action: entry.action,
    channel: entry.channel ?? null,
    target: entry.target ?? null,
    detail: entry.detail ?? {},
  })
}

/** The same, unless this actor did the very same since then: a player asks for a film in many parts. */
export async function recordOnce(
  deed: Deed,
  actor: Actor,
  entry: AuditEntry & { target: string },
  since: Date,
): Promise<void> {
  const { action, target, detail = {} } = entry
  const [before] = await deed.tx
    .select({ id: audit.id })
    .from(audit)
    .where(
      and(
        gt(audit.at, since),
        eq(audit.actor, actor.id),
        eq(audit.action, action),
        eq(audit.target, target),
        sql`${audit.detail} = ${JSON.stringify(detail)}::jsonb`,
      ),
    )
    .limit(1)
  if (!before) await record(deed, actor, entry)
}
