import { eq, inArray } from 'drizzle-orm'
import { contacts, formerIds, notices } from '../db/schema.ts'
import type { Deed } from '../runtime.ts'
import { type Contact, findContact, openContact } from './contacts.ts'
import { absorbedBy } from './moving.ts'

/**
 * One contact with its row locked until the deed ends, so that nothing of this citizen is taken in or answered meanwhile; null if it does not exist
 * (any more).
 */
export async function lockContact(deed: Deed, id: string): Promise<Contact | null> {
  const [row] = await deed.tx.select().from(contacts).where(eq(contacts.id, id)).for('no key update')
  return row ? openContact(deed.vault, row) : null
}

/** By what the office names somebody: what they tell it, or whom a page shows. */
export type Who = { phone: string } | { userId: string } | { contactId: string }

/** The same for somebody of this channel, also by a number or user id they had before; null if unknown. */
export async function lockWho(deed: Deed, channel: string, who: Who): Promise<Contact | null> {
  const id = 'contactId' in who ? who.contactId : (await findContact(deed, channel, who))?.id
  const contact = id === undefined ? null : await lockContact(deed, id)
  return contact?.channel === channel ? contact : null
}

/**
 * Deletes who this was: number, user id, name, former ids, and when they got which automatic line. Whoever calls this has first erased what other folders
 * keep about them (subscriptions, messages, chats). Returns whether there was anything.
 */
export async function eraseContact(deed: Deed, contactId: string): Promise<boolean> {
  const parts = (await absorbedBy(deed, contactId)).map(({ id }) => id)
  if (parts.length > 0) await deed.tx.delete(contacts).where(inArray(contacts.id, parts))
  await deed.tx.delete(formerIds).where(eq(formerIds.contactId, contactId))
  await deed.tx.delete(notices).where(eq(notices.contactId, contactId))
  const gone = await deed.tx.delete(contacts).where(eq(contacts.id, contactId)).returning({ id: contacts.id })
  return gone.length > 0
}
