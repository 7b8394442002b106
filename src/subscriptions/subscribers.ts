import { and, eq, inArray, isNull, sql } from 'drizzle-orm'
import { type Actor, record } from '../audit/audit.ts'
import { type Contact, contactById, findContact, openContact } from '../contacts/contacts.ts'
import { maskPhone, maskUserId } from '../contacts/mask.ts'
import { absorbedBy } from '../contacts/moving.ts'
import { contacts, subscriptions } from '../db/schema.ts'
import { Refusal } from '../refusal.ts'
import type { Deed } from '../runtime.ts'
import type { Offering } from './consents.ts'
import { historyOf, type LedgerEntry } from './ledger.ts'
import { refusedFor, sayableReason } from './reason.ts'
import { activeOfferings } from './subscriptions.ts'

/** A subscriber on a list: recognisable by who knows them, of no use to anybody else. */
export type Subscriber = {
  id: string
  phone: string | null
  userId: string | null
  offerings: { offering: Offering; since: Date; topics: string[] | null }[]
}

export type SubscriberPage = { limit: number; after?: string; offering?: Offering; topic?: string }

/** A channel's active subscribers, masked, by their opaque ids. `after` is the last id of the page before. */
export async function listSubscribers(deed: Deed, channel: string, page: SubscriberPage): Promise<Subscriber[]> {
  const offerings: readonly Offering[] =
    page.topic !== undefined ? ['info'] : page.offering ? [page.offering] : ['info', 'chat']
  // Each part walks the index in order and stops; a plain DISTINCT would read all of a big channel for every page.
  const parts = offerings.map(
    (offering) => sql`(select distinct contact_id from ${subscriptions}
      where channel = ${channel} and offering = ${offering} and left_at is null
        ${page.after === undefined ? sql`` : sql`and contact_id > ${page.after}::uuid`}
        ${page.topic === undefined ? sql`` : sql`and (topics is null or ${page.topic} = any(topics))`}
      order by contact_id limit ${page.limit})`,
  )
  const found = await deed.tx.execute<{ contact_id: string }>(
    sql`select contact_id from (${sql.join(parts, sql` union `)}) page order by contact_id limit ${page.limit}`,
  )
  const ids = found.map((row) => row.contact_id)
  if (ids.length === 0) return []
  const active = await activeOfferings(deed, ids)
  const people = await deed.tx.select().from(contacts).where(inArray(contacts.id, ids)).orderBy(contacts.id)
  return people.map((row) => {
    const { id, phone, userId } = openContact(deed.vault, row)
    return {
      id,
      phone: phone === undefined ? null : maskPhone(phone),
      userId: userId === undefined ? null : maskUserId(userId),
      offerings: (active.get(id) ?? []).map(({ offering, joinedAt, topics }) => ({
        offering,
        since: joinedAt,
        topics,
      })),
    }
  })
}

export type Totals = {
  /** People, however many offerings each has. */
  subscribers: number
  offerings: Partial<Record<Offering, number>>
  /** Who gets a broadcast on this topic: chosen, or no choice made. */
  topics: Record<string, number>
  /** Of `info`: subscribers without a choice, who get every topic. */
  allTopics: number
}

/** How many people are subscribed to what right now. */
export async function countSubscribers(
  deed: Deed,
  channel: string,
  has: { offerings: readonly Offering[]; topics: readonly string[] },
): Promise<Totals> {
  const active = and(eq(subscriptions.channel, channel), isNull(subscriptions.leftAt))
  const groups = await deed.tx
    .select({ offering: subscriptions.offering, topics: subscriptions.topics, n: sql<number>`count(*)::int` })
    .from(subscriptions)
    .where(active)
    .groupBy(subscriptions.offering, subscriptions.topics)
  // Whoever has both counts once. The chat has few people, so it is walked and looked up in the other.
  const [both] = await deed.tx.execute<{ n: number }>(sql`
    select count(*)::int as n from ${subscriptions} c
    where c.channel = ${channel} and c.offering = 'chat' and c.left_at is null and exists (
      select from ${subscriptions} i where i.contact_id = c.contact_id and i.offering = 'info' and i.left_at is null)`)
  const sum = (which: (group: (typeof groups)[number]) => boolean) =>
    groups.filter(which).reduce((total, group) => total + group.n, 0)
  const info = (topic: string | null) =>
    sum((g) => g.offering === 'info' && (g.topics === null || (topic !== null && g.topics.includes(topic))))
  return {
    subscribers: sum(() => true) - both!.n,
    offerings: Object.fromEntries(has.offerings.map((offering) => [offering, sum((g) => g.offering === offering)])),
    topics: Object.fromEntries(has.topics.map((topic) => [topic, info(topic)])),
    allTopics: info(null),
  }
}

export type LookedUp = Pick<Contact, 'id' | 'name' | 'phone' | 'userId'> & {
  offerings: { offering: Offering; subscribed: boolean; since: Date | null; topics: string[] | null }[]
  history: LedgerEntry[]
}

/**
 * One person with everything they agreed to; leaves an audit entry, also when nobody was found.
 * @param offerings of the channel: each is listed, subscribed or not. `since` is the moment of that state, null if they never had it.
 * @param reason why somebody may want to know this; stands in the audit log
 * @returns null if nobody is known by this id, a Refusal for a reason that names them: see `refusedFor`
 */
export async function lookUp(
  deed: Deed,
  actor: Actor,
  channel: string,
  who: { phone: string } | { userId: string },
  offerings: readonly Offering[],
  reason?: string,
): Promise<LookedUp | null | Refusal> {
  const why = reason?.trim() ? { reason: sayableReason(reason) } : {}
  const contact = await findContact(deed, channel, who)
  const refused = refusedFor(reason, contact)
  await record(deed, actor, {
    action: 'subscriber.looked-up',
    channel,
    target: contact?.id,
    detail: {
      by: 'phone' in who ? 'phone' : 'user-id',
      found: contact !== null,
      ...(refused ? { refused: true } : why),
    },
  })
  if (refused) return refused
  if (!contact) return null
  const { id, name, phone, userId } = contact
  const rows = await deed.tx
    .select()
    .from(subscriptions)
    .where(eq(subscriptions.contactId, id))
    .orderBy(subscriptions.joinedAt)
  const had = new Set<Offering>([...offerings, ...rows.map((row) => row.offering)])
  return {
    id,
    name,
    phone,
    userId,
    offerings: [...had].map((offering) => {
      const latest = rows.findLast((row) => row.offering === offering)
      const subscribed = latest?.leftAt === null
      return {
        offering,
        subscribed,
        since: latest ? (latest.leftAt ?? latest.joinedAt) : null,
        topics: subscribed ? latest.topics : null,
      }
    }),
    history: await historyOf(deed, channel, [
      contact.subject,
      ...(await absorbedBy(deed, id)).map((part) => part.subject),
    ]),
  }
}

/**
 * Number, user id and name of somebody on a list, for a stated reason that stands in the audit log.
 * @returns a Refusal for a reason that names them: see `refusedFor`
 * @throws Refusal invalid-input without a reason, not-found
 */
export async function reveal(
  deed: Deed,
  actor: Actor,
  channel: string,
  contactId: string,
  reason: string,
): Promise<Pick<Contact, 'id' | 'name' | 'phone' | 'userId'> | Refusal> {
  const why = sayableReason(reason)
  const contact = await contactById(deed, contactId)
  if (contact?.channel !== channel) throw new Refusal('not-found')
  const refused = refusedFor(why, contact)
  const detail = refused ? { refused: true } : { reason: why }
  await record(deed, actor, { action: 'subscriber.revealed', channel, target: contactId, detail })
  if (refused) return refused
  const { id, name, phone, userId } = contact
  return { id, name, phone, userId }
}

/** A topic that the channel does not have is a slip, not an empty list. */
export function requireTopic(topics: readonly string[], topic: string | undefined): void {
  if (topic !== undefined && !topics.includes(topic))
    throw new Refusal('invalid-input', [{ field: 'topic', message: `Möglich ist nur: ${topics.join(', ')}.` }])
}
