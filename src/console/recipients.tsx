import { Hono } from 'hono'
import { type RecipientView, recipients, view } from '../broadcasts/views.ts'
import type { OutgoingStatus } from '../dispatch/queue.ts'
import { inDeed, type Runtime } from '../runtime.ts'
import { csvFile } from './csv-file.ts'
import { Select } from './fields.tsx'
import { dateTime } from './format.ts'
import { page } from './layout.tsx'
import { type OfficeEnv, only } from './office.ts'
import { Button, Empty, Head, More, Note, Table } from './parts.tsx'
import { deliveryStates } from './texts.de.ts'

const PAGE = 50
const CSV_PAGE = 5000
const STATES = Object.keys(deliveryStates) as OutgoingStatus[]
const stateOf = (asked: string | undefined) => STATES.find((state) => state === asked)

/** Who gets a broadcast, masked: as a page and as CSV. Below `/meldungen/:id`. */
export const recipientRoutes = (runtime: Runtime) =>
  new Hono<OfficeEnv>()
    .get('/empfaenger', only('broadcasts.read'), async (c) => {
      const { channel } = c.get('office')
      const id = c.req.param('id') ?? ''
      const state = stateOf(c.req.query('zustand'))
      const after = Number(c.req.query('nach') ?? 0)
      const { broadcast, found } = await inDeed(runtime, async (deed) => ({
        broadcast: await view(deed, channel, id),
        found: await recipients(deed, channel, id, { limit: PAGE + 1, after: after || undefined, state }),
      }))
      const items = found.slice(0, PAGE)
      const next =
        found.length > PAGE
          ? `/office/meldungen/${id}/empfaenger?zustand=${state ?? ''}&nach=${items.at(-1)!.id}`
          : null
      return page(
        c,
        { title: `Empfänger: ${broadcast.title}` },
        <>
          <Head title="Empfänger" back={[`/office/meldungen/${id}`, broadcast.title]} />
          <form method="get" class="form inline-form">
            <Select
              name="zustand"
              label="Stand"
              value={state ?? ''}
              options={[
                ['', `Alle (${broadcast.counts.recipients})`],
                ...STATES.filter((one) => broadcast.counts[one] > 0).map(
                  (one) => [one, `${deliveryStates[one][0]} (${broadcast.counts[one]})`] as const,
                ),
              ]}
            />
            <Button>Anzeigen</Button>
          </form>
          <Note>Rufnummern sind verkürzt. Wer gelöscht wurde, bleibt als Zeile ohne Nummer stehen.</Note>
          {items.length === 0 ? (
            <Empty>Niemand mit diesem Stand.</Empty>
          ) : (
            <Table
              caption="Empfänger"
              head={['Nummer', 'Stand', 'Zeit', 'Grund']}
              rows={items.map((one) => [
                numberOf(one),
                deliveryStates[one.state][0],
                one.at ? dateTime(one.at, channel.timezone) : '–',
                one.error?.what ?? '',
              ])}
            />
          )}
          <More to={next} />
        </>,
      )
    })
    .get('/empfaenger.csv', only('broadcasts.read'), async (c) => {
      const { channel } = c.get('office')
      const id = c.req.param('id') ?? ''
      const state = stateOf(c.req.query('zustand'))
      await inDeed(runtime, (deed) => view(deed, channel, id))
      const pages = async function* () {
        yield [['Nummer', 'Stand', 'Zeit', 'Grund']]
        let after: number | undefined
        for (;;) {
          const rows = await inDeed(runtime, (deed) => recipients(deed, channel, id, { limit: CSV_PAGE, after, state }))
          if (rows.length === 0) return
          yield rows.map(csvRow)
          after = rows.at(-1)!.id
        }
      }
      return csvFile(c, `empfaenger-${id.slice(0, 8)}`, pages())
    })

const numberOf = ({ phone, userId, contactId }: RecipientView): string =>
  phone ?? userId ?? (contactId ? 'ohne Nummer' : 'gelöscht')

const csvRow = (one: RecipientView): string[] => [
  numberOf(one),
  deliveryStates[one.state][0],
  one.at ?? '',
  one.error?.what ?? '',
]
