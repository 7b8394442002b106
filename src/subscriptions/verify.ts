import { and, asc, eq, gt } from 'drizzle-orm'
import type { Db } from '../db/db.ts'
import { consentDetails, consentHeads, consents } from '../db/schema.ts'
import type { Vault } from '../db/vault.ts'
import { chainHash, detailHashOf } from './consents.ts'

/** What a walk along a channel's ledger found. */
export type Verdict = {
  channel: string
  entries: number
  /** Hash of the last entry as hex. Noted outside of this database, it also proves that nobody rewrote the whole chain. */
  head: string
  /** The first place where the chain does not hold; null if it holds. */
  broken: { seq: number; why: 'missing' | 'changed' | 'detail-changed' | 'rewritten' | 'head-differs' } | null
}

/** An entry and the hash (hex) it had when an earlier walk ended there. */
export type Anchor = { seq: number; hash: string }

const PAGE = 2000

/**
 * Walks the whole ledger of a channel in one frozen view of the database and computes every hash anew: entries changed, removed, put in between or cut off
 * at the end are found, as are message ids that do not belong to their entry. With the ends of earlier walks it also finds a ledger that was cut off or
 * rewritten as a whole since. @throws CannotOpen without the key of a message id
 */
export async function verifyChain(
  { db, vault }: { db: Db; vault: Vault },
  channel: string,
  anchors: readonly Anchor[] = [],
): Promise<Verdict> {
  const isOther = (seq: number, own: string) => anchors.some((anchor) => anchor.seq === seq && anchor.hash !== own)
  return db.transaction(
    async (tx) => {
      let [seq, hash]: [number, Buffer] = [0, Buffer.alloc(0)]
      const found = (broken: Verdict['broken']): Verdict => ({
        channel,
        entries: seq,
        head: hash.toString('hex'),
        broken,
      })
      for (;;) {
        const rows = await tx
          .select({ entry: consents, detail: consentDetails })
          .from(consents)
          .leftJoin(consentDetails, eq(consentDetails.consentId, consents.id))
          .where(and(eq(consents.channel, channel), gt(consents.seq, seq)))
          .orderBy(asc(consents.seq))
          .limit(PAGE)
        for (const { entry, detail } of rows) {
          if (entry.seq !== seq + 1) return found({ seq: seq + 1, why: 'missing' })
          if (!chainHash(hash, entry).equals(entry.hash)) return found({ seq: entry.seq, why: 'changed' })
          if (detail && !entry.detailHash?.equals(detailHashOf(detail.salt, vault.open(detail.messageIdSealed))))
            return found({ seq: entry.seq, why: 'detail-changed' })
          if (isOther(entry.seq, entry.hash.toString('hex'))) return found({ seq: entry.seq, why: 'rewritten' })
          seq = entry.seq
          hash = entry.hash
        }
        if (rows.length < PAGE) break
      }
      if (anchors.some((anchor) => anchor.seq > seq)) return found({ seq: seq + 1, why: 'missing' })
      const [head] = await tx.select().from(consentHeads).where(eq(consentHeads.channel, channel))
      const same = head ? head.seq === seq && head.hash.equals(hash) : seq === 0
      return found(same ? null : { seq: seq + 1, why: (head?.seq ?? 0) > seq ? 'missing' : 'head-differs' })
    },
    { isolationLevel: 'repeatable read', accessMode: 'read only' },
  )
}

/** Every channel that has a ledger, also those whose file is gone. */
export async function channelsWithLedger(db: Db): Promise<string[]> {
  const [written, headed] = [
    await db.selectDistinct({ channel: consents.channel }).from(consents),
    await db.select({ channel: consentHeads.channel }).from(consentHeads),
  ]
  return [...new Set([...written, ...headed].map(({ channel }) => channel))].sort()
}
