import { and, desc, eq, inArray, isNotNull, ne } from 'drizzle-orm'
import { noticesOf } from '../contacts/notices.ts'
import { channels, consentDetails, consents, subscriptions } from '../db/schema.ts'
import { skipQueued } from '../dispatch/queue.ts'
import type { Deed } from '../runtime.ts'
import { type ConsentEntry, type Offering, recordConsents } from './consents.ts'
import { PREFERENCE } from './source.ts'

type Who = { id: string; subject: string }
type Occasion = { channel: string; at: Date; source: string; messageId?: string; noticeVersion: string }

/** Under this name it is noted that somebody said no, also to what they were not subscribed to. */
export const noNotice = (offering: Offering) => `no ${offering}` as const

/**
 * These contacts are one person: what the `others` agreed to goes over to `keeper`, each with a ledger entry under both pseudonyms. The last word of all
 * counts: whoever said no with one id after saying yes with another is not subscribed. Answers with what ended. The caller holds the contacts' locks.
 */
export async function uniteSubscriptions(
  deed: Deed,
  keeper: Who,
  others: readonly Who[],
  occasion: Occasion,
): Promise<Offering[]> {
  const { tx } = deed
  const all = new Map([keeper, ...others].map((who) => [who.id, who]))
  // As in `leave`: a broadcast that is just starting sees the end or waits for it.
  await tx.select({ slug: channels.slug }).from(channels).where(eq(channels.slug, occasion.channel)).for('share')
  const rows = await tx
    .select()
    .from(subscriptions)
    .where(inArray(subscriptions.contactId, [...all.keys()]))
  const notices = await noticesOf(deed, [...all.keys()])
  const entries: ConsentEntry[] = []
  const ended: Offering[] = []
  for (const offering of ['info', 'chat'] as const) {
    const of = rows.filter((row) => row.offering === offering)
    const active = of.filter((row) => row.leftAt === null)
    const noes = [
      ...of.flatMap((row) => row.leftAt ?? []),
      ...[...all.keys()].flatMap((id) => notices.get(id)?.get(noNotice(offering)) ?? []),
    ]
    const no = Math.max(...noes.map((at) => at.getTime()), Number.NEGATIVE_INFINITY)
    const yes = Math.max(...active.map((row) => row.joinedAt.getTime()), Number.NEGATIVE_INFINITY)
    const stays = yes > no
    const latestOnes = active.filter((row) => row.joinedAt.getTime() === yes)
    const kept = stays ? (latestOnes.find((row) => row.contactId === keeper.id) ?? latestOnes[0]) : undefined
    for (const row of active) {
      const { subject } = all.get(row.contactId)!
      const common = { offering, at: occasion.at, source: occasion.source, messageId: occasion.messageId }
      if (row !== kept) {
        // Only the latest stays, an earlier no must not end it. The others are dropped: as ended ones they would look like a no.
        if (stays) await tx.delete(subscriptions).where(eq(subscriptions.id, row.id))
        else
          await tx
            .update(subscriptions)
            .set({ leftAt: latest(occasion.at, row.joinedAt) })
            .where(eq(subscriptions.id, row.id))
        const action = stays ? 'moved' : 'withdrawn'
        // What takes the place of the keeper's own is noted below, under the same pseudonym.
        if (stays && row.contactId === keeper.id) continue
        entries.push({ ...common, subject, action, noticeVersion: occasion.noticeVersion, topics: row.topics })
      } else if (row.contactId !== keeper.id) {
        const proof = await proofOf(deed, subject, offering)
        const entry = { ...common, action: 'moved' as const, noticeVersion: occasion.noticeVersion, topics: row.topics }
        entries.push({ ...entry, subject }, { ...entry, ...proof, subject: keeper.subject })
      }
    }
    if (active.length > 0 && !stays) ended.push(offering)
  }
  await tx
    .update(subscriptions)
    .set({ contactId: keeper.id })
    .where(inArray(subscriptions.contactId, [...all.keys()]))
  if (ended.includes('info')) await skipQueued(deed, { contactIds: [...all.keys()] })
  await recordConsents(deed, occasion.channel, entries)
  return ended
}

const latest = (one: Date, other: Date) => (one > other ? one : other)

/** What the last consent to an offering was given with: it goes along to the pseudonym that holds the consent from now on. */
async function proofOf(deed: Deed, subject: string, offering: Offering): Promise<Partial<ConsentEntry>> {
  const [last] = await deed.tx
    .select({
      noticeVersion: consents.noticeVersion,
      wording: consents.wording,
      sealed: consentDetails.messageIdSealed,
    })
    .from(consents)
    .leftJoin(consentDetails, eq(consentDetails.consentId, consents.id))
    .where(
      and(
        eq(consents.subject, subject),
        eq(consents.offering, offering),
        inArray(consents.action, ['granted', 'moved']),
        ne(consents.source, PREFERENCE),
        isNotNull(consents.wording),
      ),
    )
    .orderBy(desc(consents.id))
    .limit(1)
  if (!last) return {}
  const { noticeVersion, wording, sealed } = last
  return {
    noticeVersion,
    wording: wording ?? undefined,
    ...(sealed === null ? {} : { messageId: deed.vault.open(sealed) }),
  }
}

/** Notes in the ledger that a person goes by another number or user id, for everything they are subscribed to. */
export async function recordMove(deed: Deed, who: Who, occasion: Occasion): Promise<void> {
  const active = await deed.tx
    .select({ offering: subscriptions.offering, topics: subscriptions.topics, leftAt: subscriptions.leftAt })
    .from(subscriptions)
    .where(eq(subscriptions.contactId, who.id))
    .orderBy(subscriptions.joinedAt, subscriptions.offering)
  const { channel, at, source, messageId, noticeVersion } = occasion
  await recordConsents(
    deed,
    channel,
    await Promise.all(
      active
        .filter(({ leftAt }) => leftAt === null)
        .map(async ({ offering, topics }): Promise<ConsentEntry> => {
          const proof = await proofOf(deed, who.subject, offering)
          return {
            subject: who.subject,
            offering,
            action: 'moved',
            at,
            source,
            topics,
            wording: proof.wording,
            noticeVersion: proof.noticeVersion ?? noticeVersion,
            messageId,
          }
        }),
    ),
  )
}
