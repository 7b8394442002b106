import { randomUUID } from 'node:crypto'
import { eq, inArray, sql } from 'drizzle-orm'
import { type Actor, record } from '../audit/audit.ts'
import { isApproved, type StoredTemplate, templatesOf } from '../channels/template-store.ts'
import { type Contact, contactById } from '../contacts/contacts.ts'
import { lockContact } from '../contacts/erase.ts'
import { chatMessages, chats, outgoing } from '../db/schema.ts'
import { HELD_ANSWER_MS, hasHeldAnswer } from '../dispatch/held-answers.ts'
import { enqueue } from '../dispatch/queue.ts'
import type { ChangedRow } from '../dispatch/statuses.ts'
import { Refusal } from '../refusal.ts'
import type { Deed } from '../runtime.ts'
import { type MessageBody, mediaMessage, textMessage } from '../whatsapp/messages.ts'
import { explain } from '../whatsapp/outcome.ts'
import { templateBody } from '../whatsapp/templates.ts'
import { chatById } from './chats.ts'
import { type AnswerState, answerStatus } from './events.ts'
import { answerUntil, mayAnswer } from './window.ts'

/** What the office answers: words, or a file that WhatsApp fetches from `link` or got before as `id`. Lengths are checked at the door. */
export type Answer =
  | { text: string }
  | {
      media: { type: 'image' | 'video' | 'document' | 'audio'; caption?: string; filename?: string } & (
        | { link: string }
        | { id: string }
      )
    }

/** The template that says that an answer is waiting. Its button brings the citizen back into the chat. */
export const REQUEST_TEMPLATE = 'antwort_bereit'

/**
 * Queues an answer of the office, ahead of broadcasts. A repeat with the same key answers the same and sends nothing.
 * @param options.request when the 24 hours are over: keep the answer, tell the citizen by a template that it is there, and send it when they tap or write
 * @throws Refusal not-found; chat-closed; window-closed with what is still possible
 */
export async function reply(
  deed: Deed,
  actor: Actor,
  chatId: string,
  answer: Answer,
  dedupeKey?: string,
  options: { request?: boolean } = {},
): Promise<{ id: string; state: 'queued' | AnswerState }> {
  const { tx, now } = deed
  const { contactId, channel } = await chatById(deed, actor, chatId)
  const contact = await lockContact(deed, contactId)
  const chat = await chatById(deed, actor, chatId) // as it is now that nobody can close it
  const key = dedupeKey === undefined ? undefined : `answer:${chatId}:${dedupeKey}`
  const before = key === undefined ? undefined : await answerWith(deed, channel, key)
  if (before) return before
  if (!contact || chat.closedAt) throw new Refusal('chat-closed')
  const open = mayAnswer(contact.lastInboundAt, now)
  if (!open) await requestTap(deed, contact, chatId, options.request === true)

  const notBefore = open ? now : new Date(now.getTime() + HELD_ANSWER_MS)
  const [queued] = await enqueue(deed, [
    { channel, kind: 'answer', contactId, chatId, payload: bodyOf(answer), dedupeKey: key, notBefore },
  ])
  const id = randomUUID()
  const type = 'text' in answer ? 'text' : answer.media.type
  await tx
    .insert(chatMessages)
    .values({ id, chatId, inbound: false, at: now, type, outgoingId: queued!.id, author: actor.id })
  await record(deed, actor, { action: 'chat.answered', channel, target: chatId, detail: { type } })
  return { id, state: 'queued' }
}

function bodyOf(answer: Answer): MessageBody {
  if ('text' in answer) return textMessage(answer.text)
  const { media } = answer
  return mediaMessage(media.type, 'id' in media ? { id: media.id } : { link: media.link }, media)
}

/**
 * Would an answer to this chat be taken now? Asked before a file is given to WhatsApp, so that nothing is left there that nobody gets.
 * @throws Refusal as `reply` does. Returns the chat's channel.
 */
export async function checkAnswerable(
  deed: Deed,
  actor: Actor,
  chatId: string,
  { request = false }: { request?: boolean } = {},
): Promise<string> {
  const { channel, contactId, closedAt } = await chatById(deed, actor, chatId)
  const contact = await contactById(deed, contactId)
  if (!contact || closedAt) throw new Refusal('chat-closed')
  if (!mayAnswer(contact.lastInboundAt, deed.now)) await requestTemplate(deed, contact, request)
  return channel
}

/** Tells the citizen once that an answer is waiting, if the office wants that and WhatsApp allows it. @throws Refusal window-closed otherwise */
async function requestTap(deed: Deed, contact: Contact, chatId: string, wanted: boolean): Promise<void> {
  const { channel, id: contactId } = contact
  const template = await requestTemplate(deed, contact, wanted)
  if (await hasHeldAnswer(deed, contactId)) return
  const payload = templateBody(template.name, template.language, template.components)
  await enqueue(deed, [{ channel, kind: 'reply', contactId, chatId, payload, countsAs: contactId }])
}

async function requestTemplate(
  deed: Deed,
  { channel, lastInboundAt }: Contact,
  wanted: boolean,
): Promise<StoredTemplate> {
  const template = (await templatesOf(deed, channel)).find((one) => one.name === REQUEST_TEMPLATE && isApproved(one))
  if (!wanted || !template) throw windowClosed(lastInboundAt, template !== undefined)
  return template
}

function windowClosed(lastInboundAt: Date | null, mayRequest: boolean): Refusal {
  const until = answerUntil(lastInboundAt)
  const possible = mayRequest
    ? 'Möglich ist: mit "request": true senden. Die Person erfährt durch eine Vorlage, dass eine Antwort bereitliegt, und bekommt sie, sobald sie tippt oder schreibt.'
    : `Möglich ist: warten, bis die Person wieder schreibt. Mit einer freigegebenen Vorlage ${REQUEST_TEMPLATE} könnten Sie ihr sagen, dass eine Antwort bereitliegt.`
  return new Refusal('window-closed', [
    ...(until === null ? [] : [{ field: 'replyUntil', message: `Die Frist endete am ${until.toISOString()}.` }]),
    { field: 'request', message: possible },
  ])
}

const STATE_OF: Partial<Record<string, AnswerState>> = {
  sent: 'sent',
  delivered: 'delivered',
  read: 'read',
  failed: 'failed',
}

async function answerWith(
  deed: Deed,
  channel: string,
  key: string,
): Promise<Awaited<ReturnType<typeof reply>> | undefined> {
  const [row] = await deed.tx
    .select({ id: chatMessages.id, status: outgoing.status, channel: outgoing.channel })
    .from(outgoing)
    .innerJoin(chatMessages, eq(chatMessages.outgoingId, outgoing.id))
    .where(eq(outgoing.dedupeKey, key))
  return row?.channel === channel ? { id: row.id, state: STATE_OF[row.status] ?? 'queued' } : undefined
}

/** Which of these citizens an answer of the office has left for, or is about to, since the moment beside them. */
export async function answeredSince(deed: Deed, since: ReadonlyMap<string, Date>): Promise<ReadonlySet<string>> {
  if (since.size === 0) return new Set()
  const asked = [...since].map(([c, at]) => ({ c, at: at.toISOString() }))
  const rows = await deed.tx.execute<{ id: string }>(sql`
    select distinct o.contact_id as id from jsonb_to_recordset(${JSON.stringify(asked)}::jsonb) as r(c uuid, at timestamptz)
    join ${outgoing} o on o.contact_id = r.c and o.kind = 'answer' and coalesce(o.handed_over_at, o.not_before, o.created_at) >= r.at`)
  return new Set(rows.map(({ id }) => id))
}

/** Tells the inbox how its answers fare. Rows that are no answers, and states that say nothing, are passed over. */
export async function answered(
  deed: Deed,
  rows: readonly Pick<ChangedRow, 'id' | 'kind' | 'status' | 'errorCode'>[],
): Promise<void> {
  const told = new Map(rows.filter((row) => row.kind === 'answer' && STATE_OF[row.status]).map((row) => [row.id, row]))
  if (told.size === 0) return
  const messages = await deed.tx
    .select({
      id: chatMessages.id,
      outgoingId: chatMessages.outgoingId,
      chatId: chats.id,
      channel: chats.channel,
      contactId: chats.contactId,
    })
    .from(chatMessages)
    .innerJoin(chats, eq(chats.id, chatMessages.chatId))
    .where(inArray(chatMessages.outgoingId, [...told.keys()]))
  if (messages.length === 0) return
  await enqueue(
    deed,
    messages.map(({ id, outgoingId, chatId, channel, contactId }) => {
      const { status, errorCode } = told.get(outgoingId!)!
      const state = STATE_OF[status]!
      const error = state === 'failed' ? { code: errorCode ?? 0, title: explain(errorCode ?? undefined).what } : null
      const payload = answerStatus(deed.now, { channel, chat: { id: chatId }, message: { id, state, error } })
      return { channel, kind: 'inbox' as const, contactId, chatId, payload, dedupeKey: `state:${outgoingId}:${state}` }
    }),
  )
}
