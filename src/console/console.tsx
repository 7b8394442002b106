import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { csrf } from 'hono/csrf'
import { HTTPException } from 'hono/http-exception'
import { secureHeaders } from 'hono/secure-headers'
import { openTownSignIn } from '../access/oidc.ts'
import { linkAuth, type StaffAuth } from '../access/staff-auth.ts'
import { isDatabaseAway } from '../db/db.ts'
import { Refusal } from '../refusal.ts'
import type { Runtime } from '../runtime.ts'
import { accountRoutes } from './account.tsx'
import { assetRoutes } from './assets.ts'
import { auditRoutes } from './audit.tsx'
import { broadcastRoutes } from './broadcasts.tsx'
import { channelRoutes } from './channel-page.tsx'
import { chatRoutes } from './chats.tsx'
import { composeRoutes } from './compose.tsx'
import { consentRoutes } from './consents.tsx'
import { importRoutes } from './import.tsx'
import { chooseChannel, formOf, insideOffice, type OfficeEnv } from './office.ts'
import { overviewRoutes } from './overview.tsx'
import { peopleRoutes } from './people.tsx'
import { posterRoutes } from './posters.tsx'
import { problemPage } from './problem-page.tsx'
import { proofRoutes } from './proof.tsx'
import { settingsRoutes } from './settings.tsx'
import { signInRoutes } from './sign-in.tsx'
import { subscriberRoutes } from './subscribers.tsx'
import { templateRoutes } from './templates.tsx'

/** Far more than the longest text that a form takes. */
const FORM_BYTES = 256 * 1024

const WITH_FILE = /\/(abonnenten\/uebernehmen|vorlagen|vorlagen\/[^/]+\/bearbeiten)$/

/** Everything under `/office`. Closed without a session, but for signing in, the static files and the accessibility statement. */
export function officeDoor(runtime: Runtime, auth: StaffAuth = linkAuth): Hono {
  const { origin } = new URL(runtime.settings.publicUrl)
  const office = new Hono<OfficeEnv>()
  office.onError((error, c) => {
    const refusal = error instanceof Refusal ? error : isDatabaseAway(error) ? new Refusal('database-away') : null
    if (refusal) return problemPage(c, refusal)
    if (error instanceof HTTPException && error.status === 403) return problemPage(c, 'foreign-origin')
    if (error instanceof HTTPException && error.status < 500) return problemPage(c, new Refusal('malformed-request'))
    runtime.log.error({ err: error, method: c.req.method, route: 'office' }, 'page failed')
    return problemPage(c, 'internal-error')
  })
  office.route('/assets', assetRoutes)
  office.use(
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        fontSrc: ["'self'"],
        // Pictures of the town's own site are shown in previews, as the citizen will see them.
        imgSrc: ["'self'", 'data:', 'https:'],
        connectSrc: ["'self'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
        baseUri: ["'none'"],
      },
      referrerPolicy: 'same-origin',
      xFrameOptions: 'DENY',
    }),
  )
  office.use(async (c, next) => {
    await next()
    if (!c.res.headers.has('cache-control')) c.res.headers.set('cache-control', 'no-store')
  })
  office.use(csrf({ origin }))
  const smallForms = bodyLimit({
    maxSize: FORM_BYTES,
    onError: () => {
      throw new Refusal('too-large')
    },
  })
  // Forms with a file have a limit of their own, behind the sign-in.
  office.use((c, next) => (WITH_FILE.test(c.req.path) ? next() : smallForms(c, next)))
  const town = openTownSignIn(runtime.settings, runtime.vault)
  office.route('/', signInRoutes(runtime, auth, town))
  office.route('/', settingsRoutes())
  office.use(insideOffice(runtime, auth, town !== null))
  office.post('/kanal-wechseln', async (c) => {
    const { wahl } = await formOf(c)
    const chosen = c.get('office').channels.find(({ slug }) => slug === wahl)
    if (!chosen) throw new Refusal('malformed-request')
    chooseChannel(c, chosen.slug)
    return c.redirect('/office', 303)
  })
  for (const routes of [
    overviewRoutes,
    composeRoutes,
    broadcastRoutes,
    templateRoutes,
    importRoutes,
    subscriberRoutes,
    proofRoutes,
    chatRoutes,
    consentRoutes,
    channelRoutes,
    posterRoutes,
    auditRoutes,
  ])
    office.route('/', routes(runtime))
  office.route('/', peopleRoutes(runtime, auth))
  office.route('/', accountRoutes(runtime, auth))
  office.all('*', (c) => {
    if (c.req.method === 'GET' && c.req.path.endsWith('/')) return c.redirect(c.req.path.replace(/\/+$/, ''), 301)
    throw new Refusal('not-found')
  })
  return office as unknown as Hono
}
