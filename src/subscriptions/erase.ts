import { and, desc, eq, isNull } from 'drizzle-orm'
import { type Contact, contactById } from '../contacts/contacts.ts'
import { idHashesOf } from '../contacts/enrol.ts'
import { absorbedBy } from '../contacts/moving.ts'
import { noticesOf } from '../contacts/notices.ts'
import { consents, subscriptions } from '../db/schema.ts'
import type { Deed } from '../runtime.ts'
import { forgetDetails, recordConsents } from './consents.ts'
import { latestNo, type Suppression, suppress } from './suppressions.ts'
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
  const no = contact && (await latestNoOf(deed, contact))
  if (no) await suppress(deed, channel, await idHashesOf(deed, contact), no)
}

/** The latest no of somebody to anything, under whichever of their ids. One that is noted already keeps its reason. */
export async function latestNoOf(deed: Deed, contact: Contact): Promise<Suppression | undefined> {
  const noted = await latestNo(deed, contact.channel, await idHashesOf(deed, contact))
  const rows = await deed.tx
    .select({ leftAt: subscriptions.leftAt })
    .from(subscriptions)
    .where(eq(subscriptions.contactId, contact.id))
  const lines = (await noticesOf(deed, [contact.id])).get(contact.id)
  const noes = [
    noted?.at,
    contact.marketingStoppedAt,
    ...rows.map(({ leftAt }) => leftAt),
    ...(['info', 'chat'] as const).map((offering) => lines?.get(noNotice(offering))),
  ].filter((at) => at instanceof Date)
  if (noes.length === 0) return undefined
  return { reason: noted?.reason ?? 'left', at: new Date(Math.max(...noes.map((no) => no.getTime()))) }
}
