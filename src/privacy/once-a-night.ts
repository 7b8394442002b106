import { eq } from 'drizzle-orm'
import { jobRuns } from '../db/schema.ts'
import type { Runtime } from '../runtime.ts'

const DAY_MS = 86_400_000
/** 3:10 in German winter, 4:10 in summer: after the last evening broadcasts, before anybody looks. */
const DUE_MINUTE_UTC = 130

/** The latest moment at which a night's work was due. Pure. */
export function latestDue(now: Date): Date {
  const today = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()) + DUE_MINUTE_UTC * 60_000
  return new Date(today <= now.getTime() ? today : today - DAY_MS)
}

/**
 * Does a night's work, if it is due and no other process is at it; a night that was missed is made up for. A process that dies frees the lock, and another
 * one begins again. `work` answers with what is kept about the run. False: nothing was to do.
 */
export async function onceANight(
  { db, sql, now }: Pick<Runtime, 'db' | 'sql' | 'now'>,
  name: string,
  work: () => Promise<Record<string, unknown>>,
): Promise<boolean> {
  const isDue = async () => {
    const [last] = await db.select().from(jobRuns).where(eq(jobRuns.name, name))
    return !last || last.lastAt < latestDue(now())
  }
  if (!(await isDue())) return false
  const connection = await sql.reserve()
  try {
    const [{ mine } = { mine: false }] = await connection<{ mine: boolean }[]>`
      select pg_try_advisory_lock(hashtextextended(${`whatsup ${name}`}, 0)) as mine`
    if (!mine) return false
    try {
      if (!(await isDue())) return false
      await noteRun(db, name, now(), await work())
      return true
    } finally {
      await connection`select pg_advisory_unlock(hashtextextended(${`whatsup ${name}`}, 0))`
    }
  } finally {
    connection.release()
  }
}

/** Keeps when something was done last, and what came of it. */
export async function noteRun(
  db: Pick<Runtime['db'], 'insert'>,
  name: string,
  lastAt: Date,
  detail: Record<string, unknown>,
): Promise<void> {
  await db
    .insert(jobRuns)
    .values({ name, lastAt, detail })
    .onConflictDoUpdate({ target: jobRuns.name, set: { lastAt, detail } })
}
