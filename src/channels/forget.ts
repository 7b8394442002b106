import { and, eq, inArray, lt } from 'drizzle-orm'
import { channelEvents } from '../db/schema.ts'
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
