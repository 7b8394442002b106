import { Hono } from 'hono'
import { submitTemplate, withExample, wrongPicture } from '../broadcasts/template-desk.ts'
import { usageOf } from '../broadcasts/template-usage.ts'
import { type StoredTemplate, templateFor, templatesOf } from '../channels/template-store.ts'
import { syncTemplates } from '../channels/template-sync.ts'
import { templatesChanged } from '../intake/notices.ts'
import { type Problem, Refusal } from '../refusal.ts'
import { type Deed, inDeed, type Runtime } from '../runtime.ts'
import { validateTemplate } from '../whatsapp/template-rules.ts'
import { StateBadge } from './broadcast-list.tsx'
import { Bubble } from './bubble.tsx'
import { templateKey, templateOf } from './compose-form.ts'
import { dateTime } from './format.ts'
import { page } from './layout.tsx'
import { flash, formOf, type OfficeContext, type OfficeEnv, only, sentenceOf } from './office.ts'
import { Badge, Button, Empty, Facts, Head, LinkButton, Note, PostForm, Section, Table } from './parts.tsx'
import { previewOf } from './preview.ts'
import { TemplateEditor, TemplatePreview } from './template-editor.tsx'
import { draftFrom, type Form, formOfTemplate, isBeyondForm, problemsInForm } from './template-form.ts'
import { beyondForm, partsOf, pictureIn, pictureTold, withPicture } from './template-picture.ts'
import { qualities, rejections, templateCategories, templateStates } from './texts.de.ts'
import { inWords } from './words.ts'

/** `/office/vorlagen`: what Meta says about our templates, and writing new ones. */
export function templateRoutes(runtime: Runtime) {
  const chosen = (c: OfficeContext, key: string) =>
    inDeed(runtime, async (deed) => {
      const { name, language } = templateOf(key)
      const template = await templateFor(deed, c.get('office').channel.slug, name, language)
      if (!template) throw new Refusal('not-found')
      return template
    })

  const editor = (c: OfficeContext, form: Form, known: StoredTemplate | null, problems: readonly Problem[] = []) => {
    const { channel } = c.get('office')
    const title = known ? `Vorlage „${inWords(known.name)}“ ändern` : 'Neue Vorlage'
    return page(
      c,
      { title, scripts: ['compose.js'], status: problems.length > 0 ? 422 : 200 },
      <TemplateEditor {...{ channel, form, known, problems, title }} draft={draftFrom(form)} />,
    )
  }

  const submit = async (c: OfficeContext, known: StoredTemplate | null) => {
    const { actor, channel } = c.get('office')
    if (known && isBeyondForm(known.components)) throw beyondForm()
    const { bild, ...typed } = await partsOf(c)
    const form = known
      ? { ...typed, name: known.name, language: known.language, category: typed.category ?? known.category }
      : typed
    const draft = draftFrom(form)
    try {
      const picture = draft.components.some(({ format }) => format === 'IMAGE') ? await pictureIn(bild) : undefined
      await submitTemplate(runtime, actor, channel, draft, known, { picture, onChanges: changed })
      flash(c, 'success', 'Eingereicht. WhatsApp prüft die Vorlage, das dauert meist wenige Minuten.')
      return c.redirect(`/office/vorlagen/${templateKey(draft)}`, 303)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      const found = error.code === 'invalid-input' ? problemsInForm(draft, form, error.problems) : []
      return editor(c, form, known, found.length > 0 ? found : [{ field: '', message: sentenceOf(error) }])
    }
  }

  const changed = (deed: Deed, slug: string, changes: Parameters<typeof templatesChanged>[2]) =>
    templatesChanged(deed, runtime.channels.get(slug)!, changes)

  return new Hono<OfficeEnv>()
    .get('/vorlagen', only('templates.read'), async (c) => {
      const { channel } = c.get('office')
      const templates = await inDeed(runtime, (deed) => templatesOf(deed, channel.slug))
      const shown = templates.filter(({ status }) => status !== 'DELETED')
      return page(
        c,
        { title: 'Vorlagen' },
        <>
          <Head title="Vorlagen">
            <LinkButton to="/office/vorlagen/neu" look="primary" icon="add">
              Neue Vorlage
            </LinkButton>
            <PostForm to="/office/vorlagen/abgleichen" kanal={channel.slug}>
              <Button icon="autorenew">Stand abfragen</Button>
            </PostForm>
          </Head>
          <Note>
            WhatsApp erlaubt Meldungen nur mit geprüften Vorlagen. Eine Vorlage legt den festen Text und die Lücken
            fest.
          </Note>
          {shown.length === 0 ? (
            <Empty>Noch keine Vorlage.</Empty>
          ) : (
            <Table
              caption="Vorlagen"
              head={['Vorlage', 'Stand', 'Art', 'Qualität', 'Hinweis']}
              rows={shown.map((template) => [
                <>
                  <a class="kern-link" href={`/office/vorlagen/${templateKey(template)}`}>
                    {inWords(template.name)}
                  </a>
                  {template.language === 'de' ? null : ` (${template.language})`}
                </>,
                <TemplateBadge status={template.status} />,
                templateCategories[template.category] ?? template.category,
                template.quality ? (qualities[template.quality]?.[0] ?? template.quality) : '–',
                reasonOf(template) ?? '',
              ])}
            />
          )}
        </>,
      )
    })
    .post('/vorlagen/abgleichen', only('templates.sync'), async (c) => {
      try {
        await syncTemplates(runtime, c.get('office').channel, changed)
        flash(c, 'success', 'Der Stand ist aktuell.')
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        flash(c, 'danger', sentenceOf(error))
      }
      return c.redirect('/office/vorlagen', 303)
    })
    .get('/vorlagen/neu', only('templates.write'), (c) => editor(c, START, null))
    .post('/vorlagen', only('templates.write'), withPicture, (c) => submit(c, null))
    .post('/vorlagen/vorschau', only('templates.write'), async (c) => {
      const form = await formOf(c)
      const draft = draftFrom(form)
      const chosen = pictureTold(form)
      const wrong = chosen && wrongPicture(chosen)
      const problems = [
        ...problemsInForm(draft, form, validateTemplate(chosen ? withExample(draft, 'not uploaded yet') : draft)),
        ...(wrong ? [{ field: 'bild', message: wrong }] : []),
      ]
      return c.html((<TemplatePreview {...{ draft, problems }} channel={c.get('office').channel} />).toString())
    })
    .get('/vorlagen/:key', only('templates.read'), async (c) => {
      const { channel } = c.get('office')
      const template = await chosen(c, c.req.param('key'))
      const usage = await inDeed(runtime, (deed) => usageOf(deed, channel.slug, template, 10))
      const key = templateKey(template)
      return page(
        c,
        { title: `Vorlage ${inWords(template.name)}` },
        <>
          <Head title={inWords(template.name)} back={['/office/vorlagen', 'Vorlagen']}>
            <TemplateBadge status={template.status} />
          </Head>
          <div class="compose">
            <div>
              <Section title="Angaben" id="angaben">
                <Facts
                  of={[
                    ['Name bei WhatsApp', template.name],
                    ['Sprache', template.language === 'de' ? 'Deutsch' : template.language],
                    ['Art', templateCategories[template.category] ?? template.category],
                    [
                      'Früher',
                      template.previousCategory &&
                        `${templateCategories[template.previousCategory] ?? template.previousCategory}; WhatsApp hat die Art geändert.`,
                    ],
                    ['Qualität', template.quality && (qualities[template.quality]?.[0] ?? template.quality)],
                    ['Grund', reasonOf(template)],
                    ['Stand von', dateTime(template.readAt, channel.timezone)],
                  ]}
                />
                <div class="actions">
                  {template.status === 'APPROVED' && (
                    <LinkButton to={`/office/meldungen/neu?vorlage=${key}`} look="primary" icon="edit">
                      Meldung damit schreiben
                    </LinkButton>
                  )}
                  {template.metaId && template.status !== 'DELETED' && !isBeyondForm(template.components) && (
                    <LinkButton to={`/office/vorlagen/${key}/bearbeiten`} icon="edit">
                      Vorlage ändern
                    </LinkButton>
                  )}
                </div>
              </Section>
              <Section title="Meldungen mit dieser Vorlage" id="nutzung">
                {usage.length === 0 ? (
                  <Empty>Noch keine.</Empty>
                ) : (
                  <Table
                    caption="Meldungen mit dieser Vorlage"
                    head={['Meldung', 'Stand', 'Geschrieben']}
                    rows={usage.map(({ id, title, status, createdAt }) => [
                      <a class="kern-link" href={`/office/meldungen/${id}`}>
                        {title}
                      </a>,
                      <StateBadge status={status === 'starting' ? 'sending' : status} />,
                      dateTime(createdAt, channel.timezone),
                    ])}
                  />
                )}
              </Section>
            </div>
            <aside class="sidebar" aria-label="Vorschau">
              <Bubble message={previewOf(template.components)} from={channel.name} />
            </aside>
          </div>
        </>,
      )
    })
    .get('/vorlagen/:key/bearbeiten', only('templates.write'), async (c) => {
      const known = await chosen(c, c.req.param('key'))
      if (isBeyondForm(known.components)) throw beyondForm()
      return editor(c, formOfTemplate(known), known)
    })
    .post('/vorlagen/:key/bearbeiten', only('templates.write'), withPicture, async (c) =>
      submit(c, await chosen(c, c.req.param('key'))),
    )
}

const START: Form = {
  language: 'de',
  category: 'MARKETING',
  fuss: 'Abbestellen: Senden Sie STOP.',
  art0: 'QUICK_REPLY',
  knopf0: 'Abmelden',
}

const TemplateBadge = ({ status }: { status: string }) => {
  const [label, tone] = templateStates[status] ?? [status, 'info' as const]
  return <Badge tone={tone}>{label}</Badge>
}

const reasonOf = ({ rejectedReason, status }: StoredTemplate): string | null =>
  rejectedReason && status !== 'APPROVED' ? (rejections[rejectedReason] ?? `WhatsApp nennt: ${rejectedReason}`) : null
