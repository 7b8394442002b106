import { type Context, Hono } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'
import type { TownSignIn } from '../access/oidc.ts'
import { clearSessionCookie, readSessionCookie, setSessionCookie } from '../access/session-cookie.ts'
import type { NewSession, StaffAuth } from '../access/staff-auth.ts'
import { Refusal } from '../refusal.ts'
import { inDeed, type Runtime } from '../runtime.ts'
import { clientAddress } from './client-address.ts'
import { TextField } from './fields.tsx'
import { publicPage } from './layout.tsx'
import { formOf } from './office.ts'
import { Alert, Button, Note, PostForm } from './parts.tsx'

const TOWN_COOKIE = 'whatsup-stadt'
const TOWN_COOKIE_OPTIONS = { path: '/office/anmelden', httpOnly: true, sameSite: 'Lax', maxAge: 600 } as const

/** `/office/anmelden`: by a one-time link, or by user name, password and code. */
export function signInRoutes(runtime: Runtime, auth: StaffAuth, town: TownSignIn | null = null) {
  const { settings, now } = runtime
  const enter = (c: Context, { token, expiresAt }: NewSession, to: string) => {
    c.header('set-cookie', setSessionCookie(settings.publicUrl, token, expiresAt, now()), { append: true })
    return c.redirect(to, 303)
  }
  const refused = (c: Context, problem: string) =>
    publicPage(c, { title: 'Anmelden', status: 403 }, <PasswordForm problem={problem} oidc={town} />)
  return new Hono()
    .get('/anmelden', async (c) => {
      const link = c.req.query('link')
      if (link !== undefined) return publicPage(c, { title: 'Anmelden' }, <LinkForm link={link} />)
      const token = readSessionCookie(settings.publicUrl, c.req.header('cookie'))
      if (token !== null && (await auth.whoIs(runtime.db, token, now()))) return c.redirect('/office', 303)
      return publicPage(c, { title: 'Anmelden' }, <PasswordForm wanted={c.req.query('weiter')} oidc={town} />)
    })
    .post('/anmelden', async (c) => {
      const form = await formOf(c)
      if (form.link !== undefined) {
        const session = await inDeed(runtime, (deed) => auth.redeem(deed, form.link!))
        if (session) return enter(c, session, '/office')
        return publicPage(c, { title: 'Anmelden', status: 403 }, <UsedLink />)
      }
      const given = {
        email: form.email ?? '',
        password: form.password ?? '',
        code: form.code ?? '',
        client: clientAddress(c),
      }
      const again = (status: 403 | 429, problem: string) =>
        publicPage(
          c,
          { title: 'Anmelden', status },
          <PasswordForm wanted={form.weiter} email={given.email} problem={problem} oidc={town} />,
        )
      try {
        const session = await inDeed(runtime, (deed) => auth.signIn(deed, given))
        if (session) return enter(c, session, ownPath(form.weiter))
        return again(403, 'E-Mail-Adresse, Passwort oder Code stimmen nicht.')
      } catch (error) {
        if (!(error instanceof Refusal) || error.code !== 'too-many-requests') throw error
        c.header('retry-after', '900')
        return again(429, 'Zu viele Versuche. Bitte warten Sie eine Viertelstunde.')
      }
    })
    .get('/anmelden/stadt', async (c) => {
      if (!town) throw new Refusal('not-found')
      try {
        const { url, kept } = await town.begin()
        setCookie(c, TOWN_COOKIE, kept, { ...TOWN_COOKIE_OPTIONS, secure: settings.publicUrl.startsWith('https:') })
        return c.redirect(url.href, 303)
      } catch (error) {
        runtime.log.warn({ err: error }, 'the town sign-in cannot be reached')
        return refused(
          c,
          'Die Anmeldung der Stadt ist gerade nicht erreichbar. Bitte versuchen Sie es gleich noch einmal.',
        )
      }
    })
    .get('/anmelden/stadt/zurueck', async (c) => {
      if (!town) throw new Refusal('not-found')
      const kept = getCookie(c, TOWN_COOKIE)
      setCookie(c, TOWN_COOKIE, '', { ...TOWN_COOKIE_OPTIONS, maxAge: 0 })
      const email = kept ? await town.finish(new URL(c.req.url), kept) : null
      if (email === null)
        return refused(c, 'Die Anmeldung der Stadt hat nicht geklappt. Bitte beginnen Sie noch einmal.')
      const session = await inDeed(runtime, (deed) => auth.signInByEmail(deed, email))
      return session
        ? enter(c, session, '/office')
        : refused(c, 'Sie haben hier noch keinen Zugang. Bitte wenden Sie sich an Ihre Verwaltung.')
    })
    .post('/abmelden', async (c) => {
      const token = readSessionCookie(settings.publicUrl, c.req.header('cookie'))
      if (token !== null) await inDeed(runtime, (deed) => auth.signOut(deed, token))
      c.header('set-cookie', clearSessionCookie(settings.publicUrl), { append: true })
      return c.redirect('/office/anmelden', 303)
    })
}

/** Only pages of the console: a link must not lead people elsewhere after they typed their password. */
export const ownPath = (path: string | undefined): string =>
  path && /^\/office(\/[\w/.-]*)?$/.test(path) ? path : '/office'

const LinkForm = ({ link }: { link: string }) => (
  <>
    <h1 class="kern-heading-large">Willkommen bei WhatsUp</h1>
    <p class="kern-body">Ihr Link gilt einmal. Mit dem Knopf melden Sie sich auf diesem Gerät an.</p>
    <PostForm to="/office/anmelden" class="form">
      <input type="hidden" name="link" value={link} />
      <Button look="primary" icon="arrow-forward">
        Jetzt anmelden
      </Button>
    </PostForm>
  </>
)

const UsedLink = () => (
  <>
    <h1 class="kern-heading-large">Anmelden</h1>
    <Alert kind="danger" title="Dieser Link gilt nicht mehr" live>
      Er wurde schon benutzt oder ist älter als zwei Tage. Bitte lassen Sie sich von Ihrer Verwaltung einen neuen
      schicken.
    </Alert>
    <p class="kern-body">
      <a class="kern-link" href="/office/anmelden">
        Mit Passwort anmelden
      </a>
    </p>
  </>
)

const PasswordForm = ({
  wanted,
  email,
  problem,
  oidc,
}: {
  wanted?: string
  email?: string
  problem?: string
  oidc: { label: string } | null
}) => (
  <>
    <h1 class="kern-heading-large">Anmelden</h1>
    {problem && (
      <Alert kind="danger" title="Anmelden nicht möglich" live>
        {problem}
      </Alert>
    )}
    {oidc && (
      <p>
        <a class="kern-btn kern-btn--primary" href="/office/anmelden/stadt">
          <span class="kern-label">{`Mit ${oidc.label} anmelden`}</span>
        </a>
      </p>
    )}
    <PostForm to="/office/anmelden" class="form">
      {wanted ? <input type="hidden" name="weiter" value={ownPath(wanted)} /> : null}
      <TextField name="email" label="E-Mail-Adresse" type="email" autocomplete="username" required value={email} />
      <TextField name="password" label="Passwort" type="password" autocomplete="current-password" required />
      <TextField
        name="code"
        label="Code aus der App"
        hint="Die sechs Ziffern, die Ihre Authenticator-App gerade anzeigt."
        autocomplete="one-time-code"
        inputmode="numeric"
        required
      />
      <Button look={oidc ? 'secondary' : 'primary'}>Anmelden</Button>
    </PostForm>
    <Note>Noch kein Passwort, oder Zugang verloren? Ihre Verwaltung schickt Ihnen einen neuen Link.</Note>
  </>
)
