import type { Channel } from '../channels/channel.ts'
import type { StoredTemplate } from '../channels/template-store.ts'
import type { Problem } from '../refusal.ts'
import type { TemplateDraft } from '../whatsapp/template-rules.ts'
import { LIMITS } from '../whatsapp/templates.ts'
import { Bubble } from './bubble.tsx'
import { templateKey } from './compose-form.ts'
import { Choices, ErrorSummary, FieldError, Select, TextField } from './fields.tsx'
import { problemAt } from './office.ts'
import { Button, Head, Note, PostForm } from './parts.tsx'
import { previewOf } from './preview.ts'
import { BUTTON_ROWS, type Form } from './template-form.ts'

type EditorProps = {
  channel: Channel
  form: Form
  known: StoredTemplate | null
  problems: readonly Problem[]
  title: string
  draft: TemplateDraft
}

/** Writes a template beside its preview; all of Meta's rules are checked while typing and before it leaves. */
export function TemplateEditor({ channel, form, known, problems, title, draft }: EditorProps) {
  const to = known ? `/office/vorlagen/${templateKey(known)}/bearbeiten` : '/office/vorlagen'
  const field = (name: string) => ({ name, value: form[name], error: problemAt(problems, name) })
  return (
    <>
      <Head
        title={title}
        back={known ? [`/office/vorlagen/${templateKey(known)}`, 'Zurück'] : ['/office/vorlagen', 'Vorlagen']}
      />
      <ErrorSummary problems={problems.map((one) => ({ ...one, to: one.field || undefined }))} />
      {known?.status === 'APPROVED' && (
        <Note>
          Eine freigegebene Vorlage dürfen Sie einmal am Tag und zehnmal im Monat ändern. Bis WhatsApp die Änderung
          geprüft hat, lässt sie sich nicht senden.
        </Note>
      )}
      <div class="compose">
        <PostForm
          to={to}
          kanal={channel.slug}
          class="form"
          id="meldung"
          data-preview="/office/vorlagen/vorschau"
          upload
        >
          {known ? null : (
            <>
              <TextField
                {...field('name')}
                label="Name"
                hint="Nur Kleinbuchstaben, Ziffern und Unterstriche, zum Beispiel wochenmarkt_hinweis. Die Bürgerinnen und Bürger sehen ihn nicht."
                required
              />
              <input type="hidden" name="language" value={form.language ?? 'de'} />
            </>
          )}
          {known?.status === 'APPROVED' ? (
            <input type="hidden" name="category" value={known.category} />
          ) : (
            <Choices
              name="category"
              legend="Art"
              single
              choices={[
                {
                  value: 'MARKETING',
                  label: 'Werbung und Information',
                  hint: 'Meldungen, Einladungen, Neuigkeiten',
                  checked: form.category !== 'UTILITY',
                },
                {
                  value: 'UTILITY',
                  label: 'Bestellter Hinweis',
                  hint: 'Was jemand ausdrücklich bestellt hat, zum Beispiel Sperrungen. Kostet weniger.',
                  checked: form.category === 'UTILITY',
                },
              ]}
            />
          )}
          <Choices
            name="kopfart"
            legend="Über dem Text"
            single
            choices={[
              { value: 'TEXT', label: 'Überschrift oder nichts', checked: form.kopfart !== 'IMAGE' },
              { value: 'IMAGE', label: 'Bild', checked: form.kopfart === 'IMAGE' },
            ]}
          />
          <div data-shown-if="kopfart=TEXT">
            <TextField {...field('kopf')} label="Überschrift" max={LIMITS.header} optional />
            <TextField {...field('kopfbeispiel')} label="Beispiel für die Lücke in der Überschrift" optional />
          </div>
          <div data-shown-if="kopfart=IMAGE">
            <PictureField error={problemAt(problems, 'bild')} again={known !== null || problems.length > 0} />
          </div>
          <TextField
            {...field('text')}
            label="Text"
            hint="Lücken schreiben Sie als {{1}}, {{2}} und so weiter. Der Text darf mit keiner Lücke beginnen oder enden. *fett*, _kursiv_, ~durchgestrichen~"
            rows={8}
            max={LIMITS.body}
            required
          />
          <TextField
            {...field('beispiele')}
            label="Beispiele für die Lücken im Text"
            hint="Eine Zeile je Lücke, in derselben Reihenfolge. WhatsApp prüft damit, was hineinkommt."
            rows={3}
          />
          <TextField {...field('fuss')} label="Fußzeile" max={LIMITS.footer} optional />
          {BUTTON_ROWS.map((row) => (
            <fieldset class="kern-fieldset field button-row">
              <legend class="kern-label">{`Schaltfläche ${row + 1}`}</legend>
              <Select
                {...field(`art${row}`)}
                label="Was geschieht?"
                options={[
                  ['', 'Keine Schaltfläche'],
                  ['URL', 'Öffnet eine Internetseite'],
                  ['PHONE_NUMBER', 'Ruft an'],
                  ['QUICK_REPLY', 'Antwortet mit der Beschriftung'],
                ]}
              />
              <div data-shown-if={`art${row}=URL|PHONE_NUMBER|QUICK_REPLY`} class="nested">
                <TextField {...field(`knopf${row}`)} label="Beschriftung" max={LIMITS.buttonLabel} />
              </div>
              <div data-shown-if={`art${row}=URL|PHONE_NUMBER`} class="nested">
                <TextField
                  {...field(`ziel${row}`)}
                  label="Internetadresse oder Rufnummer"
                  hint="Am Ende der Adresse darf eine Lücke {{1}} stehen."
                />
              </div>
              <div data-shown-if={`art${row}=URL`} class="nested">
                <TextField {...field(`ende${row}`)} label="Beispiel für die Lücke in der Adresse" optional />
              </div>
            </fieldset>
          ))}
          <Button look="primary" icon="arrow-forward">
            Zur Prüfung einreichen
          </Button>
        </PostForm>
        <aside class="sidebar" id="vorschau" aria-label="Vorschau">
          <TemplatePreview {...{ channel, draft }} problems={null} />
        </aside>
      </div>
    </>
  )
}

/** A chosen file does not come back with the answer to a form, nor does Meta give one back. */
const PictureField = ({ error, again }: { error?: string; again: boolean }) => (
  <div class={`kern-form-input field${error ? ' kern-form-input--error' : ''}`}>
    <label class="kern-label" for="bild">
      Beispielbild
    </label>
    <div class="kern-hint" id="bild-hinweis">
      JPEG oder PNG, höchstens 5 MB, am besten quer. WhatsApp prüft die Vorlage damit. Zu jeder Meldung geben Sie später
      ihr eigenes Bild an.
      {again ? ' Bitte wählen Sie das Bild noch einmal, bevor Sie einreichen.' : ''}
    </div>
    <input
      class={`kern-form-input__input${error ? ' kern-form-input__input--error' : ''}`}
      type="file"
      id="bild"
      name="bild"
      accept="image/jpeg,image/png"
      aria-invalid={error ? 'true' : undefined}
      aria-describedby={error ? 'bild-hinweis bild-fehler' : 'bild-hinweis'}
      data-picture
    />
    <FieldError id="bild" error={error} />
  </div>
)

/** What the citizen will see, and, while somebody types, what WhatsApp would not accept. */
export const TemplatePreview = ({
  channel,
  draft,
  problems,
}: {
  channel: Channel
  draft: TemplateDraft
  problems: readonly Problem[] | null
}) => (
  <div class="sidebar-inner">
    <h2 class="kern-heading-small">So sieht es aus</h2>
    <Bubble message={previewOf(draft.components)} from={channel.name} />
    {problems && problems.length > 0 && (
      <div class="card preflight preflight-warning">
        <p class="kern-body kern-body--bold">Noch nicht nach den Regeln von WhatsApp</p>
        <ul class="checks">
          {[...new Set(problems.map(({ message }) => message))].map((message) => (
            <li>
              <span class="kern-icon kern-icon--warning kern-icon--small" aria-hidden="true" />
              {message}
            </li>
          ))}
        </ul>
      </div>
    )}
    {problems && problems.length === 0 && (
      <div class="card preflight preflight-success">
        <p class="kern-body">Hält alle Regeln ein, die sich vorab prüfen lassen.</p>
      </div>
    )}
  </div>
)
