import { and, asc, eq, or, sql } from 'drizzle-orm'
import type { Channel, Offering } from '../channels/channel.ts'
import { chatsOf, type StoredChat } from '../chats/disclose.ts'
import type { Contact } from '../contacts/contacts.ts'
import { idHashesOf } from '../contacts/enrol.ts'
import { absorbedBy } from '../contacts/moving.ts'
import { noticesOf } from '../contacts/notices.ts'
import { audit, chats, contacts, subscriptions } from '../db/schema.ts'
import { uuids } from '../db/sets.ts'
import { messagesOf, type StoredMessage } from '../dispatch/disclose.ts'
import type { Deed } from '../runtime.ts'
import { historyOf, type LedgerEntry } from '../subscriptions/ledger.ts'
import { readSource } from '../subscriptions/source.ts'
import { type Suppression, suppressionsOf } from '../subscriptions/suppressions.ts'
import { type Purpose, purposesOf } from './purposes.ts'

/** Everything that is stored about one person on one channel (Art. 15 GDPR), readable by people and machines. */
export type Disclosure = {
  channel: { name: string; town: string; noticeUrl: string }
  createdAt: Date
  identity: {
    phone: string | null
    userId: string | null
    name: string | null
    knownSince: Date
    lastMessageAt: Date | null
    marketingStoppedAt: Date | null
    /** Broadcasts in a row that WhatsApp could not deliver. */
    unreachable: number
    /** Numbers and ids of former days, stored as keyed hashes only. */
    formerIds: number
  }
  subscriptions: { offering: Offering; topics: string[] | null; since: Date; until: Date | null }[]
  /** `poster`: where the poster hangs by which they signed up. */
  consents: (Omit<LedgerEntry, 'seq'> & { poster: string | null })[]
  chats: StoredChat[]
  waiting: { at: Date; keepUntil: Date; text: string | null }[]
  messages: StoredMessage[]
  automaticLines: { kind: string; at: Date }[]
  /** That no list may bring them back, kept as keyed hashes when they were erased or said no before. */
  suppressions: Suppression[]
  /** When somebody of the office, or a program of theirs, looked at or changed something of this person, or tried to, and was refused. */
  accesses: { at: Date; action: string; refused: boolean }[]
  /** What each kind of data is for, on which ground, and how long it stays. */
  purposes: Purpose[]
}

/** Collects what is stored about a person. The caller says who they are, and has made sure that it is they who ask. */
export async function disclose(deed: Deed, channel: Channel, contact: Contact): Promise<Disclosure> {
  const { tx } = deed
  const { id } = contact
  const parts = await absorbedBy(deed, id)
  const [row] = await tx.select({ unreachable: contacts.unreachable }).from(contacts).where(eq(contacts.id, id))
  const own = await tx
    .select()
    .from(subscriptions)
    .where(eq(subscriptions.contactId, id))
    .orderBy(subscriptions.joinedAt)
  const history = await historyOf(deed, channel.slug, [contact.subject, ...parts.map(({ subject }) => subject)])
  const lines = (await noticesOf(deed, [id])).get(id) ?? new Map<string, Date>()
  const hashes = await idHashesOf(deed, contact)
  const ids = [contact.phone, contact.userId].filter((one) => one !== undefined).length
  return {
    channel: { name: channel.name, town: channel.town, noticeUrl: channel.privacy.noticeUrl },
    createdAt: deed.now,
    identity: {
      phone: contact.phone ?? null,
      userId: contact.userId ?? null,
      name: contact.name ?? null,
      knownSince: contact.createdAt,
      lastMessageAt: contact.lastInboundAt,
      marketingStoppedAt: contact.marketingStoppedAt,
      unreachable: row?.unreachable ?? 0,
      formerIds: hashes.length - ids,
    },
    subscriptions: own.map(({ offering, topics, joinedAt, leftAt }) => ({
      offering,
      topics,
      since: joinedAt,
      until: leftAt,
    })),
    consents: history.map(({ seq: _, ...entry }) => ({ ...entry, poster: readSource(entry.source, channel).poster })),
    ...(await chatsOf(deed, id)),
    messages: await messagesOf(deed, id),
    automaticLines: [...lines]
      .map(([kind, at]) => ({ kind, at }))
      .sort((one, other) => one.at.getTime() - other.at.getTime()),
    suppressions: await suppressionsOf(deed, channel.slug, hashes),
    accesses: await accessesTo(deed, channel.slug, [id, ...parts.map((part) => part.id)]),
    purposes: purposesOf(channel),
  }
}

/** Deeds on a person and their matters, and the lists of all numbers that were given out while they were on them. */
async function accessesTo(deed: Deed, channel: string, contactIds: readonly string[]): Promise<Disclosure['accesses']> {
  const ids = uuids(contactIds)
  const listed = sql`${audit.action} = 'subscribers.export-begun'
    and ${audit.at} >= (select min(created_at) from ${contacts} where id = any(${ids}))
    and exists (select from ${subscriptions} s where s.contact_id = any(${ids}) and s.joined_at <= ${audit.at}
      and (s.left_at is null or s.left_at > ${audit.at}))`
  const theirs = sql`${audit.target} in (select unnest(${ids})::text union all select id::text from ${chats} where contact_id = any(${ids}))`
  const entries = await deed.tx
    .select({ at: audit.at, action: audit.action, detail: audit.detail })
    .from(audit)
    .where(and(eq(audit.channel, channel), or(theirs, listed)))
    .orderBy(asc(audit.id))
  return entries.map(({ at, action, detail }) => ({
    at,
    action,
    refused: (detail as { refused?: boolean }).refused === true,
  }))
}
