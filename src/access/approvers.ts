import { and, count, eq, inArray, isNull, or } from 'drizzle-orm'
import type { Channel } from '../channels/channel.ts'
import { staff } from '../db/schema.ts'
import { Refusal } from '../refusal.ts'
import type { Deed } from '../runtime.ts'

/** Nobody approves their own work, so with fewer a holiday or a broadcast by the only approver stands still. */
export const APPROVERS_NEEDED = 2

/** How many people may approve broadcasts of this channel now. */
export async function countApprovers(deed: Pick<Deed, 'tx'>, channel: string): Promise<number> {
  const [found] = await deed.tx
    .select({ n: count() })
    .from(staff)
    .where(
      and(
        isNull(staff.disabledAt),
        inArray(staff.role, ['approver', 'admin']),
        or(isNull(staff.channel), eq(staff.channel, channel)),
      ),
    )
  return found?.n ?? 0
}

export const needsApprovers = ({ offerings }: Pick<Channel, 'offerings'>): boolean =>
  offerings.info !== undefined && offerings.info.approval !== 'none'

/** Refuses with `too-few-approvers` while a channel with approval by a second person has not enough people for it. */
export async function requireApprovers(deed: Pick<Deed, 'tx'>, channel: Channel): Promise<void> {
  if (!needsApprovers(channel)) return
  if ((await countApprovers(deed, channel.slug)) < APPROVERS_NEEDED) throw new Refusal('too-few-approvers')
}
