import { inArray } from 'drizzle-orm'
import { chatMessages } from '../db/schema.ts'
import type { Deed } from '../runtime.ts'

/** Deletes the messages of these chats with their ids and media at Meta. Returns how many. */
export async function dropMessages(deed: Deed, chatIds: readonly string[]): Promise<number> {
  if (chatIds.length === 0) return 0
  const gone = await deed.tx
    .delete(chatMessages)
    .where(inArray(chatMessages.chatId, [...chatIds]))
    .returning({ id: chatMessages.id })
  return gone.length
}
