import { Hono } from 'hono'
import { countApprovers } from '../access/approvers.ts'
import { may } from '../access/permissions.ts'
import { limitOutlook } from '../broadcasts/limit-outlook.ts'
import { type BroadcastView, list } from '../broadcasts/views.ts'
import { channelHealth } from '../channels/channel-health.ts'
import { templatesOf } from '../channels/template-store.ts'
import { inboxState } from '../dispatch/dead-letters.ts'
import { lastCheck } from '../privacy/ledger-check.ts'
import { inDeed, type Runtime } from '../runtime.ts'
import { growthOf, leftAfter } from '../subscriptions/growth.ts'
import { StateBadge, whenOf } from './broadcast-list.tsx'
import { GrowthChart } from './chart.tsx'
import { count, counted, dateTime, day, share } from './format.ts'
import { page } from './layout.tsx'
import type { Office, OfficeEnv } from './office.ts'
import { Alert, Empty, Head, LinkButton, Section, Table } from './parts.tsx'
import { standing } from './progress.tsx'
import { remembered } from './remembered.ts'
import { troublesOf } from './troubles.ts'

const DAYS = 90
const STOP_HOURS = 24

/** What runs, what comes, what waits for me, what is wrong. */
export const overviewRoutes = (runtime: Runtime) => {
  const growthFor = remembered(10_000, (slug) =>
    inDeed(runtime, (deed) => growthOf(deed, slug, 'info', { days: DAYS, zone: runtime.channels.get(slug)!.timezone })),
  )
  const limitFor = remembered(10_000, (slug) =>
    inDeed(runtime, (deed) => limitOutlook(deed, runtime.channels.get(slug)!)),
  )
  return new Hono<OfficeEnv>().get('/', async (c) => {
    const office = c.get('office')
    const { channel, actor } = office
    const { info, chat } = channel.offerings
    const seen = await inDeed(runtime, async (deed) => {
      const current = info
        ? await list(deed, channel, {
            limit: 50,
            status: ['sending', 'paused', 'scheduled', 'awaiting-approval', 'rejected'],
          })
        : []
      const done = info ? await list(deed, channel, { limit: 5, status: ['done', 'cancelled'] }) : []
      const past = done.filter(({ startedAt }) => startedAt !== null)
      const starts = past.map(({ startedAt }) => new Date(startedAt!))
      return {
        now: deed.now,
        current,
        past,
        stops: await leftAfter(deed, channel.slug, 'info', starts, STOP_HOURS),
        health: (await channelHealth(deed.tx, [channel.slug])).get(channel.slug)!,
        inbox: chat ? await inboxState(deed, channel.slug) : null,
        templates: info ? await templatesOf(deed, channel.slug) : [],
        approvers: await countApprovers(deed, channel.slug),
        ledger: await lastCheck(deed, channel.slug),
      }
    })
    const growth = info ? await growthFor(channel.slug) : []
    const { current, past, stops, inbox } = seen
    const running = current.filter(({ status }) => status === 'sending' || status === 'paused')
    const coming = current.filter(({ status }) => status === 'scheduled')
    const mine = current.filter((item) => waitsFor(office, item))
    const limit = info ? await limitFor(channel.slug) : null
    const troubles = troublesOf(channel, seen.now, { ...seen, limit })
    const [first, last] = [growth[0], growth.at(-1)]
    return page(
      c,
      { title: 'Übersicht' },
      <>
        <Head title="Übersicht">
          {info && may(actor.role, 'broadcasts.write') && (
            <LinkButton to="/office/meldungen/neu" look="primary" icon="add">
              Neue Meldung
            </LinkButton>
          )}
        </Head>
        {troubles.map(({ kind, title, advice, link }) => (
          <Alert kind={kind} title={title}>
            {advice} {link && <a href={link[0]}>{link[1]}</a>}
          </Alert>
        ))}
        {mine.length > 0 && (
          <Section title="Wartet auf Sie" id="wartet">
            <Entries items={mine} zone={channel.timezone} />
          </Section>
        )}
        {info && (
          <Section title="Läuft gerade" id="laeuft">
            {running.length === 0 ? (
              <Empty>Zurzeit wird nichts gesendet.</Empty>
            ) : (
              <Entries items={running} zone={channel.timezone} progress />
            )}
          </Section>
        )}
        {info && (
          <Section title="Als Nächstes" id="naechstes">
            {coming.length === 0 ? <Empty>Nichts geplant.</Empty> : <Entries items={coming} zone={channel.timezone} />}
          </Section>
        )}
        <ul class="cards">
          {last && (
            <Card name="Abonnenten im Infokanal" figure={count(last.subscribers)}>
              {difference(last.subscribers - first!.subscribers)}
            </Card>
          )}
          {inbox && (
            <Card name="Chats: warten auf den Posteingang" figure={count(inbox.waiting)}>
              {inbox.oldestAt
                ? `älteste von ${dateTime(inbox.oldestAt, channel.timezone)}`
                : 'Alles ist weitergeleitet.'}
            </Card>
          )}
          <Card name="Tageslimit bei WhatsApp" figure={limitWords(seen.health.dailyLimit)}>
            Personen, die in 24 Stunden von sich aus angeschrieben werden dürfen
          </Card>
        </ul>
        {info && (
          <Section title={`Die letzten ${DAYS} Tage`} id="verlauf">
            <GrowthChart days={growth} marked={new Set(past.map(({ startedAt }) => startedAt!.slice(0, 10)))} />
          </Section>
        )}
        {past.length > 0 && (
          <Section title="Zuletzt gesendet" id="zuletzt">
            <Table
              caption="Zuletzt gesendet"
              head={['Meldung', 'Gesendet', 'Empfänger', 'Zugestellt', 'Gelesen', `Abmeldungen in ${STOP_HOURS} h`]}
              numeric={[2, 3, 4, 5]}
              rows={past.map(({ id, title, startedAt, counts, status }, index) => [
                <>
                  <a class="kern-link" href={`/office/meldungen/${id}`}>
                    {title}
                  </a>
                  {status === 'cancelled' && ' (abgebrochen)'}
                </>,
                day(startedAt!, channel.timezone),
                count(counts.recipients),
                share(counts.delivered + counts.read, counts.recipients),
                share(counts.read, counts.recipients),
                count(stops[index] ?? 0),
              ])}
            />
          </Section>
        )}
      </>,
    )
  })
}

/** What this person is expected to do something about. */
function waitsFor({ actor }: Office, item: BroadcastView): boolean {
  const own = item.createdBy === actor.id || item.approval.submittedBy === actor.id
  if (item.status === 'awaiting-approval') return !own && may(actor.role, 'broadcasts.approve')
  return item.status === 'rejected' && own
}

const Entries = ({ items, zone, progress }: { items: readonly BroadcastView[]; zone: string; progress?: boolean }) => (
  <ul class="entries">
    {items.map((item) => (
      <li class="card entry">
        <div class="entry-head">
          <a class="kern-link" href={`/office/meldungen/${item.id}`}>
            {item.title}
          </a>
          <StateBadge status={item.status} />
        </div>
        <p class="kern-body kern-body--small">
          {progress
            ? standing(item, zone)
            : `${whenOf(item, zone)} · ${counted(item.forecast.recipients, 'Person', 'Personen')}`}
        </p>
        {progress && (
          <div class="kern-progress big-progress">
            <progress
              aria-label={`Fortschritt von ${item.title}`}
              value={item.counts.recipients - item.counts.queued - item.counts.sending}
              max={Math.max(1, item.counts.recipients)}
            />
          </div>
        )}
      </li>
    ))}
  </ul>
)

const Card = ({ name, figure, children }: { name: string; figure: string; children: string }) => (
  <li class="card">
    <p class="kern-body">{name}</p>
    <p class="figure">{figure}</p>
    <p class="kern-body kern-body--small note">{children}</p>
  </li>
)

const difference = (n: number): string =>
  n === 0 ? `wie vor ${DAYS} Tagen` : `${n > 0 ? '+' : '−'}${count(Math.abs(n))} in ${DAYS} Tagen`

export const limitWords = (limit: number | null): string =>
  limit === null ? 'nicht bekannt' : limit < 0 ? 'keines' : count(limit)
