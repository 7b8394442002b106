import { toldSince } from '../audit/trail.ts'
import { channelsWithoutFile } from '../channels/forget.ts'
import { defaultRetention, type Kept } from '../channels/retention.ts'
import { forgetMessages } from '../dispatch/forget.ts'
import { inDeed, type Runtime } from '../runtime.ts'
import { eraseAbandoned } from './idle.ts'
import type { Step } from './retention.ts'

/** A channel that the database knows and whose file is gone. */
export type Ended = Kept & { daysWithoutFile: number }

const DAY_MS = 86_400_000
const PEOPLE = 50

/** The channels without a file, with the default periods. Since when is read from the entries of the nights before: a file that comes back ends the count. */
export async function withoutFile(
  runtime: Pick<Runtime, 'db' | 'vault' | 'now' | 'channels' | 'log'>,
): Promise<Ended[]> {
  const ended = await inDeed(runtime, async (deed) => {
    const found: Ended[] = []
    for (const slug of await channelsWithoutFile(deed, [...runtime.channels.keys()])) {
      const since = await toldSince(deed, slug, { action: 'retention.run', key: 'daysWithoutFile' })
      const daysWithoutFile = Math.floor((deed.now.getTime() - (since ?? deed.now).getTime()) / DAY_MS)
      found.push({ slug, privacy: { noticeVersion: '', retention: defaultRetention() }, daysWithoutFile })
    }
    return found
  })
  if (ended.length > 0)
    runtime.log.warn(
      { channels: ended.map(({ slug }) => slug) },
      `channels without a file: after ${SPARED_DAYS} days without it their data ends by the default periods`,
    )
  return ended
}

/** A file that is missing for some nights is a mistake more often than an end, and what a town keeps for longer could not be brought back. */
const SPARED_DAYS = 14

/** Nothing of it ends yet, in case the file comes back. */
export const isSpared = ({ daysWithoutFile }: Partial<Ended>): boolean =>
  daysWithoutFile !== undefined && daysWithoutFile < SPARED_DAYS

/** Without a file for as long as people without a sign of life are kept: nobody can leave such a channel any more, so it leaves them. */
export const isOver = ({ daysWithoutFile, privacy }: Kept & Partial<Ended>): boolean =>
  daysWithoutFile !== undefined && daysWithoutFile * DAY_MS >= privacy.retention.contactsMs

/** Everything personal that is left then, whatever it waits for. */
export const OF_AN_ENDED_CHANNEL: readonly Step<Kept>[] = [
  { name: 'abandoned', run: (deed, { slug }) => eraseAbandoned(deed, slug, PEOPLE) },
  {
    name: 'abandonedMessages',
    run: (deed, { slug }, limit) => {
      const before = new Date(deed.now.getTime() + DAY_MS) // all there is, also what the erasure before has just queued
      return forgetMessages(deed, slug, {
        kinds: ['reply', 'test', 'answer', 'inbox'],
        before,
        limit,
        waiting: 'all goes',
      })
    },
  },
]
