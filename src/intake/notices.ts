import { and, eq, inArray } from 'drizzle-orm'
import { pauseBy, templateBack } from '../broadcasts/running.ts'
import type { Channel } from '../channels/channel.ts'
import { noteEvent } from '../channels/channels.ts'
import { changeTemplate, type TemplateChange } from '../channels/template-store.ts'
import { type Finding, findContact, recognise } from '../contacts/contacts.ts'
import { hashesOf } from '../contacts/enrol.ts'
import { noticesOf, recordNotices } from '../contacts/notices.ts'
import { broadcasts, received } from '../db/schema.ts'
import { releaseAnswers } from '../dispatch/held-answers.ts'
import { enqueue } from '../dispatch/queue.ts'
import type { Deed } from '../runtime.ts'
import { followPreference } from '../subscriptions/preference.ts'
import { markStranger, takeTurn } from '../subscriptions/suppressions.ts'
import type { WhatsappEvent } from '../whatsapp/webhook-events.ts'
import { takeAccountEvent } from './account.ts'
import { changeIdentity, follow } from './identities.ts'
import { withoutErased } from './overtaken.ts'
import { say } from './replies.ts'

/** Everything that is neither a message nor a status. */
export type NoticeArrival = {
  channel: Channel
  event: Exclude<WhatsappEvent, { type: 'message' } | { type: 'status' } | { type: 'unknown' }>
}

const DAY_MS = 86_400_000

/**
 * Some of this may be the no of somebody whom a list is just naming: it takes its turn before anybody's row is locked, or the list could wait for us and we for
 * it.
 */
export async function takeTurns(deed: Deed, arrivals: readonly NoticeArrival[]): Promise<void> {
  const slugs = arrivals
    .filter(({ event }) => event.type === 'identity-change' || event.type === 'preference')
    .map(({ channel }) => channel.slug)
  for (const slug of [...new Set(slugs)].sort()) await takeTurn(deed, slug, 'no')
}

/** Carries out what Meta told about a channel or a citizen. `readTemplates`: our copy no longer says enough, Meta's list must be read. */
export async function takeNotice(deed: Deed, { channel, event }: NoticeArrival): Promise<{ readTemplates: boolean }> {
  // What concerns an account has no id: the same word at the same time is a repeat.
  if (event.toldAt !== undefined && !(await isNew(deed, channel, JSON.stringify(event))))
    return { readTemplates: false }
  let readTemplates = false
  switch (event.type) {
    case 'call':
      await answerCall(deed, channel, event)
      break
    case 'preference':
      await takePreference(deed, channel, event)
      break
    case 'template-status':
    case 'template-quality':
    case 'template-category':
    case 'template-components': {
      const { change, readAgain } = await changeTemplate(deed, channel.slug, event)
      if (change) await templatesChanged(deed, channel, [change])
      const { type: kind, name, language } = event
      await noteEvent(deed, channel.slug, {
        kind,
        severity: isTrouble(event) ? 'warning' : 'info',
        detail: { name, language, ...wordsOf(event) },
      })
      readTemplates = readAgain
      break
    }
    case 'phone-quality':
    case 'capability':
    case 'account-update':
    case 'alert':
    case 'security':
    case 'account-review':
    case 'name-review':
      await takeAccountEvent(deed, channel.slug, event)
      break
    case 'notice':
      await noteEvent(deed, channel.slug, {
        kind: event.type,
        severity: 'warning',
        detail: { codes: event.errors.map(({ code }) => code) },
      })
      break
    case 'identity-change':
      if (event.id === undefined || (await isNew(deed, channel, event.id))) await changeIdentity(deed, channel, event)
      break
  }
  return { readTemplates }
}

/** What the office should look at: the template cannot be sent, soon cannot, or costs something else. */
function isTrouble(event: NoticeArrival['event']): boolean {
  if (event.type === 'template-status') return !FINE.has(event.event)
  if (event.type === 'template-quality') return event.quality === 'RED'
  return event.type === 'template-category' && !event.announced
}
const FINE: ReadonlySet<string> = new Set(['APPROVED', 'REINSTATED', 'UNARCHIVED', 'PENDING', 'IN_APPEAL'])

function wordsOf(event: NoticeArrival['event']): Record<string, unknown> {
  if (event.type === 'template-status') return { status: event.event, reason: event.reason }
  if (event.type === 'template-quality') return { quality: event.quality }
  if (event.type === 'template-category') return { category: event.category, announced: event.announced }
  return {}
}

/** Pauses what can no longer be sent, and lets go on what waited for its template. */
export async function templatesChanged(
  deed: Deed,
  channel: Channel,
  changes: readonly TemplateChange[],
): Promise<void> {
  for (const { name, language, after } of changes) {
    if (after === 'APPROVED') {
      await templateBack(deed, channel, name, language)
      continue
    }
    const running = await deed.tx
      .select({ id: broadcasts.id })
      .from(broadcasts)
      .where(
        and(
          eq(broadcasts.channel, channel.slug),
          eq(broadcasts.templateName, name),
          eq(broadcasts.templateLanguage, language),
          inArray(broadcasts.status, ['starting', 'sending']),
        ),
      )
    for (const { id } of running)
      await pauseBy(deed, id, after === 'DISABLED' ? 'template-disabled' : 'template-paused')
  }
}

/** The newest word counts. Whom nobody knows WhatsApp itself keeps our marketing from; no list may sign them up. */
async function takePreference(
  deed: Deed,
  channel: Channel,
  { from, value, at }: Extract<WhatsappEvent, { type: 'preference' }>,
): Promise<void> {
  const contact = await findContact(deed, channel.slug, from)
  if (contact) await followPreference(deed, channel, new Map([[contact.id, at]]), value)
  else await markStranger(deed, channel.slug, hashesOf(deed, from), { value, at })
}

/** One line a day, also for what rings at several numbers or is told again; after a day WhatsApp would not let it through. */
async function answerCall(deed: Deed, channel: Channel, call: Extract<WhatsappEvent, { type: 'call' }>): Promise<void> {
  if (call.from.phone === undefined && call.from.userId === undefined) return
  if (deed.now.getTime() - call.at.getTime() >= DAY_MS) return
  if ((await withoutErased(deed, channel, [call], (one) => one)).length === 0) return
  const findings: Finding[] = []
  const [contact] = await recognise(deed, channel.slug, [{ identity: call.from, at: call.at }], findings)
  await follow(deed, channel, findings)
  await releaseAnswers(deed, [contact!.id])
  const last = (await noticesOf(deed, [contact!.id])).get(contact!.id)?.get('refusedCall')
  if (last !== undefined && deed.now.getTime() - last.getTime() < DAY_MS) return
  const payload = say(channel, 'refusedCall').body
  await enqueue(deed, [{ channel: channel.slug, kind: 'reply', contactId: contact!.id, payload }])
  await recordNotices(deed, [{ contactId: contact!.id, kind: 'refusedCall' }])
}

/** Whether this id of Meta's comes for the first time. */
async function isNew(deed: Deed, channel: Channel, id: string): Promise<boolean> {
  const key = deed.vault.fingerprint('wamid', id)
  const fresh = await deed.tx
    .insert(received)
    .values({ channel: channel.slug, key, at: deed.now })
    .onConflictDoNothing()
    .returning({ key: received.key })
  return fresh.length > 0
}
