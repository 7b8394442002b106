import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sessionCookie } from '../../src/access/session-cookie.ts'
import { linkAuth } from '../../src/access/staff-auth.ts'
import { COMMAND } from '../../src/audit/audit.ts'
import { trailOf } from '../../src/audit/trail.ts'
import { officeDoor } from '../../src/console/console.tsx'
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
