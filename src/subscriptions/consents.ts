import { createHash, randomBytes } from 'node:crypto'
import { eq, inArray, sql } from 'drizzle-orm'
import { consentDetails, consentHeads, consents } from '../db/schema.ts'
import type { Deed } from '../runtime.ts'

export type Offering = 'info' | 'chat'
export type ConsentAction = 'granted' | 'withdrawn' | 'moved' | 'expired'

/** What the ledger is told. `subject` is the contact's pseudonym, never the contact. */
export type ConsentEntry = {
  subject: string
  offering: Offering
  action: ConsentAction
  at: Date
  source: string
  noticeVersion: string
  topics?: string[] | null
  /** Meta's id of the message that expressed the wish; provable as long as its salt is kept. */
  messageId?: string
  wording?: string
}

/** The fields that the chain vouches for, in the order in which they are hashed. */
export type ChainedEntry = {
  channel: string
  seq: number
  subject: string
  offering: string
  action: string
  topics: string[] | null
  at: Date
  source: string
  noticeVersion: string
  wording: string | null
  detailHash: Buffer | null
}

/** sha256 over the previous hash and the entry; the same function writes and verifies. */
export function chainHash(previous: Buffer, entry: ChainedEntry): Buffer {
  const { channel, seq, subject, offering, action, topics, at, source, noticeVersion, wording, detailHash } = entry
  const fields = [channel, seq, subject, offering, action, topics, at.toISOString(), source, noticeVersion, wording]
  return createHash('sha256')
    .update(previous)
    .update(JSON.stringify([...fields, detailHash?.toString('hex') ?? null]))
    .digest()
}

/** sha256(salt | message id): meaningless without the salt. */
export const detailHashOf = (salt: Buffer, messageId: string) =>
  createHash('sha256').update(salt).update(messageId).digest()

/** Appends to a channel's ledger, in the deed that the entries prove. The lock on the chain's head orders concurrent writers. */
export async function recordConsents(deed: Deed, channel: string, entries: readonly ConsentEntry[]): Promise<void> {
  if (entries.length === 0) return
  const { tx } = deed
  await tx.insert(consentHeads).values({ channel }).onConflictDoNothing()
  const [head] = await tx.select().from(consentHeads).where(eq(consentHeads.channel, channel)).for('update')
  let { seq, hash } = head!
  const salts = entries.map((entry) => (entry.messageId === undefined ? null : randomBytes(16)))
  const rows = entries.map((entry, i) => {
    seq += 1
    const chained: ChainedEntry = {
      channel,
      seq,
      subject: entry.subject,
      offering: entry.offering,
      action: entry.action,
      topics: entry.topics ?? null,
      at: entry.at,
      source: entry.source,
      noticeVersion: entry.noticeVersion,
      wording: entry.wording ?? null,
      detailHash: salts[i] ? detailHashOf(salts[i], entry.messageId!) : null,
    }
    hash = chainHash(hash, chained)
    return { ...chained, hash }
  })
  // One parameter instead of a dozen for every row: a list of a thousand people costs the planner nothing.
  const records = rows.map((row) => ({
    seq: row.seq,
    subject: row.subject,
    offering: row.offering,
    action: row.action,
    topics: row.topics,
    at: row.at.toISOString(),
    source: row.source,
    notice: row.noticeVersion,
    wording: row.wording,
    detail: row.detailHash?.toString('hex') ?? null,
    hash: row.hash.toString('hex'),
  }))
  const written = await tx.execute<{ id: string; seq: string }>(sql`
    insert into ${consents} (channel, seq, subject, offering, action, topics, at, source, notice_version, wording, detail_hash, hash, recorded_at)
    select ${channel}, seq, subject, offering, action, topics, at, source, notice, wording, decode(detail, 'hex'), decode(hash, 'hex'),
      ${deed.now.toISOString()}::timestamptz
    from jsonb_to_recordset(${JSON.stringify(records)}::jsonb) as r(seq bigint, subject uuid, offering offering, action consent_action, topics text[],
      at timestamptz, source text, notice text, wording text, detail text, hash text)
    order by seq returning id, seq`)
  const idOf = new Map(written.map((row) => [Number(row.seq), Number(row.id)]))
  const details = entries.flatMap((entry, i) =>
    entry.messageId === undefined
      ? []
      : [{ consentId: idOf.get(rows[i]!.seq)!, salt: salts[i]!, messageIdSealed: deed.vault.seal(entry.messageId) }],
  )
  if (details.length > 0) await tx.insert(consentDetails).values(details)
  await tx.update(consentHeads).set({ seq, hash }).where(eq(consentHeads.channel, channel))
}

/** Drops what ties the ledger's entries of these pseudonyms to messages of theirs. The chain stays verifiable. */
export async function forgetDetails(deed: Deed, subjects: readonly string[]): Promise<void> {
  if (subjects.length === 0) return
  const theirs = deed.tx
    .select({ id: consents.id })
    .from(consents)
    .where(inArray(consents.subject, [...subjects]))
  await deed.tx.delete(consentDetails).where(sql`${consentDetails.consentId} in ${theirs}`)
}
