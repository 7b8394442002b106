import { and, eq, gt, inArray } from 'drizzle-orm'
import { outgoing } from '../db/schema.ts'
import type { Deed } from '../runtime.ts'

/** How long an answer waits for the citizen's tap; then it is tried, and WhatsApp refuses it, which the inbox is told. */
export const HELD_ANSWER_MS = 7 * 24 * 60 * 60 * 1000

/** Nothing else waits longer than an hour: what does, waits for a tap. */
const HOUR_MS = 60 * 60 * 1000

const heldFor = (deed: Deed, contactIds: readonly string[]) =>
  and(
    inArray(outgoing.contactId, [...contactIds]),
    eq(outgoing.kind, 'answer'),
    eq(outgoing.status, 'queued'),
    gt(outgoing.notBefore, new Date(deed.now.getTime() + HOUR_MS)),
  )

/** Does an answer wait for this citizen's tap? */
export async function hasHeldAnswer(deed: Deed, contactId: string): Promise<boolean> {
  const [row] = await deed.tx
    .select({ id: outgoing.id })
    .from(outgoing)
    .where(heldFor(deed, [contactId]))
    .limit(1)
  return row !== undefined
}

/** Lets the answers go that waited for these citizens to write; the caller wakes the sender. Returns how many. */
export async function releaseAnswers(deed: Deed, contactIds: readonly string[]): Promise<number> {
  if (contactIds.length === 0) return 0
  const released = await deed.tx
    .update(outgoing)
    .set({ notBefore: deed.now })
    .where(heldFor(deed, contactIds))
    .returning({ id: outgoing.id })
  return released.length
}

/** Drops the answers that still wait for a tap: the matter is settled without them. */
export async function dropHeldAnswers(deed: Deed, contactId: string): Promise<void> {
  await deed.tx.delete(outgoing).where(heldFor(deed, [contactId]))
}
