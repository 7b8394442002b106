import { and, asc, eq, inArray, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import { type Actor, record } from '../audit/audit.ts'
import { contactById } from '../contacts/contacts.ts'
import { absorbedBy } from '../contacts/moving.ts'
import { consentDetails, consentHeads, consents } from '../db/schema.ts'
import { Refusal } from '../refusal.ts'
import type { Deed } from '../runtime.ts'
import { type ChainedEntry, chainHash, detailHashOf } from './consents.ts'
import { refusedFor, sayableReason } from './reason.ts'

/** One ledger entry with what somebody else needs to compute its hash anew. Hashes are hex. */
export type ProvenEntry = Omit<ChainedEntry, 'channel' | 'detailHash'> & {
  recordedAt: Date
  /** Meta's id of the message that expressed the wish; with the salt it gives `detailHash` */
  messageId: string | null
  salt: string | null
  detailHash: string | null
  previousHash: string
  hash: string
  /** Fields, message id and the hash before it give this hash. */
  intact: boolean
  /** The entry after it, or the end of the ledger, builds on this hash. */
  linked: boolean
}

export type Proof = {
  channel: string
  contactId: string
  /** The pseudonyms under which the ledger knows this person. */
  subjects: string[]
  createdAt: Date
  entries: ProvenEntry[]
}

/**
 * Proves what one person agreed to and when they took it back (Art. 7(1) GDPR), oldest first, for a stated reason that stands in the audit log: Meta's
 * message ids tell the number. Each entry is verified with the one before and the one after it, at a cost that does not grow with the ledger; whether the
 * whole chain holds is for `verifyChain` to say.
 * @returns a Refusal for a reason that names them: see `refusedFor`
 * @throws Refusal not-found, invalid-input without a reason that can be kept
 */
export async function proofFor(
  deed: Deed,
  actor: Actor,
  channel: string,
  contactId: string,
  reason: string,
): Promise<Proof | Refusal> {
  const why = sayableReason(reason)
  const contact = await contactById(deed, contactId)
  if (contact?.channel !== channel) throw new Refusal('not-found')
  const refused = refusedFor(why, contact)
  const detail = refused ? { refused: true } : { reason: why }
  await record(deed, actor, { action: 'subscriber.proof-read', channel, target: contactId, detail })
  if (refused) return refused
  const subjects = [contact.subject, ...(await absorbedBy(deed, contactId)).map(({ subject }) => subject)]
  const before = alias(consents, 'before')
  const after = alias(consents, 'after')
  const rows = await deed.tx
    .select({ entry: consents, detail: consentDetails, previous: before.hash, next: after, end: consentHeads })
    .from(consents)
    .leftJoin(consentDetails, eq(consentDetails.consentId, consents.id))
    .leftJoin(before, and(eq(before.channel, consents.channel), eq(before.seq, sql`${consents.seq} - 1`)))
    .leftJoin(after, and(eq(after.channel, consents.channel), eq(after.seq, sql`${consents.seq} + 1`)))
    .leftJoin(consentHeads, eq(consentHeads.channel, consents.channel))
    .where(and(eq(consents.channel, channel), inArray(consents.subject, subjects)))
    .orderBy(asc(consents.seq))
  return {
    channel,
    contactId,
    subjects,
    createdAt: deed.now,
    entries: rows.map(({ entry, detail, previous, next, end }) => {
      const messageId = detail ? deed.vault.open(detail.messageIdSealed) : null
      const fitsDetail = !detail || entry.detailHash?.equals(detailHashOf(detail.salt, messageId!)) === true
      const { seq, subject, offering, action, topics, at, source, noticeVersion, wording, recordedAt } = entry
      return {
        ...{ seq, subject, offering, action, topics, at, source, noticeVersion, wording, recordedAt, messageId },
        salt: detail?.salt.toString('hex') ?? null,
        detailHash: entry.detailHash?.toString('hex') ?? null,
        previousHash: previous?.toString('hex') ?? '',
        hash: entry.hash.toString('hex'),
        intact: fitsDetail && chainHash(previous ?? Buffer.alloc(0), entry).equals(entry.hash),
        linked: next
          ? chainHash(entry.hash, next).equals(next.hash)
          : end?.seq === entry.seq && end.hash.equals(entry.hash),
      }
    }),
  }
}
