/** The statements of the way to the inbox, prepared and set-based. Only the process that sends for the channel runs them. */
import type { Sql } from '../db/db.ts'

/** One event that waits for the inbox, its content still sealed. */
export type Forward = {
  id: string
  chatId: string
  /** This one included. */
  attempts: number
  /** When it was written, or when the office last asked for it to be sent again: the 72 hours count from here. */
  since: Date
  payloadSealed: string | null
}

/** What a died or stopped process left half done goes out again: the inbox gets everything at least once. */
export async function recoverForwards(sql: Sql, channel: string): Promise<number> {
  const { count } = await sql`
    update outgoing set status = 'queued'
    where channel = ${channel} and kind = 'inbox' and not_before is not null and status = 'sending'`
  return count
}

/**
 * Marks the next events as being sent: of up to `chats` chats whose first waiting event is due, up to `perChat` each, in order. A chat that waits for
 * another attempt costs one index look-up and holds nobody up. Dead letters are passed over.
 * @param after begin behind this chat, so that everyone has a turn
 * @param busy chats whose events are on their way
 */
export async function claimForwards(
  sql: Sql,
  channel: string,
  now: Date,
  { chats, perChat, after, busy }: { chats: number; perChat: number; after: string; busy: readonly string[] },
): Promise<Forward[]> {
  const rows = await sql<Forward[]>`
    with recursive head as (
      (select o.chat_id, o.status, o.not_before from outgoing o
        where o.channel = ${channel} and o.kind = 'inbox' and o.not_before is not null and o.status <> 'failed' and o.chat_id > ${after}
        order by o.chat_id, o.id limit 1)
      union all
      select n.chat_id, n.status, n.not_before from head h cross join lateral (
        select o.chat_id, o.status, o.not_before from outgoing o
        where o.channel = ${channel} and o.kind = 'inbox' and o.not_before is not null and o.status <> 'failed' and o.chat_id > h.chat_id
        order by o.chat_id, o.id limit 1) n
    ), due as (
      select chat_id from head
      where status = 'queued' and not_before <= ${now} and chat_id <> all(${busy as string[]}::uuid[])
      limit ${chats}
    ), next as materialized (
      select n.id from due cross join lateral (
        select o.id from outgoing o
        where o.channel = ${channel} and o.kind = 'inbox' and o.not_before is not null and o.status <> 'failed' and o.chat_id = due.chat_id
        order by o.id limit ${perChat}) n
    )
    update outgoing o set status = 'sending', attempts = least(o.attempts + 1, 30000), handed_over_at = ${now}
    from next where o.id = next.id and o.status = 'queued'
    returning o.id, o.chat_id as "chatId", o.attempts, coalesce(o.status_at, o.created_at) as since, o.payload_sealed as "payloadSealed"`
  return [...rows].sort((a, b) => Number(a.id) - Number(b.id))
}

/** What became of an event: `queued` again with `notBefore` after an attempt, or without one if it was not its turn yet. */
export type ForwardSettled = {
  id: string
  status: 'delivered' | 'queued' | 'failed'
  at: Date
  notBefore: Date | null
  /** The inbox's HTTP status, if it was not a good one. */
  errorCode: number | null
  counted: boolean
}

/** Writes many outcomes at once. What arrived loses its content; what failed for good keeps it for the office. Erased rows are passed over. */
export async function settleForwards(sql: Sql, outcomes: readonly ForwardSettled[]): Promise<void> {
  await sql`
    update outgoing o set
      status = r.status,
      status_at = case when r.status = 'queued' then o.status_at else r.at end,
      not_before = case when r.status = 'delivered' then null else coalesce(r.not_before, o.not_before) end,
      payload_sealed = case when r.status = 'delivered' then null else o.payload_sealed end,
      error_code = case when r.counted = 1 then r.error_code else o.error_code end,
      attempts = case when r.counted = 1 then o.attempts else greatest(o.attempts - 1, 0) end
    from unnest(
      ${outcomes.map((o) => o.id)}::bigint[], ${outcomes.map((o) => o.status)}::text[]::outgoing_status[],
      ${outcomes.map((o) => o.at.toISOString())}::timestamptz[], ${outcomes.map((o) => o.notBefore?.toISOString() ?? null)}::timestamptz[],
      ${outcomes.map((o) => o.errorCode)}::int[], ${outcomes.map((o) => Number(o.counted))}::int[]
    ) as r(id, status, at, not_before, error_code, counted)
    where o.id = r.id and o.status = 'sending' and o.kind = 'inbox'`
}

/** The inbox is back after it took nothing from anybody: whoever waits for another attempt is due now. */
export async function hastenForwards(sql: Sql, channel: string, now: Date): Promise<number> {
  const { count } = await sql`
    update outgoing set not_before = ${now}
    where channel = ${channel} and kind = 'inbox' and not_before > ${now} and status = 'queued'`
  return count
}
