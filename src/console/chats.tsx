import { Hono } from 'hono'
import { listChats } from '../chats/chats.ts'
import { close } from '../chats/closing.ts'
import {
  discardDeadLetters,
  inboxState,
  listDeadLetters,
  resendDeadLetters,
  resumeInbox,
} from '../dispatch/dead-letters.ts'
import { Refusal } from '../refusal.ts'
import { inDeed, type Runtime } from '../runtime.ts'
import { Ask } from './ask.tsx'
import { count, counted, dateTime } from './format.ts'
import { page } from './layout.tsx'
import { act, flash, formOf, type OfficeEnv, only } from './office.ts'
import { Alert, Badge, Button, Empty, Head, More, Note, PostForm, Section, Table } from './parts.tsx'

const PAGE = 25
const BACK = '/office/chats'
const LATE_MS = 15 * 60_000

/** `/office/chats`: how forwarding to the inbox goes. What citizens write is read there, not here. */
export const chatRoutes = (runtime: Runtime) =>
  new Hono<OfficeEnv>()
    .get('/chats', only('chats.tend'), async (c) => {
      const { channel } = c.get('office')
      if (!channel.offerings.chat) throw new Refusal('no-such-offering')
      const after = cursorOf(c.req.query('nach'))
      const seen = await inDeed(runtime, async (deed) => ({
        now: deed.now,
        inbox: await inboxState(deed, channel.slug),
        dead: await listDeadLetters(deed, channel.slug, { limit: 50 }),
        chats: await listChats(deed, channel.slug, { limit: PAGE + 1, open: true, after }),
      }))
      const { inbox, dead, now } = seen
      const chats = seen.chats.slice(0, PAGE)
      const last = seen.chats.length > PAGE ? chats.at(-1)! : null
      const late = inbox.oldestAt !== null && now.getTime() - inbox.oldestAt.getTime() > LATE_MS
      const erases = channel.offerings.chat.eraseOnClose
      const zone = channel.timezone
      return page(
        c,
        { title: 'Chats' },
        <>
          <Head title="Chats">
            {inbox.goneSince ? (
              <Badge tone="danger">Posteingang abgemeldet</Badge>
            ) : late ? (
              <Badge tone="warning">Posteingang antwortet nicht</Badge>
            ) : (
              <Badge tone="success">Weiterleitung läuft</Badge>
            )}
          </Head>
          <Note>
            Nachrichten der Bürgerinnen und Bürger lesen und beantworten Sie im Posteingang. Hier sehen Sie, ob alles
            dort ankommt.
          </Note>
          {inbox.goneSince && (
            <Alert kind="danger" title="Der Posteingang hat sich abgemeldet">
              {`Seit ${dateTime(inbox.goneSince, zone)} wird nichts mehr weitergeleitet. ${count(inbox.waiting)} Nachrichten warten. Bitte klären Sie das mit der Technik.`}
              <PostForm to={`${BACK}/aufnehmen`} kanal={channel.slug}>
                <Button icon="autorenew">Weiterleitung wieder aufnehmen</Button>
              </PostForm>
            </Alert>
          )}
          <ul class="cards">
            <li class="card">
              <p class="kern-body">Warten auf den Posteingang</p>
              <p class="figure">{count(inbox.waiting)}</p>
              <p class="kern-body kern-body--small note">
                {inbox.oldestAt ? `älteste von ${dateTime(inbox.oldestAt, zone)}` : 'Alles ist weitergeleitet.'}
              </p>
            </li>
            <li class="card">
              <p class="kern-body">Nicht angekommen</p>
              <p class="figure">{count(inbox.dead)}</p>
              <p class="kern-body kern-body--small note">nach drei Tagen vergeblicher Versuche</p>
            </li>
          </ul>
          {dead.length > 0 && (
            <Section
              title="Nicht angekommen"
              id="liegengeblieben"
              aside={
                <div class="actions">
                  <PostForm to={`${BACK}/erneut`} kanal={channel.slug}>
                    <Button name="id" value="alle" icon="autorenew">
                      Alle noch einmal senden
                    </Button>
                  </PostForm>
                </div>
              }
            >
              <Table
                caption="Nicht angekommen"
                head={['Nachricht vom', 'Aufgegeben', 'Antwort des Posteingangs', '']}
                rows={dead.map(({ id, writtenAt, failedAt, errorCode, attempts }) => [
                  dateTime(writtenAt, zone),
                  dateTime(failedAt, zone),
                  `${errorCode === null ? 'keine' : `Fehler ${errorCode}`} (${counted(attempts, 'Versuch', 'Versuche')})`,
                  <div class="actions">
                    <PostForm to={`${BACK}/erneut`} kanal={channel.slug}>
                      <Button name="id" value={String(id)}>
                        Noch einmal senden
                      </Button>
                    </PostForm>
                    <PostForm to={`${BACK}/verwerfen`} kanal={channel.slug}>
                      <Ask danger label="Verwerfen" question="Diese Nachricht endgültig verwerfen?">
                        <Button name="id" value={String(id)} danger>
                          Ja, verwerfen
                        </Button>
                      </Ask>
                    </PostForm>
                  </div>,
                ])}
              />
            </Section>
          )}
          <Section title="Offene Anliegen" id="offen">
            {erases && <Note>Mit dem Abschließen werden Nummer, Name und Nachrichten der Person gelöscht.</Note>}
            {chats.length === 0 ? (
              <Empty>Zurzeit ist kein Anliegen offen.</Empty>
            ) : (
              <Table
                caption="Offene Anliegen"
                head={['Anliegen', 'Begonnen', '']}
                rows={chats.map(({ id, openedAt }) => [
                  `Nr. ${id.slice(0, 8)}`,
                  dateTime(openedAt, zone),
                  <PostForm to={`${BACK}/${id}/abschliessen`} kanal={channel.slug}>
                    <Ask
                      label="Abschließen"
                      question={
                        erases ? 'Abschließen und alles zu diesem Anliegen löschen?' : 'Dieses Anliegen abschließen?'
                      }
                    >
                      <Button>Ja, abschließen</Button>
                    </Ask>
                  </PostForm>,
                ])}
              />
            )}
            <More to={last && `${BACK}?nach=${last.openedAt.toISOString()},${last.id}`} />
          </Section>
        </>,
      )
    })
    .post('/chats/erneut', only('chats.tend'), async (c) => {
      const which = whichOf((await formOf(c)).id)
      return act(c, runtime, BACK, 'Wird noch einmal gesendet.', (deed, { actor, channel }) =>
        resendDeadLetters(deed, actor, channel.slug, which),
      )
    })
    .post('/chats/verwerfen', only('chats.tend'), async (c) => {
      const which = whichOf((await formOf(c)).id)
      return act(c, runtime, BACK, 'Verworfen.', (deed, { actor, channel }) =>
        discardDeadLetters(deed, actor, channel.slug, which),
      )
    })
    .post('/chats/aufnehmen', only('chats.tend'), (c) =>
      act(c, runtime, BACK, 'Die Weiterleitung läuft wieder.', (deed, { actor, channel }) =>
        resumeInbox(deed, actor, channel.slug),
      ),
    )
    .post('/chats/:id/abschliessen', only('chats.tend'), async (c) => {
      const { actor } = c.get('office')
      const { erased } = await inDeed(runtime, (deed) => close(deed, actor, c.req.param('id'), runtime.channels))
      const words =
        erased.messages > 0 || erased.phone
          ? ` Gelöscht: ${counted(erased.messages, 'Nachricht', 'Nachrichten')}${erased.phone ? ' und die Rufnummer' : ''}.`
          : ''
      flash(c, 'success', `Abgeschlossen.${words}`)
      return c.redirect(BACK, 303)
    })

const whichOf = (id: string | undefined): number | 'all' => {
  if (id === 'alle') return 'all'
  if (!id || !/^\d{1,15}$/.test(id)) throw new Refusal('malformed-request')
  return Number(id)
}

function cursorOf(text: string | undefined): { openedAt: Date; id: string } | undefined {
  const [at, id] = text?.split(',') ?? []
  const openedAt = new Date(at ?? '')
  return id && /^[0-9a-f-]{36}$/.test(id) && !Number.isNaN(openedAt.getTime()) ? { openedAt, id } : undefined
}
