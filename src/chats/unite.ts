import { and, eq, isNull } from 'drizzle-orm'
import { SYSTEM } from '../audit/audit.ts'
import type { Channel } from '../channels/channel.ts'
import { chats, heldMessages } from '../db/schema.ts'
import { enqueue } from '../dispatch/queue.ts'
import type { Deed } from '../runtime.ts'
import { openChatsOf } from './chats.ts'
import { closed } from './events.ts'

/**
 * Two contacts are one person: the matters of `from` are `to`'s. Of two open ones that of `to` goes on; the inbox learns that the other is closed, and what
 * the town erases after closing is erased.
 */
export async function uniteChats(deed: Deed, channel: Channel, from: string, to: string): Promise<void> {
  const { tx, now } = deed
  const open = await openChatsOf(deed, [from, to])
  const second = open.get(from)
  if (second && open.has(to)) {
    const rule = channel.offerings.chat
    const eraseAt = rule?.eraseOnClose ? new Date(now.getTime() + rule.eraseGraceMs) : null
    await tx
      .update(chats)
      .set({ closedAt: now, closedBy: SYSTEM.id, eraseAt })
      .where(and(eq(chats.id, second.id), isNull(chats.closedAt)))
    const payload = closed(now, channel.slug, second.id, false)
    await enqueue(deed, [{ channel: channel.slug, kind: 'inbox', chatId: second.id, payload }])
  }
  await tx.update(chats).set({ contactId: to }).where(eq(chats.contactId, from))
  await tx.update(heldMessages).set({ contactId: to }).where(eq(heldMessages.contactId, from))
}
