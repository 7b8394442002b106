import { createHash } from 'node:crypto'
import { and, eq, type SQL, sql } from 'drizzle-orm'
import { type Actor, type Role, record } from '../audit/audit.ts'
import { type StoredTemplate, templateFor } from '../channels/template-store.ts'
import { broadcasts, outgoing } from '../db/schema.ts'
import { Refusal } from '../refusal.ts'
import type { Deed } from '../runtime.ts'
import { membersOf } from '../subscriptions/subscriptions.ts'
import { isRecord } from '../whatsapp/loose.ts'
import type { TemplateParameters } from '../whatsapp/templates.ts'
import type { Recurrence } from './calendar.ts'
import { next, type Progress, type State, type Step } from './lifecycle.ts'

export type Audience = { offering: 'info'; topics?: string[] }

/** What the office writes and the approval covers. */
export type Content = {
  title: string
  template: { name: string; language: string }
  parameters: TemplateParameters
  audience: Audience
  /** null: as soon as it is approved. With a recurrence: not before. */
  sendAt: Date | null
  recurrence: Recurrence | null
}

export type Row = typeof broadcasts.$inferSelect
/** `content` is kept of what is submitted, so that the next approver sees what has changed since. */
export type Note = { at: string; by: string; did: string; contentHash?: string; content?: Content }

/** How many milliseconds late a broadcast may start without asking the office. */
export type Tolerance = { overdueToleranceMs: number }

export const contentOf = (row: Row): Content => ({
  title: row.title,
  template: { name: row.templateName, language: row.templateLanguage },
  parameters: row.parameters as TemplateParameters,
  audience: row.audience as Audience,
  sendAt: row.sendAt,
  recurrence: row.recurrence as Recurrence | null,
})

/** The fields of a row that hold its content. */
export const columnsOf = (content: Content) => ({
  title: content.title,
  templateName: content.template.name,
  templateLanguage: content.template.language,
  parameters: content.parameters,
  audience: content.audience,
  sendAt: content.sendAt,
  recurrence: content.recurrence,
  contentHash: hashOf(content),
})

/** sha256 in hex over everything an approval covers: whatever changes it voids the approval. */
export const hashOf = (content: Content): string => createHash('sha256').update(canonical(content)).digest('hex')

/** JSON with sorted keys, so that equal contents have equal text, whatever wrote them. */
export const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, part) =>
    isRecord(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part,
  )

/** How far it got, for the state machine. */
export const progressOf = (row: Pick<Row, 'firstId' | 'startedAt'>): Progress =>
  row.startedAt !== null ? 'started' : row.firstId !== null ? 'frozen' : 'planned'

/** A series makes a broadcast of its own for each of its dates. */
export const isSeries = (row: Pick<Row, 'recurrence'>): boolean => row.recurrence !== null

/** One broadcast of this channel; refuses with `not-found`. */
export async function find(deed: Pick<Deed, 'tx'>, channel: string, id: string): Promise<Row> {
  const row = await read(deed, channel, id, false)
  if (!row) throw new Refusal('not-found')
  return row
}

/** The same, locked until the deed ends, so that its steps follow one another over all processes. */
export async function lock(deed: Deed, channel: string, id: string): Promise<Row> {
  const row = await read(deed, channel, id, true)
  if (!row) throw new Refusal('not-found')
  return row
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

async function read({ tx }: Pick<Deed, 'tx'>, channel: string, id: string, locked: boolean): Promise<Row | undefined> {
  if (!UUID.test(id)) return undefined
  const query = tx
    .select()
    .from(broadcasts)
    .where(and(eq(broadcasts.id, id), eq(broadcasts.channel, channel)))
  const [row] = await (locked ? query.for('update') : query)
  return row
}

/** The state a step leads to; refuses with `wrong-state` where it is not possible. */
export function take(row: Row, step: Step): State {
  const after = next(row.status, step, progressOf(row))
  if (after === null) throw new Refusal('wrong-state')
  return after as State
}

const WRITERS: ReadonlySet<Role> = new Set(['editor', 'approver', 'admin'])
const APPROVERS: ReadonlySet<Role> = new Set(['approver', 'admin'])

/** Refuses who may not do this on this channel, whatever door they came through. */
export function permit(actor: Actor, channel: string, what: 'write' | 'approve'): void {
  if (actor.channel !== null && actor.channel !== channel) throw new Refusal('wrong-channel')
  if (!(what === 'approve' ? APPROVERS : WRITERS).has(actor.role)) throw new Refusal('role-too-low')
}

/** Writes a step: the new fields, the note in the broadcast's history and the audit row. Answers with the row as it is now. */
export async function write(
  deed: Deed,
  actor: Actor,
  row: Row,
  did: string,
  fields: Partial<Row>,
  detail: Record<string, unknown> = {},
): Promise<Row> {
  permit(actor, row.channel, 'write')
  const note: Note = {
    at: deed.now.toISOString(),
    by: actor.id,
    did,
    contentHash: fields.contentHash ?? row.contentHash,
    ...(did === 'submitted' ? { content: contentOf(row) } : {}),
  }
  const [written] = await deed.tx
    .update(broadcasts)
    .set({ ...fields, history: sql`${broadcasts.history} || ${JSON.stringify([note])}::jsonb` })
    .where(eq(broadcasts.id, row.id))
    .returning()
  await record(deed, actor, { action: `broadcast.${did}`, channel: row.channel, target: row.id, detail })
  return written!
}

/** Everybody who wrote, changed or submitted it: none of them may approve it. */
export const authorsOf = (row: Row): ReadonlySet<string> =>
  new Set([
    row.createdBy,
    row.changedBy,
    ...(row.submittedBy === null ? [] : [row.submittedBy]),
    ...(row.history as Note[]).filter(({ did }) => AUTHORING.has(did)).map(({ by }) => by),
  ])

const AUTHORING: ReadonlySet<string> = new Set(['drafted', 'edited', 'submitted'])

/** States in which a recipient has, or may have, what was sent. */
const MAY_HAVE_IT = ['sending', 'accepted', 'held', 'sent', 'delivered', 'read', 'unknown'] as const

/**
 * A SELECT of the `contact_id`s it reaches right now. A correction goes to whoever may have got the faulty one and is still subscribed.
 * @param category by Meta's word; a MARKETING one leaves out who stopped marketing messages inside WhatsApp
 */
export function membersFor(row: Pick<Row, 'channel' | 'audience' | 'correctionOf'>, category: string | null): SQL {
  const { offering, topics } = row.audience as Audience
  const marketing = isMarketing(category)
  if (row.correctionOf === null) return membersOf({ channel: row.channel, offering, topics, marketing })
  const states = sql.join(
    MAY_HAVE_IT.map((state) => sql`${state}`),
    sql`, `,
  )
  return sql`select m.contact_id from (${membersOf({ channel: row.channel, offering, marketing })}) m
    join ${outgoing} faulty on faulty.broadcast_id = ${row.correctionOf}::uuid and faulty.contact_id = m.contact_id
    where faulty.status in (${states})`
}

/** Whoever stopped marketing messages inside WhatsApp must not get these. */
export const isMarketing = (category: string | null): boolean => category?.toUpperCase() === 'MARKETING'

export type TemplateVerdict =
  | { template: StoredTemplate; problem: null }
  | { template: StoredTemplate | null; problem: 'template-missing' | 'template-paused' | 'template-changed' }

/** Whether what was approved can be sent now: its template is approved and still the same. */
export async function judgeTemplate(deed: Pick<Deed, 'tx'>, row: Row): Promise<TemplateVerdict> {
  const template = await templateFor(deed, row.channel, row.templateName, row.templateLanguage)
  if (!template || GONE.has(template.status)) return { template, problem: 'template-missing' }
  if (template.status !== 'APPROVED') return { template, problem: 'template-paused' }
  if (!sameComponents(row.components, template.components)) return { template, problem: 'template-changed' }
  return { template, problem: null }
}

const GONE: ReadonlySet<string> = new Set(['DELETED', 'PENDING_DELETION', 'DISABLED', 'ARCHIVED'])

/** Whether two versions of a template show the same. Examples do not count: those of media are addresses that differ at every reading. */
export const sameComponents = (before: unknown, after: unknown): boolean => shown(before) === shown(after)

const shown = (components: unknown): string =>
  canonical(JSON.parse(JSON.stringify(components ?? null), (key, value) => (key === 'example' ? undefined : value)))
