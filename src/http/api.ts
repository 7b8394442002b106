import { OpenAPIHono } from '@hono/zod-openapi'
import { Hono } from 'hono'
import { except } from 'hono/combine'
import { secureHeaders } from 'hono/secure-headers'
import { linkAuth, type StaffAuth } from '../access/staff-auth.ts'
import { Refusal } from '../refusal.ts'
import type { Runtime } from '../runtime.ts'
import { auditRoutes } from './audit.ts'
import { broadcastRoutes } from './broadcasts.ts'
import { channelRoutes } from './channels.ts'
import { chatMediaRoutes, mediaLinkHolder } from './chat-media.ts'
import { chatRoutes } from './chats.ts'
import { chatwootRoutes, keyInAddress } from './chatwoot.ts'
import { consentRoutes } from './consents.ts'
import { deadLetterRoutes } from './dead-letters.ts'
import { jsonBody } from './json-body.ts'
import { describeApi, docsPage } from './openapi.ts'
import { personRoutes } from './person.ts'
import { onError, problemsOf } from './problem.ts'
import { proofRoutes } from './proof.ts'
import { type ApiEnv, signedIn, withinReach } from './signed-in.ts'
import { subscriberRoutes } from './subscribers.ts'
import { templateRoutes } from './templates.ts'
import { isUpload } from './upload-body.ts'

/** Everything under `/api`: closed without a key or session, but for the document and its page. */
export function apiDoor(runtime: Runtime, auth: StaffAuth = linkAuth) {
  const api = new OpenAPIHono<ApiEnv>({
    defaultHook: (result) => {
      if (result.success) return
      // An id that cannot exist is not found; only what somebody fills in can be filled in wrongly.
      if (result.target === 'param') throw new Refusal('not-found')
      throw new Refusal('invalid-input', problemsOf(result.error.issues, (result as { data?: unknown }).data))
    },
  })
  api.onError(onError(runtime.log))
  api.use('/chats/:id/media/:mediaId', async (c, next) => {
    await next()
    c.res.headers.set('cross-origin-resource-policy', 'cross-origin') // the inbox shows it on a page of its own
  })
  api.use(
    secureHeaders({
      contentSecurityPolicy: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
      // The default speaks for all subdomains, which are the town's and not ours.
      strictTransportSecurity: 'max-age=15552000',
    }),
  )
  api.use(async (c, next) => {
    await next()
    c.res.headers.set('cache-control', 'no-store')
  })
  api.get('/openapi.json', (c) => c.json(document()))
  api.use('/chats/:id/media/:mediaId', mediaLinkHolder(runtime))
  api.use('/channels/:channel/chatwoot', keyInAddress(runtime))
  api.use(signedIn(runtime, auth))
  api.use('/channels/:channel', withinReach(runtime))
  api.use('/channels/:channel/*', withinReach(runtime))
  api.use(except(isUpload, jsonBody))
  for (const routes of [
    channelRoutes,
    templateRoutes,
    broadcastRoutes,
    subscriberRoutes,
    personRoutes,
    proofRoutes,
    consentRoutes,
    auditRoutes,
    chatRoutes,
    chatMediaRoutes,
    chatwootRoutes,
    deadLetterRoutes,
  ])
    api.route('/', routes(runtime))
  const document = once(() => describeApi(api, runtime))

  return new Hono().route('/v1', api).route('/docs', docsPage())
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}
