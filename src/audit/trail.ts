import { and, asc, desc, eq, gt, isNull, lt, or, sql } from 'drizzle-orm'
import { audit } from '../db/schema.ts'
import type { Deed } from '../runtime.ts'
import type { Actor } from './audit.ts'

export type TrailEntry = typeof audit.$inferSelect

/**
 * Who did what on a channel, newest first. Whoever reaches every channel also sees what belongs to none (people, keys, the whole service); whoever reaches
 * one sees nothing but that one. `before` is the last id of the page before.
 */
export function trailOf(
  deed: Pick<Deed, 'tx'>,
  reader: Pick<Actor, 'channel'>,
  channel: string,
  page: { limit: number; before?: number; target?: string },
): Promise<TrailEntry[]> {
  return deed.tx
    .select()
    .from(audit)
    .where(
      and(
        reader.channel === null
          ? or(eq(audit.channel, channel), isNull(audit.channel))
          : and(eq(audit.channel, channel), eq(audit.channel, reader.channel)),
        page.before === undefined ? undefined : lt(audit.id, page.before),
        page.target === undefined ? undefined : eq(audit.target, page.target),
      ),
    )
    .orderBy(desc(audit.id))
    .limit(page.limit)
}

/** When the entries of this action on a channel began to tell `key` in their detail, without a break since; null if the last one does not tell it. */
export async function toldSince(
  deed: Pick<Deed, 'tx'>,
  channel: string,
  { action, key }: { action: string; key: string },
): Promise<Date | null> {
  const these = and(eq(audit.channel, channel), eq(audit.action, action))
  const tells = sql`jsonb_exists(${audit.detail}, ${key})`
  const [before] = await deed.tx
    .select({ id: audit.id })
    .from(audit)
    .where(and(these, sql`not ${tells}`))
    .orderBy(desc(audit.id))
    .limit(1)
  const [first] = await deed.tx
    .select({ at: audit.at })
    .from(audit)
    .where(and(these, tells, gt(audit.id, before?.id ?? 0)))
    .orderBy(asc(audit.id))
    .limit(1)
  return first?.at ?? null
}
