import type { Actor } from '../audit/audit.ts'
import type { Channel } from '../channels/channel.ts'
import type { StoredTemplate } from '../channels/template-store.ts'
import { Refusal } from '../refusal.ts'
import type { Deed } from '../runtime.ts'
import { templateBody } from '../whatsapp/templates.ts'
import {
  authorsOf,
  contentOf,
  lock,
  permit,
  type Row,
  sameComponents,
  type Tolerance,
  take,
  write,
} from './broadcasts.ts'
import { dueOrMissed, nextDates } from './calendar.ts'
import { checkContent, earliest } from './drafts.ts'

/** Hands a draft in for approval; where the town wants none, it is scheduled at once. */
export async function submit(deed: Deed, actor: Actor, channel: Channel, id: string): Promise<Row> {
  const row = await lock(deed, channel.slug, id)
  const status = take(row, 'submit')
  const template = await checkContent(deed, channel, contentOf(row))
  const submitted = await write(deed, actor, row, 'submitted', {
    status,
    submittedBy: actor.id,
    submittedAt: deed.now,
    rejectedReason: null,
    components: template.components,
    category: template.category,
  })
  if (channel.offerings.info?.approval !== 'none') return submitted
  return schedule(deed, actor, channel, submitted, template, 'scheduled')
}

/**
 * Approves what was submitted. Refuses with `own-work` who wrote or submitted it, with `content-changed` if it is no longer what `contentHash`
 * names, with `template-changed` if Meta's text is another than at submission, and with `send-time-passed` beyond the tolerance.
 */
export async function approve(
  deed: Deed,
  actor: Actor,
  channel: Channel,
  id: string,
  { contentHash, overdueToleranceMs }: Tolerance & { contentHash?: string },
): Promise<Row> {
  const row = await lock(deed, channel.slug, id)
  take(row, 'approve')
  if (contentHash !== undefined && contentHash !== row.contentHash) throw new Refusal('content-changed')
  if (channel.offerings.info?.approval !== 'none' && authorsOf(row).has(actor.id)) throw new Refusal('own-work')
  permit(actor, channel.slug, 'approve')
  const content = contentOf(row)
  // A time that passed while it waited for this approval is no reason to refuse what is still fresh.
  const onTime = !content.sendAt || dueOrMissed(content.sendAt, deed.now, overdueToleranceMs) !== 'missed'
  const template = await checkContent(
    deed,
    channel,
    onTime ? { ...content, sendAt: later(content.sendAt, deed.now) } : content,
  )
  if (!sameComponents(row.components, template.components)) throw new Refusal('template-changed')
  return schedule(deed, actor, channel, row, template, 'approved')
}

const later = (at: Date | null, now: Date): Date | null => (at && at < now ? now : at)

async function schedule(
  deed: Deed,
  actor: Actor,
  channel: Channel,
  row: Row,
  template: StoredTemplate,
  did: 'approved' | 'scheduled',
): Promise<Row> {
  const { parameters } = contentOf(row)
  const body = templateBody(template.name, template.language, template.components, parameters)
  return write(deed, actor, row, did, {
    status: take(row, 'approve'),
    approvedBy: did === 'approved' ? actor.id : null,
    approvedAt: deed.now,
    components: template.components,
    category: template.category,
    body: JSON.stringify(body),
    dueAt: dueDate(row, channel, deed.now),
  })
}

/** When its next step is due: the time asked for or now, the next date of a series. Refuses a series without any date left. */
export function dueDate(row: Row, channel: Channel, now: Date): Date {
  const { sendAt, recurrence } = contentOf(row)
  if (!recurrence) return later(sendAt, now) ?? now
  const [date] = nextDates(recurrence, channel.timezone, earliest({ sendAt }, now), 1)
  if (!date) {
    throw new Refusal('send-time-passed', [
      { field: 'recurrence.until', message: 'Bis zum Enddatum gibt es keinen Termin mehr.' },
    ])
  }
  return date
}

/** Sends it back to whoever wrote it, with the reason. */
export async function reject(
  deed: Deed,
  actor: Actor,
  channel: Channel,
  id: string,
  { reason }: { reason?: string } = {},
): Promise<Row> {
  permit(actor, channel.slug, 'approve')
  const row = await lock(deed, channel.slug, id)
  return write(deed, actor, row, 'rejected', { status: take(row, 'reject'), rejectedReason: reason?.trim() || null })
}
