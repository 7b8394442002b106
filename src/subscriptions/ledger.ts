import { and, desc, eq, inArray, sql } from 'drizzle-orm'
import { consentDetails, consents } from '../db/schema.ts'
import type { Deed } from '../runtime.ts'
import { namesSomebody } from '../whatsapp/message-id.ts'
import type { ConsentAction, Offering } from './consents.ts'

/** One entry as it may be shown: who it was stays a pseudonym. */
export type LedgerEntry = {
  seq: number
  offering: Offering
  action: ConsentAction
  topics: string[] | null
  at: Date
  source: string
  /** null: there was none, or it was erased with the person's data */
  messageId: string | null
  noticeVersion: string
  wording: string | null
  subject: string
}

/**
 * The ledger of a channel, latest deed first: an imported consent stands where it was given. `before` is the last entry of the page before. A message id that tells the number is replaced by its
 * keyed fingerprint, since it would undo the pseudonym beside it; `proofFor` gives it, for a reason and with an audit entry.
 */
export async function ledgerOf(
  deed: Deed,
  channel: string,
  page: { limit: number; before?: Pick<LedgerEntry, 'at' | 'seq'> },
): Promise<LedgerEntry[]> {
  const entries = await read(
    deed,
    and(
      eq(consents.channel, channel),
      page.before &&
        sql`(${consents.at}, ${consents.seq}) < (${page.before.at.toISOString()}::timestamptz, ${page.before.seq})`,
    ),
    page.limit,
  )
  return entries.map((entry) => ({ ...entry, messageId: entry.messageId && harmless(deed, entry.messageId) }))
}

const harmless = (deed: Deed, messageId: string) =>
  namesSomebody(messageId) ? `fp_${deed.vault.fingerprint('wamid', messageId).toString('hex')}` : messageId

/** Everything the ledger holds under these pseudonyms, newest first. */
export function historyOf(deed: Deed, channel: string, subjects: readonly string[]): Promise<LedgerEntry[]> {
  return read(deed, and(inArray(consents.subject, [...subjects]), eq(consents.channel, channel)), 1000)
}

async function read(deed: Deed, which: ReturnType<typeof and>, limit: number): Promise<LedgerEntry[]> {
  const rows = await deed.tx
    .select({
      id: consents.id,
      seq: consents.seq,
      offering: consents.offering,
      action: consents.action,
      topics: consents.topics,
      at: consents.at,
      source: consents.source,
      noticeVersion: consents.noticeVersion,
      wording: consents.wording,
      subject: consents.subject,
    })
    .from(consents)
    .where(which)
    .orderBy(desc(consents.at), desc(consents.seq))
    .limit(limit)
  const ids = rows.map(({ id }) => id)
  const details = await deed.tx.select().from(consentDetails).where(inArray(consentDetails.consentId, ids))
  const sealed = new Map(details.map(({ consentId, messageIdSealed }) => [consentId, messageIdSealed]))
  return rows.map(({ id, ...row }) => {
    const kept = sealed.get(id)
    return { ...row, messageId: kept ? deed.vault.open(kept) : null }
  })
}
