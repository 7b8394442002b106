import { desc, eq, inArray } from 'drizzle-orm'
import type { Db, Tx } from '../db/db.ts'
import { channelEvents, channels } from '../db/schema.ts'

/** What is known about a channel beyond its file. */
export type ChannelHealth = {
  /** Nothing is sent while this is set. */
  stopped: { at: Date; code: string | null; reason: string | null } | null
  /** People per 24 hours; null = not known, -1 = unlimited */
  dailyLimit: number | null
  qualityRating: string | null
  phoneStatus: string | null
  throughputLevel: string | null
  /** When Meta was last asked. */
  checkedAt: Date | null
}

export type ChannelEvent = { id: number; at: Date; kind: string; severity: string; detail: unknown }

const NOTHING: ChannelHealth = {
  stopped: null,
  dailyLimit: null,
  qualityRating: null,
  phoneStatus: null,
  throughputLevel: null,
  checkedAt: null,
}

/** The state of these channels, by slug; of a channel nothing was heard of yet, everything is null. */
export async function channelHealth(db: Db | Tx, slugs: readonly string[]): Promise<Map<string, ChannelHealth>> {
  const states = new Map(slugs.map((slug) => [slug, NOTHING]))
  if (slugs.length === 0) return states
  const rows = await db
    .select()
    .from(channels)
    .where(inArray(channels.slug, [...slugs]))
  for (const row of rows) {
    const { slug, stoppedAt, stoppedCode, stoppedReason, createdAt: _, ...rest } = row
    states.set(slug, {
      ...rest,
      stopped: stoppedAt === null ? null : { at: stoppedAt, code: stoppedCode, reason: stoppedReason },
    })
  }
  return states
}

/** What Meta or the office told about a channel, newest first. */
export async function latestEvents(db: Db | Tx, channel: string, limit: number): Promise<ChannelEvent[]> {
  return db
    .select({
      id: channelEvents.id,
      at: channelEvents.at,
      kind: channelEvents.kind,
      severity: channelEvents.severity,
      detail: channelEvents.detail,
    })
    .from(channelEvents)
    .where(eq(channelEvents.channel, channel))
    .orderBy(desc(channelEvents.id))
    .limit(limit)
}

/** Meta's codes for a token that is wrong, expired or taken back (0, 190): nothing can be sent until there is a new one. */
export const isTokenRefused = ({ stopped }: Pick<ChannelHealth, 'stopped'>): boolean =>
  stopped !== null && (stopped.code === '190' || stopped.code === '0' || stopped.reason === 'token')
