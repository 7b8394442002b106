import { may } from '../access/permissions.ts'
import type { Row } from '../broadcasts/broadcasts.ts'
import type { Failure } from '../broadcasts/failures.ts'
import type { Preflight } from '../broadcasts/preflight.ts'
import type { BroadcastView } from '../broadcasts/views.ts'
import type { Change } from './broadcast-changes.ts'
import { StateBadge } from './broadcast-list.tsx'
import { Steps } from './broadcast-steps.tsx'
import { Bubble } from './bubble.tsx'
import { TextField } from './fields.tsx'
import { count, dateTime } from './format.ts'
import type { Office } from './office.ts'
import { Alert, Button, Facts, Head, PostForm, Section, Table } from './parts.tsx'
import { PreflightCard } from './preflight-card.tsx'
import { previewOf } from './preview.ts'
import { Progress } from './progress.tsx'
import { rhythmOf } from './rhythm.ts'
import { inWords } from './words.ts'

export type Seen = {
  row: Row
  view: BroadcastView
  components: unknown
  outlook: Preflight | null
  failures: readonly Failure[]
  decidableAt: Date | null
  names: ReadonlyMap<string, string>
  changes: readonly Change[]
}

/** One broadcast in whatever state it is. */
export function BroadcastPage({
  office,
  row,
  view,
  components,
  outlook,
  failures,
  decidableAt,
  names,
  changes,
}: Seen & { office: Office }) {
  const { channel, actor } = office
  const { timezone: zone } = channel
  const nameOf = (id: string | null) => (id === null ? null : (names.get(id) ?? 'unbekannt'))
  const started = view.counts.recipients > 0 || view.status === 'sending'
  const testable =
    may(actor.role, 'broadcasts.write') && (view.status === 'draft' || view.status === 'awaiting-approval')
  return (
    <>
      <Head title={view.title} back={['/office/meldungen', 'Meldungen']}>
        <span id="zustand" data-status={view.status}>
          <StateBadge status={view.status} />
        </span>
      </Head>
      {view.status === 'rejected' && (
        <Alert kind="warning" title="Diese Meldung wurde zurückgegeben">
          {view.approval.rejectedReason ?? 'Ohne Begründung.'}
        </Alert>
      )}
      {view.pausedBecause && view.status === 'paused' && (
        <Alert kind="warning" title="Diese Meldung ist angehalten">
          {view.pausedBecause}
        </Alert>
      )}
      <div class="compose compose-shown">
        {(changes.length > 0 || started || outlook) && (
          <div>
            {changes.length > 0 && <Changes of={changes} />}
            {started && <Progress view={view} failures={failures} zone={zone} />}
            {outlook && !started && (
              <Section title="Vor dem Senden" id="pruefung">
                <PreflightCard of={outlook} channel={channel} />
              </Section>
            )}
          </div>
        )}
        <aside class="sidebar" aria-label="Vorschau">
          <div class="sidebar-inner">
            <h2 class="kern-heading-small">So sieht es aus</h2>
            <Bubble message={previewOf(row.components ?? components, view.parameters)} from={channel.name} />
          </div>
        </aside>
        <div>
          <div id="schritte">
            <Steps office={office} view={view} failures={failures} decidableAt={decidableAt} />
          </div>
          {testable && (
            <Section title="Testnachricht" id="test">
              <PostForm to={`/office/meldungen/${view.id}/testen`} kanal={channel.slug} class="form inline-form">
                <TextField
                  name="to"
                  label="Rufnummer"
                  hint="Am besten Ihr eigenes Telefon, zum Beispiel +49 151 23456789. Zählt nicht als Empfänger."
                  type="tel"
                  autocomplete="tel"
                  required
                />
                <Button icon="mail">Test senden</Button>
              </PostForm>
            </Section>
          )}
          <Section title="Angaben" id="angaben">
            <Facts
              of={[
                [
                  'Vorlage',
                  `${inWords(view.template.name)}${view.template.language === 'de' ? '' : ` (${view.template.language})`}`,
                ],
                ['Empfänger', audienceOf(view, channel.offerings.info?.topics ?? {})],
                [
                  'Zeitpunkt',
                  view.sendAt ? dateTime(view.sendAt, zone) : view.recurrence ? null : 'sofort nach der Freigabe',
                ],
                ['Rhythmus', view.recurrence && rhythmOf(view.recurrence)],
                [
                  'Nächste Termine',
                  view.next.length > 0 ? (
                    <ul class="plain">
                      {view.next.map((at) => (
                        <li>{dateTime(at, zone)}</li>
                      ))}
                    </ul>
                  ) : null,
                ],
                ['Geschrieben von', nameOf(view.createdBy)],
                ['Eingereicht von', by(nameOf(view.approval.submittedBy), view.approval.submittedAt, zone)],
                ['Freigegeben von', by(nameOf(view.approval.approvedBy), view.approval.approvedAt, zone)],
                ['Begonnen', view.startedAt && dateTime(view.startedAt, zone)],
                ['Beendet', view.finishedAt && dateTime(view.finishedAt, zone)],
                ['Gehört zu', view.seriesId && <a href={`/office/meldungen/${view.seriesId}`}>dieser Reihe</a>],
                [
                  'Stellt richtig',
                  view.correctionOf && <a href={`/office/meldungen/${view.correctionOf}`}>diese Meldung</a>,
                ],
              ]}
            />
          </Section>
        </div>
      </div>
    </>
  )
}

const by = (name: string | null, at: string | null, zone: string): string | null =>
  name && (at ? `${name}, ${dateTime(at, zone)}` : name)

function audienceOf(
  { audience, correctionOf, forecast, counts }: BroadcastView,
  topics: Readonly<Record<string, string>>,
): string {
  const people = count(counts.recipients > 0 ? counts.recipients : forecast.recipients)
  if (correctionOf) return `Wer die fehlerhafte Meldung bekommen hat (${people})`
  const names = audience.topics?.map((topic) => topics[topic] ?? topic).join(', ')
  const kind = audience.topics?.length === 1 ? 'Thema' : 'Themen'
  return names ? `${kind} ${names} (${people})` : `Alle im Infokanal (${people})`
}

const Changes = ({ of }: { of: readonly Change[] }) => (
  <Section title="Seit der letzten Fassung geändert" id="aenderungen">
    <Table
      caption="Änderungen"
      head={['Angabe', 'Vorher', 'Jetzt']}
      rows={of.map(({ what, before, after }) => [what, <del>{before || '–'}</del>, <ins>{after || '–'}</ins>])}
    />
  </Section>
)
