import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { linkAuth } from '../../src/access/staff-auth.ts'
import { COMMAND } from '../../src/audit/audit.ts'
import { officeDoor } from '../../src/console/console.tsx'
import { type IdentityProvider, oidcEnvironment, openIdentityProvider } from '../support/identity-provider.ts'
import { openTestRuntime, type TestRuntime } from '../support/runtime.ts'

let provider: IdentityProvider
let runtime: TestRuntime
let office: ReturnType<typeof officeDoor>

beforeAll(async () => {
  provider = await openIdentityProvider()
  runtime = await openTestRuntime({ env: oidcEnvironment(provider.issuer), realClock: true })
  office = officeDoor(runtime)
  await runtime.act((deed) =>
    linkAuth.invite(deed, COMMAND, { email: 'anna@localhost', role: 'editor', channel: 'arnsberg' }),
  )
})
afterAll(async () => {
  await runtime.close()
  await provider.close()
})

const begin = async () => {
  const asked = await office.request('/anmelden/stadt')
  const cookie = asked.headers.get('set-cookie')!.split(';')[0]!
  return { question: new URL(asked.headers.get('location')!), cookie }
}
const comeBack = (answer: URL, cookie: string) =>
  office.request(`/anmelden/stadt/zurueck${answer.search}`, { headers: { cookie } })
const entered = (answer: Response) => answer.headers.getSetCookie().some((one) => /^__Host-whatsup=./.test(one))

describe('signing in through the town', () => {
  test('the button names the provider', async () => {
    expect(await (await office.request('/anmelden')).text()).toContain('Mit dem Konto der Stadt anmelden')
  })

  test('whoever the provider vouches for and has access gets in', async () => {
    provider.person = { email: 'Anna@localhost', email_verified: true }
    const { question, cookie } = await begin()
    const answer = await comeBack(provider.answer(question), cookie)
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/office'])
    expect(entered(answer)).toBe(true)
  })

  test.each([
    ['somebody without access here', { email: 'cem@localhost' }],
    ['an address that the provider does not vouch for', { email: 'anna@localhost', email_verified: false }],
  ])('%s stays out', async (_, person) => {
    provider.person = person
    const { question, cookie } = await begin()
    const answer = await comeBack(provider.answer(question), cookie)
    expect([answer.status, entered(answer)]).toEqual([403, false])
  })

  test('an answer to the question of another browser is worth nothing', async () => {
    provider.person = { email: 'anna@localhost' }
    const [one, other] = [await begin(), await begin()]
    for (const cookie of [other.cookie, 'whatsup-stadt=made-up', '']) {
      const answer = await comeBack(provider.answer(one.question), cookie)
      expect([answer.status, entered(answer)]).toEqual([403, false])
    }
  })

  test('a provider that is down is said so, and links still work', async () => {
    const away = await openTestRuntime({ env: oidcEnvironment('http://127.0.0.1:9') })
    const answer = await officeDoor(away).request('/anmelden/stadt')
    expect(answer.status).toBe(403)
    expect(await answer.text()).toContain('gerade nicht erreichbar')
    await away.close()
  })
})
