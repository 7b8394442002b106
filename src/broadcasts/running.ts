import { and, eq, isNotNull, sql } from 'drizzle-orm'
import { type Actor, SYSTEM } from '../audit/audit.ts'
import type { Channel } from '../channels/channel.ts'
import { channelState, noteEvent } from '../channels/channels.ts'
import { isApproved, markTemplate } from '../channels/template-store.ts'
import { broadcasts, channels, outgoing } from '../db/schema.ts'
import { retryRun, skipQueued, wake } from '../dispatch/queue.ts'
import { forgetFormerIds } from '../dispatch/statuses.ts'
import { Refusal } from '../refusal.ts'
import type { Deed } from '../runtime.ts'
import { membersOf } from '../subscriptions/subscriptions.ts'
import { isAboutAll, RULES, reasonFor, type Verdict } from '../whatsapp/outcome.ts'
import { dueDate } from './approval.ts'
import { isMarketing, isSeries, judgeTemplate, lock, progressOf, type Row, take, write } from './broadcasts.ts'
import { endsWithTemplate, next, type PauseReason } from './lifecycle.ts'

/** Nothing more of it is handed over; what was is not called back. */
export async function pause(deed: Deed, actor: Actor, channel: Channel, id: string): Promise<Row> {
  return halt(deed, actor, await lock(deed, channel.slug, id), 'office')
}

const halt = (deed: Deed, actor: Actor, row: Row, reason: PauseReason) =>
  write(deed, actor, row, 'paused', { status: take(row, 'pause'), pausedReason: reason, dueAt: null }, { reason })

/**
 * Goes on where it stopped: what was handed over before is not repeated, a missed time is now. Refuses with `template-not-approved`,
 * `template-changed` (it must be approved again) or `channel-stopped` as long as nothing could leave.
 */
export async function resume(deed: Deed, actor: Actor, channel: Channel, id: string): Promise<Row> {
  const row = await lock(deed, channel.slug, id)
  take(row, 'resume')
  await refuseUnsendable(deed, row)
  return goOn(deed, actor, row, dueDate(row, channel, deed.now))
}

async function goOn(deed: Deed, actor: Actor, row: Row, startAt: Date): Promise<Row> {
  const status = take(row, 'resume')
  const dueAt = status === 'scheduled' ? startAt : status === 'starting' ? deed.now : null
  const resumed = await write(deed, actor, row, 'resumed', { status, pausedReason: null, dueAt })
  await wake(deed, [row.channel])
  return resumed
}

async function refuseUnsendable(deed: Deed, row: Row): Promise<void> {
  const { problem } = await judgeTemplate(deed, row)
  if (problem === 'template-changed') throw new Refusal('template-changed')
  if (problem !== null) throw new Refusal('template-not-approved')
  if ((await channelState(deed, row.channel))?.stoppedAt) throw new Refusal('channel-stopped')
}

/** Ends it for good: what is still queued is never sent. With a series also the dates of it that have not begun. */
export async function cancel(deed: Deed, actor: Actor, channel: Channel, id: string): Promise<Row> {
  const row = await lock(deed, channel.slug, id)
  const cancelled = await stopForGood(deed, actor, row)
  if (isSeries(row)) {
    const dates = await deed.tx
      .select()
      .from(broadcasts)
      .where(
        and(
          eq(broadcasts.seriesId, row.id),
          sql`${broadcasts.status} in ('scheduled', 'paused') and ${broadcasts.firstId} is null`,
        ),
      )
      .for('update')
    for (const date of dates) await stopForGood(deed, actor, date)
  }
  return cancelled
}

/**
 * Ends what nobody has gone on with since a moment, of that with recipients, whose data has no reason to be kept any longer. At most `limit`; returns how many.
 */
export async function cancelForgotten(deed: Deed, channel: string, before: Date, limit: number): Promise<number> {
  const lastStep = sql`coalesce((${broadcasts.history}->-1->>'at')::timestamptz, ${broadcasts.changedAt})`
  const rows = await deed.tx
    .select()
    .from(broadcasts)
    .where(
      and(
        eq(broadcasts.channel, channel),
        eq(broadcasts.status, 'paused'),
        isNotNull(broadcasts.firstId),
        sql`${lastStep} < ${before.toISOString()}::timestamptz`,
      ),
    )
    .limit(limit)
    .for('update', { skipLocked: true })
  for (const row of rows) await stopForGood(deed, SYSTEM, row, { reason: 'paused-too-long' })
  return rows.length
}

async function stopForGood(deed: Deed, actor: Actor, row: Row, why: { reason?: string } = {}): Promise<Row> {
  const status = take(row, 'cancel')
  const skipped = row.firstId === null ? 0 : await skipQueued(deed, { broadcastId: row.id })
  return write(
    deed,
    actor,
    row,
    'cancelled',
    { status, pausedReason: null, dueAt: null, finishedAt: deed.now },
    { from: row.status, skipped, ...why },
  )
}

/** Verdicts after which the same message may well arrive at another attempt that a person decides on. */
const WORTH_ANOTHER_TRY: ReadonlySet<Verdict> = new Set([
  'retry',
  'slow-down',
  'pair-later',
  'not-sent',
  'broadcast',
  'channel',
])
/** All that is known not to help another time. What Meta has never explained, or what was about the whole broadcast, may help. */
const HOPELESS_CODES = Object.entries(RULES)
  .filter(([code, [verdict]]) => !WORTH_ANOTHER_TRY.has(verdict) && !isAboutAll(Number(code)))
  .map(([code]) => Number(code))

/** May `retry` take a message that failed with this code of Meta's, or without one? */
export const isRetryable = (code: number | null): boolean => code === null || !HOPELESS_CODES.includes(code)

/**
 * Puts what failed for a passing reason back into the queue; what is `unknown` only if asked for, since those people may get it twice. Nobody
 * who left meanwhile is among them. Without anybody to retry nothing changes.
 * @param options.unknownForMs how long an outcome must have been open
 */
export async function retry(
  deed: Deed,
  actor: Actor,
  channel: Channel,
  id: string,
  { include = ['failed'], unknownForMs }: { include?: readonly ('failed' | 'unknown')[]; unknownForMs?: number } = {},
): Promise<Row> {
  const row = await lock(deed, channel.slug, id)
  const status = take(row, 'retry')
  await refuseUnsendable(deed, row)
  await lockOutLeaving(deed, row.channel)
  const queued = await retryRun(deed, {
    broadcastId: row.id,
    channel: row.channel,
    include,
    unknownForMs,
    hopelessCodes: HOPELESS_CODES,
  })
  if (queued === 0) return row
  await forgetFormerIds(deed, row.id)
  const retried = await write(deed, actor, row, 'retried', { status, finishedAt: null }, { include, queued })
  const left = await queuedWithoutSubscription(deed, row)
  if (left.length > 0) await skipQueued(deed, { broadcastId: row.id, contactIds: left })
  return retried
}

/** A STOP that is being carried out is waited for, the next one waits for us: whoever leaves is seen by one of the two. */
export async function lockOutLeaving(deed: Deed, channel: string): Promise<void> {
  await deed.tx.select({ slug: channels.slug }).from(channels).where(eq(channels.slug, channel)).for('update')
}

async function queuedWithoutSubscription(deed: Deed, row: Row): Promise<string[]> {
  const rows = await deed.tx.execute<{ contact_id: string }>(sql`
    select o.contact_id from ${outgoing} o
    where o.broadcast_id = ${row.id}::uuid and o.status = 'queued' and o.not_before is not null and o.contact_id is not null
      and o.contact_id not in (${membersOf({ channel: row.channel, offering: 'info', marketing: isMarketing(row.category) })})`)
  return rows.map((found) => found.contact_id)
}

/**
 * Stops a broadcast for a reason of WhatsApp, or because it can no longer be sent as approved. False: there was nothing to stop.
 * A reason about the template is noted with our copy of it, so that its approval is seen as a change that lifts the pause; one about the number is told
 * among what happened to the channel.
 */
export async function pauseBy(deed: Deed, id: string, reason: PauseReason): Promise<boolean> {
  const [row] = await deed.tx.select().from(broadcasts).where(eq(broadcasts.id, id)).for('update')
  if (!row || next(row.status, 'pause', progressOf(row)) === null) return false
  await halt(deed, SYSTEM, row, reason)
  const state = TEMPLATE_STATES[reason]
  if (state) await markTemplate(deed, row.channel, row.templateName, row.templateLanguage, state)
  if (ABOUT_NUMBER.has(reason))
    await noteEvent(deed, row.channel, { kind: 'sending-limited', severity: 'critical', detail: { reason } })
  return true
}

/** WhatsApp lets no broadcast of the number through for a while, whichever it is. Answers may go on. */
const ABOUT_NUMBER: ReadonlySet<PauseReason> = new Set(['spam', 'category'])

const TEMPLATE_STATES: Readonly<Partial<Record<PauseReason, string>>> = {
  'template-paused': 'PAUSED',
  'template-disabled': 'DISABLED',
}

/** The same for Meta's error code of a message that can reach nobody. */
export const pauseForCode = (deed: Deed, id: string, code: number | undefined): Promise<boolean> =>
  pauseBy(deed, id, reasonFor(code))

/**
 * Meta approved a template again: what stood still for it goes on, unless the template shows something else now; then the office must decide.
 * Returns how many go on.
 */
export async function templateBack(deed: Deed, channel: Channel, name: string, language: string): Promise<number> {
  const waiting = await deed.tx
    .select()
    .from(broadcasts)
    .where(
      sql`${broadcasts.channel} = ${channel.slug} and ${broadcasts.status} = 'paused'
        and ${broadcasts.templateName} = ${name} and ${broadcasts.templateLanguage} = ${language}`,
    )
    .for('update')
  let resumed = 0
  for (const row of waiting) {
    if (!endsWithTemplate(row.pausedReason ?? '')) continue
    const { template, problem } = await judgeTemplate(deed, row)
    if (problem === 'template-changed') {
      await write(deed, SYSTEM, row, 'paused', { pausedReason: problem }, { reason: problem })
    } else if (problem === null && isApproved(template)) {
      // At its own time, not now: if that is long over, the start asks the office instead of surprising everybody.
      await goOn(
        deed,
        SYSTEM,
        row,
        isSeries(row) ? dueDate(row, channel, deed.now) : (row.sendAt ?? row.approvedAt ?? deed.now),
      )
      resumed += 1
    }
  }
  return resumed
}
