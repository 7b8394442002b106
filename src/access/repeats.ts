import { eq, inArray, lt, sql } from 'drizzle-orm'
import { idempotency } from '../db/schema.ts'
import { Refusal } from '../refusal.ts'
import type { Deed } from '../runtime.ts'

export type Repeatable = { principal: string; method: string; path: string; key: string; body: string }

/** Keyed, since a program may put a number into its key. */
const hashOf = ({ vault }: Pick<Deed, 'vault'>, { principal, method, path, key }: Repeatable): Buffer =>
  vault.fingerprint('idempotency-request', JSON.stringify([principal, method, path, key]))

/**
 * Is this the repeat of a request already answered? Then that answer; null means: carry it out, and `keepAnswer` in the same transaction. So an answer is
 * kept exactly if the deed is done, and a refused or crashed request may be repeated with the same key.
 * Waits up to five seconds for the same request running elsewhere, then refuses with `still-in-progress`.
 */
export async function answerBefore(deed: Deed, request: Repeatable): Promise<object | null> {
  const key = hashOf(deed, request)
  const bodyHash = deed.vault.fingerprint('idempotency', request.body)
  await deed.tx.execute(sql`set local lock_timeout = '5s'`)
  const fresh = await deed.tx
    .insert(idempotency)
    .values({ key, bodyHash, at: deed.now })
    .onConflictDoNothing()
    .returning({ key: idempotency.key })
    .catch((error: unknown) => {
      throw isLockTimeout(error) ? new Refusal('still-in-progress') : error
    })
  await deed.tx.execute(sql`set local lock_timeout = 0`)
  if (fresh.length > 0) return null
  const [row] = await deed.tx.select().from(idempotency).where(eq(idempotency.key, key))
  if (!row || row.answer === null) throw new Refusal('still-in-progress')
  if (!row.bodyHash.equals(bodyHash)) throw new Refusal('idempotency-conflict')
  return row.answer as object
}

/** The answer that this request was given before, without waiting for one that is just being carried out; null if there is none. */
export async function keptAnswer(deed: Deed, request: Repeatable): Promise<object | null> {
  const [row] = await deed.tx
    .select()
    .from(idempotency)
    .where(eq(idempotency.key, hashOf(deed, request)))
  if (!row || row.answer === null) return null
  if (!row.bodyHash.equals(deed.vault.fingerprint('idempotency', request.body)))
    throw new Refusal('idempotency-conflict')
  return row.answer as object
}

/** Keeps the answer for repeats, in the transaction that did the deed. It must hold nothing personal, since it is stored as it is. */
export async function keepAnswer(deed: Deed, request: Repeatable, answer: object): Promise<void> {
  await deed.tx
    .update(idempotency)
    .set({ answer })
    .where(eq(idempotency.key, hashOf(deed, request)))
}

/** Forgets answers given before this moment, at most `limit`: a repeat after that is a new request. Returns how many. */
export async function forgetAnswers(deed: Deed, before: Date, limit: number): Promise<number> {
  const over = deed.tx.select({ key: idempotency.key }).from(idempotency).where(lt(idempotency.at, before)).limit(limit)
  const gone = await deed.tx
    .delete(idempotency)
    .where(inArray(idempotency.key, over))
    .returning({ key: idempotency.key })
  return gone.length
}

function isLockTimeout(error: unknown): boolean {
  for (let depth = 0; error instanceof Error && depth < 8; depth++) {
    if ((error as { code?: unknown }).code === '55P03') return true
    error = error.cause
  }
  return false
}
