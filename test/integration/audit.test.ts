import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sessionCookie } from '../../src/access/session-cookie.ts'
import { linkAuth } from '../../src/access/staff-auth.ts'
import { COMMAND, record, SYSTEM } from '../../src/audit/audit.ts'
import { trailOf } from '../../src/audit/trail.ts'
import { draft } from '../../src/broadcasts/drafts.ts'
import { storeTemplates } from '../../src/channels/template-store.ts'
import { officeDoor } from '../../src/console/console.tsx'
import { listed, ROADWORKS } from '../support/newsroom.ts'
import { openDoors, openTestRuntime, type TestRuntime } from '../support/runtime.ts'

const ORIGIN = 'https://whatsup.example'
let runtime: TestRuntime
let doors: ReturnType<typeof openDoors>

beforeAll(async () => {
  runtime = await openTestRuntime()
  doors = openDoors(runtime, { office: officeDoor(runtime) })
  await runtime.sql`
    insert into audit (at, channel, actor, actor_name, action) values
      (${runtime.now()}, null, 'x', 'Who:all', 'x'), (${runtime.now()}, 'warstein', 'x', 'Who:warstein', 'x'),
      (${runtime.now()}, 'arnsberg', 'x', 'Who:arnsberg', 'x')`
})
afterAll(() => runtime.close())

const ALL = ['Who:arnsberg', 'Who:all']
const ONE = ['Who:arnsberg']

describe.each([
  ['reaches every channel also sees what belongs to none', null, ALL],
  ['reaches one channel sees that one alone', 'arnsberg', ONE],
])('an admin who %s', (_, channel, seen) => {
  let cookie: string
  beforeAll(async () => {
    const session = await runtime.act(async (deed) => {
      const email = `${channel ?? 'all'}@localhost`
      const { token } = await linkAuth.invite(deed, COMMAND, { email, role: 'admin', channel })
      return linkAuth.redeem(deed, token)
    })
    cookie = `${sessionCookie(ORIGIN).name}=${session!.token}`
  })

  test('by the API', async () => {
    const key = await doors.keyFor('admin', channel)
    const { body } = await doors.ask('GET', '/api/v1/channels/arnsberg/audit?limit=200', { key })
    const ours = body.items.filter(({ actor }: { actor: string }) => actor === 'x')
    expect(ours.map(({ actorName }: { actorName: string }) => actorName)).toEqual(seen)
    expect(ours.map(({ channel }: { channel: string | null }) => channel)).toEqual(
      ['arnsberg', null].slice(0, ours.length),
    )
  })

  test.each(['GET /office/protokoll', 'POST /office/protokoll/ausgeben'])('in the console: %s', async (route) => {
    const [method, path] = route.split(' ') as [string, string]
    const body = method === 'POST' ? new URLSearchParams({ kanal: 'arnsberg' }) : undefined
    const answer = await doors.app.request(path, { method, body, headers: { cookie, origin: ORIGIN } })
    expect(answer.status).toBe(200)
    expect((await answer.text()).match(/Who:\w+/g)).toEqual(seen)
  })
})

test('whoever reaches another channel gets nothing, whatever was asked for', async () => {
  expect(await runtime.act((deed) => trailOf(deed, { channel: 'warstein' }, 'arnsberg', { limit: 10 }))).toEqual([])
})

describe('the audit in the console is read without knowing the service', () => {
  const shownTo = async (email: string) => {
    const session = await runtime.act(async (deed) => {
      const { token } = await linkAuth.invite(deed, COMMAND, { email, role: 'admin', channel: 'arnsberg' })
      return linkAuth.redeem(deed, token)
    })
    const cookie = `${sessionCookie(ORIGIN).name}=${session!.token}`
    const answer = await doors.app.request('/office/protokoll', { headers: { cookie } })
    return (await answer.text()).replace(/<[^>]+>/g, '|').replace(/\|+/g, '|')
  }

  test('a night that deleted nothing says so, another one what', async () => {
    const night = (detail: Record<string, number>) =>
      runtime.act((deed) => record(deed, SYSTEM, { action: 'retention.run', channel: 'arnsberg', detail }))
    await night({ reachCounted: 1, recipients: 0, events: 0, chats: 0, contacts: 0 })
    await night({ reachCounted: 1, recipients: 3, events: 0, chats: 0, contacts: 0 })
    const page = await shownTo('night@localhost')
    expect(page).toContain('|Fristen: Altes gelöscht|3 Empfänger|')
    expect(page).toMatch(/\|Fristen geprüft: nichts gelöscht\|(?! ?\d)/)
    expect(page).not.toContain('0 Empfänger')
  })

  test('an invitation, another role and a new link are told apart', async () => {
    const invite = (role: 'editor' | 'approver') =>
      runtime.act((deed) => linkAuth.invite(deed, COMMAND, { email: 'cem@localhost', role, channel: 'arnsberg' }))
    await invite('editor')
    await invite('approver')
    await invite('approver')
    const page = await shownTo('told@localhost')
    expect(page).toContain('|Person eingeladen|Redaktion|')
    expect(page).toContain('|Recht einer Person geändert|Freigabe|')
    expect(page).toContain('|Neuer Link zum Anmelden|Freigabe|')
  })

  test('why somebody was looked up, and that all numbers were given out, stands there with the reason', async () => {
    const note = (action: string, detail: Record<string, unknown>) =>
      runtime.act((deed) => record(deed, COMMAND, { action, channel: 'arnsberg', detail }))
    await note('subscriber.looked-up', { by: 'phone', found: true, reason: 'Rückfrage zur Laterne' })
    await note('subscribers.export-begun', { reason: 'Umzug zum neuen Anbieter' })
    await note('person.erased', { reason: 'keyword' })
    await note('subscriber.looked-up', { by: 'phone', found: false, reason: 'Rückfrage zum Müll' })
    await note('subscribers.imported', { lines: 9, added: 2, alreadySubscribed: 4, declined: 1, bad: 2 })
    const page = await shownTo('reason@localhost')
    expect(page).toContain('|Person nachgeschlagen|Grund: Rückfrage zur Laterne|')
    expect(page).toContain('|Person nachgeschlagen|niemand gefunden, Grund: Rückfrage zum Müll|')
    expect(page).toContain('|9 Zeilen, 2 neu, 4 schon angemeldet, 1 nicht übernommen, 2 fehlerhaft|')
    expect(page).toContain('|Ausgabe der Abonnenten begonnen|Grund: Umzug zum neuen Anbieter|')
    expect(page).not.toContain('keyword')
  })

  test('a broadcast goes by its title', async () => {
    const arnsberg = runtime.channels.get('arnsberg')!
    await runtime.act((deed) => storeTemplates(deed, 'arnsberg', [listed('stadt_meldung')]))
    await runtime.act((deed) => draft(deed, { ...COMMAND, id: 'key:a' }, arnsberg, ROADWORKS))
    expect(await shownTo('title@localhost')).toMatch(
      new RegExp(`\\|Meldung geschrieben\\|\\s*${ROADWORKS.title}\\s*\\|`),
    )
  })
})
