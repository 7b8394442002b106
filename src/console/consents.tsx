import { Hono } from 'hono'
import { inDeed, type Runtime } from '../runtime.ts'
import { ledgerOf } from '../subscriptions/ledger.ts'
import { type Verdict, verifyChain } from '../subscriptions/verify.ts'
import { count, dateTime } from './format.ts'
import { page } from './layout.tsx'
import { type OfficeContext, type OfficeEnv, only } from './office.ts'
import { Alert, Button, Empty, Head, More, Note, PostForm, Table } from './parts.tsx'
import { consentActions, offerings, sourceWords } from './texts.de.ts'

const PAGE = 50

/** `/office/einwilligungen`: the ledger, and whether anybody changed it. */
export function consentRoutes(runtime: Runtime) {
  const show = async (c: OfficeContext, verdict: Verdict | null = null) => {
    const { channel } = c.get('office')
    const before = cursorOf(c.req.query('vor'))
    const found = await inDeed(runtime, (deed) => ledgerOf(deed, channel.slug, { limit: PAGE + 1, before }))
    const entries = found.slice(0, PAGE)
    return page(
      c,
      { title: 'Einwilligungen' },
      <>
        <Head title="Einwilligungen">
          <PostForm to="/office/einwilligungen/pruefen" kanal={channel.slug}>
            <Button icon="checklist">Verzeichnis prüfen</Button>
          </PostForm>
        </Head>
        {verdict && (
          <Alert
            kind={verdict.broken ? 'danger' : 'success'}
            title={verdict.broken ? 'Das Verzeichnis wurde verändert' : 'Das Verzeichnis ist unverändert'}
            live
          >
            {verdict.broken
              ? `Ab Eintrag ${verdict.broken.seq} stimmt die Kette nicht mehr. Bitte ziehen Sie die Technik und den Datenschutz hinzu.`
              : `${count(verdict.entries)} Einträge geprüft. Prüfsumme zum Aufbewahren: `}
            {!verdict.broken && <code class="secret">{verdict.head || '–'}</code>}
          </Alert>
        )}
        <Note>
          Jede Anmeldung und jede Abmeldung steht hier als Nachweis. Einträge lassen sich nicht ändern. Personen
          erscheinen nur unter einem Kennzeichen.
        </Note>
        {entries.length === 0 ? (
          <Empty>Noch keine Einträge.</Empty>
        ) : (
          <Table
            caption="Einwilligungen"
            head={['Zeit', 'Angebot', 'Was', 'Wie', 'Datenschutzhinweis', 'Kennzeichen', 'Nr.']}
            numeric={[6]}
            rows={entries.map((entry) => [
              dateTime(entry.at, channel.timezone),
              offerings[entry.offering],
              consentActions[entry.action],
              sourceWords(entry.source, channel),
              entry.noticeVersion,
              <code>{entry.subject.slice(0, 8)}</code>,
              count(entry.seq),
            ])}
          />
        )}
        <More
          to={
            found.length > PAGE
              ? `/office/einwilligungen?vor=${entries.at(-1)!.at.toISOString()},${entries.at(-1)!.seq}`
              : null
          }
          label="Ältere Einträge"
        />
      </>,
    )
  }
  return new Hono<OfficeEnv>()
    .get('/einwilligungen', only('consents.read'), (c) => show(c))
    .post('/einwilligungen/pruefen', only('consents.read'), async (c) =>
      show(c, await verifyChain(runtime, c.get('office').channel.slug)),
    )
}

function cursorOf(text: string | undefined): { at: Date; seq: number } | undefined {
  const [at, seq] = text?.split(',') ?? []
  const moment = new Date(at ?? '')
  return /^\d{1,15}$/.test(seq ?? '') && !Number.isNaN(moment.getTime()) ? { at: moment, seq: Number(seq) } : undefined
}
