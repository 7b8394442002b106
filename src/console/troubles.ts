import type { Channel } from '../channels/channel.ts'
import { type ChannelHealth, isTokenRefused } from '../channels/channel-health.ts'
import { isApproved, type StoredTemplate } from '../channels/template-store.ts'
import type { InboxState } from '../dispatch/dead-letters.ts'
import { explain } from '../whatsapp/outcome.ts'
import { count, counted, dateTime } from './format.ts'
import type { Flash } from './office.ts'
import { templateStates } from './texts.de.ts'

/** Something that is wrong with a channel, and what the office can do about it. */
export type Trouble = {
  kind: Flash['kind']
  title: string
  advice: string
  link?: readonly [to: string, label: string]
}

const LATE_MS = 15 * 60_000

/** Everything that is wrong right now, worst first. */
export function troublesOf(
  channel: Channel,
  now: Date,
  {
    health,
    inbox,
    templates,
  }: { health: ChannelHealth; inbox: InboxState | null; templates: readonly StoredTemplate[] },
): Trouble[] {
  return [...stoppedOf(health), ...inboxOf(channel, now, inbox), ...templatesOf(templates), ...qualityOf(health)].sort(
    (a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind),
  )
}

const ORDER: readonly Flash['kind'][] = ['danger', 'warning', 'info', 'success']

function stoppedOf(health: ChannelHealth): Trouble[] {
  const { stopped } = health
  if (!stopped) return []
  const { what, advice } = explain(isTokenRefused(health) ? 190 : Number(stopped.code) || undefined)
  return [{ kind: 'danger', title: `Der Kanal steht still: ${what}`, advice, link: ['/office/kanal', 'Zum Kanal'] }]
}

function inboxOf({ timezone }: Channel, now: Date, inbox: InboxState | null): Trouble[] {
  if (!inbox) return []
  const link = ['/office/chats', 'Zu den Chats'] as const
  const found: Trouble[] = []
  if (inbox.goneSince)
    found.push({
      kind: 'danger',
      title: 'Der Posteingang nimmt keine Chats mehr an',
      advice: `Seit ${dateTime(inbox.goneSince, timezone)} wird nichts weitergeleitet. Bitte klären Sie das mit der Technik und nehmen Sie die Weiterleitung dann wieder auf.`,
      link,
    })
  else if (inbox.oldestAt && now.getTime() - inbox.oldestAt.getTime() > LATE_MS)
    found.push({
      kind: 'warning',
      title: 'Der Posteingang antwortet nicht',
      advice: `${counted(inbox.waiting, 'Nachricht wartet', 'Nachrichten warten')} seit ${dateTime(inbox.oldestAt, timezone)}. Wir versuchen es weiter. Bitte sagen Sie der Technik Bescheid.`,
      link,
    })
  if (inbox.dead > 0)
    found.push({
      kind: 'warning',
      title: `${counted(inbox.dead, 'Nachricht kam', 'Nachrichten kamen')} nicht im Posteingang an`,
      advice: 'Sie können sie noch einmal senden.',
      link,
    })
  return found
}

function templatesOf(templates: readonly StoredTemplate[]): Trouble[] {
  const link = ['/office/vorlagen', 'Zu den Vorlagen'] as const
  return templates
    .filter(({ status }) => ['PAUSED', 'DISABLED', 'REJECTED'].includes(status))
    .map(({ name, status }) => ({
      kind: status === 'REJECTED' ? ('info' as const) : ('warning' as const),
      title: `Vorlage „${name}“: ${templateStates[status]?.[0] ?? status}`,
      advice:
        status === 'PAUSED'
          ? 'WhatsApp hat sie angehalten, weil viele Menschen sie blockiert oder gemeldet haben. Sie geht nach einigen Stunden von selbst wieder.'
          : status === 'DISABLED'
            ? 'WhatsApp hat sie gesperrt. Bitte schreiben Sie eine neue Vorlage.'
            : 'Bitte lesen Sie den Grund und reichen Sie sie überarbeitet neu ein.',
      link,
    }))
}

function qualityOf({ qualityRating, dailyLimit }: ChannelHealth): Trouble[] {
  const found: Trouble[] = []
  if (qualityRating === 'RED')
    found.push({
      kind: 'warning',
      title: 'WhatsApp bewertet die Qualität des Kanals als niedrig',
      advice:
        'Viele Menschen haben Meldungen blockiert oder gemeldet. Senden Sie seltener und nur Wichtiges, sonst sinkt das Tageslimit.',
    })
  if (dailyLimit !== null && dailyLimit >= 0 && dailyLimit <= 250)
    found.push({
      kind: 'info',
      title: `Tageslimit: ${count(dailyLimit)} Personen`,
      advice:
        'So viele Menschen dürfen Sie in 24 Stunden von sich aus anschreiben. Nach der Prüfung des Unternehmens bei Meta steigt das Limit.',
    })
  return found
}

/** Does this channel have anything to write broadcasts with? */
export const hasUsableTemplate = (templates: readonly StoredTemplate[]): boolean => templates.some(isApproved)
