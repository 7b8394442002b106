import { sql } from 'drizzle-orm'
import { notices } from '../db/schema.ts'
import { uuids } from '../db/sets.ts'
import type { Deed } from '../runtime.ts'

/** What is noted about a person: an automatic line that was given, or what they said that ended nothing. */
export const NOTICE_KINDS = [
  'greet',
  'help',
  'status',
  'topics',
  'unchanged',
  'disclose',
  'about info',
  'about chat',
  'about all',
  'no info',
  'no chat',
  'no-such-offering',
  'ask-back',
  'opt-in-ask',
  'chatOpened',
  'officeClosed',
  'refuse-type',
  'refusedCall',
  'erase-ask',
  'erase-cancel',
  'erase-overtaken',
  'not-erased',
  'erased',
  'marketing-resumed',
] as const
export type NoticeKind = (typeof NOTICE_KINDS)[number]

/** When each of these contacts last got which automatic line: contact → kind → time. */
export async function noticesOf(deed: Deed, contactIds: readonly string[]): Promise<Map<string, Map<string, Date>>> {
  const found = new Map<string, Map<string, Date>>()
  if (contactIds.length === 0) return found
  const rows = await deed.tx
    .select()
    .from(notices)
    .where(sql`${notices.contactId} = any(${uuids(contactIds)})`)
  for (const { contactId, kind, at } of rows) {
    const of = found.get(contactId) ?? new Map<string, Date>()
    of.set(kind, at)
    found.set(contactId, of)
  }
  return found
}

/** Notes automatic lines given, now unless said otherwise. */
export async function recordNotices(
  deed: Deed,
  given: readonly { contactId: string; kind: NoticeKind; at?: Date }[],
): Promise<void> {
  if (given.length === 0) return
  const unique = new Map(given.map((notice) => [`${notice.contactId} ${notice.kind}`, { at: deed.now, ...notice }]))
  const rows = [...unique.values()].map(({ contactId, kind, at }) => ({ c: contactId, k: kind, at: at.toISOString() }))
  await deed.tx.execute(sql`
    insert into ${notices} (contact_id, kind, at)
    select c, k, at from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(c uuid, k text, at timestamptz) order by c, k
    on conflict (contact_id, kind) do update set at = greatest(notices.at, excluded.at)`)
}

/** Forgets that a line was given, so that the next occasion counts again. */
export async function dropNotices(deed: Deed, contactIds: readonly string[], kind: NoticeKind): Promise<void> {
  if (contactIds.length === 0) return
  await deed.tx
    .delete(notices)
    .where(sql`${notices.contactId} = any(${uuids(contactIds)}) and ${notices.kind} = ${kind}`)
}
