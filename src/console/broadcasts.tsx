import { Hono } from 'hono'
import { requireApprovers } from '../access/approvers.ts'
import { namesOf } from '../access/staff.ts'
import { approve, reject, submit } from '../broadcasts/approval.ts'
import { contentOf, find } from '../broadcasts/broadcasts.ts'
import { correction, remove } from '../broadcasts/drafts.ts'
import { failuresOf } from '../broadcasts/failures.ts'
import { preflight } from '../broadcasts/preflight.ts'
import { cancel, pause, resume, retry } from '../broadcasts/running.ts'
import { testSend } from '../broadcasts/test-send.ts'
import { type BroadcastView, list, viewOf } from '../broadcasts/views.ts'
import { templateFor } from '../channels/template-store.ts'
import { Refusal } from '../refusal.ts'
import { inDeed, type Runtime } from '../runtime.ts'
import { changesSince, submittedVersions } from './broadcast-changes.ts'
import { BroadcastList, FILTERS } from './broadcast-list.tsx'
import { BroadcastPage } from './broadcast-page.tsx'
import { decidableAt, UNKNOWN_FOR_MS } from './broadcast-steps.tsx'
import { page } from './layout.tsx'
import { liveRoute } from './live.tsx'
import { act, flash, formOf, type Office, type OfficeContext, type OfficeEnv, only } from './office.ts'
import { recipientRoutes } from './recipients.tsx'

const PAGE = 25

/** The list of broadcasts and the page of each, with every step that people take. */
export function broadcastRoutes(runtime: Runtime) {
  const { overdueToleranceMs } = runtime.settings

  const detail = async (c: OfficeContext, id: string) => {
    const office = c.get('office')
    const { channel } = office
    const seen = await inDeed(runtime, async (deed) => {
      const row = await find(deed, channel.slug, id)
      const view = await viewOf(deed, channel, row)
      const planned = row.startedAt === null && row.status !== 'done' && row.status !== 'cancelled'
      const template = await templateFor(deed, channel.slug, row.templateName, row.templateLanguage)
      const versions = submittedVersions(row)
      return {
        row,
        view,
        components: row.components ?? template?.components ?? [],
        outlook: planned ? await preflight(deed, channel, contentOf(row), row.correctionOf) : null,
        failures: view.counts.failed > 0 ? await failuresOf(deed, channel.slug, id) : [],
        decidableAt: await decidableAt(deed, view),
        names: await namesOf(deed, [row.createdBy, row.submittedBy, row.approvedBy, ...versions.map(({ by }) => by)]),
        changes: row.status === 'awaiting-approval' ? changesSince(versions) : [],
      }
    })
    return page(
      c,
      { title: seen.view.title, scripts: LIVE.has(seen.view.status) ? ['live.js'] : [] },
      <BroadcastPage office={office} {...seen} />,
    )
  }

  /** The page where a broadcast is, also if it belongs to another town within reach: a link in a mail leads there. */
  const elsewhere = async (c: OfficeContext, id: string) => {
    const office = c.get('office')
    for (const channel of office.channels) {
      if (channel.slug === office.channel.slug) continue
      const found = await inDeed(runtime, (deed) => find(deed, channel.slug, id)).catch(() => null)
      if (found) {
        c.set('office', { ...office, channel })
        return detail(c, id)
      }
    }
    throw new Refusal('not-found')
  }

  const backTo = (id: string) => `/office/meldungen/${id}`
  type Step = (
    deed: Parameters<Parameters<typeof act>[4]>[0],
    office: Office,
    id: string,
    form: Record<string, string>,
  ) => Promise<unknown>
  const step = (done: string, verb: Step) => async (c: OfficeContext) => {
    const id = c.req.param('id') ?? ''
    const form = await formOf(c)
    return act(c, runtime, backTo(id), done, (deed, office) => verb(deed, office, id, form))
  }

  return new Hono<OfficeEnv>()
    .get('/meldungen', only('broadcasts.read'), async (c) => {
      const office = c.get('office')
      const filter = FILTERS.find(({ key }) => key === c.req.query('zeige')) ?? FILTERS[0]!
      const before = cursorOf(c.req.query('vor'))
      const found = await inDeed(runtime, (deed) =>
        list(deed, office.channel, { limit: PAGE + 1, before, status: filter.states }),
      )
      const items = found.slice(0, PAGE)
      const last = found.length > PAGE ? items.at(-1)! : null
      const next = last && `/office/meldungen?zeige=${filter.key}&vor=${last.createdAt},${last.id}`.replace('+', '%2B')
      return page(c, { title: 'Meldungen' }, <BroadcastList {...{ office, items, filter, next }} />)
    })
    .get('/meldungen/:id', only('broadcasts.read'), async (c) => {
      const id = c.req.param('id')
      try {
        return await detail(c, id)
      } catch (error) {
        if (error instanceof Refusal && error.code === 'not-found') return elsewhere(c, id)
        throw error
      }
    })
    .get('/meldungen/:id/stand', only('broadcasts.read'), liveRoute(runtime))
    .route('/meldungen/:id', recipientRoutes(runtime))
    .post(
      '/meldungen/:id/einreichen',
      only('broadcasts.write'),
      step('Eingereicht.', async (deed, { actor, channel }, id) => {
        await requireApprovers(deed, channel)
        return submit(deed, actor, channel, id)
      }),
    )
    .post(
      '/meldungen/:id/freigeben',
      only('broadcasts.approve'),
      step('Freigegeben.', (deed, { actor, channel }, id, { stand }) =>
        approve(deed, actor, channel, id, { contentHash: stand ?? '', overdueToleranceMs }),
      ),
    )
    .post(
      '/meldungen/:id/ablehnen',
      only('broadcasts.approve'),
      step('Zurückgegeben.', (deed, { actor, channel }, id, { grund }) => {
        if (!grund?.trim())
          throw new Refusal('invalid-input', [{ field: 'grund', message: 'Bitte nennen Sie den Grund.' }])
        return reject(deed, actor, channel, id, { reason: grund.slice(0, 1000) })
      }),
    )
    .post(
      '/meldungen/:id/anhalten',
      only('broadcasts.write'),
      step('Angehalten. Was schon hinaus ist, lässt sich nicht zurückholen.', (deed, { actor, channel }, id) =>
        pause(deed, actor, channel, id),
      ),
    )
    .post(
      '/meldungen/:id/fortsetzen',
      only('broadcasts.write'),
      step('Es geht weiter.', (deed, { actor, channel }, id) => resume(deed, actor, channel, id)),
    )
    .post(
      '/meldungen/:id/abbrechen',
      only('broadcasts.write'),
      step('Abgebrochen. Was schon hinaus ist, lässt sich nicht zurückholen.', (deed, { actor, channel }, id) =>
        cancel(deed, actor, channel, id),
      ),
    )
    .post(
      '/meldungen/:id/wiederholen',
      only('broadcasts.write'),
      step('Der neue Versuch läuft.', (deed, { actor, channel }, id, { auch }) =>
        retry(deed, actor, channel, id, {
          include: auch === 'ungewisse' ? ['unknown'] : ['failed'],
          unknownForMs: UNKNOWN_FOR_MS,
        }),
      ),
    )
    .post(
      '/meldungen/:id/testen',
      only('broadcasts.write'),
      step('Die Testnachricht ist unterwegs.', (deed, { actor, channel }, id, { to }) =>
        testSend(deed, actor, channel, id, to ?? ''),
      ),
    )
    .post('/meldungen/:id/loeschen', only('broadcasts.write'), async (c) => {
      const { actor, channel } = c.get('office')
      await inDeed(runtime, (deed) => remove(deed, actor, channel, c.req.param('id')))
      flash(c, 'success', 'Gelöscht.')
      return c.redirect('/office/meldungen', 303)
    })
    .post('/meldungen/:id/richtigstellen', only('broadcasts.write'), async (c) => {
      const { actor, channel } = c.get('office')
      const made = await inDeed(runtime, (deed) => correction(deed, actor, channel, c.req.param('id')))
      flash(c, 'info', 'Der Entwurf enthält noch den alten Text. Bitte stellen Sie ihn richtig.')
      return c.redirect(`/office/meldungen/${made.id}/bearbeiten`, 303)
    })
}

/** States in which figures still change by themselves. */
const LIVE: ReadonlySet<BroadcastView['status']> = new Set([
  'awaiting-approval',
  'scheduled',
  'sending',
  'paused',
  'done',
])

function cursorOf(text: string | undefined): { createdAt: Date; id: string } | undefined {
  const [at, id] = text?.split(',') ?? []
  const createdAt = new Date(at ?? '')
  return id && /^[0-9a-f-]{36}$/.test(id) && !Number.isNaN(createdAt.getTime()) ? { createdAt, id } : undefined
}
