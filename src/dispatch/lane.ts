/** The statements of the sending path, prepared and set-based. Instants of leases and slots are the database's, everything else is handed in. */
import type { Sql } from '../db/db.ts'
import { type OutgoingKind, WAKE } from './queue.ts'

/** Longer than any pause of a healthy process, short enough that another has taken over two seconds after a death. */
export const LEASE_MS = 1600
/** Nothing is handed over in the lease's last moments: what is marked must reach the wire while we still hold it. */
const LEASE_END_MS = 400

export type LeaseState = { slotMs: number; databaseMs: number }

/** Takes or renews the right to send for a channel; null while another process has it. */
export async function lease(sql: Sql, channel: string, owner: string): Promise<LeaseState | null> {
  const [row] = await sql<{ slot_ms: number; now_ms: number }[]>`
    with free as (
      select channel from senders
      where channel = ${channel} and (owner = ${owner} or owner is null or leased_until < clock_timestamp())
      for update skip locked)
    update senders s set owner = ${owner}, leased_until = clock_timestamp() + ${LEASE_MS} * interval '1 ms'
    from free where s.channel = free.channel
    returning s.slot_ms, extract(epoch from clock_timestamp())::float8 * 1000 as now_ms`
  return row ? { slotMs: row.slot_ms, databaseMs: row.now_ms } : null
}

/** Gives the right back, with the moment from which the next sender may go on, and tells the others. */
export async function release(sql: Sql, channel: string, owner: string, slotMs: number): Promise<void> {
  await sql`
    with released as (
      update senders set owner = null, leased_until = 'epoch', slot_ms = greatest(slot_ms, ${slotMs})
      where channel = ${channel} and owner = ${owner} returning channel)
    select pg_notify(${WAKE}, channel) from released`
}

/**
 * What a died or stopped sender left half done: handed over without an answer becomes `unknown`, and says nothing any more if it belongs to nobody. Only the
 * lease holder may call this.
 */
export async function recoverChannel(sql: Sql, channel: string, now: Date): Promise<number> {
  const singles = await sql`
    update outgoing set status = 'unknown', status_at = ${now}, not_before = null,
      address_sealed = case when contact_id is not null then address_sealed end,
      payload_sealed = case when contact_id is not null then payload_sealed end
    where channel = ${channel} and not_before is not null and kind <> 'inbox' and status = 'sending'`
  const runs = await sql`
    update outgoing o set status = 'unknown', status_at = ${now} from broadcasts b
    where b.channel = ${channel} and b.first_id is not null and o.id between b.first_id and b.last_id and o.broadcast_id = b.id
      and o.status = 'sending'
      and (b.status in ('sending', 'paused') or b.status = 'cancelled' and b.finished_at > ${now}::timestamptz - interval '30 days')`
  return singles.count + runs.count
}

/** A row as read ahead: enough to decide whether it may leave now. */
export type Waiting = {
  id: string
  kind: OutgoingKind
  contactId: string | null
  broadcastId: string | null
  /** Whom the daily limit counts for it; null for nobody. */
  countsAs: string | null
  attempts: number
}

/** What a row says and to whom, as of its hand-over; sealed. */
export type Sealed = {
  phone: string | null
  userId: string | null
  address: string | null
  payload: string | null
}

/** Single messages whose time has come, the most urgent and oldest first. Repeats of a paused broadcast, or of any while `bulk` is false, stay. */
export function readDue(sql: Sql, channel: string, now: Date, limit: number, bulk: boolean): Promise<Waiting[]> {
  return sql<Waiting[]>`
    select o.id, o.kind, o.contact_id as "contactId", o.broadcast_id as "broadcastId", o.attempts,
      case when o.broadcast_id is null then o.counts_as else o.contact_id end as "countsAs"
    from outgoing o
    left join broadcasts b on b.id = o.broadcast_id
    where o.channel = ${channel} and o.not_before is not null and o.kind <> 'inbox' and o.not_before <= ${now} and o.status = 'queued'
      and (o.broadcast_id is null or ${bulk} and b.status = 'sending')
    order by o.urgency, o.not_before, o.id limit ${limit}`
}

/** What bounds a channel as a whole. `dailyLimit` null = not known, -1 = unlimited. */
export async function readChannel(
  sql: Sql,
  channel: string,
): Promise<{ dailyLimit: number | null; isStopped: boolean }> {
  const [row] = await sql<{ dailyLimit: number | null; isStopped: boolean }[]>`
    select daily_limit as "dailyLimit", stopped_at is not null as "isStopped" from channels where slug = ${channel}`
  return row ?? { dailyLimit: null, isStopped: false }
}

/** A broadcast that is being sent. */
export type Run = { id: string; body: string; firstId: string; lastId: string }

/** The channel's running broadcasts, oldest first. */
export function readRuns(sql: Sql, channel: string): Promise<Run[]> {
  return sql<Run[]>`
    select id, body, first_id as "firstId", last_id as "lastId" from broadcasts
    where channel = ${channel} and status = 'sending' and body is not null order by started_at, id`
}

/** The next recipients of a broadcast, from an id on. They come as one text: an object of the driver's for each would cost more than reading it. */
export async function readRun(sql: Sql, run: Run, afterId: string, limit: number): Promise<Waiting[]> {
  const [found] = await sql<{ rows: string | null }[]>`
    select string_agg(concat_ws(',', id, attempts, contact_id), ';' order by id) as rows from (
      select id, attempts, contact_id from outgoing
      where id > ${afterId} and id <= ${run.lastId} and broadcast_id = ${run.id} and status = 'queued' and not_before is null
      order by id limit ${limit}) o`
  if (!found?.rows) return []
  return found.rows.split(';').map((row) => {
    const [id, attempts, contactId = null] = row.split(',')
    return {
      id: id!,
      kind: 'broadcast',
      broadcastId: run.id,
      contactId,
      countsAs: contactId,
      attempts: Number(attempts),
    }
  })
}

/**
 * The last look before the wire: marks these rows as handed over and answers with those that may leave, and with where they go as of now. Nothing is taken
 * without the lease, from a stopped channel, from a broadcast that is not being sent, of what a STOP has skipped, or of what came back to the queue while its
 * person left; a row that somebody holds locked, or changed since this statement began, is left for later. Rows are reached by their place, which is sure only
 * because they are locked here and seen by the same statement. What is sealed contains neither comma nor semicolon.
 * @param slotMs the first moment that is free behind these rows' slots
 */
export async function handOver(
  sql: Sql,
  channel: string,
  owner: string,
  ids: readonly string[],
  slotMs: number,
  now: Date,
): Promise<Map<string, Sealed>> {
  const [found] = await sql<{ rows: string | null }[]>`
    with held as (
      update senders s set slot_ms = greatest(s.slot_ms, ${slotMs}), leased_until = clock_timestamp() + ${LEASE_MS} * interval '1 ms'
      where s.channel = ${channel} and s.owner = ${owner} and s.leased_until > clock_timestamp() + ${LEASE_END_MS} * interval '1 ms'
        and not exists (select from channels c where c.slug = s.channel and c.stopped_at is not null)
      returning 1
    ), due as materialized (
      select o.ctid as place from outgoing o
      where o.id = any(${arrayOf(ids)}::text::bigint[]) and o.status = 'queued' and (o.not_before is null or o.not_before <= ${now}) and exists (select from held)
        and (o.broadcast_id is null or o.broadcast_id in (select b.id from broadcasts b where b.channel = ${channel} and b.status = 'sending'))
        and (o.broadcast_id is null or o.not_before is null or exists (
          select from subscriptions s where s.contact_id = o.contact_id and s.offering = 'info' and s.left_at is null))
      for no key update of o skip locked
    ), taken as (
      update outgoing o set status = 'sending', handed_over_at = ${now}, status_at = ${now}, attempts = o.attempts + 1
      where o.ctid = any(array(select place from due))
      returning o.id, o.address_sealed, o.payload_sealed,
        (select coalesce(c.phone_sealed, '') || ',' || coalesce(c.user_id_sealed, '') from contacts c where c.id = o.contact_id) as person)
    select string_agg(id || ',' || coalesce(person, ',') || ',' || coalesce(address_sealed, '') || ',' || coalesce(payload_sealed, ''), ';') as rows
    from taken`
  const taken = new Map<string, Sealed>()
  for (const row of found?.rows?.split(';') ?? []) {
    const [id, phone, userId, address, payload] = row.split(',')
    taken.set(id!, { phone: phone || null, userId: userId || null, address: address || null, payload: payload || null })
  }
  return taken
}

/** An array as PostgreSQL writes it: for the driver each element would be a parameter to convert, quote and escape. Numbers and hex only. */
const arrayOf = (values: readonly (string | number)[]) => `{${values.join(',')}}`

/** What became of a handed-over row. */
export type Settled = {
  id: string
  status: 'accepted' | 'held' | 'unknown' | 'failed' | 'queued'
  wamidHash: Buffer | null
  errorCode: number | null
  /** for `queued`: when to try again */
  notBefore: Date | null
  /** for `queued`: whether the attempt counts */
  counted: boolean
  at: Date
  /** When it was handed over, as noted then. Of what was handed over anew since, nothing changes but by an acceptance. */
  handedOverAt: Date
}

/**
 * Writes the outcomes of many messages at once, in the order of their ids. A status webhook that was faster is not overwritten, of what was erased meanwhile
 * nothing comes back, and what the office has meanwhile sent back to the queue stays there: its answer says only which id the earlier attempt has.
 * What belongs to nobody and has an open outcome loses address and text: it is never tried again.
 */
export async function settle(sql: Sql, outcomes: readonly Settled[]): Promise<void> {
  const rows = [...outcomes].sort((a, b) => a.id.length - b.id.length || (a.id < b.id ? -1 : 1)) // as numbers
  await settleAccepted(sql, rows.filter(isPlain))
  await settleOthers(
    sql,
    rows.filter((row) => !isPlain(row)),
  )
}

type Plain = Settled & { wamidHash: Buffer }

/** What becomes of nearly all: WhatsApp took it and named it. */
const isPlain = (outcome: Settled): outcome is Plain => outcome.status === 'accepted' && outcome.wamidHash !== null

async function settleAccepted(sql: Sql, rows: readonly Plain[]): Promise<void> {
  if (rows.length === 0) return
  const ids = arrayOf(rows.map((row) => row.id))
  await sql`
    with r as materialized (
      select id, decode(hash, 'hex') as hash, to_timestamp(at / 1000::float8) as at from unnest(
        ${ids}::text::bigint[], ${arrayOf(rows.map((row) => row.wamidHash.toString('hex')))}::text::text[],
        ${arrayOf(rows.map((row) => row.at.getTime()))}::text::bigint[]) as r(id, hash, at)
    ), changed as (
      update outgoing o set
        status = case when o.status in ('sending', 'unknown') then 'accepted' else o.status end,
        status_at = case when o.status in ('sending', 'unknown') then r.at else o.status_at end,
        error_code = case when o.status in ('sending', 'unknown') then null else o.error_code end,
        wamid_hash = case when o.kind = 'broadcast' and o.contact_id is null then null else r.hash end,
        not_before = case when o.status = 'queued' then o.not_before end,
        address_sealed = case when o.status = 'queued' then o.address_sealed end,
        payload_sealed = case when o.status = 'queued' then o.payload_sealed end
      from r where o.id = r.id and o.id = any(${ids}::text::bigint[])
      returning o.id, o.wamid_hash)
    insert into outgoing_wamids select wamid_hash, id from changed where wamid_hash is not null`
}

async function settleOthers(sql: Sql, rows: readonly Settled[]): Promise<void> {
  if (rows.length === 0) return
  await sql`
    with r as materialized (
      select id, status, decode(hash, 'hex') as hash, error_code, not_before, counted, at, handed_over_at from unnest(
        ${rows.map((o) => o.id)}::bigint[], ${rows.map((o) => o.status)}::text[]::outgoing_status[],
        ${rows.map((o) => o.wamidHash?.toString('hex') ?? null)}::text[], ${rows.map((o) => o.errorCode)}::int[],
        ${rows.map((o) => o.notBefore?.toISOString() ?? null)}::timestamptz[], ${rows.map((o) => Number(o.counted))}::int[],
        ${rows.map((o) => o.at.toISOString())}::timestamptz[], ${rows.map((o) => o.handedOverAt.toISOString())}::timestamptz[]
      ) as r(id, status, hash, error_code, not_before, counted, at, handed_over_at)
    ), changed as (
      update outgoing o set
        status = case when o.status in ('sending', 'unknown') then r.status else o.status end,
        status_at = case when o.status in ('sending', 'unknown') then r.at else o.status_at end,
        wamid_hash = case when o.kind <> 'broadcast' or o.contact_id is not null then coalesce(r.hash, o.wamid_hash) end,
        error_code = case when o.status in ('sending', 'unknown') then r.error_code else o.error_code end,
        not_before = case when o.status in ('sending', 'unknown') then r.not_before when o.status = 'queued' then o.not_before end,
        attempts = case when r.counted = 1 then o.attempts else greatest(o.attempts - 1, 0) end,
        urgency = case when r.status = 'queued' and o.kind = 'broadcast' then 5 else o.urgency end,
        address_sealed = case when 'queued' in (r.status, o.status) or r.status = 'unknown' and o.contact_id is not null then o.address_sealed end,
        payload_sealed = case when 'queued' in (r.status, o.status) or r.status = 'unknown' and o.contact_id is not null then o.payload_sealed end
      from r
      where o.id = r.id and o.handed_over_at = r.handed_over_at and (r.status <> 'queued' or o.status in ('sending', 'unknown'))
      returning o.id, case when o.wamid_hash is not null then r.hash end as hash)
    insert into outgoing_wamids select hash, id from changed where hash is not null`
}
