import { and, eq, gte, max, ne, or, sql } from 'drizzle-orm'
import { channelEvents, channels } from '../db/schema.ts'
import type { Deed } from '../runtime.ts'
import { clearStop, stopChannel } from './channels.ts'

/** Meta's event for a ban and for its end. */
export const BAN = 'DISABLED_UPDATE'

/** What stopped the channel, beside `BAN`: a ban in force, or one that is only announced. */
export const BAN_ANNOUNCED = 'ban-announced'

/**
 * Meta banned the account, or announced it: either stops the channel, and the latest word says which. A refusal to send that stopped the channel before
 * is explained by it, and tells of more than an announcement.
 */
export async function ban(deed: Deed, slug: string, announced: boolean): Promise<void> {
  const reason = announced ? BAN_ANNOUNCED : 'account'
  await stopChannel(deed, slug, BAN, reason)
  await deed.tx
    .update(channels)
    .set({
      stoppedCode: BAN,
      stoppedReason: sql`case ${channels.stoppedReason} when 'blocked' then 'account' else ${reason} end`,
    })
    .where(and(eq(channels.slug, slug), or(eq(channels.stoppedReason, 'blocked'), eq(channels.stoppedCode, BAN))))
}

/** Meta lifted the ban: lets the channel go on, unless something else stopped it, or would have. True if it goes on. */
export async function liftBan(deed: Deed, slug: string): Promise<boolean> {
  const [state] = await deed.tx.select().from(channels).where(eq(channels.slug, slug)).for('update')
  if (!state?.stoppedAt || state.stoppedCode !== BAN) return false
  const [other] = await deed.tx
    .select({ id: channelEvents.id })
    .from(channelEvents)
    .where(
      and(
        ...[eq(channelEvents.channel, slug), eq(channelEvents.kind, 'account-update')],
        ...[eq(channelEvents.severity, 'critical'), gte(channelEvents.at, state.stoppedAt)],
        ne(sql`${channelEvents.detail} ->> 'event'`, BAN),
      ),
    )
    .limit(1)
  return other === undefined && clearStop(deed, slug)
}

/** The latest moment at which Meta said something about a ban, as far as we were told. */
export async function banToldAt(deed: Deed, slug: string): Promise<Date | null> {
  const [latest] = await deed.tx
    .select({ at: max(sql<string>`${channelEvents.detail} ->> 'toldAt'`) })
    .from(channelEvents)
    .where(
      and(
        eq(channelEvents.channel, slug),
        eq(channelEvents.kind, 'account-update'),
        eq(sql`${channelEvents.detail} ->> 'event'`, BAN),
      ),
    )
  return latest?.at ? new Date(latest.at) : null
}
