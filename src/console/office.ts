import type { Context } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'
import { createMiddleware } from 'hono/factory'
import { type Action, may, reaches } from '../access/permissions.ts'
import { readSessionCookie } from '../access/session-cookie.ts'
import type { StaffAuth } from '../access/staff-auth.ts'
import type { Actor } from '../audit/audit.ts'
import type { Channel } from '../channels/channel.ts'
import { type Problem, Refusal } from '../refusal.ts'
import { type Deed, inDeed, type Runtime } from '../runtime.ts'

/** Who is working, on which of the channels within reach. */
export type Office = {
  actor: Actor
  channel: Channel
  channels: readonly Channel[]
  token: string
  /** Came in by a one-time link and has no password yet. */
  needsSetup: boolean
}

/** A sentence shown once, on the next page. */
export type Flash = { kind: 'success' | 'danger' | 'warning' | 'info'; text: string }

export type OfficeEnv = { Variables: { office: Office } }
export type OfficeContext = Context<OfficeEnv>

const CHANNEL_COOKIE = 'whatsup-kanal'
const FLASH_COOKIE = 'whatsup-hinweis'
const COOKIE = { path: '/office', httpOnly: true, sameSite: 'Lax' } as const

/** Lets only people of the office in; everybody else is asked to sign in and comes back to the page they wanted. */
export const insideOffice = (runtime: Runtime, auth: StaffAuth, hasTownSignIn: boolean) =>
  createMiddleware<OfficeEnv>(async (c, next) => {
    const { db, now, settings } = runtime
    const token = readSessionCookie(settings.publicUrl, c.req.header('cookie'))
    const actor = token === null ? null : await auth.whoIs(db, token, now())
    if (token === null || !actor || actor.role === 'inbox') {
      const wanted = c.req.method === 'GET' ? new URL(c.req.url) : null
      const back = wanted && wanted.pathname !== '/office' ? `?weiter=${encodeURIComponent(wanted.pathname)}` : ''
      return c.redirect(`/office/anmelden${back}`, 303)
    }
    const channels = [...runtime.channels.values()].filter((channel) => reaches(actor, channel.slug))
    const asked = c.req.query('kanal')
    // A form says for which town it was shown: another tab may have changed the choice meanwhile.
    if (asked !== undefined && !channels.some(({ slug }) => slug === asked)) throw new Refusal('wrong-channel')
    const slug = asked ?? getCookie(c, CHANNEL_COOKIE)
    const channel = channels.find((one) => one.slug === slug) ?? channels[0]
    if (!channel) throw new Refusal('wrong-channel')
    c.set('office', {
      actor,
      channel,
      channels,
      token,
      needsSetup: !hasTownSignIn && !(await auth.hasPassword(db, actor)),
    })
    return next()
  })

/** Only for people who may do this; the verb behind the page is never reached without. */
export const only = (action: Action) =>
  createMiddleware<OfficeEnv>(async (c, next) => {
    if (!may(c.get('office').actor.role, action)) throw new Refusal('role-too-low')
    await next()
  })

export const chooseChannel = (c: Context, slug: string): void => setCookie(c, CHANNEL_COOKIE, slug, COOKIE)

/** Keeps a sentence for the next page. */
export const flash = (c: Context, kind: Flash['kind'], text: string): void =>
  setCookie(c, FLASH_COOKIE, Buffer.from(JSON.stringify({ kind, text })).toString('base64url'), {
    ...COOKIE,
    maxAge: 60,
  })

const KINDS: ReadonlySet<string> = new Set(['success', 'danger', 'warning', 'info'])

/** Takes that sentence: it is not shown a second time. */
export function takeFlash(c: Context): Flash | null {
  const kept = getCookie(c, FLASH_COOKIE)
  if (!kept) return null
  setCookie(c, FLASH_COOKIE, '', { ...COOKIE, maxAge: 0 })
  try {
    const { kind, text } = JSON.parse(Buffer.from(kept, 'base64url').toString('utf8')) as Flash
    return KINDS.has(kind) && typeof text === 'string' ? { kind, text: text.slice(0, 500) } : null
  } catch {
    return null
  }
}

/** Carries out one step and goes back to a page, which says what has become of it. */
export async function act(
  c: OfficeContext,
  runtime: Runtime,
  back: string,
  done: string,
  verb: (deed: Deed, office: Office) => Promise<unknown>,
): Promise<Response> {
  try {
    await inDeed(runtime, (deed) => verb(deed, c.get('office')))
    flash(c, 'success', done)
  } catch (error) {
    if (!(error instanceof Refusal) || error.code === 'not-found' || error.code === 'role-too-low') throw error
    flash(c, 'danger', sentenceOf(error))
  }
  return c.redirect(back, 303)
}

/** The shape of a contact's id; anything else the database would not even compare. */
export const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** A refusal in words, with what is wrong in detail. */
export const sentenceOf = (refusal: Refusal): string =>
  [refusal.message, ...refusal.problems.map(({ message }) => message)].join(' ')

/** The sentence for one field, if something is wrong with it or with what is inside it. */
export const problemAt = (problems: readonly Problem[], field: string): string | undefined =>
  problems.find((problem) => problem.field === field || problem.field.startsWith(`${field}.`))?.message

/** The fields of a form; of a field that came several times, the last one. Files are left out. */
export async function formOf(c: Context): Promise<Record<string, string>> {
  const body = await c.req.parseBody()
  return Object.fromEntries(
    Object.entries(body).filter((pair): pair is [string, string] => typeof pair[1] === 'string'),
  )
}
