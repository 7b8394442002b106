import { and, inArray, isNotNull, lt, lte, or } from 'drizzle-orm'
import { sessions, signInFailures, signInLinks, staff } from '../db/schema.ts'
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

/** Deletes people whose access was taken away before a moment, at most `limit`. Returns how many. */
export async function forgetStaff(deed: Deed, before: Date, limit: number): Promise<number> {
  const gone = deed.tx.select({ id: staff.id }).from(staff).where(lt(staff.disabledAt, before)).limit(limit)
  return (await deed.tx.delete(staff).where(inArray(staff.id, gone)).returning({ id: staff.id })).length
}
