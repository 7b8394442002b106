import { and, asc, eq, gte, inArray, isNull, lt, or, sql } from 'drizzle-orm'
import { contacts, subscriptions } from '../db/schema.ts'
import { skipQueued } from '../dispatch/queue.ts'
import type { Deed } from '../runtime.ts'
import { recordConsents } from './consents.ts'

/**
 * Ends the newsletter of those whom WhatsApp called unreachable for long enough, without a word: they would not get it. The ledger notes `expired`, which
 * is nobody's no. Whoever wrote since then is reachable. Returns how many, at most `limit`.
 */
export async function dropUnreachable(
  deed: Deed,
  channel: { slug: string; noticeVersion: string },
  { broadcasts, since, limit }: { broadcasts: number; since: Date; limit: number },
): Promise<number> {
  const people = await deed.tx
    .select({ id: contacts.id, subject: contacts.subject, topics: subscriptions.topics })
    .from(contacts)
    .innerJoin(
      subscriptions,
      and(
        eq(subscriptions.contactId, contacts.id),
        eq(subscriptions.offering, 'info'),
        isNull(subscriptions.leftAt),
        sql`${subscriptions.joinedAt} < ${contacts.unreachableSince}`,
      ),
    )
    .where(
      and(
        eq(contacts.channel, channel.slug),
        gte(contacts.unreachable, broadcasts),
        lt(contacts.unreachableSince, since),
        or(isNull(contacts.lastInboundAt), lt(contacts.lastInboundAt, contacts.unreachableSince)),
      ),
    )
    .orderBy(asc(contacts.id))
    .limit(limit)
    .for('no key update', { of: contacts })
  if (people.length === 0) return 0
  const ids = people.map(({ id }) => id)
  await deed.tx
    .delete(subscriptions)
    .where(and(inArray(subscriptions.contactId, ids), eq(subscriptions.offering, 'info'), isNull(subscriptions.leftAt)))
  await skipQueued(deed, { contactIds: ids })
  await recordConsents(
    deed,
    channel.slug,
    people.map(({ subject, topics }) => ({
      subject,
      offering: 'info',
      action: 'expired',
      at: deed.now,
      source: 'unreachable',
      noticeVersion: channel.noticeVersion,
      topics,
    })),
  )
  return people.length
}
