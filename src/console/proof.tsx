import { Hono } from 'hono'
import { contactById } from '../contacts/contacts.ts'
import { proofDocument } from '../http/proof.ts'
import { lastCheck } from '../privacy/ledger-check.ts'
import { Refusal } from '../refusal.ts'
import { inDeed, type Runtime } from '../runtime.ts'
import { type ProvenEntry, proofFor } from '../subscriptions/proof.ts'
import { given } from '../subscriptions/reason.ts'
import { PREFERENCE } from '../subscriptions/source.ts'
import { count, dateTime } from './format.ts'
import { page } from './layout.tsx'
import { OwnEntries, WholeLedger } from './ledger-state.tsx'
import { formOf, type Office, type OfficeEnv, only, UUID } from './office.ts'
import { Button, Empty, Facts, Head, Note, PostForm, Section } from './parts.tsx'
import { consentWords, offerings, sourceWords } from './texts.de.ts'

/** `/office/abonnenten/{id}/nachweis`: what one person agreed to, to print (Art. 7(1) GDPR) or as a file. By a form: it shows the number and needs a reason. */
export const proofRoutes = (runtime: Runtime) =>
  new Hono<OfficeEnv>()
    .post('/abonnenten/:id/nachweis/datei', only('subscribers.reveal'), async (c) => {
      const { channel, actor } = c.get('office')
      const { reason = '' } = await formOf(c)
      const id = c.req.param('id')
      if (!UUID.test(id)) throw new Refusal('not-found')
      const proof = await proofDocument(runtime, actor, channel.slug, id, reason)
      c.header('content-disposition', `attachment; filename="nachweis-${id}.json"`)
      return c.json(proof)
    })
    .post('/abonnenten/:id/nachweis', only('subscribers.reveal'), async (c) => {
      const office = c.get('office')
      const { channel, actor } = office
      const { reason = '' } = await formOf(c)
      const id = c.req.param('id')
      if (!UUID.test(id)) throw new Refusal('not-found')
      const { answer, contact, check } = await inDeed(runtime, async (deed) => ({
        answer: await proofFor(deed, actor, channel.slug, id, reason),
        contact: await contactById(deed, id),
        check: await lastCheck(deed, channel.slug),
      }))
      const proof = given(answer)
      const { phone, userId, name } = contact ?? {}
      return page(
        c,
        { title: 'Nachweis der Einwilligung' },
        <>
          <Head title="Nachweis der Einwilligung" back={['/office/abonnenten', 'Abonnenten']}>
            <PostForm to={`/office/abonnenten/${id}/nachweis/datei`} kanal={channel.slug}>
              <input type="hidden" name="reason" value={reason} />
              <Button icon="download">Als Datei (JSON)</Button>
            </PostForm>
          </Head>
          <Note>
            Nach Art. 7 Abs. 1 DSGVO. Zum Aufheben oder Weitergeben drucken Sie diese Seite. Sie enthält die Rufnummer
            und gehört nur in die Hände, die sie brauchen.
          </Note>
          <Facts
            of={[
              ['Kanal', `${channel.name}, ${channel.town}`],
              ['Name bei WhatsApp', name],
              ['Rufnummer', phone],
              ['WhatsApp-Kennung', userId],
              ['Kennzeichen im Verzeichnis', proof.subjects.join(', ')],
              ['Erstellt', `${dateTime(proof.createdAt, channel.timezone)} von ${actor.name}`],
              ['Grund', reason.trim()],
            ]}
          />
          <OwnEntries entries={proof.entries} check={check} />
          <WholeLedger check={check} zone={channel.timezone} />
          <Section title="Einträge, die ältesten zuerst" id="eintraege">
            {proof.entries.length === 0 ? (
              <Empty>Zu dieser Person gibt es keine Einträge.</Empty>
            ) : (
              <ol class="entries">
                {proof.entries.map((entry) => (
                  <li class="card entry">
                    <Entry entry={entry} office={office} />
                  </li>
                ))}
              </ol>
            )}
          </Section>
          <Section title="So lässt sich das nachprüfen" id="nachpruefen">
            <Note>
              Jeder Eintrag trägt eine Prüfsumme (SHA-256) über seinen Inhalt und die Prüfsumme des Eintrags davor. Wer
              einen Eintrag ändert, herausnimmt oder einfügt, müsste alle folgenden neu schreiben; dann stimmt die
              zuletzt außerhalb aufbewahrte Prüfsumme des Verzeichnisses nicht mehr. Die Rechenvorschrift steht in der
              Beschreibung der Schnittstelle, alle Werte dazu in der Datei.
            </Note>
          </Section>
        </>,
      )
    })

const Entry = ({ entry, office: { channel } }: { entry: ProvenEntry; office: Office }) => {
  const labels = channel.offerings.info?.topics ?? {}
  const isPreference = entry.source === PREFERENCE
  const topics =
    entry.topics?.map((topic) => labels[topic] ?? topic).join(', ') ??
    (Object.keys(labels).length > 0 && entry.offering === 'info' && entry.action === 'granted' && !isPreference
      ? 'alle'
      : null)
  return (
    <>
      <h3 class="kern-heading-small">
        {`Eintrag ${count(entry.seq)} · ${consentWords(entry)}: ${offerings[entry.offering as keyof typeof offerings]}`}
      </h3>
      <Facts
        of={[
          ['Themen', topics],
          ['Wann', `${dateTime(entry.at, channel.timezone)} (${entry.at.toISOString()})`],
          ['Wie', sourceWords(entry.source, channel)],
          [
            isPreference ? 'Was das heißt' : 'Angezeigter Wortlaut',
            entry.wording ?? (entry.source === 'office' ? 'keiner: durch das Rathaus' : 'nicht festgehalten'),
          ],
          ['Datenschutzhinweis, Fassung', entry.noticeVersion || 'nicht festgehalten'],
          ['Nachricht bei WhatsApp', entry.messageId],
          ['Prüfsumme', <code class="hash">{entry.hash}</code>],
          ['Prüfsumme davor', entry.previousHash && <code class="hash">{entry.previousHash}</code>],
          ['Nachgerechnet', entry.intact && entry.linked ? 'stimmt' : 'stimmt nicht'],
        ]}
      />
    </>
  )
}
