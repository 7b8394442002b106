import { eq } from 'drizzle-orm'
import { type Actor, record } from '../audit/audit.ts'
import type { Channel } from '../channels/channel.ts'
import { eraseChats } from '../chats/closing.ts'
import type { Contact } from '../contacts/contacts.ts'
import { idHashesOf } from '../contacts/enrol.ts'
import { eraseContact, lockWho, type Who } from '../contacts/erase.ts'
import { disclosureLinks } from '../db/schema.ts'
import { eraseMessages } from '../dispatch/queue.ts'
import type { Deed } from '../runtime.ts'
import { eraseSubscriptions } from '../subscriptions/erase.ts'
import { activeOfferings, leave } from '../subscriptions/subscriptions.ts'
import { isKeptAway, suppress } from '../subscriptions/suppressions.ts'

/**
 * Erases everything about this person on this channel. What stays is the pseudonymous proof in the ledger and keyed hashes of their ids, also of those
 * they had before, so that no import brings anybody back.
 * @param why `source` stands in the ledger and beside the suppression, e.g. `keyword`
 */
export async function eraseEverything(
  deed: Deed,
  actor: Actor,
  contact: Contact,
  why: { source: string; noticeVersion: string; messageId?: string; at?: Date },
): Promise<void> {
  const { channel } = contact
  const hashes = await idHashesOf(deed, contact)
  const active = (await activeOfferings(deed, [contact.id])).get(contact.id) ?? []
  const at = why.at ?? deed.now
  const who = { channel, contactId: contact.id, subject: contact.subject, at }
  await leave(
    deed,
    active.map(({ offering }) => ({ ...who, offering, source: why.source, noticeVersion: why.noticeVersion })),
  )
  await suppress(deed, channel, hashes, { reason: why.source, at })
  await eraseSubscriptions(deed, who, why.source)
  await eraseChats(deed, actor, contact.id)
  await eraseMessages(deed, contact.id)
  await deed.tx.delete(disclosureLinks).where(eq(disclosureLinks.contactId, contact.id))
  await eraseContact(deed, contact.id)
  await record(deed, actor, { action: 'person.erased', channel, detail: { reason: why.source } })
}

/**
 * Erasure asked for at the counter, by letter or by mail. `kept-away`: nothing is stored but that no list may bring them in, after an erasure or a no;
 * `unknown`: nothing at all is.
 */
export async function eraseByIds(
  deed: Deed,
  actor: Actor,
  { slug, privacy }: Pick<Channel, 'slug' | 'privacy'>,
  who: Who,
): Promise<'erased' | 'kept-away' | 'unknown'> {
  const contact = await lockWho(deed, slug, who)
  if (contact) {
    await eraseEverything(deed, actor, contact, { source: 'office', noticeVersion: privacy.noticeVersion })
    return 'erased'
  }
  return !('contactId' in who) && (await isKeptAway(deed, slug, who)) ? 'kept-away' : 'unknown'
}
