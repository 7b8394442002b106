import { sql } from 'drizzle-orm'
import { SYSTEM } from '../audit/audit.ts'
import { eraseChats } from '../chats/closing.ts'
import type { Contact } from '../contacts/contacts.ts'
import { eraseContact, lockContact } from '../contacts/erase.ts'
import { chats, contacts, disclosureLinks, formerIds, heldMessages, outgoing, subscriptions } from '../db/schema.ts'
import { eraseMessages } from '../dispatch/queue.ts'
import type { Deed } from '../runtime.ts'
import { eraseSubscriptions } from '../subscriptions/erase.ts'

/** Who has nothing with us any more: no subscription, no matter, nothing waiting, no sign of life since `before`. A part of another contact stays with it. */
const idle = (channel: string, before: Date) => {
  const since = before.toISOString()
  return sql`c.channel = ${channel} and c.created_at < ${since}::timestamptz
    and (c.last_inbound_at is null or c.last_inbound_at < ${since}::timestamptz)
    and not exists (select from ${subscriptions} s
      where s.contact_id = c.id and (s.left_at is null or s.left_at >= ${since}::timestamptz))
    and not exists (select from ${chats} t where t.contact_id = c.id and t.erased is null)
    and not exists (select from ${heldMessages} h where h.contact_id = c.id)
    and not exists (select from ${outgoing} o
      where o.contact_id = c.id and o.kind <> 'broadcast' and (o.not_before is not null or o.created_at >= ${since}::timestamptz))
    and not ${isPart}`
}

const isPart = sql`exists (select from ${formerIds} f
  where f.channel = c.channel and f.id_hash = c.user_id_hash and f.contact_id <> c.id and c.phone_sealed is null and c.user_id_sealed is null)`

/** Contacts with whom there was nothing since `before`, at most `limit`. */
export async function idleContacts(deed: Deed, channel: string, before: Date, limit: number): Promise<string[]> {
  const rows = await deed.tx.execute<{ id: string }>(sql`
    select c.id from ${contacts} c where ${idle(channel, before)} order by c.id limit ${limit}`)
  return rows.map(({ id }) => id)
}

/** Erases these contacts, unless something happened with them meanwhile. Whoever had said no stays protected from imports. Returns how many. */
export async function eraseIdle(
  deed: Deed,
  channel: string,
  before: Date,
  contactIds: readonly string[],
): Promise<number> {
  let erased = 0
  for (const id of contactIds) {
    const contact = await lockContact(deed, id)
    if (!contact) continue
    const still = await deed.tx.execute(
      sql`select from ${contacts} c where c.id = ${id}::uuid and ${idle(channel, before)}`,
    )
    if (still.length === 0) continue
    await erase(deed, contact, 'idle')
    erased += 1
  }
  return erased
}

/** The inbox erases too: nobody could ask for it any more once we do not know whose its matters were. */
async function erase(deed: Deed, { id, subject, channel }: Contact, source: string): Promise<void> {
  await eraseChats(deed, SYSTEM, id)
  await eraseSubscriptions(deed, { contactId: id, subject, channel }, source)
  await eraseMessages(deed, id)
  await deed.tx.delete(disclosureLinks).where(sql`${disclosureLinks.contactId} = ${id}::uuid`)
  await eraseContact(deed, id)
}

/** Erases people of a channel that is no more, whatever they had with it, at most `limit`. Returns how many. */
export async function eraseAbandoned(deed: Deed, channel: string, limit: number): Promise<number> {
  const rows = await deed.tx.execute<{ id: string }>(sql`
    select c.id from ${contacts} c where c.channel = ${channel} and not ${isPart} order by c.id limit ${limit}`)
  for (const { id } of rows) {
    const contact = await lockContact(deed, id)
    if (!contact) continue
    await erase(deed, contact, 'channel-ended')
  }
  return rows.length
}
