import { and, asc, eq, gt, isNull, sql } from 'drizzle-orm'
import { type Actor, record } from '../audit/audit.ts'
import { openContact } from '../contacts/contacts.ts'
import { consents, contacts, subscriptions } from '../db/schema.ts'
import { type Deed, inDeed, type Runtime } from '../runtime.ts'
import type { Offering } from './consents.ts'
import { COLUMNS } from './import-line.ts'
import { PREFERENCE } from './source.ts'

/** The fields of one line, in the order of `COLUMNS`. */
export type ExportedLine = string[]

/**
 * Everybody who is subscribed, with the proof of it, in pages of constant size; the first page is the heading. It reveals every number: an audit entry
 * is written before the first line leaves, another with the count at the end.
 */
export async function* exportSubscribers(
  runtime: Pick<Runtime, 'db' | 'vault' | 'now'>,
  actor: Actor,
  channel: string,
  { page = 1000, reason }: { page?: number; reason?: string } = {},
): AsyncGenerator<ExportedLine[]> {
  const note = (action: string, detail: Record<string, unknown>) =>
    inDeed(runtime, (deed) => record(deed, actor, { action, channel, detail }))
  await note('subscribers.export-begun', reason === undefined ? {} : { reason })
  yield [[...COLUMNS]]
  let lines = 0
  for (const offering of ['info', 'chat'] as const) {
    let after: string | undefined
    for (;;) {
      const found = await inDeed(runtime, (deed) => pageOf(deed, channel, offering, after, page))
      if (found.length === 0) break
      after = found.at(-1)!.contactId
      lines += found.length
      yield found.map(({ line }) => line)
    }
  }
  await note('subscribers.exported', { lines })
}

async function pageOf(deed: Deed, channel: string, offering: Offering, after: string | undefined, limit: number) {
  const rows = await deed.tx
    .select({ subscription: subscriptions, contact: contacts })
    .from(subscriptions)
    .innerJoin(contacts, eq(contacts.id, subscriptions.contactId))
    .where(
      and(
        eq(subscriptions.channel, channel),
        eq(subscriptions.offering, offering),
        isNull(subscriptions.leftAt),
        after === undefined ? undefined : gt(subscriptions.contactId, after),
      ),
    )
    .orderBy(asc(subscriptions.contactId))
    .limit(limit)
  const proofs = await proofsOf(
    deed,
    offering,
    rows.map(({ subscription, contact }) => ({ subject: contact.subject, joinedAt: subscription.joinedAt })),
  )
  return rows.map(({ subscription, contact }) => {
    const { phone, userId } = openContact(deed.vault, contact)
    const proof = proofs.get(contact.subject)
    const line = [
      phone ?? '',
      userId ?? '',
      offering,
      (subscription.topics ?? []).join(';'),
      subscription.joinedAt.toISOString(),
      proof?.source ?? '',
      proof?.wording ?? '',
      proof?.notice ?? '',
    ]
    return { contactId: contact.id, line }
  })
}

/** Of each pseudonym the entry with which the subscription began, else the latest consent. */
async function proofsOf(deed: Deed, offering: Offering, people: readonly { subject: string; joinedAt: Date }[]) {
  const asked = people.map(({ subject, joinedAt }) => ({ subject, joined_at: joinedAt.toISOString() }))
  const rows = await deed.tx.execute<{ subject: string; source: string; wording: string | null; notice: string }>(sql`
    select r.subject, e.source, e.wording, e.notice_version as notice
    from jsonb_to_recordset(${JSON.stringify(asked)}::jsonb) as r(subject uuid, joined_at timestamptz)
    cross join lateral (
      select c.source, c.wording, c.notice_version from ${consents} c
      where c.subject = r.subject and c.offering = ${offering} and c.action in ('granted', 'moved') and c.source <> ${PREFERENCE}
      order by c.wording is null, c.at = r.joined_at desc, c.id desc limit 1) e`)
  return new Map(rows.map(({ subject, ...proof }) => [subject, proof]))
}
