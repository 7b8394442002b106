import { type Action, may } from '../access/permissions.ts'
import type { Failure } from '../broadcasts/failures.ts'
import type { BroadcastView } from '../broadcasts/views.ts'
import { TextField } from './fields.tsx'
import { count, counted } from './format.ts'
import type { Office } from './office.ts'
import { Button, LinkButton, Note, PostForm, Section } from './parts.tsx'

/** The last question before a broadcast leaves; it names how many people it reaches. */
const question = ({ forecast, sendAt, recurrence }: BroadcastView): string => {
  const people = counted(forecast.recipients, 'Person', 'Personen')
  return sendAt || recurrence ? `Für ${people} zum Termin freigeben?` : `Jetzt an ${people} senden?`
}

/** Everything this person may do with a broadcast now. */
export function Steps({
  office,
  view,
  failures,
}: {
  office: Office
  view: BroadcastView
  failures: readonly Failure[]
}) {
  const { actor, channel } = office
  const can = (step: BroadcastView['steps'][number], action: Action = 'broadcasts.write') =>
    view.steps.includes(step) && may(actor.role, action)
  const own = [view.createdBy, view.approval.submittedBy].includes(actor.id)
  const fourEyes = channel.offerings.info?.approval !== 'none'
  const to = (step: string) => ({ to: `/office/meldungen/${view.id}/${step}`, kanal: channel.slug })
  const retryable = failures.reduce((sum, failure) => sum + failure.retryable, 0)
  const { counts } = view
  const started = view.startedAt !== null
  const nothing = view.steps.length === 0 && !started
  return nothing ? null : (
    <Section title="Was möchten Sie tun?" id="tun">
      {can('approve', 'broadcasts.approve') && !(fourEyes && own) && (
        <PostForm {...to('freigeben')} class="form">
          <input type="hidden" name="stand" value={view.approval.contentHash} />
          <Button look="primary" icon="check" data-confirm={question(view)}>
            {view.sendAt || view.recurrence ? 'Freigeben' : 'Freigeben und senden'}
          </Button>
        </PostForm>
      )}
      {view.status === 'awaiting-approval' && fourEyes && own && (
        <Note>Jetzt ist eine zweite Person an der Reihe: Eigene Meldungen kann man nicht selbst freigeben.</Note>
      )}
      {can('reject', 'broadcasts.approve') && !own && (
        <details class="more-step">
          <summary class="kern-btn kern-btn--secondary">
            <span class="kern-label">Zurückgeben …</span>
          </summary>
          <PostForm {...to('ablehnen')} class="form">
            <TextField name="grund" label="Was soll geändert werden?" rows={3} required max={1000} />
            <Button>Zurückgeben</Button>
          </PostForm>
        </details>
      )}
      <div class="actions">
        {can('submit') && (
          <PostForm {...to('einreichen')}>
            <Button look="primary" icon="arrow-forward">
              {fourEyes ? 'Zur Freigabe einreichen' : 'Absenden'}
            </Button>
          </PostForm>
        )}
        {can('pause') && (
          <PostForm {...to('anhalten')}>
            <Button look={started ? 'primary' : 'secondary'}>Anhalten</Button>
          </PostForm>
        )}
        {can('resume') && (
          <PostForm {...to('fortsetzen')}>
            <Button look="primary">Fortsetzen</Button>
          </PostForm>
        )}
        {can('edit') && (
          <LinkButton to={`/office/meldungen/${view.id}/bearbeiten`} icon="edit">
            Bearbeiten
          </LinkButton>
        )}
        {can('cancel') && (
          <PostForm {...to('abbrechen')}>
            <Button
              danger
              data-confirm={
                started
                  ? 'Meldung endgültig abbrechen? Was schon hinaus ist, lässt sich nicht zurückholen.'
                  : 'Meldung endgültig abbrechen?'
              }
            >
              Abbrechen
            </Button>
          </PostForm>
        )}
        {can('delete') && (
          <PostForm {...to('loeschen')}>
            <Button danger icon="delete" data-confirm="Diese Meldung löschen?">
              Löschen
            </Button>
          </PostForm>
        )}
        {may(actor.role, 'broadcasts.write') && (view.status === 'done' || view.status === 'cancelled') && (
          <LinkButton to={`/office/meldungen/neu?von=${view.id}`} icon="content-copy">
            Als neue Meldung schreiben
          </LinkButton>
        )}
      </div>
      {can('edit') && view.approval.approvedAt && (
        <Note>Nach einer Änderung muss die Meldung neu freigegeben werden.</Note>
      )}
      {can('retry') && retryable > 0 && (
        <PostForm {...to('wiederholen')} class="form">
          <Button icon="autorenew">{`Noch einmal versuchen (${count(retryable)})`}</Button>
        </PostForm>
      )}
      {can('retry') && counts.unknown > 0 && (
        <PostForm {...to('wiederholen')} class="form">
          <input type="hidden" name="auch" value="ungewisse" />
          <Button
            icon="autorenew"
            data-confirm="Wer die Nachricht schon hat, bekommt sie dann zweimal. Trotzdem senden?"
          >
            {`Ungewisse noch einmal senden (${count(counts.unknown)})`}
          </Button>
          <Note>Ein Teil hat die Nachricht vielleicht schon und bekäme sie zweimal.</Note>
        </PostForm>
      )}
      {started && may(actor.role, 'broadcasts.write') && (
        <PostForm {...to('richtigstellen')} class="form">
          <Button look="tertiary" icon="edit">
            Richtigstellung schreiben
          </Button>
          <Note>Geht nur an die Personen, die diese Meldung bekommen haben.</Note>
        </PostForm>
      )}
    </Section>
  )
}
