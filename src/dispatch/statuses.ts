import { sql } from 'drizzle-orm'
import type { Deed } from '../runtime.ts'
import type { OutgoingKind, OutgoingStatus } from './queue.ts'

/** What a status webhook says about one message of ours. */
export type StatusReport = {
  channel: string
  /** fingerprint of Meta's message id */
  wamidHash: Buffer
  /** our row, if the status carried `biz_opaque_callback_data` */
  outgoingId?: number
  /** when the attempt it is about was handed over, if the status carried that */
  handedOverAt?: Date
  state: 'sent' | 'delivered' | 'read' | 'failed'
  at: Date
  errorCode?: number
  pricing?: { category?: string; type?: string; billable?: boolean }
}

/** A row that a status changed and about which somebody may want to know more than its state. */
export type ChangedRow = {
  id: number
  channel: string
  kind: OutgoingKind
  status: OutgoingStatus
  contactId: string | null
  chatId: string | null
  broadcastId: string | null
  errorCode: number | null
  /** when WhatsApp says it happened */
  at: Date
}

/** What a message carries so that its status finds its row, and says of which attempt it is, even if the answer to the request was lost. */
export const callbackDataOf = (outgoingId: number | string, handedOverAt: Date) =>
  `whatsup:${outgoingId}.${handedOverAt.getTime().toString(36)}`

/** What `callbackDataOf` made. What an earlier version sent names the row alone. */
export function sentAs(callbackData: string | undefined): { outgoingId?: number; handedOverAt?: Date } {
  const [, id, at] = /^whatsup:(\d{1,15})(?:\.([0-9a-z]{1,9}))?$/.exec(callbackData ?? '') ?? []
  return id === undefined
    ? {}
    : { outgoingId: Number(id), ...(at !== undefined && { handedOverAt: new Date(Number.parseInt(at, 36)) }) }
}

const RANK = { sent: 1, failed: 2, delivered: 3, read: 4 } as const

type Folded = Omit<StatusReport, 'outgoingId'> & { outgoingId: number }

/** One report per message of Meta's: the furthest state wins, the first price counts. A row that was sent more than once may have several. */
export function fold<Report extends Folded>(reports: readonly Report[]): Report[] {
  const best = new Map<string, Report>()
  for (const report of reports) {
    const message = `${report.outgoingId} ${report.wamidHash.toString('latin1')}`
    const known = best.get(message)
    if (!known) best.set(message, report)
    else {
      const further = RANK[report.state] > RANK[known.state] ? report : known
      best.set(message, { ...further, pricing: known.pricing ?? report.pricing })
    }
  }
  return [...best.values()]
}

/** The first report of each row, and the rest: one statement changes a row once. */
export function firstOfEach<Report extends { outgoingId: number }>(
  reports: readonly Report[],
): { first: Report[]; rest: Report[] } {
  const seen = new Set<number>()
  const first: Report[] = []
  const rest: Report[] = []
  for (const report of reports) {
    if (seen.has(report.outgoingId)) rest.push(report)
    else first.push(report)
    seen.add(report.outgoingId)
  }
  return { first, rest }
}

/**
 * Carries out status webhooks, set-based and forward only: proof of arrival outranks `failed`, nothing is ever lowered, repeats change nothing. What fits
 * no row yet is kept and tried again by `settleStrays`. A row whose person was erased moves on for the totals and learns no id. While a row waits for
 * another attempt or for its answer, the id it has is that of the attempt before: of that one only an arrival counts, and any other is its own, unless it is
 * a failure that names an earlier hand-over. Answers with the changed rows that are no broadcast or that failed.
 */
export async function recordStatuses(deed: Deed, reports: readonly StatusReport[]): Promise<ChangedRow[]> {
  if (reports.length === 0) return []
  const known: Folded[] = []
  const unnamed: StatusReport[] = []
  for (const report of reports) {
    if (report.outgoingId === undefined) unnamed.push(report)
    else known.push({ ...report, outgoingId: report.outgoingId })
  }
  if (unnamed.length > 0) {
    const found = await rowsOf(deed, unnamed)
    const strays: StatusReport[] = []
    for (const report of unnamed) {
      const outgoingId = found.get(`${report.channel} ${report.wamidHash.toString('hex')}`)
      if (outgoingId === undefined) strays.push(report)
      else known.push({ ...report, outgoingId })
    }
    await keepStrays(deed, strays)
  }
  return apply(deed, fold(known))
}

async function rowsOf(deed: Deed, reports: readonly StatusReport[]): Promise<Map<string, number>> {
  const asked = reports.map((report) => ({ channel: report.channel, hash: report.wamidHash.toString('hex') }))
  const rows = await deed.tx.execute<{ channel: string; hash: string; id: string }>(sql`
    select r.channel, r.hash, o.id
    from jsonb_to_recordset(${JSON.stringify(asked)}::jsonb) as r(channel text, hash text)
    join outgoing_wamids w on w.wamid_hash = decode(r.hash, 'hex')
    join outgoing o on o.id = w.outgoing_id and o.channel = r.channel`)
  return new Map(rows.map((row) => [`${row.channel} ${row.hash}`, Number(row.id)]))
}

async function apply(deed: Deed, reports: readonly Folded[]): Promise<ChangedRow[]> {
  if (reports.length === 0) return []
  const { first, rest } = firstOfEach(reports)
  const rows = first.map((report) => ({
    id: report.outgoingId,
    c: report.channel,
    h: report.wamidHash.toString('hex'),
    s: report.state,
    at: report.at.toISOString(),
    ho: report.handedOverAt?.toISOString(),
    e: report.errorCode,
    pc: report.pricing?.category,
    pt: report.pricing?.type,
    b: report.pricing?.billable,
  }))
  // The lock order by id keeps two processes with overlapping batches from waiting for each other.
  const changed = await deed.tx.execute<{
    id: string
    channel: string
    kind: OutgoingKind
    status: OutgoingStatus
    contact_id: string | null
    chat_id: string | null
    broadcast_id: string | null
    error_code: number | null
    status_at: string
  }>(sql`
    with r as materialized (
      select * from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
        as r(id bigint, c text, h text, s outgoing_status, at timestamptz, ho timestamptz, e int, pc text, pt text, b boolean)
    ), locked as materialized (
      select o.id, o.status as before, ${OPEN} and o.wamid_hash is not distinct from decode(r.h, 'hex') as earlier,
        r.s = 'failed' and r.ho <> o.handed_over_at as former,
        o.wamid_hash is distinct from decode(r.h, 'hex') and (o.kind <> 'broadcast' or o.contact_id is not null) as unnamed
      from outgoing o join r on r.id = o.id and r.c = o.channel
      where o.kind <> 'inbox' and (o.wamid_hash is null or o.wamid_hash = decode(r.h, 'hex') or ${OPEN})
      order by o.id for no key update of o
    ), changed as (
      update outgoing o set
        status = case when f.forward then r.s else o.status end,
        status_at = case when f.forward then r.at else o.status_at end,
        error_code = case when f.forward then r.e else o.error_code end,
        wamid_hash = case when l.unnamed and f.forward then decode(r.h, 'hex') else o.wamid_hash end,
        pricing_category = coalesce(o.pricing_category, r.pc),
        pricing_type = coalesce(o.pricing_type, r.pt),
        billable = coalesce(o.billable, r.b),
        not_before = case when not f.forward then o.not_before end,
        address_sealed = case when not f.forward then o.address_sealed end,
        payload_sealed = case when r.s = 'failed' and o.contact_id is not null or not f.forward then o.payload_sealed end
      from r, locked l, lateral (select case when l.earlier and r.s in ('sent', 'failed') or l.former then false else case r.s
          when 'sent' then l.before in ('queued', 'sending', 'unknown', 'accepted', 'held', 'skipped')
          when 'failed' then l.before in ('sending', 'unknown', 'accepted', 'held', 'sent')
          when 'delivered' then l.before not in ('delivered', 'read')
          else l.before <> 'read' end end as forward) f
      where o.id = r.id and l.id = o.id and (f.forward or o.pricing_category is null and r.pc is not null)
      returning o.id, o.channel, o.kind, o.status, o.contact_id, o.chat_id, o.broadcast_id, o.error_code, o.status_at, f.forward, o.wamid_hash, l.unnamed
    ), named as (
      insert into outgoing_wamids select wamid_hash, id from changed where unnamed and forward
    )
    select * from changed where forward and (kind <> 'broadcast' or status = 'failed')`)
  const found = changed.map((row) => ({
    id: Number(row.id),
    channel: row.channel,
    kind: row.kind,
    status: row.status,
    contactId: row.contact_id,
    chatId: row.chat_id,
    broadcastId: row.broadcast_id,
    errorCode: row.error_code,
    at: new Date(row.status_at),
  }))
  return [...found, ...(await apply(deed, rest))]
}

/** It waits for an attempt, or for what became of one. */
const OPEN = sql`o.status in ('queued', 'sending', 'unknown')`

/**
 * Meta's ids of what is sent once more lead nowhere from now on, so that none is left behind when its row gets the next one. The row itself keeps it until
 * then, to know a late word about it.
 */
export async function forgetFormerIds(deed: Deed, broadcastId: string): Promise<void> {
  await deed.tx.execute(sql`
    delete from outgoing_wamids w using outgoing o
    where o.broadcast_id = ${broadcastId}::uuid and o.status = 'queued' and o.not_before is not null
      and w.wamid_hash = o.wamid_hash and w.outgoing_id = o.id`)
}

async function keepStrays(deed: Deed, reports: readonly StatusReport[]): Promise<void> {
  if (reports.length === 0) return
  const rows = reports.map((report) => ({
    c: report.channel,
    h: report.wamidHash.toString('hex'),
    s: report.state,
    sat: report.at.toISOString(),
    e: report.errorCode,
    pc: report.pricing?.category,
    pt: report.pricing?.type,
    b: report.pricing?.billable,
  }))
  await deed.tx.execute(sql`
    insert into stray_statuses (channel, wamid_hash, status, status_at, error_code, pricing_category, pricing_type, billable, at)
    select c, decode(h, 'hex'), s, sat, e, pc, pt, b, ${deed.now.toISOString()}::timestamptz
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
      as r(c text, h text, s outgoing_status, sat timestamptz, e int, pc text, pt text, b boolean)`)
}

/** Tries the statuses that came before their message's answer again, and drops those older than eight days. Returns the changed rows as above. */
export async function settleStrays(deed: Deed): Promise<ChangedRow[]> {
  const rows = await deed.tx.execute<{
    outgoing_id: string
    channel: string
    hash: string
    status: StatusReport['state']
    status_at: string
    error_code: number | null
    pricing_category: string | null
    pricing_type: string | null
    billable: boolean | null
  }>(sql`
    with fit as (
      select s.id, o.id as outgoing_id from stray_statuses s
      join outgoing_wamids w on w.wamid_hash = s.wamid_hash
      join outgoing o on o.id = w.outgoing_id and o.channel = s.channel
      order by s.id limit 1000 for update of s skip locked)
    delete from stray_statuses s using fit where s.id = fit.id
    returning fit.outgoing_id, s.channel, encode(s.wamid_hash, 'hex') as hash, s.status, s.status_at, s.error_code, s.pricing_category,
      s.pricing_type, s.billable`)
  const eightDaysAgo = new Date(deed.now.getTime() - 8 * 86_400_000).toISOString()
  await deed.tx.execute(sql`delete from stray_statuses where at < ${eightDaysAgo}::timestamptz`)
  return apply(
    deed,
    fold(
      rows.map((row) => ({
        channel: row.channel,
        wamidHash: Buffer.from(row.hash, 'hex'),
        outgoingId: Number(row.outgoing_id),
        state: row.status,
        at: new Date(row.status_at),
        errorCode: row.error_code ?? undefined,
        pricing: {
          category: row.pricing_category ?? undefined,
          type: row.pricing_type ?? undefined,
          billable: row.billable ?? undefined,
        },
      })),
    ),
  )
}
