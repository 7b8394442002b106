import { and, asc, eq, inArray, lt, notInArray, sql } from 'drizzle-orm'
import { channelEvents, channels, senders } from '../db/schema.ts'
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

/** Channels that the database knows and that have no file (any more). For whom another process has sent lately has one there. */
export async function channelsWithoutFile(deed: Deed, withFile: readonly string[]): Promise<string[]> {
  const rows = await deed.tx
    .select({ slug: channels.slug })
    .from(channels)
    .where(
      and(
        notInArray(channels.slug, [...withFile]),
        sql`not exists (select from ${senders} s where s.channel = ${channels.slug} and s.leased_until > clock_timestamp() - interval '2 days')`,
      ),
    )
    .orderBy(asc(channels.slug))
  return rows.map(({ slug }) => slug)
}
