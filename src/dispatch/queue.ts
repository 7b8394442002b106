import { and, eq, inArray, max, type SQL, sql } from 'drizzle-orm'
import { contactById } from '../contacts/contacts.ts'
import { absorbedBy } from '../contacts/moving.ts'
import { outgoing } from '../db/schema.ts'
import { uuids } from '../db/sets.ts'
import type { Deed } from '../runtime.ts'
import { keepCounting, keepCountingOpen, nobodyAnyMore, strangerOf } from './reached.ts'

export type OutgoingKind = (typeof outgoing.kind.enumValues)[number]
export type OutgoingStatus = (typeof outgoing.status.enumValues)[number]

/** One message that is to leave. */
export type NewMessage = {
  channel: string
  kind: 'reply' | 'answer' | 'test' | 'inbox'
  contactId?: string
  chatId?: string
  /** Meta's message body without address, or an inbox event. */
  payload: object
  /** Where to, if not to the contact's own current address. */
  address?: { phone?: string; userId?: string }
  /** A repeat with the same key changes nothing. */
  dedupeKey?: string
  notBefore?: Date
  /** Whom WhatsApp's daily limit counts for it, if nobody asked for it: a contact, or `strangerOf`. It leaves behind all answers, and when the limit has room. */
  countsAs?: string
}

/** The channel on which a commit tells the sender of a town that there is work. */
export const WAKE = 'whatsup_outgoing'

/** Queues messages and wakes the sender when the deed commits. Answers with the ids in the order given; `repeated` = was queued before. */
export async function enqueue(
  deed: Deed,
  messages: readonly NewMessage[],
): Promise<{ id: number; repeated: boolean }[]> {
  if (messages.length === 0) return []
  const { tx, vault, now } = deed
  const rows = messages.map((message, n) => ({
    n,
    channel: message.channel,
    kind: message.kind,
    contact: message.contactId ?? null,
    chat: message.chatId ?? null,
    payload: vault.seal(JSON.stringify(message.payload)),
    address: message.address ? vault.seal(JSON.stringify(message.address)) : null,
    dedupeKey: message.dedupeKey ?? null,
    due: (message.notBefore ?? now).toISOString(),
    countsAs: message.countsAs ?? null,
  }))
  const inserted = await tx.execute<{ id: string; dedupe_key: string | null }>(sql`
    insert into ${outgoing} (channel, kind, contact_id, chat_id, payload_sealed, address_sealed, dedupe_key, not_before, urgency, counts_as, status_at, created_at)
    select channel, kind, contact, chat, payload, address, "dedupeKey", due, case when "countsAs" is null then 0 else 1 end, "countsAs", ${now.toISOString()}::timestamptz, ${now.toISOString()}::timestamptz
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(n int, channel text, kind outgoing_kind, contact uuid, chat uuid, payload text,
      address text, "dedupeKey" text, due timestamptz, "countsAs" uuid)
    order by n
    on conflict do nothing returning id, dedupe_key`)
  const written = inserted.map((row) => ({ id: Number(row.id), dedupeKey: row.dedupe_key }))
  await wake(deed, new Set(messages.map((message) => message.channel)))
  if (written.length === rows.length) return written.map(({ id }) => ({ id, repeated: false }))

  const fresh = new Map(written.map((row) => [row.dedupeKey, row.id]))
  const keys = rows.flatMap((row) => (row.dedupeKey !== null && !fresh.has(row.dedupeKey) ? [row.dedupeKey] : []))
  const known = await tx
    .select({ id: outgoing.id, dedupeKey: outgoing.dedupeKey })
    .from(outgoing)
    .where(inArray(outgoing.dedupeKey, keys))
  const before = new Map(known.map((row) => [row.dedupeKey, row.id]))
  const unkeyed = written.filter((row) => row.dedupeKey === null)
  return rows.map(({ dedupeKey }) => {
    if (dedupeKey === null) return { id: unkeyed.shift()!.id, repeated: false }
    const id = fresh.get(dedupeKey)
    fresh.delete(dedupeKey)
    return id === undefined ? { id: before.get(dedupeKey)!, repeated: true } : { id, repeated: false }
  })
}

/** Tells the senders of these channels that there is work, at commit. */
export async function wake(deed: Deed, slugs: Iterable<string>): Promise<void> {
  const channels = JSON.stringify([...slugs])
  await deed.tx.execute(sql`select pg_notify(${WAKE}, slug) from jsonb_array_elements_text(${channels}::jsonb) as slug`)
}

/**
 * Freezes the audience: one queued row per member, in one statement. The rows are found by their id range, so they appear in no queue index.
 * @param run.members a SELECT of `contact_id`, each once: anybody named twice is an error, and nothing is written
 */
export async function startRun(
  deed: Deed,
  run: { broadcastId: string; channel: string; members: SQL },
): Promise<{ firstId: number; lastId: number; recipients: number }> {
  const next = sql`select nextval('outgoing_id_seq')::bigint as id`
  const [first] = await deed.tx.execute<{ id: string }>(next)
  const inserted = await deed.tx.execute(sql`
    insert into outgoing (channel, kind, broadcast_id, contact_id, created_at)
    select ${run.channel}, 'broadcast', ${run.broadcastId}::uuid, m.contact_id, ${deed.now.toISOString()}::timestamptz from (${run.members}) m`)
  const [last] = await deed.tx.execute<{ id: string }>(next)
  await wake(deed, [run.channel])
  return { firstId: Number(first!.id), lastId: Number(last!.id), recipients: inserted.count }
}

export type Counts = Record<OutgoingStatus, number> & { recipients: number }

/** The counts of a broadcast that has not begun. */
export const NO_RECIPIENTS: Counts = {
  recipients: 0,
  queued: 0,
  sending: 0,
  accepted: 0,
  held: 0,
  sent: 0,
  delivered: 0,
  read: 0,
  failed: 0,
  skipped: 0,
  unknown: 0,
}

/** How many recipients of these broadcasts are in which state, counted from the rows: a partition of `recipients`. */
export async function countStates(
  deed: Pick<Deed, 'tx'>,
  broadcastIds: readonly string[],
): Promise<Map<string, Counts>> {
  const counts = new Map(broadcastIds.map((id) => [id, { ...NO_RECIPIENTS }]))
  if (broadcastIds.length === 0) return counts
  const rows = await deed.tx
    .select({ broadcastId: outgoing.broadcastId, status: outgoing.status, n: sql<number>`count(*)::int` })
    .from(outgoing)
    .where(inArray(outgoing.broadcastId, [...broadcastIds]))
    .groupBy(outgoing.broadcastId, outgoing.status)
  for (const { broadcastId, status, n } of rows) {
    const of = counts.get(broadcastId!)!
    of[status] = n
    of.recipients += n
  }
  return counts
}

/**
 * Takes what was never handed over out of the queue: of one broadcast (of all its recipients, or of these contacts), or of all broadcasts for these contacts
 * (`marketing`: only those of the category that WhatsApp calls marketing). Returns how many.
 */
export async function skipQueued(
  deed: Deed,
  which:
    | { broadcastId: string; contactIds?: readonly string[] }
    | { contactIds: readonly string[]; marketing?: boolean },
): Promise<number> {
  const skip = sql`update outgoing o set status = 'skipped', status_at = ${deed.now.toISOString()}::timestamptz, not_before = null`
  const theirs = which.contactIds
    ? sql`and o.contact_id = any(array(select jsonb_array_elements_text(${JSON.stringify(which.contactIds)}::jsonb)::uuid))`
    : sql``
  const result =
    'broadcastId' in which
      ? await deed.tx.execute(
          sql`${skip} where o.broadcast_id = ${which.broadcastId}::uuid and o.status = 'queued' ${theirs}`,
        )
      : await deed.tx.execute(sql`${skip}
          from broadcasts b
          where b.status in ('starting', 'sending', 'paused') and o.broadcast_id = b.id and o.status = 'queued'
            ${which.marketing ? sql`and upper(b.category) = 'MARKETING'` : sql``} ${theirs}`)
  return result.count
}

/** Since when the youngest open outcome of a broadcast is open; null if there is none. */
export async function youngestUnknown(deed: Deed, broadcastId: string): Promise<Date | null> {
  const [row] = await deed.tx
    .select({ at: max(outgoing.statusAt) })
    .from(outgoing)
    .where(and(eq(outgoing.broadcastId, broadcastId), eq(outgoing.status, 'unknown')))
  return row?.at ?? null
}

/** Puts rows of a broadcast that did not arrive back into the queue, for another attempt decided by the office. Returns how many. */
export async function retryRun(
  deed: Deed,
  run: {
    broadcastId: string
    channel: string
    include: readonly ('failed' | 'unknown')[]
    /** Who failed with one of these stays failed. */
    hopelessCodes?: readonly number[]
    /** Outcomes that have been open for less than this stay open: a status may still tell. */
    unknownForMs?: number
  },
): Promise<number> {
  const hopeless = JSON.stringify(run.hopelessCodes ?? [])
  const now = deed.now.toISOString()
  const openSince = new Date(deed.now.getTime() - (run.unknownForMs ?? 0)).toISOString()
  const isOpen = sql`status = 'unknown' and coalesce(status_at, 'epoch') <= ${openSince}::timestamptz`
  // The attempt before may have arrived: for the daily limit it has.
  if (run.include.includes('unknown'))
    await keepCountingOpen(deed, sql`broadcast_id = ${run.broadcastId}::uuid and ${isOpen}`)
  const result = await deed.tx.execute(sql`
    update outgoing set status = 'queued', status_at = ${now}::timestamptz, not_before = ${now}::timestamptz, attempts = 0, error_code = null
    where broadcast_id = ${run.broadcastId}::uuid and (
      ${run.include.includes('unknown') ? isOpen : sql`false`}
      or ${
        run.include.includes('failed')
          ? sql`status = 'failed' and (error_code is null or error_code <> all(array(select jsonb_array_elements_text(${hopeless}::jsonb)::int)))`
          : sql`false`
      })`)
  if (result.count > 0) await wake(deed, [run.channel])
  return result.count
}

/**
 * Drops every message of this contact that is not part of a broadcast's count, and the addresses and ids of the rest. What the daily limit counts stays for a
 * day as a row that belongs to nobody. Returns how many were dropped.
 * @param options.chatId only what belongs to this chat; broadcasts are left as they are
 * @param options.lastAddress what WhatsApp has not taken yet still leaves, to this address, and belongs to nobody from now on
 */
export async function eraseMessages(
  deed: Deed,
  contactId: string,
  options: { keepInbox?: boolean; chatId?: string; lastAddress?: { phone?: string; userId?: string } } = {},
): Promise<number> {
  const { chatId, lastAddress } = options
  const theirs = and(eq(outgoing.contactId, contactId), chatId === undefined ? undefined : eq(outgoing.chatId, chatId))
  if (lastAddress) {
    await deed.tx
      .update(outgoing)
      .set({
        contactId: null,
        chatId: null,
        dedupeKey: null,
        addressSealed: sql`coalesce(${outgoing.addressSealed}, ${deed.vault.seal(JSON.stringify(lastAddress))})`,
      })
      .where(and(theirs, inArray(outgoing.kind, ['reply', 'answer']), inArray(outgoing.status, ['queued', 'sending'])))
  }
  const kinds: OutgoingKind[] = options.keepInbox ? ['reply', 'answer', 'test'] : ['reply', 'answer', 'test', 'inbox']
  const gone = await deed.tx
    .delete(outgoing)
    .where(and(theirs, inArray(outgoing.kind, kinds)))
    .returning({
      channel: outgoing.channel,
      status: outgoing.status,
      handedOverAt: outgoing.handedOverAt,
      countsAs: outgoing.countsAs,
    })
  await keepCounting(deed, gone, { asThemselves: chatId !== undefined })
  if (chatId !== undefined) return gone.length
  // Who was two contacts may have got a broadcast as both.
  const them = [contactId, ...(await absorbedBy(deed, contactId)).map(({ id }) => id)]
  const contact = await contactById(deed, contactId)
  const asStranger = contact?.phone === undefined ? [] : [strangerOf(deed.vault, contact.phone)]
  if (contact) await nobodyAnyMore(deed, contact.channel, [...them, ...asStranger])
  // First locked, then read anew: an outcome that is being written meanwhile would leave its message id behind.
  const inBroadcasts = sql`from broadcasts b join outgoing o on o.broadcast_id = b.id and o.contact_id = any(${uuids(them)})`
  await deed.tx.execute(sql`select ${inBroadcasts} order by o.id for no key update of o`)
  await deed.tx.execute(sql`
    with theirs as (
      select o.id, o.wamid_hash ${inBroadcasts}
    ), unnamed as (
      delete from outgoing_wamids w using theirs t where w.wamid_hash = t.wamid_hash and w.outgoing_id = t.id)
    update outgoing o set wamid_hash = null, address_sealed = null, contact_id = null from theirs t where o.id = t.id`)
  return gone.length
}
