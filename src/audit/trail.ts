import { and, desc, eq, isNull, lt, or } from 'drizzle-orm'
import { audit } from '../db/schema.ts'
import type { Deed } from '../runtime.ts'

export type TrailEntry = typeof audit.$inferSelect

/** Who did what on a channel, newest first; with `everywhere` also what belongs to no channel. `before` is the last id of the page before. */
export function trailOf(
  deed: Pick<Deed, 'tx'>,
  channel: string,
  page: { limit: number; before?: number; everywhere?: boolean; target?: string },
): Promise<TrailEntry[]> {
  return deed.tx
    .select()
    .from(audit)
    .where(
      and(
        page.everywhere ? or(eq(audit.channel, channel), isNull(audit.channel)) : eq(audit.channel, channel),
        page.before === undefined ? undefined : lt(audit.id, page.before),
        page.target === undefined ? undefined : eq(audit.target, page.target),
      ),
    )
    .orderBy(desc(audit.id))
    .limit(page.limit)
}
