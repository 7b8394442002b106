import { Hono } from 'hono'
import { type Content, contentOf, find, type Row } from '../broadcasts/broadcasts.ts'
import { draft, edit } from '../broadcasts/drafts.ts'
import { preflight } from '../broadcasts/preflight.ts'
import { isApproved, type StoredTemplate, templateFor, templatesOf } from '../channels/template-store.ts'
import { REQUEST_TEMPLATE } from '../chats/answers.ts'
import { type Problem, Refusal } from '../refusal.ts'
import { inDeed, type Runtime } from '../runtime.ts'
import { countSubscribers } from '../subscriptions/subscribers.ts'
import { Bubble } from './bubble.tsx'
import { contentFrom, type Typed, templateOf, typedIn, typedOf } from './compose-form.ts'
import { ComposePage, Sidebar, TemplateChoice } from './compose-page.tsx'
import { page } from './layout.tsx'
import { flash, type Office, type OfficeContext, type OfficeEnv, only } from './office.ts'
import { PreflightCard } from './preflight-card.tsx'
import { previewOf } from './preview.ts'
import { remembered } from './remembered.ts'

const EMPTY: Typed = { one: { wann: 'sofort', an: 'alle', rhythmus: 'woche' }, topics: [], weekdays: [] }

/** Writing a broadcast: choose a template, fill it in, see what the citizen will see. */
export function composeRoutes(runtime: Runtime) {
  const totalsOf = remembered(10_000, (slug) =>
    inDeed(runtime, (deed) =>
      countSubscribers(deed, slug, {
        offerings: ['info'],
        topics: Object.keys(runtime.channels.get(slug)!.offerings.info?.topics ?? {}),
      }),
    ),
  )

  /** The form with what was typed, the errors at their fields, and the preview beside it. */
  const show = async (
    c: OfficeContext,
    form: { template: StoredTemplate; typed: Typed; problems?: readonly Problem[]; row?: Row },
  ) => {
    const office = c.get('office')
    const { template, typed, problems = [], row } = form
    const { content } = contentFrom(typed, office.channel, template)
    const [totals, card] = await Promise.all([totalsOf(office.channel.slug), sidebarOf(office, content, template, row)])
    const title = row ? 'Meldung bearbeiten' : 'Neue Meldung'
    return page(
      c,
      { title, scripts: ['compose.js'], status: problems.length > 0 ? 422 : 200 },
      <ComposePage {...{ office, template, typed, problems, totals, row, title }}>{card}</ComposePage>,
    )
  }

  const sidebarOf = async (office: Office, content: Content, template: StoredTemplate, row?: Row) => {
    const seen = await inDeed(runtime, (deed) => preflight(deed, office.channel, content, row?.correctionOf ?? null))
    const message = previewOf(template.components, content.parameters)
    return (
      <Sidebar>
        <Bubble message={message} from={office.channel.name} />
        <PreflightCard of={seen} channel={office.channel} />
      </Sidebar>
    )
  }

  const chosen = (office: Office, key: string) =>
    inDeed(runtime, async (deed) => {
      const { name, language } = templateOf(key)
      const template = await templateFor(deed, office.channel.slug, name, language)
      if (!template) throw new Refusal('not-found')
      return template
    })

  const existing = (office: Office, id: string) =>
    inDeed(runtime, async (deed) => {
      const row = await find(deed, office.channel.slug, id)
      const template = await templateFor(deed, office.channel.slug, row.templateName, row.templateLanguage)
      if (!template) throw new Refusal('template-not-approved')
      return { row, template }
    })

  /** Writes what was typed, or shows the form again with everything that is wrong. */
  const save = async (
    c: OfficeContext,
    form: { template: StoredTemplate; typed: Typed; row?: Row },
    write: (content: Content) => Promise<{ id: string }>,
  ) => {
    const { content, problems } = contentFrom(form.typed, c.get('office').channel, form.template)
    try {
      if (problems.length > 0) throw new Refusal('invalid-input', problems)
      const { id } = await write(content)
      flash(c, 'success', 'Gespeichert. Bitte prüfen Sie die Meldung noch einmal.')
      return c.redirect(`/office/meldungen/${id}`, 303)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      const found = error.problems.length > 0 ? error.problems : [{ field: '', message: error.message }]
      return show(c, { ...form, problems: found })
    }
  }

  return new Hono<OfficeEnv>()
    .get('/meldungen/neu', only('broadcasts.write'), async (c) => {
      const office = c.get('office')
      if (!office.channel.offerings.info) throw new Refusal('no-such-offering')
      const from = c.req.query('von')
      if (from !== undefined) {
        const { row, template } = await existing(office, from)
        const content = { ...contentOf(row), sendAt: null }
        return show(c, { template, typed: typedOf(content, template.components, office.channel.timezone) })
      }
      const key = c.req.query('vorlage')
      if (key !== undefined) return show(c, { template: await chosen(office, key), typed: EMPTY })
      const templates = await inDeed(runtime, (deed) => templatesOf(deed, office.channel.slug))
      const usable = templates.filter(
        (one) => isApproved(one) && one.category !== 'AUTHENTICATION' && one.name !== REQUEST_TEMPLATE,
      )
      return page(c, { title: 'Neue Meldung' }, <TemplateChoice templates={usable} channel={office.channel} />)
    })
    .post('/meldungen', only('broadcasts.write'), async (c) => {
      const office = c.get('office')
      const typed = typedIn(await c.req.parseBody({ all: true }))
      const template = await chosen(office, typed.one.vorlage ?? '')
      return save(c, { template, typed }, (content) =>
        inDeed(runtime, (deed) => draft(deed, office.actor, office.channel, content)),
      )
    })
    .post('/meldungen/vorschau', only('broadcasts.write'), async (c) => {
      const office = c.get('office')
      const typed = typedIn(await c.req.parseBody({ all: true }))
      const template = await chosen(office, typed.one.vorlage ?? '')
      const row = typed.one.meldung ? (await existing(office, typed.one.meldung)).row : undefined
      const { content } = contentFrom(typed, office.channel, template)
      return c.html((await sidebarOf(office, content, template, row)).toString())
    })
    .get('/meldungen/:id/bearbeiten', only('broadcasts.write'), async (c) => {
      const office = c.get('office')
      const { row, template } = await existing(office, c.req.param('id'))
      return show(c, { row, template, typed: typedOf(contentOf(row), template.components, office.channel.timezone) })
    })
    .post('/meldungen/:id/bearbeiten', only('broadcasts.write'), async (c) => {
      const office = c.get('office')
      const { row, template } = await existing(office, c.req.param('id'))
      const typed = typedIn(await c.req.parseBody({ all: true }))
      return save(c, { row, template, typed }, (content) =>
        inDeed(runtime, (deed) => edit(deed, office.actor, office.channel, row.id, content)),
      )
    })
}
