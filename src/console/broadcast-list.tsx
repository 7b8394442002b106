import type { Child } from 'hono/jsx'
import { may } from '../access/permissions.ts'
import type { State } from '../broadcasts/lifecycle.ts'
import type { BroadcastView } from '../broadcasts/views.ts'
import { count, dateTime, share } from './format.ts'
import type { Office } from './office.ts'
import { Badge, Empty, Head, LinkButton, More, Table } from './parts.tsx'
import { broadcastStates } from './texts.de.ts'

export type Filter = { key: string; label: string; states: readonly State[] | undefined }

export const FILTERS: readonly Filter[] = [
  { key: 'alle', label: 'Alle', states: undefined },
  { key: 'entwuerfe', label: 'Entwürfe', states: ['draft', 'rejected'] },
  { key: 'freigabe', label: 'Wartet auf Freigabe', states: ['awaiting-approval'] },
  { key: 'geplant', label: 'Geplant', states: ['scheduled'] },
  { key: 'laufend', label: 'Laufend', states: ['sending', 'paused'] },
  { key: 'fertig', label: 'Abgeschlossen', states: ['done', 'cancelled'] },
]

export const StateBadge = ({ status }: { status: string }) => {
  const [label, tone] = broadcastStates[status] ?? [status, 'info' as const]
  return <Badge tone={tone}>{label}</Badge>
}

export const BroadcastList = ({
  office,
  items,
  filter,
  next,
}: {
  office: Office
  items: readonly BroadcastView[]
  filter: Filter
  next: string | null
}) => (
  <>
    <Head title="Meldungen">
      {may(office.actor.role, 'broadcasts.write') && (
        <LinkButton to="/office/meldungen/neu" look="primary" icon="add">
          Neue Meldung
        </LinkButton>
      )}
    </Head>
    <nav aria-label="Auswahl" class="filters">
      <ul>
        {FILTERS.map(({ key, label }) => (
          <li>
            <a href={`/office/meldungen?zeige=${key}`} aria-current={key === filter.key ? 'page' : undefined}>
              {label}
            </a>
          </li>
        ))}
      </ul>
    </nav>
    {items.length === 0 ? (
      <Empty>
        {filter.key === 'alle'
          ? 'Noch keine Meldung. Mit „Neue Meldung“ geht es los.'
          : 'Zurzeit keine Meldung in dieser Auswahl.'}
      </Empty>
    ) : (
      <Table
        caption="Meldungen"
        head={['Titel', 'Stand', 'Zeit', 'Empfänger', 'Zugestellt', 'Gelesen']}
        numeric={[3, 4, 5]}
        rows={items.map((item) => cellsOf(item, office.channel.timezone))}
      />
    )}
    <More to={next} label="Ältere Meldungen" />
  </>
)

const cellsOf = (item: BroadcastView, zone: string): Child[] => {
  const { counts } = item
  const started = counts.recipients > 0
  const arrived = counts.delivered + counts.read
  return [
    <a class="kern-link" href={`/office/meldungen/${item.id}`}>
      {item.title}
    </a>,
    <StateBadge status={item.status} />,
    whenOf(item, zone),
    count(started ? counts.recipients : item.forecast.recipients),
    started ? share(arrived, counts.recipients) : '–',
    started ? share(counts.read, counts.recipients) : '–',
  ]
}

/** The moment that matters most about a broadcast now. */
export function whenOf(item: BroadcastView, zone: string): string {
  if (item.finishedAt) return dateTime(item.finishedAt, zone)
  if (item.startedAt) return `seit ${dateTime(item.startedAt, zone)}`
  if (item.next[0]) return `nächste: ${dateTime(item.next[0], zone)}`
  if (item.sendAt) return `am ${dateTime(item.sendAt, zone)}`
  return item.status === 'draft' || item.status === 'rejected' ? `geändert ${dateTime(item.changedAt, zone)}` : 'sofort'
}
