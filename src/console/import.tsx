import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { Refusal } from '../refusal.ts'
import type { Runtime } from '../runtime.ts'
import { csvRecords } from '../subscriptions/csv-lines.ts'
import { type ImportCounts, importSubscribers } from '../subscriptions/import.ts'
import { Ask } from './ask.tsx'
import { FieldError } from './fields.tsx'
import { count, counted } from './format.ts'
import { columnNames, inGerman } from './import-words.ts'
import { page } from './layout.tsx'
import { type OfficeContext, type OfficeEnv, only } from './office.ts'
import { Alert, Button, Facts, Head, Note, PostForm, Section } from './parts.tsx'

const MAX_BYTES = 20 * 1024 * 1024
const LINES_SHOWN = 100

type Outcome = { applied: boolean; counts: ImportCounts | null; told: { line: number; reason: string }[]; more: number }

/** `/office/abonnenten/uebernehmen`: consents given elsewhere; tried first, then taken over. */
export function importRoutes(runtime: Runtime) {
  const show = (c: OfficeContext, outcome: Outcome | null, problem?: string) =>
    page(
      c,
      { title: 'Liste übernehmen', status: problem ? 422 : 200 },
      <>
        <Head title="Liste übernehmen" back={['/office/abonnenten', 'Abonnenten']} />
        {outcome && <Result of={outcome} />}
        <Note>
          Nur Personen, die nachweislich eingewilligt haben. Wer sich hier schon einmal abgemeldet hat oder gelöscht
          wurde, wird nicht übernommen.
        </Note>
        <PostForm to="/office/abonnenten/uebernehmen" kanal={c.get('office').channel.slug} class="form" upload>
          <div class="kern-form-input field">
            <label class="kern-label" for="liste">
              CSV-Datei
            </label>
            <div class="kern-hint" id="liste-hinweis">
              Erste Zeile mit den Namen der Spalten, deutsch oder englisch: {columnNames}. Nötig sind Datum, Quelle und
              Wortlaut der Einwilligung sowie die Rufnummer oder die WhatsApp-Kennung.
            </div>
            <input
              class="kern-form-input__input"
              type="file"
              id="liste"
              name="liste"
              accept=".csv,text/csv"
              aria-describedby={problem ? 'liste-hinweis liste-fehler' : 'liste-hinweis'}
            />
            <FieldError id="liste" error={problem} />
          </div>
          <div class="actions">
            <Button look="primary" name="schritt" value="probe" icon="checklist">
              Probelauf
            </Button>
            <Ask label="Übernehmen" question="Die Liste jetzt übernehmen?">
              <Button name="schritt" value="uebernehmen">
                Ja, übernehmen
              </Button>
            </Ask>
          </div>
          <Note>Der Probelauf ändert nichts und zeigt, was geschehen würde.</Note>
        </PostForm>
      </>,
    )
  return new Hono<OfficeEnv>()
    .get('/abonnenten/uebernehmen', only('subscribers.change'), (c) => show(c, null))
    .post(
      '/abonnenten/uebernehmen',
      only('subscribers.change'),
      bodyLimit({
        maxSize: MAX_BYTES,
        onError: () => {
          throw new Refusal('too-large')
        },
      }),
      async (c) => {
        const { actor, channel } = c.get('office')
        const body = await c.req.parseBody()
        const file = body.liste
        if (!(file instanceof File) || file.name === '') return show(c, null, 'Bitte wählen Sie eine Datei.')
        if (file.size === 0) return show(c, null, 'Diese Datei ist leer.')
        const applied = body.schritt === 'uebernehmen'
        const told: Outcome['told'] = []
        let more = 0
        const counts = await importSubscribers(runtime, actor, channel, csvRecords(file.stream()), {
          apply: applied,
          told: (line, reason) => {
            if (told.length < LINES_SHOWN) told.push({ line, reason })
            else more += 1
          },
        })
        return show(c, { applied, counts, told, more })
      },
    )
}

const Result = ({ of: { applied, counts, told, more } }: { of: Outcome }) => (
  <Section title={applied ? 'Ergebnis' : 'Probelauf'} id="ergebnis">
    {counts ? (
      <>
        <Alert
          kind={applied ? 'success' : 'info'}
          title={
            applied
              ? `${counted(counts.added, 'Anmeldung', 'Anmeldungen')} übernommen`
              : `${counts.added === 1 ? 'Es käme' : 'Es kämen'} ${counted(counts.added, 'Anmeldung', 'Anmeldungen')} hinzu`
          }
          live
        />
        <Facts
          of={[
            ['Zeilen', count(counts.lines)],
            ['Schon angemeldet', count(counts.alreadySubscribed)],
            ['Nicht übernommen', count(counts.declined)],
            ['Fehlerhaft', count(counts.bad)],
          ]}
        />
      </>
    ) : (
      <Alert kind="danger" title="Diese Datei lässt sich so nicht übernehmen" live>
        Bitte prüfen Sie die erste Zeile mit den Namen der Spalten.
      </Alert>
    )}
    {told.length > 0 && (
      <ul class="kern-list">
        {told.map(({ line, reason }) => (
          <li class="kern-body">{`Zeile ${line}: ${inGerman(reason)}`}</li>
        ))}
        {more > 0 && <li class="kern-body">{`und ${counted(more, 'weitere Zeile', 'weitere Zeilen')}`}</li>}
      </ul>
    )}
  </Section>
)
