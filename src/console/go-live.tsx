import { APPROVERS_NEEDED, needsApprovers } from '../access/approvers.ts'
import type { StaffMember } from '../access/staff.ts'
import type { Channel } from '../channels/channel.ts'
import type { ChannelHealth } from '../channels/channel-health.ts'
import type { StoredTemplate } from '../channels/template-store.ts'
import type { InboxState } from '../dispatch/dead-letters.ts'
import { Badge } from './parts.tsx'
import { hasUsableTemplate } from './troubles.ts'

type Item = { done: boolean; what: string; how: string; link?: readonly [to: string, label: string] }

/** What a channel needs before it can go live, and how to get what is missing. */
export function goLive(
  channel: Channel,
  {
    health,
    templates,
    people,
    approvers,
    inbox,
    townSignIn,
  }: {
    health: ChannelHealth
    templates: readonly StoredTemplate[]
    people: readonly StaffMember[]
    approvers: number
    inbox: InboxState | null
    townSignIn: boolean
  },
): Item[] {
  const { info, chat } = channel.offerings
  const reaching = people.filter(
    (one) => one.disabledAt === null && (one.channel === null || one.channel === channel.slug),
  )
  const items: Item[] = [
    {
      done: health.checkedAt !== null && health.stopped === null,
      what: 'WhatsApp kennt unseren Zugang, und der Kanal darf senden',
      how: health.stopped
        ? 'Woran es liegt und was zu tun ist, steht oben.'
        : 'Die Technik hinterlegt Zugangsschlüssel und Rufnummer in der Kanaldatei.',
    },
  ]
  if (info) {
    items.push({
      done: hasUsableTemplate(templates),
      what: 'Mindestens eine Vorlage ist freigegeben',
      how: 'Schreiben Sie eine Vorlage und reichen Sie sie bei WhatsApp ein.',
      link: ['/office/vorlagen', 'Zu den Vorlagen'],
    })
    if (needsApprovers(channel))
      items.push({
        done: approvers >= APPROVERS_NEEDED,
        what: `Mindestens zwei Personen dürfen freigeben (jetzt: ${approvers})`,
        how: 'Laden Sie eine weitere Person mit dem Recht „Freigabe“ ein. Vorher lässt sich keine Meldung einreichen.',
        link: ['/office/zugaenge', 'Zu den Zugängen'],
      })
  }
  if (!townSignIn)
    items.push({
      done: reaching.every(({ ready }) => ready) && reaching.length > 0,
      what: 'Alle Personen haben Passwort und zweiten Faktor',
      how: 'Wer noch keines hat, richtet es unter „Mein Konto“ ein.',
      link: ['/office/konto', 'Zu „Mein Konto“'],
    })
  if (chat && inbox)
    items.push({
      done: inbox.goneSince === null && inbox.dead === 0,
      what: 'Chats kommen im Posteingang an',
      how: 'Die Technik prüft Adresse und Geheimnis des Posteingangs.',
      link: ['/office/chats', 'Zu den Chats'],
    })
  items.push({
    done: health.dailyLimit === null || health.dailyLimit < 0 || health.dailyLimit > 250,
    what: 'Das Unternehmen ist bei Meta geprüft (Tageslimit über 250)',
    how: 'Die Prüfung beantragt, wer das Konto bei Meta verwaltet. Sie dauert einige Tage.',
  })
  return items
}

export const GoLiveList = ({ of }: { of: readonly Item[] }) => (
  <ul class="kern-task-list__list plain tasks">
    {of.map(({ done, what, how, link }) => (
      <li class="card task">
        <div>
          <p class="kern-body kern-body--bold">{what}</p>
          {!done && (
            <p class="kern-body kern-body--small note">
              {how} {link && <a href={link[0]}>{link[1]}</a>}
            </p>
          )}
        </div>
        <Badge tone={done ? 'success' : 'warning'}>{done ? 'Erledigt' : 'Offen'}</Badge>
      </li>
    ))}
  </ul>
)
