import { may } from '../access/permissions.ts'
import type { TrailEntry } from '../audit/trail.ts'
import type { LookedUp } from '../subscriptions/subscribers.ts'
import { Ask } from './ask.tsx'
import { deedWords, detailWords } from './audit-words.ts'
import { dateTime, day } from './format.ts'
import type { Office } from './office.ts'
import { Badge, Button, Empty, Facts, Head, Note, PostForm, Section, Table } from './parts.tsx'
import { consentWords, offerings, sourceWords } from './texts.de.ts'

/** Everything about one person, after somebody looked them up. */
export const PersonPage = ({
  office,
  person,
  trail,
  reason,
}: {
  office: Office
  person: LookedUp
  trail: readonly TrailEntry[]
  /** Why they were looked up. */
  reason: string
}) => {
  const { channel, actor } = office
  const { timezone: zone } = channel
  const labels = channel.offerings.info?.topics ?? {}
  const info = person.offerings.find(({ offering }) => offering === 'info')
  return (
    <>
      <Head title="Eine Person" back={['/office/abonnenten', 'Abonnenten']} />
      <Facts
        of={[
          ['Name', person.name],
          ['Rufnummer', person.phone],
          ['WhatsApp-Kennung', person.userId],
        ]}
      />
      <Section title="Angebote" id="angebote">
        <Table
          caption="Angebote"
          head={['Angebot', 'Stand', 'Seit', 'Themen']}
          rows={person.offerings.map(({ offering, subscribed, since, topics }) => [
            offerings[offering],
            <Badge tone={subscribed ? 'success' : 'info'}>{subscribed ? 'Angemeldet' : 'Nicht angemeldet'}</Badge>,
            since ? day(since, zone) : '–',
            subscribed && offering === 'info'
              ? (topics?.map((topic) => labels[topic] ?? topic).join(', ') ?? 'alle')
              : '–',
          ])}
        />
      </Section>
      <Section title="Einwilligungen" id="einwilligungen">
        {person.history.length === 0 ? (
          <Empty>Keine.</Empty>
        ) : (
          <Table
            caption="Einwilligungen"
            head={['Zeit', 'Angebot', 'Was', 'Wie', 'Wortlaut']}
            rows={person.history.map((entry) => [
              dateTime(entry.at, zone),
              offerings[entry.offering],
              consentWords(entry),
              sourceWords(entry.source, channel),
              entry.wording ?? '–',
            ])}
          />
        )}
      </Section>
      {info && (info.subscribed || !info.since) && may(actor.role, 'subscribers.sign-off') && (
        <PostForm to="/office/abonnenten/abmelden" kanal={channel.slug}>
          <input type="hidden" name="person" value={person.id} />
          {info.subscribed ? (
            <Ask
              label="Vom Infokanal abmelden"
              question="Diese Person vom Infokanal abmelden? Sie bekommt dann keine Meldung mehr. Wieder anmelden kann nur sie selbst."
            >
              <Button>Ja, abmelden</Button>
            </Ask>
          ) : (
            <NoteNo />
          )}
        </PostForm>
      )}
      <PostForm to={`/office/abonnenten/${person.id}/nachweis`} kanal={channel.slug}>
        <input type="hidden" name="reason" value={reason} />
        <Button icon="checklist">Nachweis zum Drucken</Button>
      </PostForm>
      {may(actor.role, 'audit.read') && trail.length > 0 && (
        <Section title="Protokoll zu dieser Person" id="protokoll">
          <Table
            caption="Protokoll"
            head={['Zeit', 'Wer', 'Was', 'Einzelheiten']}
            rows={trail.map((entry) => [
              dateTime(entry.at, zone),
              entry.actorName,
              deedWords(entry),
              detailWords(entry),
            ])}
          />
        </Section>
      )}
      {may(actor.role, 'subscribers.change') && (
        <Section title="Löschen auf Verlangen" id="loeschen">
          <Note>
            Löscht Nummer, Name, Anmeldungen und Chats endgültig. Der Nachweis der Einwilligungen bleibt ohne Bezug zur
            Person.
          </Note>
          <PostForm to="/office/abonnenten/loeschen" kanal={channel.slug}>
            <input type="hidden" name="person" value={person.id} />
            <Ask
              danger
              icon="delete"
              label="Alles über diese Person löschen"
              question="Alles über diese Person endgültig löschen? Das lässt sich nicht rückgängig machen."
            >
              <Button danger>Ja, alles löschen</Button>
            </Ask>
          </PostForm>
        </Section>
      )}
    </>
  )
}

/** For the no of somebody who is not subscribed. `more`: what else to know before saying yes. */
export const NoteNo = ({ more = '' }: { more?: string }) => (
  <Ask
    label="Keine Meldungen gewünscht"
    question={`Vermerken, dass diese Person keine Meldungen möchte? Dann meldet auch keine Liste sie an, nur sie selbst.${more}`}
  >
    <Button>Ja, vermerken</Button>
  </Ask>
)
