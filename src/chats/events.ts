import type { Contact } from '../contacts/contacts.ts'
import type { InboxContact, InboxEventOf } from '../inbox/contract.ts'

/*
 * The events of the inbox webhook. Addresses in them are paths: whoever posts the event puts PUBLIC_URL before them, so that a changed address also
 * counts for what is still waiting.
 */

/** What the inbox learns about an answer, in the order in which it happens. */
export type AnswerState = InboxEventOf<'chat.message.status'>['data']['message']['state']

export const received = (
  now: Date,
  data: InboxEventOf<'chat.message.received'>['data'],
): InboxEventOf<'chat.message.received'> => ({ type: 'chat.message.received', timestamp: now.toISOString(), data })

export const answerStatus = (
  now: Date,
  data: InboxEventOf<'chat.message.status'>['data'],
): InboxEventOf<'chat.message.status'> => ({ type: 'chat.message.status', timestamp: now.toISOString(), data })

export const contactIsNow = (now: Date, contact: Contact): InboxEventOf<'chat.contact.changed'> => ({
  type: 'chat.contact.changed',
  timestamp: now.toISOString(),
  data: { channel: contact.channel, contact: whoIs(contact) },
})

export const closed = (now: Date, channel: string, chatId: string, erase: boolean): InboxEventOf<'chat.closed'> => ({
  type: 'chat.closed',
  timestamp: now.toISOString(),
  data: { channel, chat: { id: chatId }, erase },
})

export const whoIs = ({ id, name, phone, userId }: Contact): InboxContact => ({
  id,
  name: name ?? null,
  phone: phone ?? null,
  userId: userId ?? null,
})

/** Where an answer to this chat is posted, as a path. */
export const replyPath = (chatId: string) => `/api/v1/chats/${chatId}/messages`
