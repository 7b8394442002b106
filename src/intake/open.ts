import type { Channel } from '../channels/channel.ts'
import { isDatabaseAway } from '../db/db.ts'
import { inDeed, type Runtime } from '../runtime.ts'
import type { WhatsappEvent } from '../whatsapp/webhook-events.ts'
import { Collector } from './collector.ts'
import { type Arrival, takeMessages } from './intake.ts'
import { type NoticeArrival, takeNotice, takeTurns } from './notices.ts'
import type { Place } from './occasion.ts'
import { OutageWatch } from './outage.ts'
import { type Refused, type StatusArrival, takeStatuses } from './outcomes.ts'

export interface Intake {
  /** Resolves when everything in it is carried out and durable. What concerns no channel of ours is dropped. */
  take(events: readonly WhatsappEvent[]): Promise<void>
}

export type Counted = 'message' | 'status' | 'notice' | 'foreign' | 'unknown' | 'dropped'

export type IntakeOptions = {
  /** Our copy of a channel's templates is behind Meta's. */
  readTemplates?: (channel: Channel) => void
  count?: (what: Counted, n: number) => void
}

/** Few enough that a batch takes some tens of milliseconds. */
const MESSAGES_AT_ONCE = 256

/** Takes webhooks in: many requests share one transaction, each is answered after its commit. */
export function openIntake(
  runtime: Pick<Runtime, 'db' | 'sql' | 'vault' | 'now' | 'channels' | 'log'> & { settings?: Place },
  options: IntakeOptions = {},
): Intake {
  const byNumber = new Map([...runtime.channels.values()].map((channel) => [channel.whatsapp.phoneNumberId, channel]))
  const byAccount = groupByAccount(runtime.channels.values())
  const isOutage = isDatabaseAway
  const drop = (error: unknown): boolean => {
    if (!isImpossible(error)) return false
    runtime.log.error({ err: error }, 'dropped something that the database cannot hold')
    count('dropped', 1)
    return true
  }
  const messages = new Collector<Arrival>(
    (items) => inDeed(runtime, (deed) => takeMessages(deed, items, runtime.settings)),
    {
      isOutage,
      maxItems: MESSAGES_AT_ONCE,
      share: {
        of: ({ channel, message: { from } }) => `${channel.slug} ${from.userId ?? from.phone}`,
        max: MESSAGES_AT_ONCE / 8,
      },
    },
  )
  const refused: Refused = new Map()
  const statuses = new Collector<StatusArrival>(
    async (items) => {
      await takeStatuses(runtime, items, refused)
      return []
    },
    // While one batch is in the database, the next one is read.
    { isOutage, drop, parallel: 2 },
  )
  const notices = new Collector<NoticeArrival>(
    async (items) => {
      const behind = new Set<Channel>()
      await inDeed(runtime, async (deed) => {
        await takeTurns(deed, items)
        for (const item of items) if ((await takeNotice(deed, item)).readTemplates) behind.add(item.channel)
      })
      for (const channel of behind) options.readTemplates?.(channel)
      return []
    },
    { isOutage, drop, maxItems: 50 },
  )
  const outage = new OutageWatch({
    probe: () => runtime.sql`select 1`,
    giveUp: (error) => {
      for (const collector of [messages, statuses, notices]) collector.giveUp(error)
    },
  })
  const channelsOf = (event: WhatsappEvent): readonly Channel[] => {
    if (event.phoneNumberId !== undefined) {
      const channel = byNumber.get(event.phoneNumberId)
      return channel ? [channel] : []
    }
    const ofAccount = (event.businessAccountId !== undefined && byAccount.get(event.businessAccountId)) || []
    const number =
      'displayPhoneNumber' in event && event.type !== 'phone-quality' ? event.displayPhoneNumber : undefined
    return number === undefined ? ofAccount : ofAccount.filter(({ whatsapp }) => whatsapp.phoneNumber === number)
  }

  const count = (what: Counted, n: number) => {
    if (n > 0) options.count?.(what, n)
  }

  return {
    async take(events) {
      const told: Arrival[] = []
      const reported: StatusArrival[] = []
      const noted: NoticeArrival[] = []
      let foreign = 0
      let unknown = 0
      for (const event of events) {
        const channels = channelsOf(event)
        if (channels.length === 0) foreign += 1
        if (event.type === 'unknown') unknown += 1
        for (const channel of channels) {
          if (event.type === 'message') told.push({ channel, message: event })
          else if (event.type === 'status') reported.push({ channel: channel.slug, status: event })
          else if (event.type !== 'unknown') noted.push({ channel, event })
        }
      }
      count('message', told.length)
      count('status', reported.length)
      count('notice', noted.length)
      count('foreign', foreign)
      count('unknown', unknown)
      if (told.length + reported.length + noted.length === 0) return
      await outage.clear()
      await outage.watch(Promise.all([messages.add(told), statuses.add(reported), notices.add(noted)]))
    },
  }
}

/** A value that no column takes (SQLSTATE class 22): the reader should have turned it away, and no repeat will change it. */
function isImpossible(error: unknown): boolean {
  for (let e = error; e instanceof Error; e = e.cause) {
    if (/^22[0-9A-Z]{3}$/.test(String((e as { code?: unknown }).code))) return true
  }
  return false
}

/** Several towns may share one account. */
function groupByAccount(channels: Iterable<Channel>): Map<string, Channel[]> {
  const groups = new Map<string, Channel[]>()
  for (const channel of channels) {
    const { businessAccountId } = channel.whatsapp
    groups.set(businessAccountId, [...(groups.get(businessAccountId) ?? []), channel])
  }
  return groups
}
