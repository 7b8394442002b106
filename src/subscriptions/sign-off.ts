import { type Actor, record } from '../audit/audit.ts'
import type { Channel } from '../channels/channel.ts'
import { hashesOf } from '../contacts/enrol.ts'
import { lockWho, type Who } from '../contacts/erase.ts'
import { noticesOf, recordNotices } from '../contacts/notices.ts'
import type { Deed } from '../runtime.ts'
import { leave } from './subscriptions.ts'
import { suppress, suppressedAmong, takeTurn } from './suppressions.ts'
import { noNotice } from './unite.ts'

/** `noted`: there was nothing to end, but no list may sign them up any more. `unknown`: whom a page showed is gone. */
export type SignedOff = 'left' | 'noted' | 'noted-before' | 'unknown'

/**
 * Carries out the no to the info channel of somebody who called, wrote or stood at the counter. As with a STOP it is kept where nothing ends, too: a list
 * may name them later. Of whom nobody knows, only the keyed hash of the id they gave stays.
 */
export async function signOff(
  deed: Deed,
  actor: Actor,
  { slug, privacy }: Pick<Channel, 'slug' | 'privacy'>,
  who: Who,
): Promise<SignedOff> {
  let contact = await lockWho(deed, slug, who)
  if (!contact && !('contactId' in who)) {
    await takeTurn(deed, slug, 'no')
    contact = await lockWho(deed, slug, who) // a list may just have named them
  }
  if (!contact) {
    if ('contactId' in who) return 'unknown'
    const hashes = hashesOf(deed, who)
    const before = await suppressedAmong(deed, slug, hashes)
    await suppress(deed, slug, hashes, { reason: 'left', at: deed.now }) // said anew, it overrules what was agreed to since
    await record(deed, actor, { action: 'subscriber.no-noted', channel: slug })
    return before.size > 0 ? 'noted-before' : 'noted'
  }
  const { id: contactId, subject } = contact
  const kind = noNotice('info')
  const before = (await noticesOf(deed, [contactId])).get(contactId)?.has(kind)
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
  await recordNotices(deed, [{ contactId, kind }])
  if (!left && before) return 'noted-before'
  const action = left ? 'subscriber.signed-off' : 'subscriber.no-noted'
  await record(deed, actor, { action, channel: slug, target: contactId })
  return left ? 'left' : 'noted'
}
