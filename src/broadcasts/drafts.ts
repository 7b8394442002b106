import { eq } from 'drizzle-orm'
import { type Actor, record } from '../audit/audit.ts'
import type { Channel } from '../channels/channel.ts'
import { isApproved, type StoredTemplate, templateFor } from '../channels/template-store.ts'
import { broadcasts } from '../db/schema.ts'
import { type Problem, Refusal } from '../refusal.ts'
import type { Deed } from '../runtime.ts'
import { checkParameters } from '../whatsapp/templates.ts'
import {
  type Content,
  columnsOf,
  contentOf,
  find,
  lock,
  type Note,
  permit,
  type Row,
  take,
  write,
} from './broadcasts.ts'
import { checkRecurrence } from './calendar.ts'

/** What may be left out when something is written for the first time. */
export type NewContent = Pick<Content, 'title' | 'template' | 'audience'> & Partial<Content>

/** A clock that is a minute behind still means "now". */
const PAST_AFTER_MS = 60_000
const TITLE_LENGTH = 200

/** Writes a new broadcast. Refuses with every problem of the content at once. */
export async function draft(deed: Deed, actor: Actor, channel: Channel, input: NewContent): Promise<Row> {
  return insert(deed, actor, channel, { parameters: {}, sendAt: null, recurrence: null, ...input }, null)
}

/**
 * A new draft for whoever got a faulty broadcast, with its content unless `input` says otherwise. Refuses with `wrong-state` if nobody can have
 * got it yet.
 */
export async function correction(
  deed: Deed,
  actor: Actor,
  channel: Channel,
  faultyId: string,
  input: Partial<Omit<Content, 'audience' | 'recurrence'>> = {},
): Promise<Row> {
  const faulty = await find(deed, channel.slug, faultyId)
  if (faulty.startedAt === null) throw new Refusal('wrong-state')
  const { title, template, parameters } = contentOf(faulty)
  const content: Content = {
    title: `Richtigstellung: ${title}`.slice(0, TITLE_LENGTH),
    template,
    parameters,
    sendAt: null,
    ...input,
    audience: { offering: 'info' },
    recurrence: null,
  }
  return insert(deed, actor, channel, content, faulty.id)
}

async function insert(
  deed: Deed,
  actor: Actor,
  channel: Channel,
  content: Content,
  correctionOf: string | null,
): Promise<Row> {
  permit(actor, channel.slug, 'write')
  await checkContent(deed, channel, content)
  const columns = columnsOf(content)
  const note: Note = { at: deed.now.toISOString(), by: actor.id, did: 'drafted', contentHash: columns.contentHash }
  const [row] = await deed.tx
    .insert(broadcasts)
    .values({
      ...columns,
      channel: channel.slug,
      correctionOf,
      createdBy: actor.id,
      changedBy: actor.id,
      createdAt: deed.now,
      changedAt: deed.now,
      history: [note],
    })
    .returning()
  await record(deed, actor, {
    action: 'broadcast.drafted',
    channel: channel.slug,
    target: row!.id,
    detail: correctionOf === null ? {} : { correctionOf },
  })
  return row!
}

/** Changes what is named; everything but a draft becomes a draft again, and an approval is void. */
export async function edit(
  deed: Deed,
  actor: Actor,
  channel: Channel,
  id: string,
  change: Partial<Content>,
): Promise<Row> {
  const row = await lock(deed, channel.slug, id)
  const status = take(row, 'edit')
  const content: Content = { ...contentOf(row), ...change }
  // The audience of a correction is who got the faulty one; topics would leave some of them with it.
  if (row.correctionOf !== null) content.audience = { offering: 'info' }
  await checkContent(deed, channel, content)
  const voided = row.approvedAt !== null
  return write(
    deed,
    actor,
    row,
    'edited',
    {
      ...columnsOf(content),
      ...UNAPPROVED,
      status,
      changedBy: actor.id,
      changedAt: deed.now,
    },
    { from: row.status, voided },
  )
}

/** What an edit takes back. */
const UNAPPROVED = {
  submittedBy: null,
  submittedAt: null,
  approvedBy: null,
  approvedAt: null,
  rejectedReason: null,
  pausedReason: null,
  components: null,
  category: null,
  body: null,
  dueAt: null,
} as const satisfies Partial<Row>

/** Deletes a draft or a rejected broadcast. */
export async function remove(deed: Deed, actor: Actor, channel: Channel, id: string): Promise<void> {
  permit(actor, channel.slug, 'write')
  const row = await lock(deed, channel.slug, id)
  take(row, 'delete')
  await deed.tx.delete(broadcasts).where(eq(broadcasts.id, row.id))
  await record(deed, actor, { action: 'broadcast.deleted', channel: channel.slug, target: row.id })
}

/**
 * Checks content against the channel, the approved template and the clock; answers with the template. Refuses with the first of
 * `no-such-offering`, `template-not-approved`, `invalid-input` (all problems at once), `send-time-passed`.
 */
export async function checkContent(deed: Deed, channel: Channel, content: Content): Promise<StoredTemplate> {
  const { info } = channel.offerings
  if (!info) throw new Refusal('no-such-offering')
  const { name, language } = content.template
  const template = await templateFor(deed, channel.slug, name, language)
  if (!template || !isApproved(template)) {
    throw new Refusal('template-not-approved', [{ field: 'template', message: stateSentence(template?.status) }])
  }
  const problems = [
    ...checkTitle(content.title),
    ...checkTopics(content.audience.topics, info.topics),
    ...checkParameters(template.components, content.parameters),
    ...(content.recurrence ? checkRecurrence(content.recurrence, channel.timezone, earliest(content, deed.now)) : []),
  ]
  const isPast = content.sendAt !== null && content.sendAt.getTime() < deed.now.getTime() - PAST_AFTER_MS
  const tooLate =
    isPast && !content.recurrence ? [{ field: 'sendAt', message: 'Dieser Zeitpunkt ist schon vorbei.' }] : []
  if (problems.length > 0) throw new Refusal('invalid-input', [...problems, ...tooLate])
  if (tooLate.length > 0) throw new Refusal('send-time-passed', tooLate)
  return template
}

/** The moment after which a recurrence's dates count: `sendAt` itself may be one. */
export const earliest = ({ sendAt }: Pick<Content, 'sendAt'>, now: Date): Date =>
  sendAt && sendAt > now ? new Date(sendAt.getTime() - 1) : now

function stateSentence(status: string | undefined): string {
  switch (status) {
    case undefined:
    case 'DELETED':
      return 'Diese Vorlage gibt es bei WhatsApp nicht.'
    case 'PENDING':
    case 'IN_APPEAL':
      return 'WhatsApp prüft diese Vorlage noch.'
    case 'REJECTED':
      return 'WhatsApp hat diese Vorlage abgelehnt.'
    case 'PAUSED':
      return 'WhatsApp hat diese Vorlage angehalten.'
    default:
      return 'WhatsApp lässt diese Vorlage zurzeit nicht zu.'
  }
}

function checkTitle(title: string): Problem[] {
  if (title.trim() === '') return [{ field: 'title', message: 'Bitte geben Sie der Meldung einen Titel.' }]
  return title.length > TITLE_LENGTH
    ? [{ field: 'title', message: `Der Titel hat höchstens ${TITLE_LENGTH} Zeichen.` }]
    : []
}

/** No choice reaches everybody; an empty one is more likely a slip than meant so. */
function checkTopics(topics: readonly string[] | undefined, known: Readonly<Record<string, string>>): Problem[] {
  if (topics === undefined) return []
  if (topics.length === 0) {
    return [
      {
        field: 'audience.topics',
        message: 'Bitte wählen Sie mindestens ein Thema, oder alle Abonnenten des Infokanals.',
      },
    ]
  }
  return topics.flatMap((topic, index) =>
    Object.hasOwn(known, topic)
      ? []
      : [{ field: `audience.topics.${index}`, message: `Das Thema „${topic}“ gibt es auf diesem Kanal nicht.` }],
  )
}
