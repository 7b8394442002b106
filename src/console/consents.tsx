import { Hono } from 'hono'
import { checkLedger, lastCheck } from '../privacy/ledger-check.ts'
import { inDeed, type Runtime } from '../runtime.ts'
import { ledgerOf } from '../subscriptions/ledger.ts'
import { count, dateTime } from './format.ts'
import { page } from './layout.tsx'
import { WholeLedger } from './ledger-state.tsx'
import { type OfficeContext, type OfficeEnv, only } from './office.ts'
import { Button, Empty, Head, More, Note, PostForm, Table } from './parts.tsx'
import { consentWords, offerings, sourceWords } from './texts.de.ts'

const PAGE = 50

/** `/office/einwilligungen`: the ledger, and whether anybody changed it. */
export function consentRoutes(runtime: Runtime) {
  const show = async (c: OfficeContext, live = false) => {
    const { channel } = c.get('office')
    const before = cursorOf(c.req.query('vor'))
    const { found, check } = await inDeed(runtime, async (deed) => ({
      found: await ledgerOf(deed, channel.slug, { limit: PAGE + 1, before }),
      check: await lastCheck(deed, channel.slug),
    }))
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
        <WholeLedger check={check} zone={channel.timezone} live={live} checksHere />
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
              consentWords(entry),
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
    .post('/einwilligungen/pruefen', only('consents.read'), async (c) => {
      await checkLedger(runtime, c.get('office').channel.slug)
      return show(c, true)
    })
}

function cursorOf(text: string | undefined): { at: Date; seq: number } | undefined {
  const [at, seq] = text?.split(',') ?? []
  const moment = new Date(at ?? '')
  return /^\d{1,15}$/.test(seq ?? '') && !Number.isNaN(moment.getTime()) ? { at: moment, seq: Number(seq) } : undefined
}
