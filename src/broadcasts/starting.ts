import { and, asc, eq, gt, inArray, lte, type SQL, sql } from 'drizzle-orm'
import { SYSTEM } from '../audit/audit.ts'
import type { Channel } from '../channels/channel.ts'
import { channelState } from '../channels/channels.ts'
import { templateFor } from '../channels/template-store.ts'
import type { Db, Tx } from '../db/db.ts'
import { broadcasts, consentHeads, consents, contacts, outgoing, subscriptions } from '../db/schema.ts'
import { skipQueued, startRun, wake } from '../dispatch/queue.ts'
import { quietUntil } from '../dispatch/windows.ts'
import type { Logger } from '../log.ts'
import { type Deed, inDeed, type Runtime } from '../runtime.ts'
import {
  columnsOf,
  contentOf,
  isMarketing,
  isSeries,
  judgeTemplate,
  membersFor,
  type Row,
  sameComponents,
  type Tolerance,
  take,
  write,
} from './broadcasts.ts'
import { catchUp, dueOrMissed } from './calendar.ts'
import type { PauseReason } from './lifecycle.ts'
import { lockOutLeaving } from './running.ts'

type Starter = Pick<Runtime, 'db' | 'vault' | 'now' | 'channels' | 'log'> & { settings: Tolerance }

/** From here on plans made with the figures of before the audience was written cost more than new figures. */
const ANALYZE_FROM = 10_000
const AT_ONCE = 50
/** From here on reading all subscriptions once is surely cheaper than looking for each recipient's. */
const MANY = 1000

/**
 * Carries out what is due, each thing once over all processes that call this: starts broadcasts, makes the dates of series, and completes starts
 * that a death cut in two. May overlap with itself. Returns how many began to be sent.
 */
export async function startDue(starter: Starter): Promise<number> {
  const slugs = [...starter.channels.keys()]
  if (slugs.length === 0) return 0
  const due = await starter.db
    .select({ id: broadcasts.id, channel: broadcasts.channel })
    .from(broadcasts)
    .where(and(lte(broadcasts.dueAt, starter.now()), inArray(broadcasts.channel, slugs)))
    .orderBy(asc(broadcasts.dueAt), asc(broadcasts.approvedAt), asc(broadcasts.id))
    .limit(AT_ONCE)
  // Towns do not wait for one another's large audiences.
  let begun = 0
  const oneByOne = async (channel: Channel) => {
    for (const { id } of due.filter((one) => one.channel === channel.slug)) {
      try {
        if (await advance(starter, channel, id)) begun += 1
      } catch (error) {
        starter.log.error({ err: error, broadcast: id, channel: channel.slug }, 'a broadcast could not be started')
      }
    }
  }
  await Promise.all([...starter.channels.values()].map(oneByOne))
  return begun
}

/** One due broadcast. True: it is being sent now. */
async function advance(starter: Starter, channel: Channel, id: string): Promise<boolean> {
  const { log, settings } = starter
  const step = await inDeed(starter, async (deed): Promise<'wait' | number | { date: string | null }> => {
    const row = await lockDue(deed, id)
    if (!row) return 'wait'
    if (row.status === 'starting') return row.lastId! - row.firstId!
    if (isSeries(row)) return { date: await nextOfSeries(deed, log, channel, row, settings) }
    return freeze(deed, log, channel, row, settings)
  })
  if (typeof step === 'object') return step.date !== null && advance(starter, channel, step.date)
  if (step === 'wait') return false
  if (typeof step === 'number' && step >= ANALYZE_FROM) await starter.db.execute(sql`analyze ${outgoing}`)
  if ((await inDeed(starter, (deed) => begin(deed, id))) === null) return false
  log.info({ broadcast: id, channel: channel.slug }, 'broadcast started')
  return true
}

async function lockDue(deed: Deed, id: string): Promise<Row | undefined> {
  const [row] = await deed.tx
    .select()
    .from(broadcasts)
    .where(
      and(
        eq(broadcasts.id, id),
        lte(broadcasts.dueAt, deed.now),
        inArray(broadcasts.status, ['scheduled', 'starting']),
      ),
    )
    .for('update', { skipLocked: true })
  return row
}

/**
 * First half of a start: writes one row per member in one statement, which may take seconds and locks nobody out. Nothing leaves yet.
 * Answers with their number; `wait`: it may not start now, and why is written down.
 */
async function freeze(
  deed: Deed,
  log: Logger,
  channel: Channel,
  row: Row,
  { overdueToleranceMs }: Tolerance,
): Promise<number | 'wait'> {
  const standStill = async (reason: PauseReason) => {
    await write(
      deed,
      SYSTEM,
      row,
      'paused',
      { status: take(row, 'pause'), pausedReason: reason, dueAt: null },
      { reason },
    )
    log.warn({ broadcast: row.id, channel: row.channel, reason }, 'broadcast not started')
    return 'wait' as const
  }
  const { info } = channel.offerings
  if (!info) return standStill('offering-gone')
  // Whoever was due in quiet hours would not have left before their end, and is not late before that.
  const leaves = quietUntil(row.dueAt!, info.quietHours, channel.timezone) ?? row.dueAt!
  if (dueOrMissed(leaves, deed.now, overdueToleranceMs) === 'missed') return standStill('overdue')
  const quiet = quietUntil(deed.now, info.quietHours, channel.timezone)
  if (quiet) {
    await deed.tx.update(broadcasts).set({ dueAt: quiet }).where(eq(broadcasts.id, row.id))
    return 'wait'
  }
  if ((await channelState(deed, row.channel))?.stoppedAt) return standStill('channel-stopped')
  const { template, problem } = await judgeTemplate(deed, row)
  if (problem !== null) return standStill(problem)
  // A new category changes the price and who may be written to, not what was approved: an emergency must not wait for the office.
  const { category } = template
  const run = await startRun(deed, { broadcastId: row.id, channel: row.channel, members: membersFor(row, category) })
  await write(
    deed,
    SYSTEM,
    row,
    'frozen',
    { status: take(row, 'start'), firstId: run.firstId, lastId: run.lastId, category },
    { recipients: run.recipients, category, ...(category === row.category ? {} : { approvedCategory: row.category }) },
  )
  return run.recipients
}

/**
 * Second half: takes out whoever left while the audience was written and lets the rest go. Null: another process was faster, or somebody stopped
 * it. The leaving are locked out for a moment only, whatever the size: by then everybody is known whose STOP was committed before, and the
 * ledger names those who followed. A later STOP waits for us and then finds the rows. No time stamp is trusted, Meta's may be a week old.
 */
async function begin(deed: Deed, id: string): Promise<true | null> {
  const { tx } = deed
  const [row] = await tx.select().from(broadcasts).where(eq(broadcasts.id, id)).for('update')
  if (row?.status !== 'starting') return null
  const isGone = (contactId: SQL) => sql`not exists (
    select from ${subscriptions} a where a.contact_id = ${contactId} and a.offering = 'info' and a.left_at is null)`
  const [head] = await tx
    .select({ seq: consentHeads.seq })
    .from(consentHeads)
    .where(eq(consentHeads.channel, row.channel))
  // Of a table without statistics, as after a large list, the planner expects one row, and would compare everybody with everybody.
  const isLarge = row.lastId! - row.firstId! > MANY
  if (isLarge) await tx.execute(sql`set local enable_nestloop = off`)
  const before = await tx.execute<{ contact_id: string }>(sql`
    select o.contact_id from ${outgoing} o
    where o.id between ${row.firstId} and ${row.lastId} and o.broadcast_id = ${id}::uuid and o.status = 'queued'
      and ${isGone(sql`o.contact_id`)}`)
  if (isLarge) await tx.execute(sql`set local enable_nestloop to default`)
  const stoppedMarketing = isMarketing(row.category)
    ? await tx.execute<{ contact_id: string }>(sql`
        select o.contact_id from ${contacts} c join ${outgoing} o on o.broadcast_id = ${id}::uuid and o.contact_id = c.id
        where c.channel = ${row.channel} and c.marketing_stopped_at is not null and o.status = 'queued'`)
    : []
  await lockOutLeaving(deed, row.channel)
  const since = await tx.execute<{ contact_id: string }>(sql`
    select c.id as contact_id from ${consents} k join ${contacts} c on c.subject = k.subject
    where k.channel = ${row.channel} and k.seq > ${head?.seq ?? 0} and k.offering = 'info' and ${isGone(sql`c.id`)}`)
  const left = [...before, ...stoppedMarketing, ...since].map((gone) => gone.contact_id)
  if (left.length > 0) await skipQueued(deed, { broadcastId: id, contactIds: left })
  await write(
    deed,
    SYSTEM,
    row,
    'started',
    { status: take(row, 'begin'), startedAt: deed.now, dueAt: null },
    { leftMeanwhile: left.length },
  )
  await wake(deed, [row.channel])
  return true
}

/**
 * One tick of a series: makes the broadcast of the date that is due (the latest one not too late), skips missed ones, and sets the next date or
 * ends. Answers with the id of the new broadcast, which has the series' approval.
 */
async function nextOfSeries(deed: Deed, log: Logger, channel: Channel, row: Row, { overdueToleranceMs }: Tolerance) {
  const template = await templateFor(deed, row.channel, row.templateName, row.templateLanguage)
  if (template && !sameComponents(row.components, template.components)) {
    const reason: PauseReason = 'template-changed'
    await write(
      deed,
      SYSTEM,
      row,
      'paused',
      { status: take(row, 'pause'), pausedReason: reason, dueAt: null },
      { reason },
    )
    return null
  }
  const content = contentOf(row)
  const plan = catchUp(content.recurrence!, channel.timezone, row.dueAt!, deed.now, overdueToleranceMs)
  if (plan.missed > 0) {
    log.warn(
      { broadcast: row.id, channel: row.channel, missed: plan.missed },
      'dates of a series were missed and are skipped',
    )
  }
  const date = plan.run === null ? null : await insertDate(deed, row, plan.run)
  const over = plan.following === null
  await write(
    deed,
    SYSTEM,
    row,
    over ? 'finished' : 'continued',
    over ? { status: take(row, 'finish'), dueAt: null, finishedAt: deed.now } : { dueAt: plan.following },
    { missed: plan.missed, date },
  )
  return date
}

async function insertDate(deed: Deed, series: Row, date: Date): Promise<string | null> {
  const [made] = await deed.tx
    .insert(broadcasts)
    .values({
      ...columnsOf({ ...contentOf(series), sendAt: date, recurrence: null }),
      channel: series.channel,
      seriesId: series.id,
      status: 'scheduled',
      dueAt: date,
      components: series.components,
      category: series.category,
      body: series.body,
      createdBy: series.createdBy,
      changedBy: series.changedBy,
      submittedBy: series.submittedBy,
      submittedAt: series.submittedAt,
      approvedBy: series.approvedBy,
      approvedAt: series.approvedAt,
      createdAt: deed.now,
      changedAt: series.changedAt,
      history: series.history,
    })
    .onConflictDoNothing()
    .returning({ id: broadcasts.id })
  return made?.id ?? null
}

/** In how many milliseconds the next thing will be due; null: not within `withinMs`. */
export async function nextDueInMs(starter: Pick<Runtime, 'db' | 'now'>, withinMs: number): Promise<number | null> {
  const now = starter.now()
  const [next] = await starter.db
    .select({ dueAt: broadcasts.dueAt })
    .from(broadcasts)
    .where(and(gt(broadcasts.dueAt, now), lte(broadcasts.dueAt, new Date(now.getTime() + withinMs))))
    .orderBy(asc(broadcasts.dueAt))
    .limit(1)
  return next?.dueAt ? next.dueAt.getTime() - starter.now().getTime() : null
}

/** For how many seconds the oldest due thing has been waiting to be carried out; 0 = nothing is late. Above a few seconds nobody looks any more. */
export async function overdueSeconds(db: Db | Tx, now: Date): Promise<number> {
  const [oldest] = await db
    .select({ dueAt: broadcasts.dueAt })
    .from(broadcasts)
    .where(lte(broadcasts.dueAt, now))
    .orderBy(asc(broadcasts.dueAt))
    .limit(1)
  return oldest?.dueAt ? (now.getTime() - oldest.dueAt.getTime()) / 1000 : 0
}
