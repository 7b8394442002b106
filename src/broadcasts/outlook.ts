import { and, eq, inArray, type SQL, sql } from 'drizzle-orm'
import type { Channel } from '../channels/channel.ts'
import { type ChannelState, channelState } from '../channels/channels.ts'
import { templatesOf } from '../channels/template-store.ts'
import { broadcasts, outgoing } from '../db/schema.ts'
import type { Counts } from '../dispatch/queue.ts'
import { reachedSince } from '../dispatch/reached.ts'
import { isLimited, LIMIT_WINDOW_MS, quietUntil, type Used, type Wait, waitAt } from '../dispatch/windows.ts'
import type { Deed } from '../runtime.ts'
import { contentOf, isMarketing, isSeries, membersFor, progressOf, type Row } from './broadcasts.ts'
import { nextDates, withOffset } from './calendar.ts'
import { earliest } from './drafts.ts'
import { type Crowd, type Forecast, type ForecastInput, forecast, type Queue, sentence } from './forecast.ts'
import type { Progress } from './lifecycle.ts'
import { costOf, rateOn } from './rates.ts'

const STANDSTILL = 'Steht still, solange WhatsApp nichts von diesem Kanal annimmt'

/** Why nothing leaves although its time has come; without an end where nobody knows it. */
export type Hold = Wait | { reason: 'channel-stopped'; until: null }
export type Outlook = { forecast: Forecast; sentence: string; wait: Hold | null }

type Reader = Pick<Deed, 'tx' | 'now'>
type Spent = { used: Used[]; known: number; queue?: Queue }
/** One that the sender takes before another, and a SELECT of who waits for it. */
type Ahead = { row: Row; startAt: Date; members: SQL; category: string | null }

/** Reads what forecasts need, once for all broadcasts of one answer. */
export class OutlookReader {
  readonly #deed: Reader
  readonly #channel: Channel
  readonly #kept = new Map<string, Promise<unknown>>()
  constructor(deed: Reader, channel: Channel) {
    this.#deed = deed
    this.#channel = channel
  }

  /** How it will go from now on; of what is over, how it went. */
  async of(row: Row, counts: Counts): Promise<Outlook> {
    const { now } = this.#deed
    const planned = progressOf(row) === 'planned'
    const over = row.status === 'done' || row.status === 'cancelled'
    const category = planned ? ((await this.#currentCategory(row)) ?? row.category) : row.category
    const startAt = planned ? this.#startOf(row) : now
    const members = planned ? membersFor(row, category) : waitingOf(row)
    const recipients = over ? 0 : planned ? await this.#count(row, members, category) : counts.queued + counts.sending
    const { dailyLimit = null, stoppedAt = null } = (await this.#state()) ?? {}
    const { whatsapp, offerings, timezone, rates, region } = this.#channel
    const ahead = over ? [] : await this.#aheadOf(row, startAt)
    const spent: Spent = over
      ? { used: [], known: 0 }
      : isLimited(dailyLimit)
        ? await this.#spent(row, members, category, ahead)
        : await this.#waiting(recipients, ahead)
    const input: ForecastInput = {
      recipients,
      ...spent,
      perSecond: whatsapp.messagesPerSecond,
      quiet: offerings.info?.quietHours ?? null,
      zone: timezone,
      dailyLimit,
      startAt,
      rate: rateOn(withOffset(startAt, timezone).slice(0, 10), category, rates, region.slice(0, 2)),
    }
    const coming = forecast(input)
    const isStopped = stoppedAt !== null && isRunning(row) && recipients > 0
    const wait: Hold | null = isStopped ? { reason: 'channel-stopped', until: null } : this.#waitOf(row, input)
    if (planned && !over) return { forecast: coming, sentence: sentence(coming, input, now), wait }
    const people = over && planned ? 0 : counts.recipients
    const whole: Forecast = {
      ...coming,
      recipients: people,
      seconds: Math.ceil(people / input.perSecond),
      finishesAt: over ? row.finishedAt : isStopped ? null : coming.finishesAt,
      costEur: input.rate === null ? null : costOf(people - counts.skipped - counts.failed, input.rate),
    }
    return { forecast: whole, sentence: isStopped ? STANDSTILL : sentence(whole, input, now), wait }
  }

  #startOf(row: Row): Date {
    const { now } = this.#deed
    const { recurrence, sendAt } = contentOf(row)
    if (row.dueAt && row.dueAt > now) return row.dueAt
    if (row.dueAt) return now
    if (recurrence) return nextDates(recurrence, this.#channel.timezone, earliest({ sendAt }, now), 1)[0] ?? now
    return sendAt && sendAt > now ? sendAt : now
  }

  /** Why nothing of it leaves now although its time has come. */
  #waitOf(row: Row, input: ForecastInput): Wait | null {
    const { now } = this.#deed
    if (row.status === 'scheduled' && !isSeries(row)) {
      const asked = row.sendAt ?? row.approvedAt
      if (asked && asked > now) return null
      const until = row.dueAt && row.dueAt > now ? row.dueAt : quietUntil(now, input.quiet, input.zone)
      return until && { reason: 'quiet-hours', until }
    }
    if (!isRunning(row) || input.recipients === 0) return null
    const wait = waitAt((input.known ?? 0) > 0 ? { ...input, dailyLimit: null } : input, now)
    return wait?.until ? { reason: wait.reason, until: wait.until } : null
  }

  #state(): Promise<ChannelState | null> {
    return this.#once('state', () => channelState(this.#deed, this.#channel.slug))
  }

  async #currentCategory(row: Row): Promise<string | undefined> {
    const all = await this.#once('templates', () => templatesOf(this.#deed, this.#channel.slug))
    return all.find(({ name, language }) => name === row.templateName && language === row.templateLanguage)?.category
  }

  #count(row: Row, members: SQL, category: string | null): Promise<number> {
    return this.#once(`count ${keyOf(row, category)}`, async () => {
      const [counted] = await this.#deed.tx.execute<{ n: number }>(sql`select count(*)::int as n from (${members}) m`)
      return counted?.n ?? 0
    })
  }

  /**
   * What the sender takes before this one, in its order: what runs, then what is due. Of that, what is due more than a day before this one is taken to be
   * over by then.
   */
  async #aheadOf(row: Row, startAt: Date): Promise<Ahead[]> {
    const open = await this.#once('open', () =>
      this.#deed.tx
        .select()
        .from(broadcasts)
        .where(
          and(
            eq(broadcasts.channel, this.#channel.slug),
            inArray(broadcasts.status, ['scheduled', 'starting', 'sending']),
          ),
        ),
    )
    const dayBefore = new Date(startAt.getTime() - LIMIT_WINDOW_MS)
    const ahead: Ahead[] = []
    for (const other of open) {
      const isPlanned = progressOf(other) === 'planned'
      const begins = isPlanned ? this.#startOf(other) : this.#deed.now
      if (other.id === row.id || !goesBefore({ row: other, startAt: begins }, { row, startAt })) continue
      if (isPlanned && begins <= dayBefore) continue
      const category = (await this.#currentCategory(other)) ?? other.category
      ahead.push({
        row: other,
        startAt: begins,
        members: isPlanned ? membersFor(other, category) : waitingOf(other),
        category,
      })
    }
    return ahead.sort((one, two) => (goesBefore(one, two) ? -1 : 1))
  }

  /** How many wait for what: without a limit it does not matter who they are. */
  async #waiting(recipients: number, ahead: readonly Ahead[]): Promise<Spent> {
    if (ahead.length === 0) return { used: [], known: 0 }
    const before = await Promise.all(ahead.map((other) => this.#count(other.row, other.members, other.category)))
    const crowds = [...before, recipients].map((people, place): Crowd => ({ people, at: null, waitFor: [place] }))
    return { used: [], known: 0, queue: { starts: ahead.map((other) => other.startAt), crowds } }
  }

  /** Who counts against the limit, by the minute as of its first, as the sender counts, and who waits for what; `known` of them are recipients here and cost nothing more. */
  #spent(row: Row, members: SQL, category: string | null, ahead: readonly Ahead[]): Promise<Spent> {
    const key = ['spent', progressOf(row), keyOf(row, category), ...ahead.map((other) => other.row.id)].join(' ')
    return this.#once(key, async () => {
      const since = new Date(this.#deed.now.getTime() - LIMIT_WINDOW_MS)
      const waiting = [...ahead.map((other) => other.members), members].map(
        (who, place) => sql`select w.contact_id, ${place}::int as place from (${who}) w`,
      )
      const rows = await this.#deed.tx.execute<{ at_ms: number | null; wait_for: number[] | null; people: number }>(sql`
        with counted as (${reachedSince(this.#channel.slug, since)}),
          waiting as (select contact_id, jsonb_agg(place order by place) as wait_for from (${sql.join(waiting, sql` union all `)}) w group by 1)
        select extract(epoch from min(c.at))::float8 * 1000 as at_ms, w.wait_for, count(*)::int as people
        from counted c full join waiting w on w.contact_id = c.contact_id group by date_trunc('minute', c.at), 2 order by 1`)
      const crowds = rows.map(
        ({ at_ms, wait_for, people }): Crowd => ({
          people,
          at: at_ms === null ? null : new Date(at_ms),
          waitFor: wait_for ?? [],
        }),
      )
      const counted = crowds.flatMap((crowd) => (crowd.at ? [{ ...crowd, at: crowd.at }] : []))
      const isOurs = ({ waitFor }: Crowd) => waitFor.includes(ahead.length)
      return {
        used: counted.filter((crowd) => !isOurs(crowd)).map(({ at, people }) => ({ at, people })),
        known: counted.filter(isOurs).reduce((sum, { people }) => sum + people, 0),
        ...(ahead.length > 0 ? { queue: { starts: ahead.map((other) => other.startAt), crowds } } : {}),
      }
    })
  }

  #once<T>(key: string, read: () => Promise<T>): Promise<T> {
    const kept = this.#kept.get(key) ?? read()
    this.#kept.set(key, kept)
    return kept as Promise<T>
  }
}

const isRunning = ({ status }: Row): boolean => status === 'sending' || status === 'starting'

/** The recipients of a running broadcast who have not got it yet. */
export const waitingOf = (row: Row): SQL =>
  sql`select contact_id from ${outgoing} where broadcast_id = ${row.id}::uuid and status = 'queued'`

type Place = Pick<Ahead, 'row' | 'startAt'>

/** As they are started and sent: what has begun, then what is being started, then the rest as it becomes due; of one moment what was approved first. */
function goesBefore(one: Place, two: Place): boolean {
  const [first, second] = [one, two].map(({ row, startAt }) => [
    PROGRESSES.indexOf(progressOf(row)),
    (row.startedAt ?? row.dueAt ?? startAt).getTime(),
    row.startedAt ? 0 : (row.approvedAt?.getTime() ?? Number.POSITIVE_INFINITY),
  ])
  const differing = first!.findIndex((figure, place) => figure !== second![place])
  return differing === -1 ? one.row.id < two.row.id : first![differing]! < second![differing]!
}

const PROGRESSES: readonly Progress[] = ['started', 'frozen', 'planned']

const keyOf = (row: Row, category: string | null): string =>
  progressOf(row) === 'planned' ? JSON.stringify([row.audience, row.correctionOf, isMarketing(category)]) : row.id
