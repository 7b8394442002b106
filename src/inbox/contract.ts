import { z } from 'zod'

/**
 * The events an inbox receives (docs: the inbox webhook). Others build on these shapes: fields may be added, never renamed or taken away.
 * Nullable means: known to be absent, the key is always there.
 */
const at = z.iso.datetime({ offset: true })

export const inboxContact = z.object({
  id: z.string(),
  name: z.string().nullable(),
  /** E.164 with + */
  phone: z.string().nullable(),
  /** Meta's business-scoped user id */
  userId: z.string().nullable(),
})

export const inboxMessageTypes = [
  'text',
  'image',
  'video',
  'audio',
  'document',
  'sticker',
  'location',
  'contacts',
  'reaction',
] as const

export const messageReceived = z.object({
  type: z.literal('chat.message.received'),
  timestamp: at,
  data: z.object({
    channel: z.string(),
    chat: z.object({
      id: z.string(),
      openedAt: at,
      /** Until then an answer may be written freely. */
      replyUntil: at,
      replyUrl: z.url(),
    }),
    contact: inboxContact,
    message: z.object({
      id: z.string(),
      at,
      type: z.enum(inboxMessageTypes),
      text: z.string().nullable(),
      /** The message this one quotes. */
      replyTo: z.string().nullable(),
      media: z
        .object({
          url: z.url(),
          mimeType: z.string().nullable(),
          sha256: z.string().nullable(),
          filename: z.string().nullable(),
        })
        .nullable(),
    }),
  }),
})

export const messageStatus = z.object({
  type: z.literal('chat.message.status'),
  timestamp: at,
  data: z.object({
    channel: z.string(),
    chat: z.object({ id: z.string() }),
    message: z.object({
      id: z.string(),
      state: z.enum(['sent', 'delivered', 'read', 'failed']),
      error: z.object({ code: z.int(), title: z.string() }).nullable(),
    }),
  }),
})

export const contactChanged = z.object({
  type: z.literal('chat.contact.changed'),
  timestamp: at,
  data: z.object({ channel: z.string(), contact: inboxContact }),
})

export const chatClosed = z.object({
  type: z.literal('chat.closed'),
  timestamp: at,
  data: z.object({
    channel: z.string(),
    chat: z.object({ id: z.string() }),
    /** The town wants everything of this chat erased in the inbox as well. */
    erase: z.boolean(),
  }),
})

export const inboxEvent = z.discriminatedUnion('type', [messageReceived, messageStatus, contactChanged, chatClosed])

export type InboxContact = z.infer<typeof inboxContact>
export type InboxMessageType = (typeof inboxMessageTypes)[number]
export type InboxEvent = z.infer<typeof inboxEvent>
export type InboxEventOf<Type extends InboxEvent['type']> = Extract<InboxEvent, { type: Type }>
