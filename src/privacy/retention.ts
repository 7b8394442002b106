import { record, SYSTEM } from '../audit/audit.ts'
import { forgetAudit } from '../audit/forget.ts'
import { countNextReach } from '../broadcasts/reach.ts'
import { cancelForgotten } from '../broadcasts/running.ts'
import { anonymiseRecipients } from '../broadcasts/totals.ts'
import { forgetEvents } from '../channels/forget.ts'
import type { Kept } from '../channels/retention.ts'
import { emptyClosedBefore, forgetReceipts } from '../chats/closing.ts'
import { dropHeldExpired } from '../chats/held.ts'
import { forgetMessages, giveUpOwnerless } from '../dispatch/forget.ts'
import { type Deed, inDeed, type Runtime } from '../runtime.ts'
import { dropUnreachable } from '../subscriptions/unreachable.ts'
import { forgetLinks } from './disclosure-link.ts'
import { type Ended, isOver, isSpared, OF_AN_ENDED_CHANNEL, withoutFile } from './ended-channels.ts'
import { eraseIdle, idleContacts } from './idle.ts'
import { onceANight } from './once-a-night.ts'

/**
 * One kind of data and its end. `run` deletes a small batch in a transaction of its own and says how much; it is called again until it says 0. `channel`
 * null = what belongs to no channel.
 */
export type Step<Of> = { name: string; run: (deed: Deed, of: Of, limit: number) => Promise<number> }

export type Counts = Record<string, number>

const HOUR_MS = 3_600_000
const ago = ({ now }: Deed, ms: number) => new Date(now.getTime() - ms)

/** The daily limit of WhatsApp and the count of replies look back this far, whatever a channel file says. */
const LOOKED_BACK_MS = 48 * HOUR_MS

/** A last word to somebody who was erased is worth keeping the number for no longer than this. */
const OWNERLESS_MS = 24 * HOUR_MS

const OF_A_CHANNEL: readonly Step<Kept>[] = [
  { name: 'reachCounted', run: async (deed, { slug }) => Number(await countNextReach(deed, slug)) },
  {
    name: 'unreachableDropped',
    run: (deed, { slug, privacy: { noticeVersion, retention } }, limit) =>
      dropUnreachable(
        deed,
        { slug, noticeVersion },
        { broadcasts: retention.unreachableBroadcasts, since: ago(deed, retention.unreachableMs), limit },
      ),
  },
  {
    name: 'pausedForGood',
    run: (deed, { slug, privacy: { retention } }, limit) =>
      cancelForgotten(deed, slug, ago(deed, Math.max(retention.recipientsMs, LOOKED_BACK_MS)), limit),
  },
  {
    name: 'recipients',
    run: (deed, { slug, privacy: { retention } }, limit) =>
      anonymiseRecipients(deed, slug, ago(deed, Math.max(retention.recipientsMs, LOOKED_BACK_MS)), limit),
  },
  {
    name: 'ownerless',
    run: (deed, { slug }, limit) => giveUpOwnerless(deed, slug, ago(deed, OWNERLESS_MS), limit),
  },
  {
    name: 'replies',
    run: (deed, { slug, privacy: { retention } }, limit) => {
      const before = ago(deed, Math.max(retention.recipientsMs, LOOKED_BACK_MS))
      // What a stopped channel could not send in all this time would say nothing to anybody any more, and must not keep its person.
      return forgetMessages(deed, slug, { kinds: ['reply', 'test'], before, limit, waiting: 'goes' })
    },
  },
  {
    name: 'chats',
    run: (deed, { slug, privacy: { retention } }) => emptyClosedBefore(deed, slug, ago(deed, retention.chatsMs)),
  },
  {
    name: 'chatMessages',
    run: (deed, { slug, privacy: { retention } }, limit) => {
      const before = ago(deed, Math.max(retention.chatsMs, LOOKED_BACK_MS))
      return forgetMessages(deed, slug, { kinds: ['answer', 'inbox'], before, limit })
    },
  },
  {
    name: 'receipts',
    run: (deed, { slug, privacy: { retention } }, limit) =>
      forgetReceipts(deed, slug, ago(deed, retention.auditMs), limit),
  },
  {
    name: 'events',
    run: (deed, { slug, privacy: { retention } }, limit) =>
      forgetEvents(deed, slug, ago(deed, retention.auditMs), limit),
  },
  {
    name: 'audit',
    run: (deed, { slug, privacy: { retention } }, limit) =>
      forgetAudit(deed, slug, ago(deed, retention.auditMs), limit),
  },
]

const OF_ALL: readonly Step<readonly Kept[]>[] = [
  { name: 'held', run: (deed, _, limit) => dropHeldExpired(deed, limit) },
  { name: 'disclosureLinks', run: (deed, _, limit) => forgetLinks(deed, limit) },
  {
    name: 'audit',
    run: (deed, channels, limit) =>
      forgetAudit(deed, null, ago(deed, Math.max(...channels.map(({ privacy }) => privacy.retention.auditMs))), limit),
  },
]

export type RetentionOptions = {
  /** What folders above this one keep and end themselves. */
  ofChannel?: readonly Step<Kept>[]
  ofAll?: readonly Step<readonly Kept[]>[]
  limit?: number
}

/** Rows deleted in one transaction: some ten milliseconds, so that nothing waits for it. */
const LIMIT = 2000

/**
 * Ends everything whose time is over, once for every channel and once for what belongs to none. A channel whose file is gone is spared for
 * two weeks and then keeps its data for the default periods, its people and what still waits for as long as people without a sign of life. A step that
 * fails is logged and tried again the next night; the others go on. Leaves one audit entry per channel with counts only.
 */
export async function retain(
  runtime: Pick<Runtime, 'db' | 'vault' | 'now' | 'channels' | 'log'>,
  { ofChannel = [], ofAll = [], limit = LIMIT }: RetentionOptions = {},
): Promise<Map<string | null, Counts>> {
  const report = new Map<string | null, Counts>()
  const withFile = [...runtime.channels.values()]
  const ended = withFile.length > 0 ? await withoutFile(runtime) : []
  const all: (Kept & Partial<Ended>)[] = [...withFile, ...ended]
  const finish = async (slug: string | null, counts: Counts) => {
    report.set(slug, counts)
    await inDeed(runtime, (deed) => record(deed, SYSTEM, { action: 'retention.run', channel: slug, detail: counts }))
  }
  for (const channel of all) {
    const counts: Counts = {}
    if (channel.daysWithoutFile !== undefined) counts.daysWithoutFile = channel.daysWithoutFile
    if (!isSpared(channel)) {
      for (const step of [...ofChannel, ...OF_A_CHANNEL])
        counts[step.name] = await exhaust(runtime, step, channel, limit)
      counts.contacts = await forgetIdle(runtime, channel)
    }
    if (isOver(channel))
      for (const step of OF_AN_ENDED_CHANNEL) counts[step.name] = await exhaust(runtime, step, channel, limit)
    await finish(channel.slug, counts)
  }
  const counts: Counts = {}
  if (all.length > 0)
    for (const step of [...ofAll, ...OF_ALL]) counts[step.name] = await exhaust(runtime, step, all, limit)
  await finish(null, counts)
  return report
}

type Hands = Pick<Runtime, 'db' | 'vault' | 'now' | 'log'>

async function exhaust<Of>(runtime: Hands, step: Step<Of>, of: Of, limit: number): Promise<number> {
  let total = 0
  try {
    for (;;) {
      const count = await inDeed(runtime, (deed) => step.run(deed, of, limit))
      total += count
      if (count === 0) return total
    }
  } catch (error) {
    runtime.log.error({ err: error, step: step.name }, 'retention step failed, tried again the next night')
    return total
  }
}

const PEOPLE = 50

async function forgetIdle(runtime: Hands, channel: Kept): Promise<number> {
  const { slug, privacy } = channel
  let total = 0
  try {
    for (;;) {
      const before = new Date(runtime.now().getTime() - privacy.retention.contactsMs)
      const ids = await inDeed(runtime, (deed) => idleContacts(deed, slug, before, 5000))
      let erased = 0
      for (let i = 0; i < ids.length; i += PEOPLE)
        erased += await inDeed(runtime, (deed) => eraseIdle(deed, slug, before, ids.slice(i, i + PEOPLE)))
      total += erased
      if (erased === 0) return total
    }
  } catch (error) {
    runtime.log.error({ err: error, step: 'contacts' }, 'retention step failed, tried again the next night')
    return total
  }
}

/** The nightly run, once in a night whatever number of processes there are. False: nothing was to do. */
export const retainNightly = (
  runtime: Pick<Runtime, 'db' | 'sql' | 'vault' | 'now' | 'channels' | 'log'>,
  options: RetentionOptions = {},
): Promise<boolean> =>
  onceANight(runtime, 'retention', async () => {
    const report = await retain(runtime, options)
    return Object.fromEntries([...report].map(([channel, counts]) => [channel ?? 'all', counts]))
  })
