import { and, asc, eq, isNull, lt, lte, ne, sql } from 'drizzle-orm'
import { type Actor, record, SYSTEM } from '../audit/audit.ts'
import type { Channel } from '../channels/channel.ts'
import type { Contact } from '../contacts/contacts.ts'
import { eraseContact, lockContact } from '../contacts/erase.ts'
import { chats, contacts, outgoing } from '../db/schema.ts'
import { dropHeldAnswers } from '../dispatch/held-answers.ts'
import { enqueue, eraseMessages } from '../dispatch/queue.ts'
import { Refusal } from '../refusal.ts'
import type { Deed } from '../runtime.ts'
import { eraseSubscriptions } from '../subscriptions/erase.ts'
import { activeOfferings } from '../subscriptions/subscriptions.ts'
import { type Certificate, type Chat, chatById, openRow } from './chats.ts'
import { dropMessages } from './erase.ts'
import { closed } from './events.ts'
import { dropHeld } from './held.ts'

export type Closed = {
  closedAt: Date
  erased: { messages: number; phone: boolean }
  /** Until then the close can be undone, and nothing is erased. */
  eraseAt: Date | null
}

/**
 * Settles a matter and tells the inbox. Where the town says so, everything personal about it is erased: at once, or when the grace time is over. Closing
 * twice answers the same. @throws Refusal not-found
 */
export async function close(
  deed: Deed,
  actor: Actor,
  chatId: string,
  channels: ReadonlyMap<string, Pick<Channel, 'offerings'>>,
): Promise<Closed> {
  const { contactId, channel } = await chatById(deed, actor, chatId)
  const contact = await lockContact(deed, contactId)
  const chat = await chatById(deed, actor, chatId)
  if (chat.closedAt) return outcomeOf(chat)

  const rule = channels.get(channel)?.offerings.chat
  const graceMs = rule?.eraseGraceMs ?? 0
  const erases = rule?.eraseOnClose === true
  const eraseAt = erases && graceMs > 0 ? new Date(deed.now.getTime() + graceMs) : null
  await deed.tx.update(chats).set({ closedAt: deed.now, closedBy: actor.id, eraseAt }).where(eq(chats.id, chatId))
  await dropHeldAnswers(deed, contactId)
  await record(deed, actor, { action: 'chat.closed', channel, target: chatId })
  const now = { ...chat, closedAt: deed.now, closedBy: actor.id, eraseAt }
  if (erases && eraseAt === null) return outcomeOf({ ...now, erased: await erase(deed, now, contact) })
  await tellInbox(deed, now, false)
  return outcomeOf(now)
}

const outcomeOf = ({ closedAt, erased, eraseAt }: Chat): Closed => ({
  closedAt: closedAt!,
  erased: { messages: erased?.messages ?? 0, phone: erased?.phone ?? false },
  eraseAt,
})

/**
 * Takes a close back, within its grace time. @throws Refusal not-found; already-erased; wrong-state if it is open, or the citizen has begun anew
 */
export async function reopen(deed: Deed, actor: Actor, chatId: string): Promise<Chat> {
  const { contactId, channel } = await chatById(deed, actor, chatId)
  const contact = await lockContact(deed, contactId)
  const chat = await chatById(deed, actor, chatId)
  if (chat.erased || !contact) throw new Refusal('already-erased')
  const [other] = await deed.tx
    .select({ id: chats.id })
    .from(chats)
    .where(and(eq(chats.contactId, contactId), isNull(chats.closedAt)))
  if (!chat.closedAt) throw new Refusal('wrong-state', [], { detail: 'Dieses Anliegen ist noch offen.' })
  if (other) throw new Refusal('wrong-state', [], { detail: 'Die Person hat inzwischen ein neues Anliegen begonnen.' })
  await deed.tx.update(chats).set({ closedAt: null, closedBy: null, eraseAt: null }).where(eq(chats.id, chatId))
  await record(deed, actor, { action: 'chat.reopened', channel, target: chatId })
  return { ...chat, closedAt: null, closedBy: null, eraseAt: null }
}

/** Erases the closed matters whose grace time is over, oldest first. Returns how many. */
export async function eraseDue(deed: Deed, limit = 100): Promise<number> {
  const due = await deed.tx
    .select({ id: chats.id, contactId: chats.contactId })
    .from(chats)
    .where(lte(chats.eraseAt, deed.now))
    .orderBy(asc(chats.eraseAt))
    .limit(limit)
  // One order of locks for everybody: the contact, then what hangs on it.
  due.sort((a, b) => (a.contactId < b.contactId ? -1 : 1))
  let erased = 0
  for (const { id, contactId } of due) {
    const contact = await lockContact(deed, contactId)
    const chat = await chatById(deed, SYSTEM, id)
    if (chat.erased || chat.eraseAt === null || chat.eraseAt > deed.now) continue // undone or done meanwhile
    await erase(deed, chat, contact)
    erased += 1
  }
  return erased
}

/** Deletes what this matter left in any table, and, if the citizen has nothing else with us, who they are. The inbox erases too. */
async function erase(deed: Deed, chat: Chat, contact: Contact | null): Promise<Certificate> {
  const staying = contact !== null && (await hasMore(deed, contact.id, chat.id))
  const erased = await empty(deed, chat, contact, !staying)
  await tellErased(deed, { ...chat, erased })
  if (contact === null || staying) return erased
  await eraseMessages(deed, contact.id, { lastAddress: addressOf(contact) })
  await eraseChats(deed, SYSTEM, contact.id)
  const who = { contactId: contact.id, subject: contact.subject, channel: chat.channel }
  await eraseSubscriptions(deed, who, 'chat-closed')
  await eraseContact(deed, contact.id)
  return erased
}

/**
 * Deletes a matter's messages, media ids and forwards; what remains is the count. An answer that WhatsApp has not taken yet still leaves, and is forgotten
 * then. The ids that the inbox gave it stay until that has erased it too.
 * @param phone whether the number goes as well, for the certificate
 */
async function empty(deed: Deed, chat: Chat, contact: Contact | null, phone: boolean): Promise<Certificate> {
  const messages = await dropMessages(deed, [chat.id])
  if (contact) await eraseMessages(deed, contact.id, { chatId: chat.id, lastAddress: addressOf(contact) })
  const erased = { messages, phone, at: deed.now.toISOString() }
  await deed.tx.update(chats).set({ erased, eraseAt: null }).where(eq(chats.id, chat.id))
  await record(deed, SYSTEM, { action: 'chat.erased', channel: chat.channel, target: chat.id, detail: erased })
  return erased
}

const addressOf = ({ phone, userId }: Contact) => ({ phone, userId })

/** Has this citizen the newsletter, or another matter that is open, can be reopened, or is kept? */
async function hasMore(deed: Deed, contactId: string, chatId: string): Promise<boolean> {
  const offerings = (await activeOfferings(deed, [contactId])).get(contactId) ?? []
  if (offerings.some(({ offering }) => offering === 'info')) return true
  const [other] = await deed.tx
    .select({ id: chats.id })
    .from(chats)
    .where(and(eq(chats.contactId, contactId), ne(chats.id, chatId), isNull(chats.erased)))
    .limit(1)
  return other !== undefined
}

/** The event carries ids only and belongs to nobody, so that it survives the erasure it tells of. */
async function tellInbox(deed: Deed, { id, channel }: Chat, erase: boolean): Promise<void> {
  await enqueue(deed, [{ channel, kind: 'inbox', chatId: id, payload: closed(deed.now, channel, id, erase) }])
}

/** Tells the inbox to erase a matter that is erased here, and notes it: each is told once. */
async function tellErased(deed: Deed, chat: Chat & { erased: Certificate }): Promise<void> {
  await deed.tx
    .update(chats)
    .set({ erased: { ...chat.erased, inboxTold: true } })
    .where(eq(chats.id, chat.id))
  await tellInbox(deed, chat, true)
}

/**
 * Erases every matter of one person: open ones are closed, the inbox is told to erase each, also those that were emptied before. Returns the number of
 * messages. The caller holds the contact's lock and erases messages, subscriptions and the contact itself.
 */
export async function eraseChats(deed: Deed, actor: Actor, contactId: string): Promise<number> {
  const rows = await deed.tx
    .select()
    .from(chats)
    .where(and(eq(chats.contactId, contactId), sql`${chats.erased}->'inboxTold' is null`))
  let messages = 0
  await dropHeldAnswers(deed, contactId)
  for (const row of rows) {
    const chat = openRow(row)
    let { erased } = chat
    if (!erased) {
      erased = { messages: await dropMessages(deed, [chat.id]), phone: true, at: deed.now.toISOString() }
      await deed.tx
        .update(chats)
        .set({ eraseAt: null, closedAt: chat.closedAt ?? deed.now, closedBy: chat.closedBy ?? actor.id })
        .where(eq(chats.id, chat.id))
      await record(deed, actor, { action: 'chat.erased', channel: chat.channel, target: chat.id, detail: erased })
      messages += erased.messages
    }
    await tellErased(deed, { ...chat, erased })
  }
  await dropHeld(deed, [contactId])
  return messages
}

/**
 * Empties matters closed before a moment, for retention; a close that can still be undone ends by itself. Whose they were stays: `privacy/idle.ts` ends
 * people, by a time of its own. The inbox is not told: how long it keeps matters of people who are still with us is its own affair. Returns how many.
 */
export async function emptyClosedBefore(deed: Deed, channel: string, before: Date, limit = 100): Promise<number> {
  const old = await deed.tx
    .select()
    .from(chats)
    .where(and(eq(chats.channel, channel), lt(chats.closedAt, before), isNull(chats.erased), isNull(chats.eraseAt)))
    .limit(limit)
  for (const row of old.sort((a, b) => (a.contactId < b.contactId ? -1 : 1))) {
    const contact = await lockContact(deed, row.contactId)
    const chat = await chatById(deed, SYSTEM, row.id)
    if (!chat.erased && chat.closedAt && !chat.eraseAt) await empty(deed, chat, contact, contact === null)
  }
  return old.length
}

/**
 * Deletes the receipts of matters closed before a moment whose people are no more with us, at most `limit`. One of which the inbox is still to be told
 * stays until that is over, since its ids over there may be needed. Returns how many.
 */
export async function forgetReceipts(deed: Deed, channel: string, before: Date, limit: number): Promise<number> {
  const { count } = await deed.tx.execute(sql`
    delete from ${chats} where id = any(array(
      select t.id from ${chats} t
      where t.channel = ${channel} and t.erased is not null and t.closed_at < ${before.toISOString()}::timestamptz
        and not exists (select from ${contacts} c where c.id = t.contact_id)
        and not exists (select from ${outgoing} o where o.channel = t.channel and o.kind = 'inbox' and o.not_before is not null and o.chat_id = t.id)
      limit ${limit}))`)
  return count
}
