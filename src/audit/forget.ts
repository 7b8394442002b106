import { and, eq, inArray, isNull, lt } from 'drizzle-orm'
import { audit } from '../db/schema.ts'
import type { Deed } from '../runtime.ts'

/** Deletes a channel's audit entries from before a moment, at most `limit`; null = those of no channel. Returns how many. */
export async function forgetAudit(deed: Deed, channel: string | null, before: Date, limit: number): Promise<number> {
  const old = deed.tx
    .select({ id: audit.id })
    .from(audit)
    .where(and(lt(audit.at, before), channel === null ? isNull(audit.channel) : eq(audit.channel, channel)))
    .limit(limit)
  const gone = await deed.tx.delete(audit).where(inArray(audit.id, old)).returning({ id: audit.id })
  return gone.length
}
