import { sql } from 'drizzle-orm'
import type { Channel } from '../channels/channel.ts'
import { channelState } from '../channels/channels.ts'
import { type StoredTemplate, templateFor } from '../channels/template-store.ts'
import { contacts } from '../db/schema.ts'
import { NO_RECIPIENTS } from '../dispatch/queue.ts'
import { type Problem, Refusal } from '../refusal.ts'
import type { Deed } from '../runtime.ts'
import { type Content, columnsOf, isMarketing, membersFor, type Row } from './broadcasts.ts'
import { isOftenerThanHourly } from './calendar.ts'
import { checkContent } from './drafts.ts'
import type { Forecast } from './forecast.ts'
import { OutlookReader } from './outlook.ts'

/** Everything to look at before a broadcast leaves. */
export type Preflight = {
  template: StoredTemplate | null
  forecast: Forecast
  sentence: string
  /** People of its audience who do not get it because they stopped marketing messages inside WhatsApp. */
  withoutMarketing: number
  /** Why it could not be submitted as it is. */
  problems: readonly Problem[]
  stopped: boolean
  dailyLimit: number | null
  qualityRating: string | null
  /** A series that goes out more often than once an hour: most likely a slip. */
  veryOften: boolean
}

/** How a broadcast with this content would go, whether it is written down yet or not. Writes nothing. */
export async function preflight(
  deed: Deed,
  channel: Channel,
  content: Content,
  correctionOf: string | null = null,
): Promise<Preflight> {
  const { name, language } = content.template
  const template = await templateFor(deed, channel.slug, name, language)
  const row = {
    ...columnsOf(content),
    ...UNWRITTEN,
    channel: channel.slug,
    correctionOf,
    createdAt: deed.now,
    changedAt: deed.now,
  } as Row
  const { forecast, sentence } = await new OutlookReader(deed, channel).of(row, NO_RECIPIENTS)
  const state = await channelState(deed, channel.slug)
  return {
    template,
    forecast,
    sentence,
    withoutMarketing: isMarketing(template?.category ?? null) ? await countWithoutMarketing(deed, row) : 0,
    problems: await problemsOf(deed, channel, content),
    stopped: state?.stoppedAt != null,
    dailyLimit: state?.dailyLimit ?? null,
    qualityRating: state?.qualityRating ?? null,
    veryOften: content.recurrence != null && isOftenerThanHourly(content.recurrence),
  }
}

async function countWithoutMarketing(deed: Deed, row: Row): Promise<number> {
  const [counted] = await deed.tx.execute<{ n: number }>(sql`
    select count(*)::int as n from (${membersFor(row, null)}) m
    join ${contacts} c on c.id = m.contact_id where c.marketing_stopped_at is not null`)
  return counted!.n
}

const UNWRITTEN = {
  id: '00000000-0000-0000-0000-000000000000',
  status: 'draft',
  pausedReason: null,
  dueAt: null,
  seriesId: null,
  components: null,
  category: null,
  createdBy: '',
  changedBy: '',
  submittedBy: null,
  submittedAt: null,
  approvedBy: null,
  approvedAt: null,
  rejectedReason: null,
  firstId: null,
  lastId: null,
  body: null,
  totals: null,
  reachCountedAt: null,
  history: [],
  startedAt: null,
  finishedAt: null,
} as const satisfies Partial<Row>

async function problemsOf(deed: Deed, channel: Channel, content: Content): Promise<readonly Problem[]> {
  try {
    await checkContent(deed, channel, content)
    return []
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return error.problems.length > 0 ? error.problems : [{ field: '', message: error.message }]
  }
}
