import { and, eq } from 'drizzle-orm'
import { consents, jobRuns } from '../db/schema.ts'
import type { Deed, Runtime } from '../runtime.ts'
import { type Anchor, channelsWithLedger, type Verdict, verifyChain } from '../subscriptions/verify.ts'
import { noteRun, onceANight } from './once-a-night.ts'

/** The latest walk along a channel's whole ledger. */
export type LedgerCheck = Omit<Verdict, 'channel'> & {
  at: Date
  /** The entry up to which the ledger held then is there, with the hash it had. */
  stands: boolean
}

/** Where the last walk that found nothing ended is kept beside the verdict: what was rewritten since stays found, night after night. */
type Noted = Omit<Verdict, 'channel'> & { anchor?: Anchor }

const nameOf = (channel: string) => `ledger ${channel}`

/**
 * Walks a channel's whole ledger, also against where an earlier walk ended. Writes nothing. @throws CannotOpen as `verifyChain` does
 * @param noted an end that was noted outside of this database
 */
export async function walkLedger(
  runtime: Pick<Runtime, 'db' | 'vault'>,
  channel: string,
  noted?: Anchor,
): Promise<Verdict> {
  const ends = [(await kept(runtime.db, channel))?.anchor, noted]
  return verifyChain(
    runtime,
    channel,
    ends.filter((end) => end !== undefined),
  )
}

/** The same, and keeps what it found. */
export async function checkLedger(runtime: Pick<Runtime, 'db' | 'vault' | 'now'>, channel: string): Promise<Verdict> {
  const before = await kept(runtime.db, channel)
  const verdict = await verifyChain(runtime, channel, before?.anchor ? [before.anchor] : [])
  const { channel: _, ...found } = verdict
  const anchor = found.broken ? before?.anchor : { seq: found.entries, hash: found.head }
  await noteRun(runtime.db, nameOf(channel), runtime.now(), { ...found, anchor } satisfies Noted)
  return verdict
}

/** What the latest walk found, and whether its end still stands; null before the first one. Costs two look-ups, however long the ledger is. */
export async function lastCheck({ tx }: Pick<Deed, 'tx'>, channel: string): Promise<LedgerCheck | null> {
  const found = await kept(tx, channel)
  if (!found) return null
  const { anchor, ...verdict } = found
  if (!anchor || anchor.seq === 0) return { ...verdict, stands: true }
  const [end] = await tx
    .select({ hash: consents.hash })
    .from(consents)
    .where(and(eq(consents.channel, channel), eq(consents.seq, anchor.seq)))
  return { ...verdict, stands: end?.hash.toString('hex') === anchor.hash }
}

async function kept(db: Pick<Runtime['db'], 'select'>, channel: string): Promise<(Noted & { at: Date }) | null> {
  const [run] = await db
    .select()
    .from(jobRuns)
    .where(eq(jobRuns.name, nameOf(channel)))
  return run ? { ...(run.detail as Noted), at: run.lastAt } : null
}

/** Once a night every ledger is walked, also of a channel whose file is gone; one that does not hold is an error in the log and an alarm in the console. */
export const checkLedgersNightly = (runtime: Pick<Runtime, 'db' | 'sql' | 'vault' | 'now' | 'log'>): Promise<boolean> =>
  onceANight(runtime, 'ledgers', async () => {
    const done: Record<string, unknown> = {}
    for (const channel of await channelsWithLedger(runtime.db)) {
      try {
        const { entries, broken } = await checkLedger(runtime, channel)
        done[channel] = { entries, broken }
        if (broken) runtime.log.error({ channel, seq: broken.seq, why: broken.why }, 'the consent ledger does not hold')
      } catch (error) {
        runtime.log.error({ err: error, channel }, 'the consent ledger was not verified, tried again the next night')
      }
    }
    return done
  })
