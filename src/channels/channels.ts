import { eq, sql } from 'drizzle-orm'
import { channelEvents, channels, senders } from '../db/schema.ts'
import type { Deed } from '../runtime.ts'
import type { AccountEvent, NoticeEvent, TemplateEvent } from '../whatsapp/webhook-events.ts'
import type { Channel } from './channel.ts'

export type ChannelState = typeof channels.$inferSelect

/** Makes sure that every configured channel has its rows. */
export async function registerChannels(deed: Deed, configured: Iterable<Channel>): Promise<void> {
  for (const { slug } of configured) {
    await deed.tx.insert(channels).values({ slug }).onConflictDoNothing()
    await deed.tx.insert(senders).values({ channel: slug }).onConflictDoNothing()
  }
}

/** What is known about a channel beyond its file. */
export async function channelState(deed: Pick<Deed, 'tx'>, slug: string): Promise<ChannelState | null> {
  const [row] = await deed.tx.select().from(channels).where(eq(channels.slug, slug))
  return row ?? null
}

export type Severity = 'info' | 'warning' | 'critical'

/** What the office is told about; `console/channel-events.ts` has a sentence for each. */
export type EventKind =
  | 'channel-stopped'
  | 'channel-resumed'
  | 'sending-limited'
  | 'limit-checked'
  | 'inbox-gone'
  | 'inbox-resumed'
  | 'contacts-united'
  | 'number-changed-hands'
  | (TemplateEvent | AccountEvent | NoticeEvent)['type']

/** Notes something that the office should know about a channel. `detail` holds codes and figures, never a number, name or text. */
export async function noteEvent(
  deed: Deed,
  channel: string,
  event: { kind: EventKind; severity: Severity; detail?: Record<string, unknown> },
): Promise<void> {
  await deed.tx
    .insert(channelEvents)
    .values({ channel, at: deed.now, kind: event.kind, severity: event.severity, detail: event.detail ?? {} })
}

/** Nothing more is sent on this channel until `clearStop`. Repeats change nothing. */
export async function stopChannel(deed: Deed, slug: string, code: string, reason: string): Promise<void> {
  const stopped = await deed.tx
    .update(channels)
    .set({ stoppedAt: deed.now, stoppedCode: code, stoppedReason: reason })
    .where(sql`${channels.slug} = ${slug} and ${channels.stoppedAt} is null`)
    .returning({ slug: channels.slug })
  if (stopped.length > 0)
    await noteEvent(deed, slug, { kind: 'channel-stopped', severity: 'critical', detail: { code } })
}

/** Lets a stopped channel send again; true if it was stopped. */
export async function clearStop(deed: Deed, slug: string): Promise<boolean> {
  const cleared = await deed.tx
    .update(channels)
    .set({ stoppedAt: null, stoppedCode: null, stoppedReason: null })
    .where(sql`${channels.slug} = ${slug} and ${channels.stoppedAt} is not null`)
    .returning({ slug: channels.slug })
  if (cleared.length > 0) await noteEvent(deed, slug, { kind: 'channel-resumed', severity: 'info' })
  return cleared.length > 0
}

/**
 * What Meta said about the number; fields that it did not say stay. `dailyLimit` null = unlimited. True if another limit was known before; the row is
 * locked, so that it is for one of several who learn the same.
 */
export async function recordNumber(
  deed: Deed,
  slug: string,
  said: { dailyLimit?: number | null; qualityRating?: string; phoneStatus?: string; throughputLevel?: string },
): Promise<boolean> {
  const [before] = await deed.tx
    .select({ dailyLimit: channels.dailyLimit })
    .from(channels)
    .where(eq(channels.slug, slug))
    .for('no key update')
  const dailyLimit = said.dailyLimit === undefined ? before?.dailyLimit : (said.dailyLimit ?? -1)
  await deed.tx
    .update(channels)
    .set({
      checkedAt: deed.now,
      dailyLimit,
      ...(said.qualityRating === undefined ? {} : { qualityRating: said.qualityRating }),
      ...(said.phoneStatus === undefined ? {} : { phoneStatus: said.phoneStatus }),
      ...(said.throughputLevel === undefined ? {} : { throughputLevel: said.throughputLevel }),
    })
    .where(eq(channels.slug, slug))
  return before !== undefined && before.dailyLimit !== null && before.dailyLimit !== dailyLimit
}
