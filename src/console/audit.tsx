import { Hono } from 'hono'
import { record } from '../audit/audit.ts'
import { type TrailEntry, trailOf } from '../audit/trail.ts'
import { titlesOf } from '../broadcasts/titles.ts'
import { inDeed, type Runtime } from '../runtime.ts'
import { deedWords, detailWords } from './audit-words.ts'
import { csvFile } from './csv-file.ts'
import { dateTime } from './format.ts'
import { page } from './layout.tsx'
import { type OfficeEnv, only } from './office.ts'
import { Button, Empty, Head, More, Note, PostForm, Table } from './parts.tsx'

const PAGE = 50

const CSV_PAGE = 1000

/** `/office/protokoll`: who did what, to read and as a table. */
export function auditRoutes(runtime: Runtime) {
  const titlesFor = (slug: string, entries: readonly TrailEntry[]) => {
    const told = entries.flatMap(({ action, target }) => (isOfBroadcast(action) && target ? [target] : []))
    return inDeed(runtime, (deed) => titlesOf(deed, slug, told))
  }

  return new Hono<OfficeEnv>()
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
          const titles = await titlesFor(channel.slug, entries)
          yield entries.map((entry) => csvRow(entry, channel.timezone, titles))
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
      const titles = await titlesFor(channel.slug, entries)
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
}

const CSV_HEAD = ['Nr.', 'Zeit', 'Kanal', 'Wer', 'Kennung', 'Was', 'Vorgang', 'Betrifft', 'Einzelheiten']

const csvRow = (entry: TrailEntry, zone: string, titles: ReadonlyMap<string, string>): string[] => {
  const { id, at, channel, actorName, actor, action, target } = entry
  const details = [titleOf(entry, titles), detailWords(entry)].filter(Boolean).join(' · ')
  return [
    ...[String(id), dateTime(at, zone), channel ?? '', actorName, actor],
    ...[deedWords(entry), action, target ?? '', details],
  ]
}

const isOfBroadcast = (action: string): boolean => action.startsWith('broadcast.')

/** What is known beyond the deed; a broadcast goes by its title as long as it is there. */
function detailOf(entry: TrailEntry, titles: ReadonlyMap<string, string>) {
  const words = detailWords(entry)
  const title = titleOf(entry, titles)
  if (!title) return words
  return (
    <>
      <a class="kern-link" href={`/office/meldungen/${entry.target}`}>
        {title}
      </a>
      {words ? ` · ${words}` : ''}
    </>
  )
}

const titleOf = ({ action, target }: TrailEntry, titles: ReadonlyMap<string, string>) =>
  isOfBroadcast(action) ? titles.get(target ?? '') : undefined
