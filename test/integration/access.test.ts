import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { actorOfKey, createKey, listKeys, revokeKey } from '../../src/access/keys.ts'
import { answerBefore, forgetAnswers, keepAnswer } from '../../src/access/repeats.ts'
import { LONGEST_SESSION_MS } from '../../src/access/sessions.ts'
import { disableStaff } from '../../src/access/staff.ts'
import { linkAuth } from '../../src/access/staff-auth.ts'
import { type Actor, COMMAND } from '../../src/audit/audit.ts'
import { openTestRuntime, type TestRuntime } from '../support/runtime.ts'

const HOUR = 3_600_000
const ADMIN_OF_ARNSBERG: Actor = { id: 'staff:x', name: 'Dora', role: 'admin', channel: 'arnsberg' }
let runtime: TestRuntime
beforeAll(async () => {
  runtime = await openTestRuntime()
})
afterAll(() => runtime.close())

const dump = async (table: string) => JSON.stringify(await runtime.sql`select t::text from ${runtime.sql(table)} t`)
const actions = async () => (await runtime.sql`select action from audit order by id`).map(({ action }) => action)

describe('API keys', () => {
  const create = (role: 'editor' | 'admin' = 'editor', channel: string | null = 'arnsberg', by: Actor = COMMAND) =>
    runtime.act((deed) => createKey(deed, by, { name: 'Redaktion', role, channel }))
  const holder = (key: string) => actorOfKey(runtime.db, key, runtime.now())

  test('a key opens for its role and channel, and the database does not know it', async () => {
    const { id, key } = await create()
    expect(key).toMatch(/^wu_[\w-]{43}$/)
    expect(await holder(key)).toEqual({ id: `key:${id}`, name: 'Redaktion', role: 'editor', channel: 'arnsberg' })
    expect(await dump('api_keys')).not.toContain(key.slice(3))
    expect((await create()).key).not.toBe(key)
    expect(await actions()).toContain('key.created')
  })

  test.each(['', 'wu_', 'wu_x', 'x'])('%j is nobody’s key', async (key) => expect(await holder(key)).toBeNull())

  test('its use is noted once a minute at the most', async () => {
    const { id, key } = await create()
    const used = async () => {
      await holder(key)
      const [row] = await runtime.sql`select last_used_at from api_keys where id = ${id}`
      return row!.last_used_at.getTime()
    }
    const first = await used()
    expect(first).toBe(runtime.now().getTime())
    runtime.pass(59_000)
    expect(await used()).toBe(first)
    runtime.pass(1_000)
    expect(await used()).toBe(first + 60_000)
  })

  test('an ended key opens nothing, and ending it twice is one entry', async () => {
    const { id, key } = await create()
    const before = (await actions()).length
    for (let i = 0; i < 2; i++) await runtime.act((deed) => revokeKey(deed, COMMAND, id))
    expect(await holder(key)).toBeNull()
    expect((await actions()).slice(before)).toEqual(['key.revoked'])
  })

  test('a town’s admin makes, sees and ends keys of that town only', async () => {
    const { id } = await create('admin', null)
    await expect(create('admin', null, ADMIN_OF_ARNSBERG)).rejects.toMatchObject({ code: 'wrong-channel' })
    await expect(create('admin', 'warstein', ADMIN_OF_ARNSBERG)).rejects.toMatchObject({ code: 'wrong-channel' })
    await expect(runtime.act((deed) => revokeKey(deed, ADMIN_OF_ARNSBERG, id))).rejects.toMatchObject({
      code: 'not-found',
    })
    const seen = await runtime.act((deed) => listKeys(deed, ADMIN_OF_ARNSBERG))
    expect(new Set(seen.map(({ channel }) => channel))).toEqual(new Set(['arnsberg']))
    expect(Object.keys(seen[0]!)).not.toContain('hash')
  })
})

describe('people of the office', () => {
  const person = { email: 'anna@arnsberg.example', role: 'editor', channel: 'arnsberg' } as const
  const invite = (change: Partial<typeof person> | object = {}, by: Actor = COMMAND) =>
    runtime.act((deed) => linkAuth.invite(deed, by, { ...person, ...change }))
  const redeem = (token: string) => runtime.act((deed) => linkAuth.redeem(deed, token))
  const holder = (token: string) => linkAuth.whoIs(runtime.db, token, runtime.now())

  test('a link opens one session, once', async () => {
    const { token } = await invite()
    const session = await redeem(token)
    expect(session!.actor).toMatchObject({ name: person.email, role: 'editor', channel: 'arnsberg' })
    expect(await holder(session!.token)).toEqual(session!.actor)
    expect(await redeem(token)).toBeNull()
    expect(await dump('sign_in_links')).not.toContain(token)
    expect(await dump('sessions')).not.toContain(session!.token)
  })

  test('a link that is older than 48 hours, replaced by a newer one, or made up opens nothing', async () => {
    const first = await invite()
    const second = await invite()
    expect(await redeem(first.token)).toBeNull()
    runtime.pass(48 * HOUR)
    expect(await redeem(second.token)).toBeNull()
    expect(await redeem('made-up')).toBeNull()
  })

  test('a session lasts twelve hours from its last use, seven days in all', async () => {
    const session = await redeem((await invite()).token)
    const openedAt = runtime.now().getTime()
    while (runtime.now().getTime() - openedAt < LONGEST_SESSION_MS - 11 * HOUR) {
      runtime.pass(11 * HOUR)
      expect(await holder(session!.token)).not.toBeNull()
    }
    runtime.pass(11 * HOUR)
    expect(await holder(session!.token)).toBeNull()
  })

  test('signing out ends it', async () => {
    const session = await redeem((await invite()).token)
    await runtime.act((deed) => linkAuth.signOut(deed, session!.token))
    expect(await holder(session!.token)).toBeNull()
    expect((await actions()).slice(-1)).toEqual(['session.ended'])
  })

  test('whoever gets another role or is shut out is out at once, and an invitation lets them in again', async () => {
    const session = await redeem((await invite()).token)
    const promoted = await invite({ email: 'ANNA@arnsberg.example', role: 'admin' })
    expect(await holder(session!.token)).toBeNull()
    const again = await redeem(promoted.token)
    expect(again!.actor).toMatchObject({ id: session!.actor.id, role: 'admin' })
    await runtime.act((deed) => disableStaff(deed, COMMAND, promoted.staffId))
    expect(await holder(again!.token)).toBeNull()
    expect(await redeem((await invite()).token)).not.toBeNull()
  })

  test('a town’s admin cannot take over somebody of another town, and nobody invites a word that is no address', async () => {
    await invite({ email: 'bernd@warstein.example', channel: 'warstein' })
    await expect(invite({ email: 'bernd@warstein.example' }, ADMIN_OF_ARNSBERG)).rejects.toMatchObject({
      code: 'wrong-channel',
    })
    await expect(invite({ email: 'Anna' })).rejects.toMatchObject({ code: 'invalid-input' })
  })

  test('the audit log names nobody by address in its details', async () => {
    expect(JSON.stringify(await runtime.sql`select detail, target from audit`)).not.toContain('@')
  })
})

describe('answers kept for repeats', () => {
  const request = { principal: 'key:1', method: 'POST', path: '/x', key: 'k', body: '{"to":"+4915112340001"}' }

  test('are given again after the deed committed, and not if it failed', async () => {
    const failing = runtime.act(async (deed) => {
      expect(await answerBefore(deed, request)).toBeNull()
      await keepAnswer(deed, request, { id: 1 })
      throw new Error('crashed before the commit')
    })
    await expect(failing).rejects.toThrow('crashed')
    await runtime.act(async (deed) => {
      expect(await answerBefore(deed, request)).toBeNull()
      await keepAnswer(deed, request, { id: 2 })
    })
    expect(await runtime.act((deed) => answerBefore(deed, request))).toEqual({ id: 2 })
    expect(await dump('idempotency')).not.toContain('15112340001')
  })

  test('are forgotten in time', async () => {
    expect(await runtime.act((deed) => forgetAnswers(deed, new Date(deed.now.getTime() + 1), 100))).toBeGreaterThan(0)
    expect(await runtime.act((deed) => answerBefore(deed, request))).toBeNull()
  })
})
