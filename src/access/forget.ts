import { and, inArray, isNotNull, lt, lte, or } from 'drizzle-orm'
import { apiKeys, sessions, signInFailures, signInLinks, staff } from '../db/schema.ts'
import type { Deed } from '../runtime.ts'

const DAY_MS = 86_400_000

/** Deletes sign-in links that are used or over, sessions that ended, and failed sign-ins of yesterday. Returns how many, at most three times `limit`. */
export async function forgetSignIns(deed: Deed, limit: number): Promise<number> {
  const { tx, now } = deed
  const dayAgo = new Date(now.getTime() - DAY_MS)
  const links = tx
    .select({ hash: signInLinks.hash })
    .from(signInLinks)
    .where(or(lt(signInLinks.expiresAt, dayAgo), and(isNotNull(signInLinks.usedAt), lt(signInLinks.usedAt, dayAgo))))
    .limit(limit)
  const ended = tx.select({ hash: sessions.hash }).from(sessions).where(lte(sessions.expiresAt, now)).limit(limit)
  const failed = tx
    .select({ id: signInFailures.id })
    .from(signInFailures)
    .where(lt(signInFailures.at, dayAgo))
    .limit(limit)
  const gone = [
    await tx.delete(signInLinks).where(inArray(signInLinks.hash, links)).returning({ hash: signInLinks.hash }),
    await tx.delete(sessions).where(inArray(sessions.hash, ended)).returning({ hash: sessions.hash }),
    await tx.delete(signInFailures).where(inArray(signInFailures.id, failed)).returning({ id: signInFailures.id }),
  ]
  return gone.flat().length
}

/** Deletes people and keys whose access was taken away before a moment, at most `limit` of each. Returns how many. */
export async function forgetStaff({ tx }: Deed, before: Date, limit: number): Promise<number> {
  const people = tx.select({ id: staff.id }).from(staff).where(lt(staff.disabledAt, before)).limit(limit)
  const keys = tx.select({ id: apiKeys.id }).from(apiKeys).where(lt(apiKeys.revokedAt, before)).limit(limit)
  const gone = [
    await tx.delete(staff).where(inArray(staff.id, people)).returning({ id: staff.id }),
    await tx.delete(apiKeys).where(inArray(apiKeys.id, keys)).returning({ id: apiKeys.id }),
  ]
  return gone.flat().length
}
