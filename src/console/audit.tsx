import { Hono } from 'hono'
import { record } from '../audit/audit.ts'
import { type TrailEntry, trailOf } from '../audit/trail.ts'
import { titlesOf } from '../broadcasts/titles.ts'
import { inDeed, type Runtime } from '../runtime.ts'
import { deedWords } from './audit-words.ts'
import { csvFile } from './csv-file.ts'
import { dateTime } from './format.ts'
import { page } from './layout.tsx'
import { type OfficeEnv, only } from './office.ts'
import { Button, Empty, Head, More, Note, PostForm, Table } from './parts.tsx'
import { roles } from './texts.de.ts'

const PAGE = 50

const CSV_PAGE = 1000

/** `/office/protokoll`: who did what, to read and as a table. */
export const auditRoutes = (runtime: Runtime) =>
  new Hono<OfficeEnv>()
    .post('/protokoll/ausgeben', only('audit.read'), async (c) => {
      const { channel, actor } = c.get('office')
      await inDeed(runtime, (deed) => record(deed, actor, { action: 'audit.exported', channel: channel.slug }))
      const pages = async function* () {
        yield [CSV_HEAD]
        let before: number | undefined
        for (;;) {
          const page = { limit: CSV_PAGE, before }
          const entries = await inDeed(runtime, (deed) => trailOf(deed, actor, channel.slug, page))
          if (entries.length === 0) return
          yield entries.map(csvRow)
          before = entries.at(-1)!.id
        }
      }
      return csvFile(c, `protokoll-${channel.slug}`, pages())
    })
    .get('/protokoll', only('audit.read'), async (c) => {
      const { channel, actor } = c.get('office')
      const before = /^\d{1,15}$/.test(c.req.query('vor') ?? '') ? Number(c.req.query('vor')) : undefined
      const found = await inDeed(runtime, (deed) => trailOf(deed, actor, channel.slug, { limit: PAGE + 1, before }))
      const entries = found.slice(0, PAGE)
      const told = entries.flatMap(({ action, target }) => (isOfBroadcast(action) && target ? [target] : []))
      const titles = await inDeed(runtime, (deed) => titlesOf(deed, channel.slug, told))
      return page(
        c,
        { title: 'Protokoll' },
        <>
          <Head title="Protokoll">
            <PostForm to="/office/protokoll/ausgeben" kanal={channel.slug}>
              <Button icon="download">Als Tabelle ausgeben</Button>
            </PostForm>
          </Head>
          <Note>
            Wer hat wann was getan. Rufnummern, Namen und Texte von Bürgerinnen und Bürgern stehen hier nicht.
          </Note>
          {entries.length === 0 ? (
            <Empty>Noch nichts.</Empty>
          ) : (
            <Table
              caption="Protokoll"
              head={['Zeit', 'Wer', 'Was', 'Einzelheiten']}
              rows={entries.map((entry) => [
                dateTime(entry.at, channel.timezone),
                entry.actorName,
                deedWords(entry),
                detailOf(entry, titles),
              ])}
            />
          )}
          <More
            to={found.length > PAGE ? `/office/protokoll?vor=${entries.at(-1)!.id}` : null}
            label="Ältere Einträge"
          />
        </>,
      )
    })

const CSV_HEAD = ['Nr.', 'Zeit', 'Kanal', 'Wer', 'Kennung', 'Was', 'Vorgang', 'Betrifft', 'Einzelheiten']

const csvRow = (entry: TrailEntry): string[] => {
  const { id, at, channel, actorName, actor, action, target, detail } = entry
  const row = [String(id), at.toISOString(), channel ?? '', actorName, actor, deedWords(entry), action, target ?? '']
  return [...row, JSON.stringify(detail)]
}

const WORDS: Readonly<Record<string, string>> = {
  recipients: 'Empfänger',
  queued: 'wieder eingereiht',
  skipped: 'ausgelassen',
  messages: 'Nachrichten',
  events: 'Nachrichten',
  chats: 'Anliegen',
  contacts: 'Personen',
  lines: 'Zeilen',
  added: 'neu',
  declined: 'nicht übernommen',
}

/** Elsewhere the reason is a word of ours for programs. */
const isStated = (action: string): boolean => action.startsWith('subscriber')

const isOfBroadcast = (action: string): boolean => action.startsWith('broadcast.')

/** What is known beyond the deed; a broadcast goes by its title as long as it is there. */
function detailOf({ action, target, detail }: TrailEntry, titles: ReadonlyMap<string, string>) {
  const facts = detail as Record<string, unknown>
  const words = Object.entries(WORDS).flatMap(([key, label]) =>
    typeof facts[key] === 'number' && !(action === 'retention.run' && facts[key] === 0)
      ? [`${facts[key]} ${label}`]
      : [],
  )
  if (typeof facts.role === 'string' && facts.role in roles) words.push(roles[facts.role as keyof typeof roles][0])
  if (typeof facts.name === 'string') words.push(facts.name)
  if (typeof facts.reason === 'string' && isStated(action)) words.push(`Grund: ${facts.reason}`)
  if (facts.refused === true) words.push('abgelehnt: der Grund nannte die Person')
  const title = isOfBroadcast(action) && titles.get(target ?? '')
  if (title)
    return (
      <>
        <a class="kern-link" href={`/office/meldungen/${target}`}>
          {title}
        </a>
        {words.length > 0 ? ` · ${words.join(', ')}` : ''}
      </>
    )
  return words.join(', ')
}
