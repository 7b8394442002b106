import { type Actor, record } from '../audit/audit.ts'
import type { Channel } from '../channels/channel.ts'
import { findContact } from '../contacts/contacts.ts'
import { lockContact } from '../contacts/erase.ts'
import type { Deed } from '../runtime.ts'
import { leave } from './subscriptions.ts'

/** Ends the info channel for somebody who asked for it by phone, letter or at the counter. False: they were not subscribed, and nothing is written. */
export async function signOff(
  deed: Deed,
  actor: Actor,
  { slug, privacy }: Pick<Channel, 'slug' | 'privacy'>,
  who: { phone: string },
): Promise<boolean> {
  const found = await findContact(deed, slug, who)
  const contact = found && (await lockContact(deed, found.id))
  if (!contact) return false
  const { id: contactId, subject } = contact
  const { noticeVersion } = privacy
  const wish = {
    channel: slug,
    contactId,
    subject,
    offering: 'info',
    at: deed.now,
    source: 'office',
    noticeVersion,
  } as const
  const [left] = await leave(deed, [wish])
  if (left) await record(deed, actor, { action: 'subscriber.signed-off', channel: slug, detail: {} })
  return left === true
}
