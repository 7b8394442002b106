import { and, asc, eq, ne } from 'drizzle-orm'
import { broadcasts, outgoing } from '../db/schema.ts'
import type { Deed } from '../runtime.ts'
import type { OutgoingKind, OutgoingStatus } from './queue.ts'

/** One message to (or, as `inbox`, about) a person as far as it is still stored. */
export type StoredMessage = {
  kind: OutgoingKind
  at: Date
  state: OutgoingStatus
  /** Of a broadcast. */
  title: string | null
  /** Only while it has not arrived. */
  content: unknown
}

/** Everything queued for or sent to this contact that is still stored, oldest first. */
export async function messagesOf(deed: Deed, contactId: string): Promise<StoredMessage[]> {
  const columns = {
    kind: outgoing.kind,
    at: outgoing.createdAt,
    state: outgoing.status,
    sealed: outgoing.payloadSealed,
  }
  const single = await deed.tx
    .select(columns)
    .from(outgoing)
    .where(and(eq(outgoing.contactId, contactId), ne(outgoing.kind, 'broadcast')))
    .orderBy(asc(outgoing.id))
  // By way of the broadcasts, because only they have an index of their recipients.
  const broad = await deed.tx
    .select({ ...columns, title: broadcasts.title })
    .from(broadcasts)
    .innerJoin(outgoing, and(eq(outgoing.broadcastId, broadcasts.id), eq(outgoing.contactId, contactId)))
    .orderBy(asc(outgoing.id))
  return [...single.map((row) => ({ ...row, title: null })), ...broad]
    .map(({ sealed, ...row }) => ({ ...row, content: sealed === null ? null : JSON.parse(deed.vault.open(sealed)) }))
    .sort((a, b) => a.at.getTime() - b.at.getTime())
}
