import { asc, eq, inArray } from 'drizzle-orm'
import { chatMessages, chats, heldMessages } from '../db/schema.ts'
import type { Deed } from '../runtime.ts'

/** A matter as far as it is still stored: of its messages when, which way and of what kind. */
export type StoredChat = {
  openedAt: Date
  closedAt: Date | null
  messages: { at: Date; from: 'you' | 'office'; type: string }[]
}

/** What is stored about a person's matters, oldest first, and what waits unread for their consent. */
export async function chatsOf(deed: Deed, contactId: string) {
  const rows = await deed.tx.select().from(chats).where(eq(chats.contactId, contactId)).orderBy(asc(chats.openedAt))
  const messages =
    rows.length === 0
      ? []
      : await deed.tx
          .select()
          .from(chatMessages)
          .where(
            inArray(
              chatMessages.chatId,
              rows.map(({ id }) => id),
            ),
          )
          .orderBy(asc(chatMessages.at))
  const held = await deed.tx.select().from(heldMessages).where(eq(heldMessages.contactId, contactId))
  return {
    chats: rows.map(
      ({ id, openedAt, closedAt }): StoredChat => ({
        openedAt,
        closedAt,
        messages: messages
          .filter(({ chatId }) => chatId === id)
          .map(({ at, inbound, type }) => ({ at, from: inbound ? 'you' : 'office', type })),
      }),
    ),
    waiting: held.map(({ at, keepUntil, messageSealed }) => {
      const { text } = JSON.parse(deed.vault.open(messageSealed)) as { text?: string }
      return { at, keepUntil, text: text ?? null }
    }),
  }
}
