import { and, asc, desc, eq, gt, inArray, sql } from 'drizzle-orm'
import type { Channel } from '../channels/channel.ts'
import { openContact } from '../contacts/contacts.ts'
import { maskPhone, maskUserId } from '../contacts/mask.ts'
import { broadcasts, contacts, outgoing } from '../db/schema.ts'
import { type Counts, countStates, type OutgoingStatus } from '../dispatch/queue.ts'
import type { Deed } from '../runtime.ts'
import { explain } from '../whatsapp/outcome.ts'
import { type Content, contentOf, find, isSeries, progressOf, type Row } from './broadcasts.ts'
import { nextDates, withOffset } from './calendar.ts'
import { earliest } from './drafts.ts'
import { officeSteps, pauseSentence, type State, type Step, shown } from './lifecycle.ts'
import { type Hold, type Outlook, OutlookReader } from './outlook.ts'

/** A broadcast as everybody outside sees it. Instants are ISO 8601 with the offset of the town's clock. */
export type BroadcastView = Omit<Content, 'sendAt'> & {
  id: string
  channel: string
  sendAt: string | null
  status: ReturnType<typeof shown>
  pausedReason: string | null
  /** The same as a German sentence. */
  pausedBecause: string | null
  approval: {
    contentHash: string
    submittedBy: string | null
    submittedAt: string | null
    approvedBy: string | null
    approvedAt: string | null
    rejectedReason: string | null
  }
  counts: Counts
  forecast: {
    recipients: number
    seconds: number
    finishesAt: string | null
    fitsDailyLimit: boolean
    costEur: string | null
    sentence: string
  }
  waitingUntil: string | null
  waitingFor: Hold['reason'] | null
  /** The coming dates of a series. */
  next: string[]
  seriesId: string | null
  correctionOf: string | null
  /** What the office may do with it now. */
  steps: Step[]
  createdBy: string
  createdAt: string
  changedAt: string
  startedAt: string | null
  finishedAt: string | null
}

/** How many coming dates a series shows. */
const DATES_SHOWN = 5

/** One broadcast with counts, forecast and coming dates; refuses with `not-found`. */
export async function view(deed: Deed, channel: Channel, id: string): Promise<BroadcastView> {
  return viewOf(deed, channel, await find(deed, channel.slug, id))
}

/** The same for a row that a verb answered with. */
export async function viewOf(deed: Deed, channel: Channel, row: Row): Promise<BroadcastView> {
  const [seen] = await viewAll(deed, channel, [row])
  return seen!
}

export type ListPage = { limit: number; before?: { createdAt: Date; id: string }; status?: readonly State[] }

/** A channel's broadcasts, newest first. `before` is the last one of the page before. */
export async function list(deed: Deed, channel: Channel, page: ListPage): Promise<BroadcastView[]> {
  const { before, status } = page
  const asked = status?.includes('sending') ? [...status, 'starting' as const] : status
  const rows = await deed.tx
    .select()
    .from(broadcasts)
    .where(
      and(
        eq(broadcasts.channel, channel.slug),
        asked && inArray(broadcasts.status, [...asked]),
        before &&
          sql`(${broadcasts.createdAt}, ${broadcasts.id}) < (${before.createdAt.toISOString()}::timestamptz, ${before.id}::uuid)`,
      ),
    )
    .orderBy(desc(broadcasts.createdAt), desc(broadcasts.id))
    .limit(page.limit)
  return viewAll(deed, channel, rows)
}

async function viewAll(deed: Deed, channel: Channel, rows: readonly Row[]): Promise<BroadcastView[]> {
  const live = rows.filter((row) => row.totals === null).map((row) => row.id)
  const counted = await countStates(deed, live)
  const reader = new OutlookReader(deed, channel)
  const views: BroadcastView[] = []
  for (const row of rows) {
    const counts = counted.get(row.id) ?? (row.totals as Counts)
    views.push(seen(row, channel, counts, await reader.of(row, counts), deed.now))
  }
  return views
}

function seen(
  row: Row,
  channel: Channel,
  counts: Counts,
  { forecast, sentence, wait }: Outlook,
  now: Date,
): BroadcastView {
  const at = (moment: Date): string => withOffset(moment, channel.timezone)
  const maybe = (moment: Date | null): string | null => moment && at(moment)
  const content = contentOf(row)
  return {
    id: row.id,
    channel: row.channel,
    ...content,
    sendAt: maybe(row.sendAt),
    status: shown(row.status),
    pausedReason: row.pausedReason,
    pausedBecause: row.pausedReason === null ? null : pauseSentence(row.pausedReason),
    approval: {
      contentHash: row.contentHash,
      submittedBy: row.submittedBy,
      submittedAt: maybe(row.submittedAt),
      approvedBy: row.approvedBy,
      approvedAt: maybe(row.approvedAt),
      rejectedReason: row.rejectedReason,
    },
    counts,
    forecast: {
      recipients: forecast.recipients,
      seconds: forecast.seconds,
      finishesAt: maybe(forecast.finishesAt),
      fitsDailyLimit: forecast.fitsDailyLimit,
      costEur: forecast.costEur,
      sentence,
    },
    waitingUntil: maybe(wait?.until ?? null),
    waitingFor: wait?.reason ?? null,
    next: comingDates(row, channel, now).map(at),
    seriesId: row.seriesId,
    correctionOf: row.correctionOf,
    steps: officeSteps(row.status, progressOf(row)),
    createdBy: row.createdBy,
    createdAt: at(row.createdAt),
    changedAt: at(row.changedAt),
    startedAt: maybe(row.startedAt),
    finishedAt: maybe(row.finishedAt),
  }
}

const OVER: ReadonlySet<State> = new Set(['done', 'cancelled'])

function comingDates(row: Row, channel: Channel, now: Date): Date[] {
  if (!isSeries(row) || OVER.has(row.status)) return []
  const { recurrence, sendAt } = contentOf(row)
  return nextDates(recurrence!, channel.timezone, earliest({ sendAt }, now), DATES_SHOWN)
}

/** One recipient of a broadcast, recognisable by who knows them, of no use to anybody else. */
export type RecipientView = {
  id: number
  /** null: erased since */
  contactId: string | null
  phone: string | null
  userId: string | null
  state: OutgoingStatus
  at: string | null
  error: { code: number; what: string; advice: string } | null
}

export type RecipientPage = { limit: number; after?: number; state?: OutgoingStatus }

/** Who gets a broadcast, in the order of sending, masked. `after` is the last id of the page before. */
export async function recipients(
  deed: Deed,
  channel: Channel,
  id: string,
  page: RecipientPage,
): Promise<RecipientView[]> {
  const row = await find(deed, channel.slug, id)
  if (row.firstId === null) return []
  const rows = await deed.tx
    .select({
      id: outgoing.id,
      status: outgoing.status,
      statusAt: outgoing.statusAt,
      errorCode: outgoing.errorCode,
      contact: contacts,
    })
    .from(outgoing)
    .leftJoin(contacts, eq(contacts.id, outgoing.contactId))
    .where(
      and(
        gt(outgoing.id, Math.max(row.firstId, page.after ?? 0)),
        sql`${outgoing.id} < ${row.lastId}`,
        eq(outgoing.broadcastId, row.id),
        page.state && eq(outgoing.status, page.state),
      ),
    )
    .orderBy(asc(outgoing.id))
    .limit(page.limit)
  return rows.map(({ contact, ...found }) => {
    const known = contact && openContact(deed.vault, contact)
    return {
      id: found.id,
      contactId: known?.id ?? null,
      phone: known?.phone === undefined ? null : maskPhone(known.phone),
      userId: known?.userId === undefined ? null : maskUserId(known.userId),
      state: found.status,
      at: found.statusAt && withOffset(found.statusAt, channel.timezone),
      error: found.errorCode === null ? null : { code: found.errorCode, ...explain(found.errorCode) },
    }
  })
}
