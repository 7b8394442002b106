import { and, asc, eq, sql } from 'drizzle-orm'
import { templates } from '../db/schema.ts'
import type { Deed } from '../runtime.ts'
import type { RemoteTemplate } from '../whatsapp/management.ts'
import type { TemplateEvent } from '../whatsapp/webhook-events.ts'

/** Our copy of what Meta last said about a template. Only status APPROVED may be sent; DELETED = Meta no longer lists it. */
export type StoredTemplate = typeof templates.$inferSelect

export type TemplateChange = {
  name: string
  language: string
  /** null = was not known before */
  before: string | null
  after: string
}

export const isApproved = (template: Pick<StoredTemplate, 'status'> | null): boolean => template?.status === 'APPROVED'

/**
 * Makes our copy equal to Meta's whole list: what is no longer in it stays as DELETED, so that old broadcasts still show what they sent.
 * Answers with every template whose state is another than before.
 */
export async function storeTemplates(
  deed: Deed,
  channel: string,
  listed: readonly RemoteTemplate[],
): Promise<TemplateChange[]> {
  const known = new Map((await templatesOf(deed, channel)).map((template) => [keyOf(template), template]))
  // A name and language that came twice (paging while somebody edits) would fail the statement: the later one counts.
  const fresh = new Map(listed.map((template) => [keyOf(template), template]))
  const changes: TemplateChange[] = []
  for (const [key, template] of fresh) {
    const before = known.get(key)?.status ?? null
    if (before !== template.status) changes.push(changeOf(template, before, template.status))
  }
  if (fresh.size > 0) await upsert(deed, channel, [...fresh.values()])
  for (const [key, template] of known) {
    if (fresh.has(key) || template.status === 'DELETED') continue
    changes.push(changeOf(template, template.status, 'DELETED'))
    await deed.tx.update(templates).set({ status: 'DELETED', readAt: deed.now }).where(isOne(channel, template))
  }
  return changes
}

async function upsert(deed: Deed, channel: string, listed: readonly RemoteTemplate[]): Promise<void> {
  const rows = listed.map((template) => ({
    channel,
    name: template.name,
    language: template.language,
    metaId: template.id,
    status: template.status,
    category: template.category,
    quality: template.quality ?? null,
    parameterFormat: template.parameterFormat.toUpperCase(),
    components: template.components,
    rejectedReason: template.rejectedReason ?? null,
    readAt: deed.now,
  }))
  await deed.tx
    .insert(templates)
    .values(rows)
    .onConflictDoUpdate({
      target: [templates.channel, templates.name, templates.language],
      set: {
        metaId: sql`excluded.meta_id`,
        status: sql`excluded.status`,
        previousCategory: sql`case when ${templates.category} <> excluded.category then ${templates.category} else ${templates.previousCategory} end`,
        category: sql`excluded.category`,
        quality: sql`excluded.quality`,
        parameterFormat: sql`excluded.parameter_format`,
        components: sql`excluded.components`,
        rejectedReason: sql`excluded.rejected_reason`,
        readAt: sql`excluded.read_at`,
      },
    })
}

/** Words of Meta's status webhook that name a state by another word than its list does. null = says nothing about whether it may be sent. */
const STATE_OF_EVENT: Readonly<Record<string, string | null>> = {
  REINSTATED: 'APPROVED',
  UNARCHIVED: 'APPROVED',
  FLAGGED: null,
}

/**
 * Carries out a template webhook. `change` is set if the state is another now; `readAgain`: the webhook does not say enough (new components, a
 * template we do not know), so Meta's list must be read.
 */
export async function changeTemplate(
  deed: Deed,
  channel: string,
  event: TemplateEvent,
): Promise<{ change: TemplateChange | null; readAgain: boolean }> {
  const known = event.name && event.language ? await templateFor(deed, channel, event.name, event.language, true) : null
  if (!known) return { change: null, readAgain: true }
  const set = (fields: Partial<StoredTemplate>) =>
    deed.tx
      .update(templates)
      .set({ ...fields, readAt: deed.now })
      .where(isOne(channel, known))
  switch (event.type) {
    case 'template-status': {
      const word = event.event.toUpperCase()
      const status = word in STATE_OF_EVENT ? STATE_OF_EVENT[word]! : word
      if (status === null || status === known.status) return { change: null, readAgain: false }
      await set({ status, rejectedReason: event.reason && event.reason !== 'NONE' ? event.reason : null })
      // Approval may be that of an edit, whose components only the list has.
      return { change: changeOf(known, known.status, status), readAgain: status === 'APPROVED' }
    }
    case 'template-quality':
      await set({ quality: event.quality })
      return { change: null, readAgain: false }
    case 'template-category':
      if (event.category && !event.announced && event.category !== known.category) {
        await set({ category: event.category, previousCategory: known.category })
      }
      return { change: null, readAgain: false }
    case 'template-components':
      return { change: null, readAgain: true }
  }
}

/** Notes a state that Meta told by refusing a message, before its webhook or list says so. */
export async function markTemplate(
  deed: Deed,
  channel: string,
  name: string,
  language: string,
  status: string,
): Promise<void> {
  await deed.tx.update(templates).set({ status, readAt: deed.now }).where(isOne(channel, { name, language }))
}

/** Everything known about a channel's templates, by name and language, deleted ones included. */
export function templatesOf(deed: Pick<Deed, 'tx'>, channel: string): Promise<StoredTemplate[]> {
  return deed.tx
    .select()
    .from(templates)
    .where(eq(templates.channel, channel))
    .orderBy(asc(templates.name), asc(templates.language))
}

/** One template, whatever its state; null if Meta never listed it. `lock`: nobody else changes it until the deed ends. */
export async function templateFor(
  deed: Pick<Deed, 'tx'>,
  channel: string,
  name: string,
  language: string,
  lock = false,
): Promise<StoredTemplate | null> {
  const query = deed.tx.select().from(templates).where(isOne(channel, { name, language }))
  const [row] = await (lock ? query.for('update') : query)
  return row ?? null
}

const isOne = (channel: string, { name, language }: { name: string; language: string }) =>
  and(eq(templates.channel, channel), eq(templates.name, name), eq(templates.language, language))

const keyOf = ({ name, language }: { name: string; language: string }) => `${name} ${language}`

const changeOf = (
  { name, language }: { name: string; language: string },
  before: string | null,
  after: string,
): TemplateChange => ({ name, language, before, after })
