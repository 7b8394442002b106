import { and, asc, gt, inArray, lte } from 'drizzle-orm'
import type { Channel } from '../channels/channel.ts'
import type { Contact } from '../contacts/contacts.ts'
import { heldMessages } from '../db/schema.ts'
import type { Deed } from '../runtime.ts'
import type { MessageEvent } from '../whatsapp/webhook-events.ts'
import { type TakenIn, takeIn } from './take-in.ts'

/** How long a message waits for the tap that allows us to read it. */
export const HELD_MS = 24 * 60 * 60 * 1000

/** Keeps messages unread and sealed until their senders have agreed to the chat, for 24 hours at most. */
export async function holdFirst(
  deed: Deed,
  items: readonly { contact: Pick<Contact, 'id'>; message: MessageEvent }[],
): Promise<void> {
  if (items.length === 0) return
  await deed.tx.insert(heldMessages).values(
    items.map(({ contact, message }) => ({
      contactId: contact.id,
      at: message.at,
      keepUntil: new Date(deed.now.getTime() + HELD_MS),
      messageSealed: deed.vault.seal(JSON.stringify(message)),
    })),
  )
}

/** Of whom something waits that may still be taken in. */
export async function haveHeld(deed: Deed, contactIds: readonly string[]): Promise<Set<string>> {
  if (contactIds.length === 0) return new Set()
  const rows = await deed.tx
    .selectDistinct({ contactId: heldMessages.contactId })
    .from(heldMessages)
    .where(stillHeld(deed, contactIds))
  return new Set(rows.map(({ contactId }) => contactId))
}

const stillHeld = (deed: Deed, contactIds: readonly string[]) =>
  and(inArray(heldMessages.contactId, [...contactIds]), gt(heldMessages.keepUntil, deed.now))

/** Takes in what these citizens wrote before they agreed, as if they had just written it. Returns per message whose it was and the chat it went to. */
export async function releaseHeld(
  deed: Deed,
  channel: Channel,
  contacts: readonly Contact[],
): Promise<(TakenIn & { contactId: string })[]> {
  if (contacts.length === 0) return []
  const people = new Map(contacts.map((contact) => [contact.id, contact]))
  const held = await deed.tx
    .select()
    .from(heldMessages)
    .where(stillHeld(deed, [...people.keys()]))
    .orderBy(asc(heldMessages.id))
  if (held.length === 0) return []
  await dropHeld(deed, [...people.keys()])
  const items = held.map((row) => {
    const message = JSON.parse(deed.vault.open(row.messageSealed)) as MessageEvent
    return { channel, contact: people.get(row.contactId)!, message: { ...message, at: row.at } }
  })
  const taken = await takeIn(deed, items)
  return taken.map((one, i) => ({ ...one, contactId: items[i]!.contact.id }))
}

/** Deletes what these contacts wrote and nobody was allowed to read. */
export async function dropHeld(deed: Deed, contactIds: readonly string[]): Promise<number> {
  if (contactIds.length === 0) return 0
  const gone = await deed.tx
    .delete(heldMessages)
    .where(inArray(heldMessages.contactId, [...contactIds]))
    .returning({ id: heldMessages.id })
  return gone.length
}

/** Deletes, unread, what waited for a tap that never came, at most `limit`. Returns how many. */
export async function dropHeldExpired(deed: Deed, limit = 2000): Promise<number> {
  const over = deed.tx
    .select({ id: heldMessages.id })
    .from(heldMessages)
    .where(lte(heldMessages.keepUntil, deed.now))
    .limit(limit)
  const gone = await deed.tx
    .delete(heldMessages)
    .where(inArray(heldMessages.id, over))
    .returning({ id: heldMessages.id })
  return gone.length
}
