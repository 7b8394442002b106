import { Hono } from 'hono'
import { may } from '../access/permissions.ts'
import { trailOf } from '../audit/trail.ts'
import type { Channel } from '../channels/channel.ts'
import type { Who } from '../contacts/erase.ts'
import { readWho } from '../contacts/phone.ts'
import { eraseByIds } from '../privacy/erase.ts'
import { Refusal } from '../refusal.ts'
import { inDeed, type Runtime } from '../runtime.ts'
import type { Offering } from '../subscriptions/consents.ts'
import { exportSubscribers } from '../subscriptions/export.ts'
import { growthOf } from '../subscriptions/growth.ts'
import { given, sayableReason } from '../subscriptions/reason.ts'
import { type SignedOff, signOff } from '../subscriptions/sign-off.ts'
import { countSubscribers, listSubscribers, lookUp } from '../subscriptions/subscribers.ts'
import { isKeptAway } from '../subscriptions/suppressions.ts'
import { Ask } from './ask.tsx'
import { GrowthChart } from './chart.tsx'
import { csvFile } from './csv-file.ts'
import { TextField } from './fields.tsx'
import { count, day } from './format.ts'
import { page } from './layout.tsx'
import { type Flash, flash, formOf, type OfficeContext, type OfficeEnv, only, UUID } from './office.ts'
import { Button, Empty, Head, LinkButton, More, Note, PostForm, Section, Table } from './parts.tsx'
import { NoteNo, PersonPage } from './person-page.tsx'
import { remembered } from './remembered.ts'
import { offerings as offeringWords } from './texts.de.ts'

const PAGE = 25
const DAYS = 365

/** What was typed into the look-up and what is wrong with it; `unnoted`: it was understood, nobody is known by it, and no wish of theirs either. */
type Lookup = { typed?: string; problem?: string; reason?: string; reasonProblem?: string; unnoted?: boolean }

const UNKNOWN =
  'Diese Angabe ist hier nicht bekannt. Bitte vergleichen Sie sie noch einmal oder fragen Sie nach einer anderen Nummer.'
const KEPT_AWAY =
  'Diese Angabe ist hier nicht bekannt. Vermerkt ist schon: Keine Liste meldet diese Person an, das kann nur sie selbst. Bekommt sie trotzdem Meldungen, dann unter einer anderen Nummer oder WhatsApp-Kennung: Bitte fragen Sie danach.'

/** Why the list of all numbers was asked for, and what is wrong with that. */
type Listing = { purpose?: string; problem?: string }

const NO_ID = 'Bitte geben Sie eine Rufnummer wie +49 151 23456789 oder eine WhatsApp-Kennung an.'

/** Whom a form means: the person its page showed, or who goes by what was typed. */
function whoIn({ person, phone = '' }: Record<string, string>): Who {
  if (person !== undefined && !UUID.test(person)) throw new Refusal('not-found')
  const who = person === undefined ? readWho(phone) : { contactId: person }
  if (who) return who
  throw new Refusal('invalid-input', [{ field: 'phone', message: NO_ID }])
}

/** What is wrong with a stated reason. @throws whatever else went wrong */
function wrongReason(error: unknown): string {
  const [wrong] = error instanceof Refusal ? error.problems : []
  if (wrong?.field !== 'reason') throw error
  return wrong.message
}

const SIGNED_OFF: Readonly<Record<SignedOff, readonly [Flash['kind'], string]>> = {
  left: ['success', 'Die Person ist vom Infokanal abgemeldet und bekommt keine Meldung mehr.'],
  noted: ['success', 'Vermerkt: Die Person möchte keine Meldungen. Anmelden kann nur sie selbst sich, keine Liste.'],
  'noted-before': [
    'info',
    'Das war schon vermerkt: Die Person möchte keine Meldungen. Anmelden kann nur sie selbst sich, keine Liste.',
  ],
  unknown: ['info', 'Über diese Person ist nichts (mehr) gespeichert.'],
}

export const offeringsOf = ({ offerings }: Channel): Offering[] =>
  (['info', 'chat'] as const).filter((one) => offerings[one] !== undefined)

/** `/office/abonnenten`: how many there are of what, and one person looked up. */
export function subscriberRoutes(runtime: Runtime) {
  const figuresFor = remembered(10_000, (slug) =>
    inDeed(runtime, async (deed) => {
      const channel = runtime.channels.get(slug)!
      const topics = Object.keys(channel.offerings.info?.topics ?? {})
      return {
        totals: await countSubscribers(deed, slug, { offerings: offeringsOf(channel), topics }),
        growth: channel.offerings.info
          ? await growthOf(deed, slug, 'info', { days: DAYS, zone: channel.timezone })
          : [],
      }
    }),
  )

  const overview = async (c: OfficeContext, lookup: Lookup = {}, listing: Listing = {}) => {
    const { channel, actor } = c.get('office')
    const topics = channel.offerings.info?.topics ?? {}
    const after = c.req.query('nach')
    const { totals, growth } = await figuresFor(channel.slug)
    const people = await inDeed(runtime, (deed) =>
      listSubscribers(deed, channel.slug, {
        limit: PAGE + 1,
        after: after && /^[0-9a-f-]{36}$/.test(after) ? after : undefined,
      }),
    )
    const shown = people.slice(0, PAGE)
    return page(
      c,
      { title: 'Abonnenten', status: lookup.problem || lookup.reasonProblem || listing.problem ? 422 : 200 },
      <>
        <Head title="Abonnenten">
          {may(actor.role, 'subscribers.change') && (
            <>
              <LinkButton to="/office/abonnenten/uebernehmen" icon="drive-folder-upload">
                Liste übernehmen
              </LinkButton>
              <PostForm to="/office/abonnenten/ausgeben" kanal={channel.slug}>
                <Ask
                  icon="download"
                  label="Liste ausgeben"
                  open={listing.problem !== undefined}
                  question="Die Liste enthält alle Rufnummern im Klartext. Das wird im Protokoll vermerkt."
                >
                  <TextField
                    name="purpose"
                    label="Grund der Ausgabe"
                    hint="Steht im Protokoll, bitte ohne Namen und Nummern."
                    value={listing.purpose}
                    error={listing.problem}
                    required
                  />
                  <Button icon="download">Ja, ausgeben</Button>
                </Ask>
              </PostForm>
            </>
          )}
        </Head>
        <ul class="cards">
          <Figure name="Personen insgesamt" n={totals.subscribers} />
          {offeringsOf(channel).map((offering) => (
            <Figure name={offeringWords[offering]} n={totals.offerings[offering] ?? 0} />
          ))}
          {Object.entries(topics).map(([key, label]) => (
            <Figure name={`Bekommen „${label}“`} n={totals.topics[key] ?? 0} />
          ))}
        </ul>
        {growth.length > 0 && (
          <Section title="Die letzten zwölf Monate" id="verlauf">
            <GrowthChart days={growth} marked={new Set()} />
          </Section>
        )}
        <Section title="Eine Person nachschlagen" id="suche">
          <PostForm to="/office/abonnenten/nachschlagen" kanal={channel.slug} class="form inline-form">
            <TextField
              name="phone"
              label="Rufnummer"
              hint="Oder die WhatsApp-Kennung, wenn die Rufnummer nicht bekannt ist."
              value={lookup.typed}
              error={lookup.problem}
              required
            />
            <TextField
              name="reason"
              label="Grund"
              hint="Steht im Protokoll. Bitte ohne Namen und Nummern, zum Beispiel: Anruf wegen Abmeldung."
              value={lookup.reason}
              error={lookup.reasonProblem}
              required
            />
            <Button icon="search">Nachschlagen</Button>
          </PostForm>
          {lookup.unnoted && channel.offerings.info && may(actor.role, 'subscribers.sign-off') && (
            <PostForm to="/office/abonnenten/abmelden" kanal={channel.slug}>
              <Note>Möchte die Person keine Meldungen, dann vermerken Sie das hier.</Note>
              <input type="hidden" name="phone" value={lookup.typed} />
              <NoteNo more=" Die Angabe selbst wird nicht gespeichert, nur ein Prüfwert." />
            </PostForm>
          )}
        </Section>
        <Section title="Liste" id="liste">
          <Note>Rufnummern sind verkürzt.</Note>
          {shown.length === 0 ? (
            <Empty>Noch ist niemand angemeldet.</Empty>
          ) : (
            <Table
              caption="Abonnenten"
              head={['Nummer', 'Angebote', 'Themen']}
              rows={shown.map(({ phone, userId, offerings }) => [
                phone ?? userId ?? '–',
                offerings
                  .map(({ offering, since }) => `${offeringWords[offering]} seit ${day(since, channel.timezone)}`)
                  .join('; '),
                topicWords(offerings, topics),
              ])}
            />
          )}
          <More to={people.length > PAGE ? `/office/abonnenten?nach=${shown.at(-1)!.id}#liste` : null} />
        </Section>
      </>,
    )
  }

  return new Hono<OfficeEnv>()
    .get('/abonnenten', only('subscribers.read'), (c) => overview(c))
    .post('/abonnenten/nachschlagen', only('subscribers.reveal'), async (c) => {
      const office = c.get('office')
      const { channel, actor } = office
      const { phone: typed = '', reason = '' } = await formOf(c)
      const who = readWho(typed)
      const problem = who ? undefined : NO_ID
      const reasonProblem = reason.trim() ? undefined : 'Bitte geben Sie an, wozu Sie die Person nachschlagen.'
      if (!who || reasonProblem) return overview(c, { typed, problem, reason, reasonProblem })
      const found = await inDeed(runtime, async (deed) => {
        const person = await lookUp(deed, actor, channel.slug, who, offeringsOf(channel), reason)
        if (person instanceof Refusal) return person
        const trail = person ? await trailOf(deed, actor, channel.slug, { limit: 20, target: person.id }) : []
        return { person, trail, noted: !person && (await isKeptAway(deed, channel.slug, who)) }
      })
        .then(given)
        .catch(wrongReason)
      if (typeof found === 'string') return overview(c, { typed, reason, reasonProblem: found })
      const { person, trail, noted } = found
      if (!person) return overview(c, { typed, reason, problem: noted ? KEPT_AWAY : UNKNOWN, unnoted: !noted })
      return page(c, { title: 'Eine Person' }, <PersonPage {...{ office, person, trail, reason }} />)
    })
    .post('/abonnenten/ausgeben', only('subscribers.change'), async (c) => {
      const { channel, actor } = c.get('office')
      const { purpose = '' } = await formOf(c)
      let reason: string
      try {
        reason = sayableReason(purpose)
      } catch (error) {
        return overview(c, {}, { purpose, problem: wrongReason(error) })
      }
      const pages = exportSubscribers(runtime, actor, channel.slug, { reason })
      return csvFile(c, `abonnenten-${channel.slug}`, pages)
    })
    .post('/abonnenten/abmelden', only('subscribers.sign-off'), async (c) => {
      const { channel, actor } = c.get('office')
      const who = whoIn(await formOf(c))
      flash(c, ...SIGNED_OFF[await inDeed(runtime, (deed) => signOff(deed, actor, channel, who))])
      return c.redirect('/office/abonnenten', 303)
    })
    .post('/abonnenten/loeschen', only('subscribers.change'), async (c) => {
      const { channel, actor } = c.get('office')
      const who = whoIn(await formOf(c))
      const done = await inDeed(runtime, (deed) => eraseByIds(deed, actor, channel, who))
      if (done === 'erased') flash(c, 'success', 'Alles über diese Person ist gelöscht.')
      else flash(c, 'info', 'Über diese Person ist nichts (mehr) gespeichert.')
      return c.redirect('/office/abonnenten', 303)
    })
}

const Figure = ({ name, n }: { name: string; n: number }) => (
  <li class="card">
    <p class="kern-body">{name}</p>
    <p class="figure">{count(n)}</p>
  </li>
)

function topicWords(
  offerings: readonly { offering: Offering; topics: string[] | null }[],
  labels: Readonly<Record<string, string>>,
): string {
  const info = offerings.find(({ offering }) => offering === 'info')
  if (!info || Object.keys(labels).length === 0) return '–'
  return info.topics === null ? 'alle' : info.topics.map((topic) => labels[topic] ?? topic).join(', ')
}
