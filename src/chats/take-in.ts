import { randomUUID } from 'node:crypto'
import { eq, inArray } from 'drizzle-orm'
import type { Channel } from '../channels/channel.ts'
import type { Contact } from '../contacts/contacts.ts'
import { chatMessages, chats, outgoingWamids } from '../db/schema.ts'
import { releaseAnswers } from '../dispatch/held-answers.ts'
import { enqueue } from '../dispatch/queue.ts'
import type { Deed } from '../runtime.ts'
import type { MessageEvent } from '../whatsapp/webhook-events.ts'
import { dueClosedNotices } from './after-hours.ts'
import { mediumOf, openChatsOf, sealMedium, sealWamid, wamidHash } from './chats.ts'
import { type Content, contentOf } from './content.ts'
import { contactIsNow, received, replyPath, whoIs } from './events.ts'
import { MEDIA_KEPT_MS, mediaLink } from './media-link.ts'
import { answerUntil, opensWindow } from './window.ts'

export type Item = { channel: Channel; contact: Contact; message: MessageEvent }

/**
 * Takes citizens' messages into their open chats, opening one where there is none, and queues them for the inbox, in the order given; answers that waited
 * for somebody to write go out. A handful of statements, however many messages. The caller holds the contacts' row locks (`recognise`) and tells the
 * writers what the result says.
 */
export async function takeIn(deed: Deed, items: readonly Item[]): Promise<TakenIn[]> {
  if (items.length === 0) return []
  const { tx, vault } = deed
  const chatOf = await findOrOpen(deed, items)
  const messages = items.map((item): Taken => {
    const hash = wamidHash(vault, item.message.id)
    return { ...item, id: randomUUID(), hash, content: contentOf(item.message), chat: chatOf.get(item.contact.id)! }
  })
  const quoted = await ourIds(deed, messages)
  const queued = await enqueue(
    deed,
    messages.map((taken) => ({
      channel: taken.channel.slug,
      kind: 'inbox' as const,
      contactId: taken.contact.id,
      chatId: taken.chat.id,
      payload: eventOf(deed, taken, quoted),
      dedupeKey: `in:${taken.hash.toString('base64url')}`,
    })),
  )
  const fresh = messages.filter((_, i) => !queued[i]!.repeated)
  if (fresh.length > 0) await tx.insert(chatMessages).values(fresh.map((taken) => rowOf(deed, taken)))
  const written = items.filter(({ message }) => opensWindow(message))
  await releaseAnswers(deed, [...new Set(written.map(({ contact }) => contact.id))])
  const notices = new Map<string, string>()
  for (const channel of new Set(items.map((item) => item.channel))) {
    const writing = fresh.filter((taken) => taken.channel === channel && opensWindow(taken.message))
    const due = await dueClosedNotices(
      deed,
      channel,
      writing.map(({ chat }) => chat.id),
    )
    for (const [chatId, notice] of due) notices.set(chatId, notice)
  }
  const announced = new Set<string>()
  return messages.map(({ chat }) => {
    const first = !announced.has(chat.id)
    announced.add(chat.id)
    return { chatId: chat.id, opened: first && chat.opened, closedNotice: (first && notices.get(chat.id)) || null }
  })
}

/** What became of a message: its chat, and what its writer is still to be told, once per chat. */
export type TakenIn = {
  chatId: string
  /** It is the first message of this chat. */
  opened: boolean
  /** Nobody reads it now: the line that says when. The caller says it. */
  closedNotice: string | null
}

type Found = { id: string; openedAt: Date; opened: boolean }
type Taken = Item & { id: string; hash: Buffer; content: Content; chat: Found }

function rowOf({ vault, now }: Deed, { id, chat, message, content, hash }: Taken): typeof chatMessages.$inferInsert {
  return {
    id,
    chatId: chat.id,
    inbound: true,
    at: new Date(Math.min(message.at.getTime(), now.getTime())), // sorts it among the rest even if a clock is ahead
    type: content.type,
    wamidSealed: sealWamid(vault, message.id),
    wamidHash: hash,
    mediaSealed: message.media ? sealMedium(vault, mediumOf(message.media)) : null,
  }
}

function eventOf({ vault, now }: Deed, taken: Taken, quoted: ReadonlyMap<string, string>): object {
  const { id, channel, contact, chat, message, content } = taken
  const medium = message.media && mediumOf(message.media)
  const until = new Date(message.at.getTime() + MEDIA_KEPT_MS)
  const before = contact.lastInboundAt ?? chat.openedAt
  const lastWrittenAt = opensWindow(message) && message.at > before ? message.at : before
  return received(now, {
    channel: channel.slug,
    chat: {
      id: chat.id,
      openedAt: chat.openedAt.toISOString(),
      replyUntil: answerUntil(lastWrittenAt)!.toISOString(),
      replyUrl: replyPath(chat.id),
    },
    contact: whoIs(contact),
    message: {
      id,
      at: message.at.toISOString(),
      type: content.type,
      text: content.text,
      replyTo: (content.about !== null && quoted.get(content.about)) || null,
      media: medium
        ? {
            url: mediaLink(vault, { chatId: chat.id, mediaId: id }, until),
            mimeType: medium.mimeType,
            sha256: medium.sha256,
            filename: medium.filename,
          }
        : null,
    },
  })
}

async function findOrOpen(deed: Deed, items: readonly Item[]): Promise<Map<string, Found>> {
  const ids = [...new Set(items.map(({ contact }) => contact.id))]
  const found = new Map<string, Found>()
  const note = (chats: Map<string, { id: string; openedAt: Date }>) => {
    for (const [contactId, chat] of chats) found.set(contactId, { ...chat, opened: false })
  }
  note(await openChatsOf(deed, ids))
  const missing = new Map(items.filter(({ contact }) => !found.has(contact.id)).map((item) => [item.contact.id, item]))
  if (missing.size === 0) return found
  const opened = await deed.tx
    .insert(chats)
    .values(
      [...missing.values()].map(({ channel, contact }) => ({
        channel: channel.slug,
        contactId: contact.id,
        openedAt: deed.now,
      })),
    )
    .onConflictDoNothing()
    .returning({ id: chats.id, contactId: chats.contactId, openedAt: chats.openedAt })
  for (const { contactId, ...chat } of opened) found.set(contactId, { ...chat, opened: true })
  const others = ids.filter((id) => !found.has(id))
  if (others.length > 0) note(await openChatsOf(deed, others)) // another process was faster: its chat is visible now
  return found
}

/**
 * Our ids of the messages that these quote, by Meta's: citizens' own, also of this batch, and our answers. Unknown ones (an automatic line, an erased
 * chat) are absent.
 */
async function ourIds(deed: Deed, messages: readonly Taken[]): Promise<Map<string, string>> {
  const known = new Map(messages.map(({ message, id }) => [message.id, id]))
  const asked = new Set(messages.flatMap(({ content }) => (content.about === null ? [] : [content.about])))
  const wamids = [...asked].filter((wamid) => !known.has(wamid))
  if (wamids.length === 0) return known
  const hashes = wamids.map((wamid) => wamidHash(deed.vault, wamid))
  const inbound = await deed.tx
    .select({ id: chatMessages.id, hash: chatMessages.wamidHash })
    .from(chatMessages)
    .where(inArray(chatMessages.wamidHash, hashes))
  const answers = await deed.tx
    .select({ id: chatMessages.id, hash: outgoingWamids.wamidHash })
    .from(outgoingWamids)
    .innerJoin(chatMessages, eq(chatMessages.outgoingId, outgoingWamids.outgoingId))
    .where(inArray(outgoingWamids.wamidHash, hashes))
  const byHash = new Map([...answers, ...inbound].map(({ id, hash }) => [hash!.toString('hex'), id]))
  for (const [i, wamid] of wamids.entries()) {
    const id = byHash.get(hashes[i]!.toString('hex'))
    if (id !== undefined) known.set(wamid, id)
  }
  return known
}

/** Tells the inbox that these people have a new number, user id or name; those without an open chat are none of its business. */
export async function contactChanged(deed: Deed, contacts: readonly Contact[]): Promise<void> {
  const open = await openChatsOf(
    deed,
    contacts.map(({ id }) => id),
  )
  const events = contacts.flatMap((contact) => {
    const chat = open.get(contact.id)
    if (!chat) return []
    const payload = contactIsNow(deed.now, contact)
    return [{ channel: contact.channel, kind: 'inbox' as const, contactId: contact.id, chatId: chat.id, payload }]
  })
  if (events.length > 0) await enqueue(deed, events)
}
