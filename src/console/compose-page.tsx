import type { Child } from 'hono/jsx'
import type { Row } from '../broadcasts/broadcasts.ts'
import type { Channel } from '../channels/channel.ts'
import type { StoredTemplate } from '../channels/template-store.ts'
import type { Problem } from '../refusal.ts'
import type { Totals } from '../subscriptions/subscribers.ts'
import { Bubble } from './bubble.tsx'
import { type Typed, templateKey } from './compose-form.ts'
import { inputOf, labelOf, ParameterFields } from './compose-parameters.tsx'
import { TimeFields } from './compose-time.tsx'
import { Choices, ErrorSummary, TextField } from './fields.tsx'
import { count, counted } from './format.ts'
import { type Office, problemAt } from './office.ts'
import { Button, Empty, Head, LinkButton, PostForm } from './parts.tsx'
import { previewOf } from './preview.ts'
import { templateCategories } from './texts.de.ts'
import { inWords } from './words.ts'

/** First step: which template? Each is shown with its examples, as it will look. */
export const TemplateChoice = ({ templates, channel }: { templates: readonly StoredTemplate[]; channel: Channel }) => (
  <>
    <Head title="Neue Meldung" back={['/office/meldungen', 'Meldungen']} />
    <p class="kern-body">Wählen Sie eine Vorlage. Im nächsten Schritt füllen Sie die Lücken aus.</p>
    {templates.length === 0 ? (
      <Empty>
        Es gibt noch keine freigegebene Vorlage. <a href="/office/vorlagen">Zu den Vorlagen</a>
      </Empty>
    ) : (
      <ul class="template-choice">
        {templates.map((template) => (
          <li class="card">
            <h2 class="kern-heading-small">{inWords(template.name)}</h2>
            <p class="kern-body kern-body--small note">
              {templateCategories[template.category] ?? template.category}
              {template.language === 'de' ? '' : ` · ${template.language}`}
            </p>
            <Bubble message={previewOf(template.components)} from={channel.name} />
            <p>
              <LinkButton to={`/office/meldungen/neu?vorlage=${templateKey(template)}`} look="primary">
                {`Mit „${inWords(template.name)}“ schreiben`}
              </LinkButton>
            </p>
          </li>
        ))}
      </ul>
    )}
  </>
)

export const Sidebar = ({ children }: { children: Child }) => (
  <div class="sidebar-inner">
    <h2 class="kern-heading-small">So sieht es aus</h2>
    {children}
  </div>
)

const TITLE = 'Interner Titel (nur für Sie)'

type ComposeProps = {
  office: Office
  template: StoredTemplate
  typed: Typed
  problems: readonly Problem[]
  totals: Totals
  row?: Row
  title: string
  children: Child
}

/** The form beside its preview. */
export function ComposePage({ office, template, typed, problems, totals, row, title, children }: ComposeProps) {
  const { channel } = office
  const to = row ? `/office/meldungen/${row.id}/bearbeiten` : '/office/meldungen'
  return (
    <>
      <Head
        title={title}
        back={row ? [`/office/meldungen/${row.id}`, 'Zurück zur Meldung'] : ['/office/meldungen/neu', 'Andere Vorlage']}
      />
      <ErrorSummary
        problems={problems.map(({ field, message }) => ({
          field,
          message: named(template, field, message),
          to: fieldOf(field, template, typed, channel),
        }))}
      />
      <div class="compose">
        <PostForm to={to} kanal={channel.slug} class="form" id="meldung" data-preview="/office/meldungen/vorschau">
          <input type="hidden" name="vorlage" value={templateKey(template)} />
          {row ? <input type="hidden" name="meldung" value={row.id} /> : null}
          <h2 class="kern-heading-medium">Inhalt</h2>
          <TextField
            name="title"
            label={TITLE}
            hint="Steht in der Liste der Meldungen. Die Bürgerinnen und Bürger sehen ihn nicht."
            value={typed.one.title}
            error={problemAt(problems, 'title')}
            max={200}
            required
          />
          <ParameterFields template={template} typed={typed} problems={problems} />
          <h2 class="kern-heading-medium">Empfänger</h2>
          <AudienceFields {...{ channel, typed, problems, totals }} correction={row?.correctionOf != null} />
          <h2 class="kern-heading-medium">Zeitpunkt</h2>
          <TimeFields {...{ channel, typed, problems }} />
          <div class="actions">
            <Button look="primary" icon="check">
              Speichern und prüfen
            </Button>
          </div>
        </PostForm>
        <aside class="sidebar" id="vorschau" aria-label="Vorschau">
          {children}
        </aside>
      </div>
    </>
  )
}

/** In a list, a sentence needs the name of its field. */
const named = (template: StoredTemplate, field: string, message: string): string => {
  const label = field === 'title' ? TITLE : labelOf(template, field)
  return label ? `${label}: ${message}` : message
}

/** Where an error summary leads: single fields have their own id, others the group. */
const fieldOf = (field: string, template: StoredTemplate, typed: Typed, channel: Channel): string | undefined => {
  if (field.startsWith('audience')) return `thema-${Object.keys(channel.offerings.info?.topics ?? {})[0]}`
  if (field === 'wochentag') return 'wochentag-1'
  if (field.startsWith('recurrence.cron')) return typed.one.rhythmus === 'cron' ? 'cron' : 'um'
  return field === '' || field === 'template' ? undefined : inputOf(template, field)
}

function AudienceFields({
  channel,
  typed,
  problems,
  totals,
  correction,
}: {
  channel: Channel
  typed: Typed
  problems: readonly Problem[]
  totals: Totals
  correction: boolean
}) {
  const topics = Object.entries(channel.offerings.info?.topics ?? {})
  const everybody = totals.offerings.info ?? 0
  if (correction)
    return <p class="kern-body">Alle, die die fehlerhafte Meldung bekommen haben und noch angemeldet sind.</p>
  if (topics.length === 0)
    return <p class="kern-body">{`Alle im Infokanal: ${counted(everybody, 'Person', 'Personen')}.`}</p>
  return (
    <>
      <Choices
        name="an"
        legend="Wer soll die Meldung bekommen?"
        single
        choices={[
          {
            value: 'alle',
            label: `Alle im Infokanal (${count(everybody)})`,
            checked: typed.one.an !== 'themen',
          },
          {
            value: 'themen',
            label: 'Nur bestimmte Themen',
            checked: typed.one.an === 'themen',
            hint: 'Wer keine Themen gewählt hat, bekommt die Meldung immer.',
          },
        ]}
      />
      <div data-shown-if="an=themen">
        <Choices
          name="thema"
          legend="Themen"
          error={problemAt(problems, 'audience')}
          choices={topics.map(([key, label]) => ({
            value: key,
            label: `${label} (${count(totals.topics[key] ?? 0)})`,
            checked: typed.topics.includes(key),
          }))}
        />
      </div>
    </>
  )
}
