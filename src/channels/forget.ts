import { and, asc, eq, inArray, lt, notInArray } from 'drizzle-orm'
import { channelEvents, channels } from '../db/schema.ts'
import type { Deed } from '../runtime.ts'

/** Deletes what was noted about a channel before a moment, at most `limit`. Returns how many. */
export async function forgetEvents(deed: Deed, channel: string, before: Date, limit: number): Promise<number> {
  const old = deed.tx
    .select({ id: channelEvents.id })
    .from(channelEvents)
    .where(and(eq(channelEvents.channel, channel), lt(channelEvents.at, before)))
    .limit(limit)
  const gone = await deed.tx
    .delete(channelEvents)
    .where(inArray(channelEvents.id, old))
    .returning({ id: channelEvents.id })
  return gone.length
}

/** Channels that the database knows and that have no file (any more). */
export async function channelsWithoutFile(deed: Deed, withFile: readonly string[]): Promise<string[]> {
  const rows = await deed.tx
    .select({ slug: channels.slug })
    .from(channels)
    .where(notInArray(channels.slug, [...withFile]))
    .orderBy(asc(channels.slug))
  return rows.map(({ slug }) => slug)
}
