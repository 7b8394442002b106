import { and, desc, eq, isNull } from 'drizzle-orm'
import { contactById } from '../contacts/contacts.ts'
import { idHashesOf } from '../contacts/enrol.ts'
import { absorbedBy } from '../contacts/moving.ts'
import { noticesOf } from '../contacts/notices.ts'
import { consents, subscriptions } from '../db/schema.ts'
import type { Deed } from '../runtime.ts'
import { forgetDetails, recordConsents } from './consents.ts'
import { latestNo, suppress } from './suppressions.ts'
import { noNotice } from './unite.ts'

type Who = { contactId: string; subject: string; channel: string }

/**
 * Drops everything a person subscribed to, and what ties the ledger to messages of theirs. Consents still in force are noted as `expired`; the ledger's
 * entries stay under a pseudonym that nobody can resolve once the contact is gone. If they ever said no, keyed hashes of their ids stay too, so that no
 * import overrules it. Returns how many subscriptions were dropped.
 */
export async function eraseSubscriptions(
  deed: Deed,
  { contactId, subject, channel }: Who,
  source: string,
): Promise<number> {
  const { tx, now } = deed
  await rememberNo(deed, channel, contactId)
  const active = await tx
    .select({ offering: subscriptions.offering })
    .from(subscriptions)
    .where(and(eq(subscriptions.contactId, contactId), isNull(subscriptions.leftAt)))
  if (active.length > 0) {
    const [last] = await tx
      .select({ noticeVersion: consents.noticeVersion })
      .from(consents)
      .where(eq(consents.subject, subject))
      .orderBy(desc(consents.id))
      .limit(1)
    const noticeVersion = last?.noticeVersion ?? ''
    await recordConsents(
      deed,
      channel,
      active.map(({ offering }) => ({ subject, offering, action: 'expired', at: now, source, noticeVersion })),
    )
  }
  const dropped = await tx
    .delete(subscriptions)
    .where(eq(subscriptions.contactId, contactId))
    .returning({ id: subscriptions.id })
  const parts = await absorbedBy(deed, contactId)
  await forgetDetails(deed, [subject, ...parts.map((part) => part.subject)])
  return dropped.length
}

async function rememberNo(deed: Deed, channel: string, contactId: string): Promise<void> {
  const contact = await contactById(deed, contactId)
  if (!contact) return
  const rows = await deed.tx
    .select({ leftAt: subscriptions.leftAt })
    .from(subscriptions)
    .where(eq(subscriptions.contactId, contactId))
  const lines = (await noticesOf(deed, [contactId])).get(contactId)
  const hashes = await idHashesOf(deed, contact)
  const noes = [
    (await latestNo(deed, channel, hashes))?.at,
    contact.marketingStoppedAt,
    ...rows.map(({ leftAt }) => leftAt),
    ...(['info', 'chat'] as const).map((offering) => lines?.get(noNotice(offering))),
  ].filter((at) => at instanceof Date)
  if (noes.length === 0) return
  const at = new Date(Math.max(...noes.map((no) => no.getTime())))
  await suppress(deed, channel, hashes, { reason: 'left', at })
}
