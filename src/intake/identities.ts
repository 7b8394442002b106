import { record, SYSTEM } from '../audit/audit.ts'
import type { Channel } from '../channels/channel.ts'
import { noteEvent } from '../channels/channels.ts'
import { contactChanged } from '../chats/take-in.ts'
import { uniteChats } from '../chats/unite.ts'
import { type Contact, contactById, type Finding } from '../contacts/contacts.ts'
import { hashesOf } from '../contacts/enrol.ts'
import { keysOf, lockKnown } from '../contacts/ids.ts'
import { absorb, formerContacts, moveIdentity } from '../contacts/moving.ts'
import { skipQueued } from '../dispatch/queue.ts'
import { redirect } from '../dispatch/redirect.ts'
import type { Deed } from '../runtime.ts'
import { latestNoOf } from '../subscriptions/erase.ts'
import { honourSuppressions, latestNo, suppress } from '../subscriptions/suppressions.ts'
import { recordMove, uniteSubscriptions } from '../subscriptions/unite.ts'
import type { IdentityChange } from '../whatsapp/webhook-events.ts'

/**
 * Meta says that a person has a new number or user id: ids, consents and what is queued go over, with a ledger entry; the inbox learns it. Repeats change
 * nothing. @see cloud-api.md §3.4–3.6
 */
export async function changeIdentity(deed: Deed, channel: Channel, event: IdentityChange): Promise<void> {
  const why = { source: 'identity-change', at: event.at, messageId: event.id }
  const honour = (contactIds: readonly string[]) =>
    honourSuppressions(deed, contactIds, { ...why, noticeVersion: channel.privacy.noticeVersion })
  await carryNo(deed, channel, event)
  const move = await moveIdentity(deed, channel.slug, event.old, event.new)
  if (!move?.moved) {
    const holders = await lockKnown(deed, channel.slug, [keysOf(deed.vault, event.new)])
    await honour([...holders.keys()])
    return
  }
  const { contact, same, bereft } = move
  await recordMove(deed, contact, { ...why, channel: channel.slug, noticeVersion: channel.privacy.noticeVersion })
  await unite(deed, channel, contact, same, why)
  await numbersMoved(deed, channel, bereft)
  await honour([contact.id])
  await record(deed, SYSTEM, {
    action: 'contact.moved',
    channel: channel.slug,
    target: contact.id,
    detail: { united: same.length },
  })
  await tellInbox(deed, contact.id)
}

/**
 * An old id that nobody has is theirs as of now: what was said under it counts under the new ones, also where nobody is known by those, since an erasure holds
 * for the number that comes after it. Of an id that somebody has all is known already, and it may have been another's before.
 */
async function carryNo(deed: Deed, { slug }: Channel, { old, new: fresh }: IdentityChange): Promise<void> {
  const rows = await lockKnown(deed, slug, [keysOf(deed.vault, old), keysOf(deed.vault, fresh)])
  const held = new Set(
    [...rows.values()].flatMap((row) => [row.phoneHash?.toString('hex'), row.userIdHash?.toString('hex')]),
  )
  const isHeld = (hash: Buffer) => held.has(hash.toString('hex'))
  const ids = hashesOf(deed, old)
  const nobodys = ids.filter((hash) => !isHeld(hash))
  const noes = [await latestNo(deed, slug, nobodys)]
  if (!ids.some(isHeld))
    for (const contact of await formerContacts(deed, slug, [old])) noes.push(await latestNoOf(deed, contact))
  for (const no of noes) if (no) await suppress(deed, slug, hashesOf(deed, fresh), no)
}

/** Carries out what messages told about who is who. */
export async function follow(deed: Deed, channel: Channel, findings: readonly Finding[]): Promise<void> {
  const why = { source: 'same-person', at: deed.now }
  for (const finding of findings) {
    if (finding.is !== 'same-person') continue
    const [contact, other] = [await contactById(deed, finding.contactId), await contactById(deed, finding.otherId)]
    if (!contact || !other) continue
    await unite(deed, channel, contact, [other], why)
    await tellInbox(deed, contact.id)
  }
  await honourSuppressions(
    deed,
    findings.flatMap((finding) => (finding.is === 'number-moved' ? [] : [finding.contactId])),
    { ...why, noticeVersion: channel.privacy.noticeVersion },
  )
  await numbersMoved(
    deed,
    channel,
    findings.flatMap((finding) => (finding.is === 'number-moved' ? [finding.fromId] : [])),
  )
}

type Why = { source: string; at: Date; messageId?: string }

async function unite(
  deed: Deed,
  channel: Channel,
  keeper: Contact,
  others: readonly Contact[],
  why: Why,
): Promise<void> {
  if (others.length === 0) return
  for (const other of others) await redirect(deed, other.id, keeper.id)
  const ended = await uniteSubscriptions(deed, keeper, others, {
    ...why,
    channel: channel.slug,
    noticeVersion: channel.privacy.noticeVersion,
  })
  for (const other of others) {
    await uniteChats(deed, channel, other.id, keeper.id)
    await absorb(deed, keeper.id, other.id)
  }
  await noteEvent(deed, channel.slug, {
    kind: 'contacts-united',
    severity: ended.length > 0 ? 'warning' : 'info',
    detail: { contact: keeper.id, ended },
  })
}

/**
 * The number belongs to somebody else now, who inherits nothing. What was queued for the former owner does not leave: the sender may have read the number
 * already. The office sees that it happened.
 */
async function numbersMoved(deed: Deed, channel: Channel, fromIds: readonly string[]): Promise<void> {
  if (fromIds.length === 0) return
  await skipQueued(deed, { contactIds: fromIds })
  for (const contact of fromIds) {
    await noteEvent(deed, channel.slug, { kind: 'number-changed-hands', severity: 'warning', detail: { contact } })
    await tellInbox(deed, contact)
  }
}

async function tellInbox(deed: Deed, contactId: string): Promise<void> {
  const contact = await contactById(deed, contactId)
  if (contact) await contactChanged(deed, [contact])
}
