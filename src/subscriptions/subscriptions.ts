import { and, inArray, isNull, type SQL, sql } from 'drizzle-orm'
import { channels, contacts, subscriptions } from '../db/schema.ts'
import { uuids } from '../db/sets.ts'
import { skipQueued } from '../dispatch/queue.ts'
import type { Deed } from '../runtime.ts'
import { type ConsentEntry, type Offering, recordConsents } from './consents.ts'

/** One citizen's wish about one offering, with everything that the ledger must be able to prove. */
export type Wish = {
  channel: string
  contactId: string
  subject: string
  offering: Offering
  at: Date
  source: string
  messageId?: string
  noticeVersion: string
  wording?: string
  /** null or absent = all topics */
  topics?: string[] | null
}

/** Starts subscriptions with their proof. True for each that is new; joining twice changes nothing and writes nothing. */
export async function join(deed: Deed, wishes: readonly Wish[]): Promise<boolean[]> {
  if (wishes.length === 0) return []
  const rows = wishes.map((wish) => ({
    channel: wish.channel,
    contact_id: wish.contactId,
    offering: wish.offering,
    topics: wish.topics ?? null,
    joined_at: wish.at.toISOString(),
  }))
  const joined = await deed.tx.execute<{ contact_id: string; offering: Offering }>(sql`
    insert into ${subscriptions} (channel, contact_id, offering, topics, joined_at)
    select channel, contact_id, offering, topics, joined_at
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(channel text, contact_id uuid, offering offering, topics text[], joined_at timestamptz)
    on conflict do nothing returning contact_id, offering`)
  return prove(
    deed,
    wishes,
    joined.map((row) => ({ contactId: row.contact_id, offering: row.offering })),
    'granted',
  )
}

/**
 * Ends subscriptions: keeps the proof and skips the broadcasts still queued for these contacts. True for each that was subscribed.
 * The shared lock on the channel's row makes a broadcast that is just starting either see the end or wait for it.
 */
export async function leave(deed: Deed, wishes: readonly Wish[]): Promise<boolean[]> {
  if (wishes.length === 0) return []
  const { tx } = deed
  await tx
    .select({ slug: channels.slug })
    .from(channels)
    .where(inArray(channels.slug, [...new Set(wishes.map((wish) => wish.channel))]))
    .for('share')
  const ends = wishes.map((wish) => ({
    contact_id: wish.contactId,
    offering: wish.offering,
    at: wish.at.toISOString(),
  }))
  const left = await tx
    .update(subscriptions)
    .set({ leftAt: sql`greatest(r.at, ${subscriptions.joinedAt})` })
    .from(
      sql`jsonb_to_recordset(${JSON.stringify(ends)}::jsonb) as r(contact_id uuid, offering offering, at timestamptz)`,
    )
    .where(
      and(
        isNull(subscriptions.leftAt),
        sql`${subscriptions.contactId} = r.contact_id and ${subscriptions.offering} = r.offering`,
      ),
    )
    .returning({ contactId: subscriptions.contactId, offering: subscriptions.offering })
  const fromInfo = wishes.filter((wish) => wish.offering === 'info').map((wish) => wish.contactId)
  if (fromInfo.length > 0) await skipQueued(deed, { contactIds: fromInfo })
  return prove(deed, wishes, left, 'withdrawn')
}

async function prove(
  deed: Deed,
  wishes: readonly Wish[],
  changed: readonly { contactId: string; offering: Offering }[],
  action: 'granted' | 'withdrawn',
): Promise<boolean[]> {
  const keys = new Set(changed.map((row) => `${row.contactId} ${row.offering}`))
  const effective = wishes.map((wish) => keys.delete(`${wish.contactId} ${wish.offering}`))
  const byChannel = new Map<string, ConsentEntry[]>()
  for (const [i, wish] of wishes.entries()) {
    if (!effective[i]) continue
    const entries = byChannel.get(wish.channel) ?? []
    byChannel.set(wish.channel, entries)
    entries.push({ ...wish, action })
  }
  for (const [channel, entries] of [...byChannel].sort()) await recordConsents(deed, channel, entries)
  return effective
}

export type Audience = { channel: string; offering: 'info'; topics?: readonly string[]; marketing?: boolean }

/**
 * A SELECT of the `contact_id`s that a broadcast reaches: active subscribers, of whom those without a choice of topics get every topic.
 * With `marketing`, whoever stopped marketing messages inside WhatsApp is left out.
 */
export function membersOf(audience: Audience): SQL {
  const topics = audience.topics?.length ? [...audience.topics] : null
  return sql`select s.contact_id from ${subscriptions} s
    ${audience.marketing ? sql`join ${contacts} c on c.id = s.contact_id and c.marketing_stopped_at is null` : sql``}
    where s.channel = ${audience.channel} and s.offering = ${audience.offering} and s.left_at is null
    ${topics ? sql`and (s.topics is null or s.topics && array(select jsonb_array_elements_text(${JSON.stringify(topics)}::jsonb)))` : sql``}`
}

export type ActiveSubscription = { offering: Offering; joinedAt: Date; topics: string[] | null }

/** What each of these contacts is subscribed to right now; contacts without any are absent. */
export async function activeOfferings(
  deed: Deed,
  contactIds: readonly string[],
): Promise<Map<string, ActiveSubscription[]>> {
  const found = new Map<string, ActiveSubscription[]>()
  if (contactIds.length === 0) return found
  const rows = await deed.tx
    .select()
    .from(subscriptions)
    .where(and(sql`${subscriptions.contactId} = any(${uuids(contactIds)})`, isNull(subscriptions.leftAt)))
  for (const { contactId, offering, joinedAt, topics } of rows) {
    found.set(contactId, [...(found.get(contactId) ?? []), { offering, joinedAt, topics }])
  }
  return found
}

/** Changes which topics of `info` a subscriber gets, with a ledger entry; null = all. True for each that changed; contacts without a subscription stay without. */
export async function chooseTopics(deed: Deed, wishes: readonly Wish[]): Promise<boolean[]> {
  if (wishes.length === 0) return []
  const choices = wishes.map((wish) => ({ contact_id: wish.contactId, topics: wish.topics ?? null }))
  const changed = await deed.tx
    .update(subscriptions)
    .set({ topics: sql`r.topics` })
    .from(sql`jsonb_to_recordset(${JSON.stringify(choices)}::jsonb) as r(contact_id uuid, topics text[])`)
    .where(
      and(
        isNull(subscriptions.leftAt),
        sql`${subscriptions.contactId} = r.contact_id and ${subscriptions.offering} = 'info' and ${subscriptions.topics} is distinct from r.topics`,
      ),
    )
    .returning({ contactId: subscriptions.contactId, offering: subscriptions.offering })
  return prove(deed, wishes, changed, 'granted')
}
