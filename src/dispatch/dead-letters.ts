import { and, count, desc, eq, isNotNull, lt, min, sql } from 'drizzle-orm'
import { type Actor, record } from '../audit/audit.ts'
import { inboxGoneSince, noteInboxResumed } from '../channels/inbox-state.ts'
import { outgoing } from '../db/schema.ts'
import type { Deed } from '../runtime.ts'
import { wake } from './queue.ts'

/** An event that the inbox did not take for 72 hours. `errorCode` is its last HTTP status, null if it did not answer. */
export type DeadLetter = {
  id: number
  chatId: string | null
  writtenAt: Date
  failedAt: Date
  attempts: number
  errorCode: number | null
}

/** What waits for the inbox still has a `not_before`, dead letters too: that is the index they are found by. */
const waitingIn = (channel: string) =>
  and(eq(outgoing.channel, channel), eq(outgoing.kind, sql`'inbox'`), isNotNull(outgoing.notBefore))
const deadIn = (channel: string, id: number | 'all') =>
  and(waitingIn(channel), eq(outgoing.status, 'failed'), id === 'all' ? undefined : eq(outgoing.id, id))

/** A channel's dead letters, newest first. */
export async function listDeadLetters(
  deed: Deed,
  channel: string,
  { limit, beforeId }: { limit: number; beforeId?: number },
): Promise<DeadLetter[]> {
  const rows = await deed.tx
    .select()
    .from(outgoing)
    .where(and(deadIn(channel, 'all'), beforeId === undefined ? undefined : lt(outgoing.id, beforeId)))
    .orderBy(desc(outgoing.id))
    .limit(limit)
  return rows.map((row) => ({
    id: row.id,
    chatId: row.chatId,
    writtenAt: row.createdAt,
    failedAt: row.statusAt ?? row.createdAt,
    attempts: row.attempts,
    errorCode: row.errorCode,
  }))
}

/** Sends dead letters again, for another 72 hours. Returns how many; 0 if there are none (any more). */
export async function resendDeadLetters(
  deed: Deed,
  actor: Actor,
  channel: string,
  which: number | 'all',
): Promise<number> {
  const again = await deed.tx
    .update(outgoing)
    .set({ status: 'queued', statusAt: deed.now, notBefore: deed.now, attempts: 0, errorCode: null })
    .where(deadIn(channel, which))
    .returning({ id: outgoing.id })
  if (again.length > 0) await wake(deed, [channel])
  await record(deed, actor, { action: 'inbox.resent', channel, detail: { which, events: again.length } })
  return again.length
}

/** Gives dead letters up and deletes what they said. Returns how many. */
export async function discardDeadLetters(
  deed: Deed,
  actor: Actor,
  channel: string,
  which: number | 'all',
): Promise<number> {
  const gone = await deed.tx
    .update(outgoing)
    .set({ notBefore: null, payloadSealed: null })
    .where(deadIn(channel, which))
    .returning({ id: outgoing.id })
  await record(deed, actor, { action: 'inbox.discarded', channel, detail: { which, events: gone.length } })
  return gone.length
}

export type InboxState = {
  /** Since when nothing is forwarded, because the inbox answered 410 Gone. */
  goneSince: Date | null
  waiting: number
  /** When the oldest waiting event was written. */
  oldestAt: Date | null
  dead: number
}

/** How the hand-over of a channel's chats to its inbox is doing. */
export async function inboxState(deed: Deed, channel: string): Promise<InboxState> {
  const rows = await deed.tx
    .select({ dead: sql<boolean>`${outgoing.status} = 'failed'`, n: count(), oldestAt: min(outgoing.createdAt) })
    .from(outgoing)
    .where(waitingIn(channel))
    .groupBy(sql`1`)
  const waiting = rows.find((row) => !row.dead)
  return {
    goneSince: await inboxGoneSince(deed.tx, channel),
    waiting: waiting?.n ?? 0,
    oldestAt: waiting?.oldestAt ?? null,
    dead: rows.find((row) => row.dead)?.n ?? 0,
  }
}

/** Forwards again to an inbox that had answered 410 Gone. */
export async function resumeInbox(deed: Deed, actor: Actor, channel: string): Promise<void> {
  await noteInboxResumed(deed, channel)
  await record(deed, actor, { action: 'inbox.resumed', channel })
  await wake(deed, [channel])
}
