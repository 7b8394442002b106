import { APPROVERS_NEEDED, needsApprovers } from '../access/approvers.ts'
import type { LimitOutlook } from '../broadcasts/limit-outlook.ts'
import { BAN, BAN_ANNOUNCED } from '../channels/ban.ts'
import type { Channel } from '../channels/channel.ts'
import { type ChannelHealth, isTokenRefused } from '../channels/channel-health.ts'
import { isApproved, type StoredTemplate } from '../channels/template-store.ts'
import type { InboxState } from '../dispatch/dead-letters.ts'
import type { LedgerCheck } from '../privacy/ledger-check.ts'
import { explain } from '../whatsapp/outcome.ts'
import { reasons } from '../whatsapp/reasons.ts'
import { eventWords } from './channel-events.ts'
import { count, counted, dateTime } from './format.ts'
import { holds } from './ledger-state.tsx'
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
/** Three nights: one may fall into a restart, one into trouble of the database. */
const UNVERIFIED_MS = 3 * 86_400_000
/** From this share of the daily limit on it is said to be nearly used. */
const NEARLY = 0.8

/** Everything that is wrong right now, worst first. */
export function troublesOf(
  channel: Channel,
  now: Date,
  {
    health,
    inbox,
    templates,
    limit = null,
    approvers,
    ledger = null,
  }: {
    health: ChannelHealth
    inbox: InboxState | null
    templates: readonly StoredTemplate[]
    limit?: LimitOutlook | null
    approvers: number
    ledger?: LedgerCheck | null
  },
): Trouble[] {
  return [
    ...stoppedOf(health),
    ...ledgerOf(channel, now, ledger),
    ...inboxOf(channel, now, inbox),
    ...limitOf(channel, limit),
    ...approversOf(channel, approvers),
    ...templatesOf(templates),
    ...qualityOf(health),
  ].sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind))
}

const ORDER: readonly Flash['kind'][] = ['danger', 'warning', 'info', 'success']

function stoppedOf(health: ChannelHealth): Trouble[] {
  if (!health.stopped) return []
  const [what, advice] = whyStopped(health, health.stopped)
  return [{ kind: 'danger', title: `Der Kanal steht still: ${what}`, advice, link: ['/office/kanal', 'Zum Kanal'] }]
}

type Words = readonly [what: string, advice: string]

function whyStopped(health: ChannelHealth, { code, reason }: NonNullable<ChannelHealth['stopped']>): Words {
  if (reason === BAN_ANNOUNCED) return reasons[BAN_ANNOUNCED]
  const [locked, advice] = reasons.blocked
  // Meta's word about the account is no code of an error.
  if (reason === 'account')
    return [code === BAN ? locked : eventWords({ kind: 'account-update', detail: { event: code } }), advice]
  const { what, advice: next } = explain(isTokenRefused(health) ? 190 : Number(code) || undefined)
  return [what, next]
}

function ledgerOf({ timezone }: Channel, now: Date, check: LedgerCheck | null): Trouble[] {
  if (!check) return []
  const link = ['/office/einwilligungen', 'Zum Verzeichnis'] as const
  const last = `Die letzte Prüfung war am ${dateTime(check.at, timezone)}.`
  if (!holds(check))
    return [
      {
        kind: 'danger',
        title: 'Das Verzeichnis der Einwilligungen wurde verändert',
        advice: `${last} Bitte ziehen Sie die Technik und den Datenschutz hinzu.`,
        link,
      },
    ]
  if (now.getTime() - check.at.getTime() < UNVERIFIED_MS) return []
  return [
    {
      kind: 'warning',
      title: 'Das Verzeichnis der Einwilligungen wird nicht mehr geprüft',
      advice: `${last} Seither ist die nächtliche Prüfung nicht gelungen. Prüfen Sie es selbst; gelingt das nicht, ziehen Sie bitte die Technik hinzu.`,
      link,
    },
  ]
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

function limitOf({ timezone }: Channel, outlook: LimitOutlook | null): Trouble[] {
  if (!outlook) return []
  const { limit, used, growsAt, ahead, room } = outlook
  const spent = `In den letzten 24 Stunden haben Sie ${count(used)} von ${count(limit)} Personen angeschrieben.`
  const again = growsAt ? ` Ab ${dateTime(growsAt, timezone)} wird wieder Platz frei.` : ''
  if (ahead > room)
    return [
      {
        kind: 'warning',
        title: 'Das Tageslimit reicht nicht für die nächsten 24 Stunden',
        advice: `Anstehende Meldungen gehen an ${counted(ahead, 'weitere Person', 'weitere Personen')}, Platz ist nur für ${count(room)}. ${spent} Wer nicht mehr hineinpasst, bekommt seine Meldung von selbst, sobald Platz frei wird. Wenn etwas eilt, verschieben Sie bitte eine andere Meldung.`,
        link: ['/office/meldungen?zeige=geplant', 'Zu den geplanten Meldungen'],
      },
    ]
  if (limit === 0 || used < limit * NEARLY) return []
  return [
    {
      kind: 'warning',
      title: used >= limit ? 'Das Tageslimit ist ausgeschöpft' : 'Das Tageslimit ist bald ausgeschöpft',
      advice: `${spent}${again} Senden Sie bis dahin nur, was wirklich eilt.`,
    },
  ]
}

function approversOf(channel: Channel, approvers: number): Trouble[] {
  if (!needsApprovers(channel) || approvers >= APPROVERS_NEEDED) return []
  return [
    {
      kind: 'warning',
      title: 'Es fehlt jemand für die Freigabe',
      advice: `Meldungen lassen sich erst einreichen, wenn mindestens zwei Personen freigeben dürfen (jetzt: ${approvers}). Die Verwaltung lädt sie unter „Zugänge“ ein.`,
      link: ['/office/kanal', 'Was zum Start noch fehlt'],
    },
  ]
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
