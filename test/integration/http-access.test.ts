import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { revokeKey } from '../../src/access/keys.ts'
import { linkAuth } from '../../src/access/staff-auth.ts'
import { COMMAND, type Role } from '../../src/audit/audit.ts'
import { siteDoor } from '../../src/site/site.tsx'
import { type Json, openDoors, openTestRuntime, type TestRuntime } from '../support/runtime.ts'

const ROLES: readonly Role[] = ['inbox', 'editor', 'approver', 'admin']
const UNKNOWN = '00000000-0000-4000-8000-000000000000'

let runtime: TestRuntime
let doors: ReturnType<typeof openDoors>
let document: Json
const keys = new Map<string, string>()

beforeAll(async () => {
  runtime = await openTestRuntime()
  doors = openDoors(runtime)
  document = (await doors.ask('GET', '/api/v1/openapi.json')).body
  for (const role of ROLES) {
    keys.set(role, await doors.keyFor(role))
    keys.set(`${role} of arnsberg`, await doors.keyFor(role, 'arnsberg'))
  }
})
afterAll(() => runtime.close())

/** Every route of the document, addressed to a channel and to things that do not exist. */
const routes = (channel = 'arnsberg') =>
  Object.entries(document.paths as Record<string, Record<string, Json>>).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, route]) => ({
      method: method.toUpperCase(),
      path: `${path.replace('{channel}', channel).replaceAll(/\{\w+\}/g, UNKNOWN)}`,
      template: path.replace(/^\/api\/v1/, ''),
      roles: route['x-roles'] as Role[],
      route,
    })),
  )

describe('every door of the API is locked', () => {
  test('the document lists the routes of the contract', () => {
    expect(
      routes('{c}')
        .map(({ method, template }) => `${method} ${template.replace('{channel}', '{c}')}`)
        .toSorted(),
    ).toEqual(
      [
        'GET /channels',
        'GET /channels/{c}',
        'GET /channels/{c}/broadcasts',
        'GET /channels/{c}/broadcasts/{id}',
        'GET /channels/{c}/broadcasts/{id}/recipients',
        'GET /channels/{c}/audit',
        'GET /channels/{c}/consents',
        'GET /channels/{c}/dead-letters',
        'GET /channels/{c}/subscribers',
        'GET /channels/{c}/subscribers/summary',
        'GET /channels/{c}/subscribers/{id}/proof',
        'GET /channels/{c}/templates',
        'GET /chats/{id}/media/{mediaId}',
        'PATCH /channels/{c}/broadcasts/{id}',
        'DELETE /channels/{c}/broadcasts/{id}',
        'POST /channels/{c}/broadcasts',
        'POST /channels/{c}/broadcasts/{id}/approve',
        'POST /channels/{c}/broadcasts/{id}/cancel',
        'POST /channels/{c}/broadcasts/{id}/pause',
        'POST /channels/{c}/broadcasts/{id}/reject',
        'POST /channels/{c}/broadcasts/{id}/resume',
        'POST /channels/{c}/broadcasts/{id}/retry',
        'POST /channels/{c}/broadcasts/{id}/submit',
        'POST /channels/{c}/broadcasts/{id}/test',
        'POST /channels/{c}/chatwoot',
        'POST /channels/{c}/dead-letters/discard',
        'POST /channels/{c}/dead-letters/resend',
        'POST /channels/{c}/inbox/resume',
        'POST /channels/{c}/subscribers/lookup',
        'POST /channels/{c}/subscribers/{id}/proof',
        'POST /channels/{c}/subscribers/{id}/reveal',
        'POST /channels/{c}/templates/sync',
        'POST /chats/{id}/close',
        'POST /chats/{id}/messages',
        'POST /chats/{id}/read',
        'POST /chats/{id}/reopen',
      ].toSorted(),
    )
  })

  test('without a key: 401 with the way to sign in, on each of them and on what does not exist', async () => {
    for (const { method, path } of [...routes(), { method: 'GET', path: '/api/v1/nothing-here' }]) {
      const answer = await doors.ask(method, path)
      expect([method, path, answer.status, answer.body.code]).toEqual([method, path, 401, 'not-signed-in'])
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/)
      expect(answer.headers.get('content-type')).toBe('application/problem+json')
    }
  })

  test.each(['Bearer wu_wrong', 'Bearer ', 'Basic d3U6d3U=', 'wu_', 'Bearer a b', ''])(
    'with %j instead of a key: 401',
    async (authorization) => {
      expect((await doors.ask('GET', '/api/v1/channels', { headers: { authorization } })).status).toBe(401)
    },
  )

  test('every role gets exactly as far as the document says', async () => {
    for (const role of ROLES) {
      for (const { method, path, roles } of routes()) {
        const { status, body } = await doors.ask(method, path, { key: keys.get(role)! })
        const refused = status === 403 && body.code === 'role-too-low'
        expect([role, method, path, refused]).toEqual([role, method, path, !roles.includes(role)])
        expect([method, path, status]).not.toEqual([method, path, 401])
        expect(status === 500 || status === 405).toBe(false)
      }
    }
  })

  test('a key of Arnsberg gets 403 for each route of Warstein, there or not', async () => {
    for (const channel of ['warstein', 'no-such-town']) {
      for (const { method, path, template } of routes(channel)) {
        if (!template.includes('{channel}')) continue
        const { status, body } = await doors.ask(method, path, { key: keys.get('admin of arnsberg')! })
        expect([method, path, status, body.code]).toEqual([method, path, 403, 'wrong-channel'])
      }
    }
  })

  test('a town that does not exist is not found, by whoever may see all towns', async () => {
    for (const { method, path, template } of routes('no-such-town')) {
      if (!template.includes('{channel}')) continue
      const { status, body } = await doors.ask(method, path, { key: keys.get('admin')! })
      expect([method, path, status, body.code]).toEqual([method, path, 404, 'not-found'])
    }
  })

  test('the list of channels shows those within reach', async () => {
    const slugs = async (key: string) =>
      (await doors.ask('GET', '/api/v1/channels', { key })).body.items.map((channel: { slug: string }) => channel.slug)
    expect(await slugs(keys.get('editor of arnsberg')!)).toEqual(['arnsberg'])
    expect(await slugs(keys.get('editor')!)).toEqual(['arnsberg', 'heringen', 'warstein'])
  })

  test('an ended key opens nothing more', async () => {
    const key = await doors.keyFor('admin')
    expect((await doors.ask('GET', '/api/v1/channels', { key })).status).toBe(200)
    const ids = await runtime.sql`select id from api_keys where name = 'admin überall'`
    for (const { id } of ids) await runtime.act((deed) => revokeKey(deed, COMMAND, id))
    expect((await doors.ask('GET', '/api/v1/channels', { key })).status).toBe(401)
    keys.set('admin', await doors.keyFor('admin'))
  })
})

describe('the console’s session opens the API as well', () => {
  const own = { 'sec-fetch-site': 'same-origin' }
  let cookie: string
  beforeAll(async () => {
    const session = await runtime.act(async (deed) => {
      const { token } = await linkAuth.invite(deed, COMMAND, {
        email: 'anna@arnsberg.example',
        role: 'editor',
        channel: 'arnsberg',
      })
      return linkAuth.redeem(deed, token)
    })
    cookie = `theme=dark; __Host-whatsup=${session!.token}`
  })
  const ask = (method: string, path: string, headers: Record<string, string> = {}) =>
    doors.ask(method, path, { headers: { cookie, ...headers } })

  test('reading needs the cookie alone', async () => {
    expect((await ask('GET', '/api/v1/channels/arnsberg')).status).toBe(200)
    expect((await ask('GET', '/api/v1/channels/warstein')).status).toBe(403)
  })

  test('changing something needs a page of ours, because a browser sends the cookie for every page', async () => {
    const path = `/api/v1/channels/arnsberg/broadcasts/${UNKNOWN}/pause`
    expect((await ask('POST', path, own)).body.code).toBe('not-found')
    expect((await ask('POST', path, { origin: 'https://whatsup.example' })).body.code).toBe('not-found')
    const foreigners: Record<string, string>[] = [
      {},
      { origin: 'https://evil.example' },
      { 'sec-fetch-site': 'cross-site', origin: 'https://whatsup.example' },
      { 'sec-fetch-site': 'none' },
    ]
    for (const foreign of foreigners) expect((await ask('POST', path, foreign)).body.code).toBe('foreign-origin')
  })

  test('a wrong key is refused, whatever the cookie says', async () => {
    expect((await ask('GET', '/api/v1/channels', { authorization: 'Bearer wu_wrong' })).status).toBe(401)
  })

  test('twelve hours after the last use it is over', async () => {
    runtime.pass(11 * 3_600_000)
    expect((await ask('GET', '/api/v1/channels')).status).toBe(200)
    runtime.pass(11 * 3_600_000)
    expect((await ask('GET', '/api/v1/channels')).status).toBe(200)
    runtime.pass(12 * 3_600_000)
    expect((await ask('GET', '/api/v1/channels')).status).toBe(401)
  })
})

describe('the document', () => {
  test('is OpenAPI 3.1, open, and describes each route completely', () => {
    expect(document.openapi).toBe('3.1.0')
    expect(document.servers).toEqual([{ url: 'https://whatsup.example' }])
    for (const { method, template, route } of routes()) {
      const at = `${method} ${template}`
      expect([at, route.summary?.length > 0, route.tags?.length]).toEqual([at, true, 1])
      expect([at, route.security]).toEqual([at, [{ key: [] }, { session: [] }]])
      const documented = (route.parameters ?? []).filter((p: Json) => p.in === 'path').map((p: Json) => p.name)
      expect([at, documented]).toEqual([at, [...template.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)])
      const statuses = Object.keys(route.responses)
      expect([at, statuses.some((status) => status.startsWith('2')), statuses.includes('401')]).toEqual([
        at,
        true,
        true,
      ])
    }
  })

  test('refers only to what it contains', () => {
    const refs = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/(\w+)\/(\w+)"/g)]
    expect(refs.length).toBeGreaterThan(20)
    for (const [, kind, name] of refs) expect(document.components[kind!]).toHaveProperty(name!)
    expect(Object.keys(document.components.securitySchemes)).toEqual(['key', 'session'])
  })

  test('its page loads nothing from elsewhere and runs no script of the page itself', async () => {
    const page = await doors.ask('GET', '/api/docs')
    expect(page.status).toBe(200)
    expect(page.headers.get('content-security-policy')).toContain("default-src 'self'")
    expect(page.headers.get('content-security-policy')).not.toContain('unsafe')
    expect(page.body).not.toMatch(/https?:\/\/|<script>|style=/)
    for (const [, asset] of (page.body as string).matchAll(/(?:src|href)="(\/api\/docs\/[^"]+)"/g))
      expect((await doors.ask('GET', asset!)).status).toBe(200)
  })
})

const withSite = () => openDoors(runtime, { site: siteDoor(runtime) })

test.each(['/api/nothing/here', '/api', '/webhooks/nothing', '/health/nothing'])(
  'an unknown address for machines is a problem document: %s',
  async (path) => {
    const { status, headers, body } = await withSite().ask('GET', path)
    expect([status, headers.get('content-type'), body.code]).toEqual([404, 'application/problem+json', 'unknown-route'])
  },
)

test.each(['/nothing', '/nothing/here', '/arnsberg/nothing'])(
  'an unknown address for people is a page that leads back: %s',
  async (path) => {
    const { status, headers, body } = await withSite().ask('GET', path)
    expect([status, headers.get('content-type')]).toEqual([404, expect.stringContaining('text/html')])
    expect(body).toContain('Diese Seite gibt es nicht.')
    expect(body).toContain('<a href="/">Zur Startseite</a>')
    expect(headers.get('content-security-policy')).toContain("default-src 'none'")
  },
)

test('the page of a town names the words that always work', async () => {
  const { body } = await withSite().ask('GET', '/arnsberg')
  for (const word of ['STATUS', 'STOP ALLES', 'HILFE', 'AUSKUNFT', 'LÖSCHEN'])
    expect(body).toContain(`<dt>${word}</dt>`)
})
