import { eq } from 'drizzle-orm'
import type { Actor } from '../audit/audit.ts'
import type { Channel } from '../channels/channel.ts'
import { chatMessages, chats, outgoing } from '../db/schema.ts'
import type { ForwarderOptions } from '../dispatch/forward.ts'
import {
  type Chatwoot,
  ChatwootFailure,
  type ChatwootIds,
  chatwootContent,
  chatwootPlace,
  openChatwoot,
  resultOf,
} from '../inbox/chatwoot.ts'
import type { ChatwootWish } from '../inbox/chatwoot-callback.ts'
import type { InboxEvent, InboxEventOf } from '../inbox/contract.ts'
import { type Deed, inDeed, type Runtime } from '../runtime.ts'
import { type Answer, reply } from './answers.ts'
import { chatById, noteExternal } from './chats.ts'
import { close } from './closing.ts'

type Parts = Pick<Runtime, 'db' | 'vault' | 'now' | 'settings'>

/** How this channel's events reach its Chatwoot; undefined if its inbox is another one and takes them as they are. */
export function chatwootPost(runtime: Parts, channel: Channel): ForwarderOptions['post'] {
  const inbox = channel.offerings.chat?.inbox
  const place = inbox?.kind === 'chatwoot' ? chatwootPlace(inbox.url) : null
  if (!inbox || !place) return undefined
  const chatwoot = openChatwoot(place, inbox.secret.reveal(), runtime.settings.inboxTimeoutMs)
  return async ({ body, chatId, attempts }) => {
    try {
      await pass(runtime, chatwoot, JSON.parse(body) as InboxEvent, chatId, attempts > 1)
      return { verdict: 'delivered', reason: 'ok' }
    } catch (error) {
      return resultOf(error)
    }
  }
}

async function pass(
  runtime: Parts,
  chatwoot: Chatwoot,
  event: InboxEvent,
  chatId: string,
  again: boolean,
): Promise<void> {
  if (event.type === 'chat.message.received') return say(runtime, chatwoot, event, again)
  const ids = await idsOf(runtime, chatId)
  if (!ids) return // nothing of this chat ever reached Chatwoot
  switch (event.type) {
    case 'chat.message.status': {
      const { id, state, error } = event.data.message
      const messageId = await chatwootMessageOf(runtime, id)
      if (messageId === undefined) return
      return chatwoot.setStatus(ids.conversationId, messageId, state, error?.title ?? null).catch(unless(403, 404))
    }
    case 'chat.contact.changed':
      return chatwoot.rename(ids.contactId, event.data.contact).catch(unless(404, 422))
    case 'chat.closed':
      await chatwoot.resolve(ids.conversationId).catch(unless(404))
      if (!event.data.erase) return
      await chatwoot.erase(ids)
      await inDeed(runtime, (deed) => noteExternal(deed, chatId, null))
  }
}

async function say(
  runtime: Parts,
  chatwoot: Chatwoot,
  { data }: InboxEventOf<'chat.message.received'>,
  again: boolean,
): Promise<void> {
  const { chat, contact, message } = data
  const known = await idsOf(runtime, chat.id)
  const anew = async () => {
    const ids = await chatwoot.conversationFor(chat.id, contact)
    await inDeed(runtime, (deed) => noteExternal(deed, chat.id, ids))
    return ids
  }
  const ids = known ?? (await anew())
  const medium = message.media && (await chatwoot.fetchMedium(message.media.url))
  const missing = message.media && !medium ? '(Die Datei ist nicht mehr abrufbar.)' : ''
  const incoming = {
    id: message.id,
    content: [chatwootContent(message.type, message.text), missing].filter(Boolean).join('\n'),
    replyTo: message.replyTo,
    file: medium ? { data: medium, name: message.media?.filename ?? nameOf(medium.type) } : undefined,
    again,
  }
  try {
    await chatwoot.say(ids.conversationId, incoming)
  } catch (error) {
    if (!known || !(error instanceof ChatwootFailure) || error.status !== 404) throw error
    await chatwoot.say((await anew()).conversationId, incoming) // somebody deleted the conversation over there
  }
}

const nameOf = (mimeType: string) => `datei.${/\/(\w+)/.exec(mimeType)?.[1] ?? 'bin'}`

const unless =
  (...statuses: number[]) =>
  (error: unknown): void => {
    if (!(error instanceof ChatwootFailure) || !statuses.includes(error.status ?? 0)) throw error
  }

const idsOf = (runtime: Parts, chatId: string): Promise<ChatwootIds | null> =>
  inDeed(runtime, async ({ tx }) => {
    const [row] = await tx.select({ external: chats.external }).from(chats).where(eq(chats.id, chatId))
    return (row?.external as ChatwootIds | null | undefined) ?? null
  })

const KEY = /:chatwoot:(\d+)/
const keyOf = (messageId: string, part: number) => `chatwoot:${messageId}:${part}`

/** Chatwoot's id of an answer that came from there. */
const chatwootMessageOf = (runtime: Parts, messageId: string): Promise<number | undefined> =>
  inDeed(runtime, async ({ tx }) => {
    const [row] = await tx
      .select({ key: outgoing.dedupeKey })
      .from(chatMessages)
      .innerJoin(outgoing, eq(outgoing.id, chatMessages.outgoingId))
      .where(eq(chatMessages.id, messageId))
    const id = KEY.exec(row?.key ?? '')?.[1]
    return id === undefined ? undefined : Number(id)
  })

/**
 * Does what an agent in Chatwoot asked for. Repeats have no effect. An answer after the 24 hours waits for the citizen's tap, if the template for it is
 * approved. @throws Refusal as `reply` and `close` do
 */
export async function carryOutWish(
  deed: Deed,
  actor: Actor,
  wish: ChatwootWish,
  channels: ReadonlyMap<string, Channel>,
): Promise<void> {
  if (wish.do === 'nothing') return
  if (wish.do === 'close') {
    await close(deed, actor, wish.chatId, channels)
    return
  }
  await chatById(deed, actor, wish.chatId)
  for (const [part, answer] of answersOf(wish).entries()) {
    await reply(deed, actor, wish.chatId, answer, keyOf(wish.messageId, part), { request: true })
  }
}

/** One picture or file takes the words along as its caption; several, and sound, come after them. */
function answersOf({ text, files }: Extract<ChatwootWish, { do: 'answer' }>): Answer[] {
  const [only, ...more] = files
  if (only && more.length === 0 && only.type !== 'audio') {
    return [{ media: { type: only.type, link: only.url, caption: text ?? undefined } }]
  }
  return [
    ...(text === null ? [] : [{ text }]),
    ...files.map(({ type, url }): Answer => ({ media: { type, link: url } })),
  ]
}
