import { Hono } from 'hono'
import { raw } from 'hono/html'
import QRCode from 'qrcode'
import { SHORTEST_PASSWORD } from '../access/passwords.ts'
import { endSessionsOf } from '../access/sessions.ts'
import { staffIdOf } from '../access/sign-in.ts'
import type { StaffAuth } from '../access/staff-auth.ts'
import { newTotpSecret, totpAddress } from '../access/totp.ts'
import { type Problem, Refusal } from '../refusal.ts'
import { inDeed, type Runtime } from '../runtime.ts'
import { ErrorSummary, TextField } from './fields.tsx'
import { page } from './layout.tsx'
import { act, flash, formOf, type OfficeContext, type OfficeEnv, problemAt } from './office.ts'
import { Button, Facts, Head, Note, PostForm, Section } from './parts.tsx'
import { roles } from './texts.de.ts'

/** `/office/konto`: name, password and second factor of who is signed in. */
export function accountRoutes(runtime: Runtime, auth: StaffAuth) {
  const { vault } = runtime

  /** The secret travels sealed with the form, so that nothing is stored before the first code was right. */
  const show = async (
    c: OfficeContext,
    given: { secret?: string; name?: string; problems?: readonly Problem[] } = {},
  ) => {
    const { actor, channel, needsSetup } = c.get('office')
    const { secret = newTotpSecret(), problems = [] } = given
    const named = actor.name.includes('@') ? '' : actor.name
    const code = await QRCode.toString(totpAddress(secret, actor.name), { type: 'svg', margin: 1 })
    return page(
      c,
      { title: 'Mein Konto', status: problems.length > 0 ? 422 : 200 },
      <>
        <Head title="Mein Konto" />
        <Facts
          of={[
            ['Angemeldet als', actor.name],
            ['Recht', `${roles[actor.role][0]}: ${roles[actor.role][1]}`],
            ['Kanal', actor.channel === null ? 'alle' : channel.town],
          ]}
        />
        <Section
          title={needsSetup ? 'Passwort und zweiter Faktor' : 'Passwort und zweiten Faktor neu setzen'}
          id="passwort"
        >
          <Note>
            Danach melden Sie sich mit E-Mail-Adresse, Passwort und einem Code aus einer Authenticator-App an. Auf
            anderen Geräten werden Sie dabei abgemeldet.
          </Note>
          <ErrorSummary problems={problems.map((one) => ({ ...one, to: one.field }))} />
          <PostForm to="/office/konto" class="form">
            <input type="hidden" name="geheimnis" value={vault.seal(`${actor.id} ${secret}`)} />
            <TextField
              name="name"
              label="Ihr Name"
              value={given.name ?? named}
              error={problemAt(problems, 'name')}
              autocomplete="name"
              required
            />
            <TextField
              name="password"
              label="Neues Passwort"
              hint={`Mindestens ${SHORTEST_PASSWORD} Zeichen. Mehrere Wörter hintereinander sind gut zu merken.`}
              type="password"
              autocomplete="new-password"
              error={problemAt(problems, 'password')}
              required
            />
            <TextField
              name="repeated"
              label="Neues Passwort noch einmal"
              type="password"
              autocomplete="new-password"
              error={problemAt(problems, 'repeated')}
              required
            />
            <div>
              <p class="kern-body">Lesen Sie dieses Bild mit Ihrer Authenticator-App:</p>
              <div class="qr" role="img" aria-label="QR-Code für die Authenticator-App">
                {raw(code)}
              </div>
              <details>
                <summary>Geht nicht? Schlüssel von Hand eingeben</summary>
                <code class="secret">{secret.replace(/(.{4})/g, '$1 ').trim()}</code>
              </details>
            </div>
            <TextField
              name="code"
              label="Code aus der App"
              inputmode="numeric"
              autocomplete="one-time-code"
              error={problemAt(problems, 'code')}
              required
            />
            <Button look="primary">Speichern</Button>
          </PostForm>
        </Section>
        <Section title="Andere Geräte" id="geraete">
          <PostForm to="/office/konto/abmelden">
            <Button icon="logout">Überall sonst abmelden</Button>
          </PostForm>
        </Section>
      </>,
    )
  }

  return new Hono<OfficeEnv>()
    .get('/konto', (c) => show(c))
    .post('/konto', async (c) => {
      const { actor, token } = c.get('office')
      const form = await formOf(c)
      const secret = openSecret(form.geheimnis, actor.id)
      try {
        const wanted = {
          name: form.name ?? '',
          password: form.password ?? '',
          repeated: form.repeated ?? '',
          code: form.code ?? '',
          secret,
        }
        await inDeed(runtime, (deed) => auth.setCredentials(deed, actor, wanted, token))
        flash(c, 'success', 'Gespeichert. Ab jetzt melden Sie sich mit Passwort und Code an.')
        return c.redirect('/office', 303)
      } catch (error) {
        if (!(error instanceof Refusal) || error.problems.length === 0) throw error
        return show(c, { secret, name: form.name, problems: error.problems })
      }
    })
    .post('/konto/abmelden', (c) =>
      act(
        c,
        runtime,
        '/office/konto',
        'Auf allen anderen Geräten sind Sie abgemeldet.',
        async (deed, { actor, token }) => {
          const staffId = staffIdOf(actor)
          if (staffId) await endSessionsOf(deed, staffId, token)
        },
      ),
    )

  function openSecret(sealed: string | undefined, actorId: string): string {
    try {
      const [owner, secret] = vault.open(sealed ?? '').split(' ')
      if (owner === actorId && secret) return secret
    } catch {
      // Not sealed by us: told the same as one of somebody else.
    }
    throw new Refusal('malformed-request')
  }
}
