import type { Failure } from '../broadcasts/failures.ts'
import type { BroadcastView } from '../broadcasts/views.ts'
import { count, counted, dateTime, duration, share } from './format.ts'
import { Note, Section, Table } from './parts.tsx'
import { deliveryStates, waits } from './texts.de.ts'

/** How far a started broadcast is, and what has become of its messages. */
export const Progress = ({
  view,
  failures,
  zone,
}: {
  view: BroadcastView
  failures: readonly Failure[]
  zone: string
}) => (
  <Section title={view.status === 'done' || view.status === 'cancelled' ? 'Bericht' : 'Fortschritt'} id="fortschritt">
    <div id="stand" data-live={`/office/meldungen/${view.id}/stand`}>
      <Figures view={view} failures={failures} zone={zone} />
    </div>
    <p id="ansage" class="kern-sr-only" role="status" />
    <p class="kern-body links">
      <a class="kern-link" href={`/office/meldungen/${view.id}/empfaenger`}>
        Empfängerliste
      </a>{' '}
      <a class="kern-link" href={`/office/meldungen/${view.id}/empfaenger.csv`}>
        <span class="kern-icon kern-icon--download kern-icon--small" aria-hidden="true" />
        Als CSV herunterladen
      </a>
      {view.status === 'sending' || view.status === 'paused' ? (
        <a class="kern-link no-script" href={`/office/meldungen/${view.id}`}>
          Stand aktualisieren
        </a>
      ) : null}
    </p>
  </Section>
)

/** The part that is written anew while it runs. */
export function Figures({ view, failures, zone }: { view: BroadcastView; failures: readonly Failure[]; zone: string }) {
  const { counts } = view
  const open = counts.queued + counts.sending
  const handled = counts.recipients - open
  const isCancelled = view.status === 'cancelled'
  const done = isCancelled ? handled - counts.skipped : handled
  const sent = counts.sent + counts.delivered + counts.read
  const arrived = counts.delivered + counts.read
  const steps = [
    ['Übergeben', handled - counts.skipped],
    ['Gesendet', sent],
    ['Zugestellt', arrived],
    ['Gelesen', counts.read],
  ] as const
  return (
    <>
      <div class="kern-progress big-progress">
        <label class="kern-label" for="balken">
          {`${count(done)} von ${count(counts.recipients)} ${isCancelled ? 'übergeben' : 'bearbeitet'} (${share(done, counts.recipients)})`}
        </label>
        <progress id="balken" value={done} max={Math.max(1, counts.recipients)} />
      </div>
      <p class="kern-body">{standing(view, zone)}</p>
      <dl class="funnel">
        {steps.map(([label, people]) => (
          <div>
            <dt>{label}</dt>
            <dd>
              <strong>{count(people)}</strong> <span>{share(people, counts.recipients)}</span>
              <progress value={people} max={Math.max(1, counts.recipients)} aria-hidden="true" tabindex={-1} />
            </dd>
          </div>
        ))}
      </dl>
      {(view.status === 'sending' || view.status === 'paused') && handled > counts.skipped && (
        <Note>
          {`${counted(handled - counts.skipped, 'Nachricht ist', 'Nachrichten sind')} schon an WhatsApp übergeben und lassen sich nicht zurückholen.`}
        </Note>
      )}
      <ul class="rest">
        {(['held', 'failed', 'unknown', 'skipped'] as const)
          .filter((state) => counts[state] > 0)
          .map((state) => (
            <li>
              <strong>{`${deliveryStates[state][0]}: ${count(counts[state])}`}</strong> {deliveryStates[state][1]}
            </li>
          ))}
      </ul>
      {failures.length > 0 && (
        <Table
          caption="Warum Nachrichten nicht ankamen"
          head={['Grund', 'Was tun?', 'Personen']}
          numeric={[2]}
          rows={failures.map(({ what, advice, people }) => [what, advice, count(people)])}
        />
      )}
    </>
  )
}

/** Where it stands, in a sentence. */
export function standing(view: BroadcastView, zone: string): string {
  const { counts, forecast, waitingFor, waitingUntil, status } = view
  const open = counts.queued + counts.sending
  if (status === 'done') return `Abgeschlossen am ${dateTime(view.finishedAt!, zone)}.`
  if (status === 'cancelled')
    return `Abgebrochen. ${counted(counts.skipped, 'Person bekommt', 'Personen bekommen')} die Meldung nicht.`
  if (status === 'paused')
    return `${view.pausedBecause ?? 'Angehalten.'} ${counted(open, 'Nachricht wartet', 'Nachrichten warten')} noch.`
  if (waitingFor === 'channel-stopped')
    return `Steht still: WhatsApp nimmt zurzeit nichts von diesem Kanal an. ${counted(open, 'Nachricht wartet', 'Nachrichten warten')} und ${open === 1 ? 'geht' : 'gehen'} von selbst weiter, sobald er wieder senden darf.`
  if (waitingFor && waitingUntil) return `Wartet bis ${dateTime(waitingUntil, zone)}: ${waits[waitingFor]}.`
  const left = forecast.finishesAt ? (new Date(forecast.finishesAt).getTime() - Date.now()) / 1000 : null
  if (open === 0) return 'Alles übergeben. Es fehlen nur noch Rückmeldungen von WhatsApp.'
  const rate = ratePerSecond(view)
  const pace = rate === null ? '' : `, im Schnitt ${count(Math.max(1, Math.round(rate)))} Nachrichten in der Sekunde`
  const end =
    left === null
      ? ''
      : `. Restzeit: ${duration(Math.max(0, left))}, fertig etwa ${dateTime(forecast.finishesAt!, zone)}`
  return `Läuft${pace}${end}.`
}

/** Messages a second since the start; null while there is nothing to tell yet. */
const ratePerSecond = (view: BroadcastView): number | null => {
  const handled = view.counts.recipients - view.counts.queued - view.counts.sending
  const since = view.startedAt && (Date.now() - new Date(view.startedAt).getTime()) / 1000
  return since && since > 1 ? handled / since : null
}
