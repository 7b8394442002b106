import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { clearStop, stopChannel } from '../../src/channels/channels.ts'
import { openMetrics } from '../../src/http/metrics.ts'
import { openLog } from '../../src/log.ts'
import { approvedTemplates } from '../support/citizens.ts'
import { openDoors, openTestRuntime, type TestRuntime, testSettings } from '../support/runtime.ts'

let runtime: TestRuntime
beforeAll(async () => {
  runtime = await openTestRuntime()
})
afterAll(() => runtime.close())

describe('/health', () => {
  const ready = async () => openDoors(runtime).ask('GET', '/health/ready')

  test('alive and ready, with each check', async () => {
    expect((await openDoors(runtime).ask('GET', '/health/live')).status).toBe(200)
    const { status, body } = await ready()
    expect([status, body]).toEqual([
      200,
      {
        status: 'ready',
        checks: {
          database: { ok: true },
          channels: { arnsberg: { ok: true }, heringen: { ok: true }, warstein: { ok: true } },
        },
      },
    ])
  })

  test('a channel whose token is refused makes it unready, one that is blocked does not', async () => {
    await runtime.act((deed) => stopChannel(deed, 'arnsberg', '190', 'token'))
    const refused = await ready()
    expect([refused.status, refused.body.checks.channels.arnsberg.problem]).toEqual([503, 'token-refused'])
    expect(JSON.stringify(refused.body)).not.toContain('token-of')
    await runtime.act((deed) => clearStop(deed, 'arnsberg'))
    await runtime.act((deed) => stopChannel(deed, 'arnsberg', '131031', 'blocked'))
    const blocked = await ready()
    expect([blocked.status, blocked.body.checks.channels.arnsberg.problem]).toEqual([200, 'stopped'])
  })
})

describe('/metrics', () => {
  const from = (remoteAddress: string) => ({ incoming: { socket: { remoteAddress } } })
  const ask = async (token: string | undefined, headers: Record<string, string>, address: string) => {
    const settings = testSettings(token === undefined ? {} : { METRICS_TOKEN: token })
    const { app } = openDoors({ ...runtime, settings })
    return app.request('/metrics', { headers }, from(address))
  }

  test.each<[string, string | undefined, Record<string, string>, string, number]>([
    ['this machine, without a token', undefined, {}, '127.0.0.1', 200],
    ['this machine by IPv6', undefined, {}, '::ffff:127.0.0.1', 200],
    ['another machine', undefined, {}, '10.0.0.7', 403],
    ['another machine behind a proxy on this one', undefined, { 'x-forwarded-for': '10.0.0.7' }, '127.0.0.1', 403],
    ['the token', 's3cret', { authorization: 'Bearer s3cret' }, '10.0.0.7', 200],
    ['another token', 's3cret', { authorization: 'Bearer s3crets' }, '10.0.0.7', 401],
    ['no token, also from this machine', 's3cret', {}, '127.0.0.1', 401],
  ])('%s', async (_, token, headers, address, status) =>
    expect((await ask(token, headers, address)).status).toBe(status),
  )

  test('shows what waits, what came in and what became of it, by words of ours', async () => {
    const metrics = openMetrics(runtime)
    metrics.webhook('ok')
    metrics.event('message', 2)
    metrics.sent('arnsberg', 'accepted')
    metrics.forwarded('arnsberg', 'delivered')
    await runtime.sql`insert into outgoing (channel, kind, not_before) values ('arnsberg', 'answer', now()), ('arnsberg', 'inbox', now())`
    const page = await metrics.page()
    for (const line of [
      'whatsup_webhooks_total{result="ok"} 1',
      'whatsup_webhook_events_total{type="message"} 2',
      'whatsup_sends_total{channel="arnsberg",verdict="accepted"} 1',
      'whatsup_inbox_posts_total{channel="arnsberg",outcome="delivered"} 1',
      'whatsup_outgoing_queued{channel="arnsberg",lane="single"} 1',
      'whatsup_outgoing_queued{channel="arnsberg",lane="inbox"} 1',
      'whatsup_broadcast_overdue_seconds 0',
    ])
      expect(page).toContain(line)
  })
})

describe('while the database is away', () => {
  test('every door says so, is quick, and logs no data', async () => {
    const lines: string[] = []
    const away = await openTestRuntime({ log: openLog('debug', { write: (line) => lines.push(line) }) })
    await approvedTemplates(away, 'arnsberg')
    const { ask } = openDoors(away)
    await away.close()
    const began = performance.now()
    for (const [method, path] of [
      ['GET', '/api/v1/channels'],
      ['POST', '/api/v1/channels/arnsberg/broadcasts'],
    ] as const) {
      const { status, body, headers } = await ask(method, path, {
        key: 'wu_whatever',
        ...(method === 'POST' ? { body: {} } : {}),
      })
      expect([status, body.code, headers.get('retry-after')]).toEqual([503, 'database-away', '5'])
    }
    const { status, body } = await ask('GET', '/health/ready')
    expect([status, body.checks.database.ok]).toEqual([503, false])
    expect((await ask('GET', '/health/live')).status).toBe(200)
    expect(performance.now() - began).toBeLessThan(3000)
    expect(lines.join('')).toContain('database-away')
    expect(lines.join('')).not.toMatch(/wu_whatever|select|postgres:\/\//)
  })
})

test('a bug is a 500 of which nothing is told', async () => {
  const lines: string[] = []
  const broken = { ...runtime, log: openLog('info', { write: (line) => lines.push(line) }), channels: null as never }
  const { ask } = openDoors(broken)
  const { keyFor } = openDoors(runtime)
  const { status, body } = await ask('GET', '/api/v1/channels', { key: await keyFor('admin') })
  expect([status, body.code]).toEqual([500, 'internal-error'])
  expect(JSON.stringify(body)).not.toContain('null')
  expect(lines.join('')).toContain('TypeError')
})
