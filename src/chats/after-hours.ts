import { and, inArray, isNull, lte, or } from 'drizzle-orm'
import type { Channel } from '../channels/channel.ts'
import { chats } from '../db/schema.ts'
import type { Deed } from '../runtime.ts'
import { closedNotice } from './office-hours.ts'

/**
 * The line for those who write while nobody reads: when somebody will. Due at most once per chat and closed period; whoever asks for it says it, alone or
 * with what else there is to say, since every message costs. Empty while the office is open.
 */
export async function dueClosedNotices(
  deed: Deed,
  channel: Channel,
  chatIds: readonly string[],
): Promise<Map<string, string>> {
  const notice = closedNotice(channel, deed.now)
  if (notice === null || chatIds.length === 0) return new Map()
  const untold = await deed.tx
    .update(chats)
    .set({ closedNoticeUntil: notice.until })
    .where(
      and(
        inArray(chats.id, [...new Set(chatIds)]),
        or(isNull(chats.closedNoticeUntil), lte(chats.closedNoticeUntil, deed.now)),
      ),
    )
    .returning({ id: chats.id })
  return new Map(untold.map(({ id }) => [id, notice.text]))
}
