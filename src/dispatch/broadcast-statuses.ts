import type { Sql } from '../db/db.ts'
import type { StatusReport } from './statuses.ts'

/** A status that names our row and can concern nobody but the broadcast's count. */
export type CountedReport = StatusReport & { outgoingId: number; state: 'sent' | 'delivered' | 'read' }

/**
 * The short way for what Meta sends most: one prepared statement, durable when it returns, with the same rules as `recordStatuses`. Answers with the ids
 * that are not rows of a broadcast of that channel, or of another attempt; those go the long way.
 * @param reports at most one for each id
 */
export async function recordBroadcastStatuses(sql: Sql, reports: readonly CountedReport[]): Promise<Set<number>> {
  if (reports.length === 0) return new Set()
  const ids = reports.map((report) => report.outgoingId)
  const others = await sql<{ id: string }[]>`
    with r as materialized (
      select * from unnest(
        ${ids}::bigint[], ${reports.map((report) => report.channel)}::text[],
        ${reports.map((report) => report.wamidHash.toString('hex'))}::text[], ${reports.map((report) => report.state)}::text[]::outgoing_status[],
        ${reports.map((report) => report.at.toISOString())}::timestamptz[], ${reports.map((report) => report.pricing?.category ?? null)}::text[],
        ${reports.map((report) => report.pricing?.type ?? null)}::text[], ${reports.map(({ pricing }) => (pricing?.billable === undefined ? null : Number(pricing.billable)))}::int[]
      ) as r(id, channel, hash, state, at, category, type, billable)
      order by id
    ), changed as (
      update outgoing o set
        status = case when ${forward(sql)} then r.state else o.status end,
        status_at = case when ${forward(sql)} then r.at else o.status_at end,
        error_code = case when ${forward(sql)} then null else o.error_code end,
        wamid_hash = case when o.contact_id is not null then coalesce(o.wamid_hash, decode(r.hash, 'hex')) end,
        pricing_category = coalesce(o.pricing_category, r.category),
        pricing_type = coalesce(o.pricing_type, r.type),
        billable = coalesce(o.billable, r.billable = 1),
        not_before = case when not ${forward(sql)} then o.not_before end, address_sealed = null, payload_sealed = null
      from r
      where o.id = r.id and o.id = any(${ids}::bigint[]) and o.channel = r.channel and o.kind = 'broadcast' and (o.wamid_hash is null or o.wamid_hash = decode(r.hash, 'hex'))
        and (${forward(sql)} or o.pricing_category is null and r.category is not null)
      returning o.id)
    select r.id from r
    where r.id not in (select id from changed) and not exists (
      select from outgoing o
      where o.id = r.id and o.channel = r.channel and o.kind = 'broadcast' and (o.wamid_hash is null or o.wamid_hash = decode(r.hash, 'hex')))`
  return new Set(others.map(({ id }) => Number(id)))
}

/**
 * Proof of arrival outranks everything; looked at again if the row changed while we waited for it. The id of a row that waits is that of the attempt before,
 * of which only an arrival counts.
 */
const forward = (sql: Sql) => sql`(case r.state
  when 'sent' then o.status in ('accepted', 'held', 'skipped') or o.status in ('queued', 'sending', 'unknown') and o.wamid_hash is null
  when 'delivered' then o.status not in ('delivered', 'read')
  else o.status <> 'read' end)`
