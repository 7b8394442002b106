import { and, eq, inArray, lte, or, sql } from 'drizzle-orm'
import type { Channel } from '../channels/channel.ts'
import { channelState } from '../channels/channels.ts'
import { templatesOf } from '../channels/template-store.ts'
import { broadcasts, outgoing } from '../db/schema.ts'
import { lastToGo, reachedSince } from '../dispatch/reached.ts'
import { isLimited, LIMIT_WINDOW_MS } from '../dispatch/windows.ts'
import type { Deed } from '../runtime.ts'
import { membersFor, progressOf } from './broadcasts.ts'
import { waitingOf } from './outlook.ts'

/** How much of WhatsApp's daily limit is used, and what the next 24 hours need; each person counts once. */
export type LimitOutlook = {
  limit: number
  used: number
  /** When those who count make room again; null: nobody counts. */
  growsAt: Date | null
  /** People of broadcasts that run or are due within 24 hours who do not count yet. */
  ahead: number
  /** Room for them when the first of these broadcasts may leave. */
  room: number
}

/** null: WhatsApp named no limit. */
export async function limitOutlook(
  deed: Pick<Deed, 'tx' | 'now'>,
  { slug }: Pick<Channel, 'slug'>,
): Promise<LimitOutlook | null> {
  const limit = (await channelState(deed, slug))?.dailyLimit ?? null
  if (!isLimited(limit)) return null
  const rows = await deed.tx
    .select()
    .from(broadcasts)
    .where(
      and(
        eq(broadcasts.channel, slug),
        or(
          inArray(broadcasts.status, ['starting', 'sending']),
          and(
            eq(broadcasts.status, 'scheduled'),
            lte(broadcasts.dueAt, new Date(deed.now.getTime() + LIMIT_WINDOW_MS)),
          ),
        ),
      ),
    )
  const templates = rows.length > 0 ? await templatesOf(deed, slug) : []
  const members = rows.map((row) => {
    const template = templates.find(
      ({ name, language }) => name === row.templateName && language === row.templateLanguage,
    )
    return progressOf(row) === 'planned' ? membersFor(row, template?.category ?? row.category) : waitingOf(row)
  })
  const first = Math.min(...rows.map(({ dueAt }) => (dueAt ?? deed.now).getTime()))
  const begins = new Date(Math.max(deed.now.getTime(), rows.length > 0 ? first : 0))
  const [found] = await deed.tx.execute<{
    used: number
    used_then: number
    last_ms: number | null
    ahead: number
  }>(sql`
    with counted as (${reachedSince(slug, new Date(deed.now.getTime() - LIMIT_WINDOW_MS))}),
      planned as (${members.length > 0 ? sql.join(members, sql` union `) : sql`select ${outgoing.contactId} from ${outgoing} where false`})
    select (select count(*) from counted)::int as used,
      (select count(*) from counted where at > ${new Date(begins.getTime() - LIMIT_WINDOW_MS).toISOString()}::timestamptz)::int as used_then,
      (select ${lastToGo(limit)} from counted) as last_ms,
      (select count(*) from planned p where not exists (select from counted c where c.contact_id = p.contact_id))::int as ahead`)
  const { used, used_then, last_ms, ahead } = found!
  return {
    limit,
    used,
    growsAt: last_ms === null ? null : new Date(last_ms + LIMIT_WINDOW_MS),
    ahead,
    room: Math.max(0, limit - used_then),
  }
}
