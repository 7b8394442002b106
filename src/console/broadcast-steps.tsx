import { type Action, may } from '../access/permissions.ts'
import type { Failure } from '../broadcasts/failures.ts'
import type { BroadcastView } from '../broadcasts/views.ts'
import { youngestUnknown } from '../dispatch/queue.ts'
import type { Deed } from '../runtime.ts'
import { Ask } from './ask.tsx'
import { TextField } from './fields.tsx'
import { count, counted, time } from './format.ts'
import type { Office } from './office.ts'
import { Button, LinkButton, Note, PostForm, Section } from './parts.tsx'

/** Until a status may still tell what became of a message; nearly all come within seconds. */
export const UNKNOWN_FOR_MS = 120_000

/** When the office may decide on what is open; null: now, or nothing is. */
export async function decidableAt(deed: Deed, { id, counts }: BroadcastView): Promise<Date | null> {
  const since = counts.unknown > 0 ? await youngestUnknown(deed, id) : null
  const at = since && new Date(since.getTime() + UNKNOWN_FOR_MS)
  return at && at > deed.now ? at : null
}

const timed = ({ sendAt, recurrence }: BroadcastView): boolean => sendAt !== null || recurrence !== null

/** The last question before a broadcast leaves; it names how many people it reaches. */
const question = (view: BroadcastView, deed: 'freigeben' | 'absenden'): string => {
  const people = counted(view.forecast.recipients, 'Person', 'Personen')
  return timed(view) ? `Für ${people} zum Termin ${deed}?` : `Jetzt an ${people} senden?`
}

/** Everything this person may do with a broadcast now. */
export function Steps({
  office,
  view,
  failures,
  decidableAt,
}: {
  office: Office
  view: BroadcastView
  failures: readonly Failure[]
  /** When one may decide on what is open; null: now, or there is nothing. */
  decidableAt: Date | null
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
          <Ask
            look="primary"
            icon="check"
            label={timed(view) ? 'Freigeben' : 'Freigeben und senden'}
            question={question(view, 'freigeben')}
          >
            <Button look="primary">{timed(view) ? 'Ja, freigeben' : 'Ja, jetzt senden'}</Button>
          </Ask>
        </PostForm>
      )}
      {view.status === 'awaiting-approval' && fourEyes && own && (
        <Note>Jetzt ist eine zweite Person an der Reihe: Eigene Meldungen kann man nicht selbst freigeben.</Note>
      )}
      {can('reject', 'broadcasts.approve') && !own && (
        <PostForm {...to('ablehnen')} class="form">
          <Ask label="Zurückgeben">
            <TextField name="grund" label="Was soll geändert werden?" rows={3} required max={1000} />
            <Button>Zurückgeben</Button>
          </Ask>
        </PostForm>
      )}
      <div class="actions">
        {can('submit') && (
          <PostForm {...to('einreichen')}>
            {fourEyes ? (
              <Button look="primary" icon="arrow-forward">
                Zur Freigabe einreichen
              </Button>
            ) : (
              <Ask look="primary" icon="arrow-forward" label="Absenden" question={question(view, 'absenden')}>
                <Button look="primary">{timed(view) ? 'Ja, absenden' : 'Ja, jetzt senden'}</Button>
              </Ask>
            )}
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
            <Ask
              danger
              label="Meldung abbrechen"
              question={
                started
                  ? 'Die Meldung endgültig abbrechen? Was schon hinaus ist, lässt sich nicht zurückholen.'
                  : 'Die Meldung endgültig abbrechen?'
              }
            >
              <Button danger>Ja, abbrechen</Button>
            </Ask>
          </PostForm>
        )}
        {can('delete') && (
          <PostForm {...to('loeschen')}>
            <Ask danger icon="delete" label="Löschen" question="Diese Meldung endgültig löschen?">
              <Button danger>Ja, löschen</Button>
            </Ask>
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
      {can('retry') && counts.unknown > 0 && decidableAt && (
        <Note>
          {`Bei ${counted(counts.unknown, 'Person', 'Personen')} ist noch offen, ob WhatsApp die Nachricht angenommen hat. Meist klärt sich das von selbst. Was um ${time(new Date(Math.ceil(decidableAt.getTime() / 60_000) * 60_000), channel.timezone)} noch offen ist, können Sie dann noch einmal senden.`}
        </Note>
      )}
      {can('retry') && counts.unknown > 0 && !decidableAt && (
        <PostForm {...to('wiederholen')} class="form">
          <input type="hidden" name="auch" value="ungewisse" />
          <Ask
            icon="autorenew"
            label={`Ungewisse noch einmal senden (${count(counts.unknown)})`}
            question="Wer die Nachricht schon hat, bekommt sie dann zweimal. Trotzdem senden?"
          >
            <Button>Ja, noch einmal senden</Button>
          </Ask>
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
