import type { MiddlewareHandler } from 'hono'
import { createMiddleware } from 'hono/factory'
import { actorOfKey } from '../access/keys.ts'
import { type Action, may, reaches } from '../access/permissions.ts'
import { readSessionCookie } from '../access/session-cookie.ts'
import type { StaffAuth } from '../access/staff-auth.ts'
import type { Actor } from '../audit/audit.ts'
import { Refusal } from '../refusal.ts'
import type { Runtime } from '../runtime.ts'
import { answerProblem, problemDocument } from './problem.ts'

/** What the routes of the API find in their context. */
export type ApiEnv = { Variables: { actor: Actor } }

/** Who asks: the holder of an API key or of the console's session. Everybody else gets 401. A key given is the key that counts. */
export const signedIn = (runtime: Runtime, auth: StaffAuth) =>
  createMiddleware<ApiEnv>(async (c, next) => {
    const { db, now, settings } = runtime
    if (c.get('actor') !== undefined) return next() // by a signed link
    const given = c.req.header('authorization')
    if (given !== undefined) {
      const [, key] = /^Bearer +(\S+) *$/i.exec(given) ?? []
      const actor = key === undefined ? null : await actorOfKey(db, key, now())
      if (!actor) throw new Refusal('not-signed-in')
      c.set('actor', actor)
      return next()
    }
    const token = readSessionCookie(settings.publicUrl, c.req.header('cookie'))
    const actor = token === null ? null : await auth.whoIs(db, token, now())
    if (!actor) throw new Refusal('not-signed-in')
    if (!isSafe(c.req.method) && !isOwnPage(c.req.raw.headers, settings.publicUrl))
      return answerProblem(problemDocument('foreign-origin'))
    c.set('actor', actor)
    return next()
  })

const isSafe = (method: string) => method === 'GET' || method === 'HEAD' || method === 'OPTIONS'

/** A browser sends the cookie along with requests of foreign pages, but tells whose page it is. Who tells nothing is refused. */
export function isOwnPage(headers: Headers, publicUrl: string): boolean {
  const site = headers.get('sec-fetch-site')
  if (site !== null) return site === 'same-origin'
  const origin = headers.get('origin')
  return origin !== null && origin === new URL(publicUrl).origin
}

/** Only for roles that may do this: 403 `role-too-low` otherwise. */
export const allow = (action: Action): MiddlewareHandler<ApiEnv> =>
  createMiddleware<ApiEnv>(async (c, next) => {
    if (!may(c.get('actor').role, action)) throw new Refusal('role-too-low')
    await next()
  })

/** For `/channels/:channel…`: 403 for a channel out of reach, be it there or not; 404 for one that is not there. */
export const withinReach = ({ channels }: Pick<Runtime, 'channels'>): MiddlewareHandler<ApiEnv> =>
  createMiddleware<ApiEnv>(async (c, next) => {
    const slug = c.req.param('channel') ?? ''
    if (!reaches(c.get('actor'), slug)) throw new Refusal('wrong-channel')
    if (!channels.has(slug)) throw new Refusal('not-found')
    await next()
  })
