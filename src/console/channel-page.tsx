import { Hono } from 'hono'
import { countApprovers } from '../access/approvers.ts'
import { may } from '../access/permissions.ts'
import { listStaff } from '../access/staff.ts'
import { record } from '../audit/audit.ts'
import type { Channel, MinuteSpan } from '../channels/channel.ts'
import { channelHealth, latestEvents } from '../channels/channel-health.ts'
import { clearStop } from '../channels/channels.ts'
import { checkNumber } from '../channels/number-check.ts'
import { templatesOf } from '../channels/template-store.ts'
import { isOpen } from '../chats/office-hours.ts'
import { inboxState } from '../dispatch/dead-letters.ts'
import { lastCheck } from '../privacy/ledger-check.ts'
import { inDeed, type Runtime } from '../runtime.ts'
import { Ask } from './ask.tsx'
import { eventWords } from './channel-events.ts'
import { dateTime } from './format.ts'
import { GoLiveList, goLive } from './go-live.tsx'
import { page } from './layout.tsx'
import { act, flash, type OfficeEnv, only } from './office.ts'
import { limitWords } from './overview.tsx'
import { Alert, Badge, Button, Empty, Facts, Head, LinkButton, Note, PostForm, Section, Table } from './parts.tsx'
import { qualities } from './texts.de.ts'
import { troublesOf } from './troubles.ts'

const STATES: Readonly<Record<string, string>> = {
  'DE-BB': 'Brandenburg',
  'DE-BE': 'Berlin',
  'DE-BW': 'Baden-Württemberg',
  'DE-BY': 'Bayern',
  'DE-HB': 'Bremen',
  'DE-HE': 'Hessen',
  'DE-HH': 'Hamburg',
  'DE-MV': 'Mecklenburg-Vorpommern',
  'DE-NI': 'Niedersachsen',
  'DE-NW': 'Nordrhein-Westfalen',
  'DE-RP': 'Rheinland-Pfalz',
  'DE-SH': 'Schleswig-Holstein',
  'DE-SL': 'dem Saarland',
  'DE-SN': 'Sachsen',
  'DE-ST': 'Sachsen-Anhalt',
  'DE-TH': 'Thüringen',
}

const WEEKDAYS = {
  mon: 'Montag',
  tue: 'Dienstag',
  wed: 'Mittwoch',
  thu: 'Donnerstag',
  fri: 'Freitag',
  sat: 'Samstag',
  sun: 'Sonntag',
} as const

/** `/office/kanal`: the number, its limits, hours, and what is missing before it can go live. */
export const channelRoutes = (runtime: Runtime) =>
  new Hono<OfficeEnv>()
    .get('/kanal', only('channels.read'), async (c) => {
      const { channel, actor } = c.get('office')
      const { info, chat } = channel.offerings
      const seen = await inDeed(runtime, async (deed) => ({
        now: deed.now,
        health: (await channelHealth(deed.tx, [channel.slug])).get(channel.slug)!,
        events: await latestEvents(deed.tx, channel.slug, 20),
        inbox: chat ? await inboxState(deed, channel.slug) : null,
        templates: info ? await templatesOf(deed, channel.slug) : [],
        people: await listStaff(deed, { channel: null }),
        approvers: await countApprovers(deed, channel.slug),
        ledger: await lastCheck(deed, channel.slug),
      }))
      const { health, events, now } = seen
      const troubles = troublesOf(channel, now, seen).filter(({ kind }) => kind === 'danger')
      const zone = channel.timezone
      const quality = qualities[health.qualityRating ?? 'UNKNOWN'] ?? qualities.UNKNOWN!
      return page(
        c,
        { title: 'Kanal' },
        <>
          <Head title={channel.name}>
            {health.stopped ? <Badge tone="danger">Angehalten</Badge> : <Badge tone="success">In Betrieb</Badge>}
          </Head>
          {troubles.map(({ kind, title, advice }) => (
            <Alert kind={kind} title={title}>
              {advice}
            </Alert>
          ))}
          {health.stopped && may(actor.role, 'channels.repair') && (
            <PostForm to="/office/kanal/fortsetzen" kanal={channel.slug}>
              <Ask label="Wieder senden" question="Ist die Störung behoben? Dann wird sofort wieder gesendet.">
                <Button>Ja, wieder senden</Button>
              </Ask>
            </PostForm>
          )}
          <Section title="Bereit zum Start?" id="start">
            <GoLiveList of={goLive(channel, { ...seen, townSignIn: runtime.settings.oidc !== null })} />
          </Section>
          <Section
            title="Rufnummer"
            id="nummer"
            aside={
              <PostForm to="/office/kanal/pruefen" kanal={channel.slug}>
                <Button icon="autorenew">Jetzt prüfen</Button>
              </PostForm>
            }
          >
            <Facts
              of={[
                ['Rufnummer', channel.whatsapp.phoneNumber],
                ['Qualität', <Badge tone={quality[1]}>{quality[0]}</Badge>],
                [
                  'Tageslimit',
                  `${limitWords(health.dailyLimit)}${(health.dailyLimit ?? -1) < 0 ? '' : ' Personen in 24 Stunden'}`,
                ],
                ['Tempo', `${channel.whatsapp.messagesPerSecond} Nachrichten in der Sekunde`],
                ['Zuletzt geprüft', health.checkedAt ? dateTime(health.checkedAt, zone) : 'noch nie'],
                [
                  'Öffentliche Seite',
                  <a href={`/${channel.slug}`}>{`${runtime.settings.publicUrl}/${channel.slug}`}</a>,
                ],
              ]}
            />
          </Section>
          {info && (
            <Section title="Infokanal" id="infokanal">
              <Facts
                of={[
                  ['Anmelden mit', info.join.join(', ')],
                  ['Abmelden mit', info.leave.join(', ')],
                  ['Freigabe', info.approval === 'none' ? 'nicht nötig' : 'durch eine zweite Person'],
                  ['Ruhezeit', info.quietHours ? spanWords(info.quietHours) : 'keine'],
                  ['Themen', Object.values(info.topics).join(', ') || 'keine'],
                ]}
              />
            </Section>
          )}
          {chat && (
            <Section title="Chat" id="chat">
              <Facts
                of={[
                  ['Gerade', isOpen(channel, now) ? 'wird gelesen' : 'wird nicht gelesen'],
                  ['Zeiten', chat.officeHours ? <Hours of={chat.officeHours} /> : 'keine festgelegt'],
                  ['Geschlossen', chat.closures.length > 0 ? <Closures of={chat.closures} /> : null],
                  ['Feiertage', `wie in ${STATES[channel.region] ?? channel.region}`],
                  [
                    'Nach dem Abschließen',
                    chat.eraseOnClose ? 'wird alles gelöscht' : 'bleibt es bis zum Ende der Frist',
                  ],
                ]}
              />
            </Section>
          )}
          <Section title="Aushänge" id="aushaenge">
            <p class="kern-body">
              Plakate und Handzettel mit QR-Code. Das Verzeichnis der Einwilligungen hält fest, über welchen Aushang
              sich jemand angemeldet hat.
            </p>
            <p>
              <LinkButton to="/office/kanal/aushaenge" icon="arrow-forward">
                Zu den Aushängen
              </LinkButton>
            </p>
          </Section>
          <Note>{`Diese Angaben stehen in der Datei channels/${channel.slug}.yaml. Die Technik ändert sie dort.`}</Note>
          <Section title="Was WhatsApp gemeldet hat" id="ereignisse">
            {events.length === 0 ? (
              <Empty>Noch nichts.</Empty>
            ) : (
              <Table
                caption="Was WhatsApp gemeldet hat"
                head={['Zeit', 'Meldung']}
                rows={events.map((event) => [dateTime(event.at, zone), eventWords(event)])}
              />
            )}
          </Section>
        </>,
      )
    })
    .post('/kanal/pruefen', only('channels.read'), async (c) => {
      await checkNumber(runtime, c.get('office').channel)
      flash(c, 'success', 'Geprüft.')
      return c.redirect('/office/kanal', 303)
    })
    .post('/kanal/fortsetzen', only('channels.repair'), (c) =>
      act(c, runtime, '/office/kanal', 'Der Kanal sendet wieder.', async (deed, { actor, channel }) => {
        if (await clearStop(deed, channel.slug))
          await record(deed, actor, { action: 'channel.resumed', channel: channel.slug })
      }),
    )

const clock = (minute: number) => `${Math.floor(minute / 60)}:${String(minute % 60).padStart(2, '0')}`
const spanWords = ({ fromMinute, toMinute }: MinuteSpan) => `${clock(fromMinute)} bis ${clock(toMinute)} Uhr`

type ChatOffering = NonNullable<Channel['offerings']['chat']>

const Hours = ({ of }: { of: NonNullable<ChatOffering['officeHours']> }) => (
  <ul class="plain">
    {Object.entries(WEEKDAYS)
      .filter(([key]) => (of[key as keyof typeof of] ?? []).length > 0)
      .map(([key, label]) => (
        <li>{`${label}: ${of[key as keyof typeof of].map(spanWords).join(', ')}`}</li>
      ))}
  </ul>
)

const german = (day: string) => day.split('-').reverse().map(Number).join('.')

const Closures = ({ of }: { of: ChatOffering['closures'] }) => (
  <ul class="plain">
    {of.map(({ from, to, text }) => (
      <li>{`${from === to ? german(from) : `${german(from)} bis ${german(to)}`}${text ? `: ${text}` : ''}`}</li>
    ))}
  </ul>
)
