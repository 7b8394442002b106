import { Hono } from 'hono'
import { createKey, listKeys, revokeKey } from '../access/keys.ts'
import { disableStaff, listStaff, signInUrl } from '../access/staff.ts'
import type { StaffAuth } from '../access/staff-auth.ts'
import type { Role } from '../audit/audit.ts'
import { Refusal } from '../refusal.ts'
import { inDeed, type Runtime } from '../runtime.ts'
import { Ask } from './ask.tsx'
import { Choices, TextField } from './fields.tsx'
import { dateTime, day } from './format.ts'
import { page } from './layout.tsx'
import { act, formOf, type OfficeContext, type OfficeEnv, only, problemAt, sentenceOf } from './office.ts'
import { Alert, Badge, Button, Empty, Head, Note, PostForm, Section, Table } from './parts.tsx'
import { roles } from './texts.de.ts'

const BACK = '/office/zugaenge'
type Shown = {
  secret?: { title: string; text: string; value: string }
  error?: Refusal
  typed?: Record<string, string>
}

const ROLES = ['editor', 'approver', 'admin', 'inbox'] as const

/** `/office/zugaenge`: people and keys. A link or key is shown once, on the answer to the form that made it. */
export function peopleRoutes(runtime: Runtime, auth: StaffAuth) {
  const show = async (c: OfficeContext, { secret, error, typed = {} }: Shown = {}) => {
    const { actor, channel, channels } = c.get('office')
    const { people, keys } = await inDeed(runtime, async (deed) => ({
      people: await listStaff(deed, actor),
      keys: await listKeys(deed, actor),
    }))
    const zone = channel.timezone
    const townOf = (slug: string | null) =>
      slug === null ? 'alle Kanäle' : (channels.find((one) => one.slug === slug)?.town ?? slug)
    const scope = (name: string, legend: string) =>
      actor.channel === null ? (
        <Choices
          name={name}
          legend={legend}
          single
          choices={[
            { value: channel.slug, label: `Nur ${channel.town}`, checked: typed[name] !== '*' },
            { value: '*', label: 'Alle Kanäle', checked: typed[name] === '*' },
          ]}
        />
      ) : null
    return page(
      c,
      { title: 'Zugänge', status: error ? 422 : 200 },
      <>
        <Head title="Zugänge" />
        {secret && (
          <Alert kind="success" title={secret.title} live>
            <p class="kern-body">{secret.text}</p>
            <code class="secret">{secret.value}</code>
          </Alert>
        )}
        {error && (
          <Alert kind="danger" title="Das hat nicht geklappt" live>
            {sentenceOf(error)}
          </Alert>
        )}
        <Section title="Personen" id="personen">
          <Table
            caption="Personen"
            head={['Name', 'Recht', 'Für', 'Stand', '']}
            rows={people.map((person) => [
              <>
                {person.name ?? person.email}
                {person.name && <span class="kern-body kern-body--small note block">{person.email}</span>}
              </>,
              roles[person.role][0],
              townOf(person.channel),
              <>
                {person.disabledAt ? (
                  <Badge tone="danger">Entzogen</Badge>
                ) : person.ready ? (
                  <Badge tone="success">Eingerichtet</Badge>
                ) : (
                  <Badge tone="warning">Noch ohne Passwort</Badge>
                )}
                {person.lastSeenAt && (
                  <span class="kern-body kern-body--small note block">{`zuletzt ${dateTime(person.lastSeenAt, zone)}`}</span>
                )}
              </>,
              person.disabledAt || `staff:${person.id}` === actor.id ? null : (
                <PostForm to={`${BACK}/personen/${person.id}/entziehen`} kanal={channel.slug}>
                  <Ask
                    danger
                    label="Entziehen"
                    question={`Den Zugang von ${person.name ?? person.email} sofort entziehen?`}
                  >
                    <Button danger>Ja, entziehen</Button>
                  </Ask>
                </PostForm>
              ),
            ])}
          />
        </Section>
        <Section title="Person einladen" id="einladen">
          <Note>Auch für ein neues Recht oder einen verlorenen Zugang. Der Link gilt einmal und zwei Tage lang.</Note>
          <PostForm to={`${BACK}/personen`} kanal={channel.slug} class="form">
            <TextField
              name="email"
              label="E-Mail-Adresse"
              type="email"
              value={typed.email}
              error={error && problemAt(error.problems, 'email')}
              required
            />
            <RoleChoices name="recht" of={['editor', 'approver', 'admin']} chosen={typed.recht} />
            {scope('kanalrecht', 'Gilt für')}
            <Button look="primary" icon="add">
              Link erzeugen
            </Button>
          </PostForm>
        </Section>
        <Section title="Schlüssel für Programme" id="schluessel">
          {keys.length === 0 ? (
            <Empty>Noch kein Schlüssel.</Empty>
          ) : (
            <Table
              caption="Schlüssel"
              head={['Name', 'Recht', 'Für', 'Angelegt', 'Benutzt', '']}
              rows={keys.map(({ id, name, role, channel: slug, createdAt, lastUsedAt, revokedAt }) => [
                name,
                roles[role][0],
                townOf(slug),
                day(createdAt, zone),
                lastUsedAt ? dateTime(lastUsedAt, zone) : 'noch nie',
                revokedAt ? (
                  <Badge tone="danger">Beendet</Badge>
                ) : (
                  <PostForm to={`${BACK}/schluessel/${id}/beenden`} kanal={channel.slug}>
                    <Ask danger label="Beenden" question={`Den Schlüssel „${name}“ sofort beenden?`}>
                      <Button danger>Ja, beenden</Button>
                    </Ask>
                  </PostForm>
                ),
              ])}
            />
          )}
          <PostForm to={`${BACK}/schluessel`} kanal={channel.slug} class="form">
            <TextField
              name="name"
              label="Wofür ist der Schlüssel?"
              hint="Zum Beispiel: Posteingang im Bürgermeisterbüro"
              value={typed.name}
              error={error && problemAt(error.problems, 'name')}
              required
            />
            <RoleChoices name="schluesselrecht" of={ROLES} chosen={typed.schluesselrecht ?? 'inbox'} />
            {scope('schluesselkanal', 'Der Schlüssel gilt für')}
            <Button icon="add">Schlüssel anlegen</Button>
          </PostForm>
        </Section>
      </>,
    )
  }

  const scopeOf = (c: OfficeContext, asked: string | undefined): string | null => {
    const { actor, channel } = c.get('office')
    return actor.channel === null && asked === '*' ? null : channel.slug
  }

  /** Shows what was made, or why it was not. */
  const once = async (c: OfficeContext, form: Record<string, string>, make: () => Promise<Shown['secret']>) => {
    try {
      return await show(c, { secret: await make() })
    } catch (error) {
      if (error instanceof Refusal) return show(c, { error, typed: form })
      throw error
    }
  }

  return new Hono<OfficeEnv>()
    .get('/zugaenge', only('access.grant'), (c) => show(c))
    .post('/zugaenge/personen', only('access.grant'), async (c) => {
      const form = await formOf(c)
      return once(c, form, async () => {
        const role = roleOf(form.recht, ['editor', 'approver', 'admin'])
        const person = { email: form.email ?? '', role, channel: scopeOf(c, form.kanalrecht) }
        const { token } = await inDeed(runtime, (deed) => auth.invite(deed, c.get('office').actor, person))
        return {
          title: 'Der Link ist fertig',
          text: `Bitte geben Sie ihn ${person.email} auf sicherem Weg. Er wird nur jetzt angezeigt.`,
          value: signInUrl(runtime.settings.publicUrl, token),
        }
      })
    })
    .post('/zugaenge/personen/:id/entziehen', only('access.grant'), (c) =>
      act(c, runtime, BACK, 'Der Zugang ist entzogen.', (deed, { actor }) =>
        disableStaff(deed, actor, c.req.param('id')),
      ),
    )
    .post('/zugaenge/schluessel', only('access.grant'), async (c) => {
      const form = await formOf(c)
      return once(c, form, async () => {
        const name = form.name?.trim() ?? ''
        if (name === '' || name.length > 100)
          throw new Refusal('invalid-input', [{ field: 'name', message: 'Bitte geben Sie dem Schlüssel einen Namen.' }])
        const role = roleOf(form.schluesselrecht, ROLES)
        const wanted = { name, role, channel: scopeOf(c, form.schluesselkanal) }
        const { key } = await inDeed(runtime, (deed) => createKey(deed, c.get('office').actor, wanted))
        return { title: 'Der Schlüssel ist angelegt', text: 'Er wird nur jetzt angezeigt.', value: key }
      })
    })
    .post('/zugaenge/schluessel/:id/beenden', only('access.grant'), (c) =>
      act(c, runtime, BACK, 'Der Schlüssel gilt nicht mehr.', (deed, { actor }) =>
        revokeKey(deed, actor, c.req.param('id')),
      ),
    )
}

function roleOf<R extends Role>(asked: string | undefined, possible: readonly R[]): R {
  const role = possible.find((one) => one === asked)
  if (role) return role
  throw new Refusal('invalid-input', [{ field: 'recht', message: 'Bitte wählen Sie ein Recht.' }])
}

const RoleChoices = ({ name, of, chosen }: { name: string; of: readonly Role[]; chosen?: string }) => (
  <Choices
    name={name}
    legend="Recht"
    single
    choices={of.map((role) => ({
      value: role,
      label: roles[role][0],
      hint: roles[role][1],
      checked: role === (chosen ?? of[0]),
    }))}
  />
)
