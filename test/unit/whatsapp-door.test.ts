import { createServer, request as httpRequest, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { MAX_BYTES, receiveRaw, type WebhookDoor, webhookRoutes } from '../../src/http/whatsapp-webhook.ts'
import { openLog } from '../../src/log.ts'
import { signatureOf } from '../../src/whatsapp/signature.ts'
import type { WhatsappEvent } from '../../src/whatsapp/webhook-events.ts'

const AWAY = new Error('away')
let taken: WhatsappEvent[]
let failing: Error | null
let counted: string[]
let server: Server
let door: WebhookDoor

beforeEach(async () => {
  taken = []
  counted = []
  failing = null
  door = {
    appSecrets: ['new-secret', 'old-secret'],
    verifyToken: 'verify-token',
    intake: {
      take: async (events) => {
        if (failing) throw failing
        taken.push(...events)
      },
    },
    log: openLog('silent'),
    isDatabaseAway: (error) => error === AWAY,
    count: (what) => counted.push(what),
  }
  server = createServer((request, response) => receiveRaw(door, request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterEach(() => new Promise((resolve) => server.close(resolve).closeAllConnections()))

const BODY = JSON.stringify({
  object: 'whatsapp_business_account',
  entry: [{ id: '1', changes: [{ field: 'x', value: {} }] }],
})

/** Posts these chunks to Node's own server; answers with the status code, or 0 if the connection was closed without one. */
function post(chunks: (string | Buffer)[], headers: Record<string, string> = {}): Promise<number> {
  const { port } = server.address() as AddressInfo
  return new Promise((resolve) => {
    const request = httpRequest(
      { port, host: '127.0.0.1', method: 'POST', path: '/webhooks/whatsapp', headers },
      (answer) => {
        answer.resume()
        resolve(answer.statusCode!)
      },
    )
    request.on('error', () => resolve(0))
    for (const chunk of chunks) request.write(chunk)
    request.end()
  })
}
const signed = (body: string, secret = 'new-secret') => ({ 'x-hub-signature-256': signatureOf(body, secret) })

test.each([
  ['signed with the new secret', () => post([BODY], signed(BODY)), 200, 'ok'],
  [
    'signed with the old secret, in pieces',
    () => post([BODY.slice(0, 20), BODY.slice(20)], signed(BODY, 'old-secret')),
    200,
    'ok',
  ],
  ['signed with another secret', () => post([BODY], signed(BODY, 'guessed')), 401, 'bad-signature'],
  ['not signed', () => post([BODY]), 401, 'bad-signature'],
  ['signed, but changed', () => post([`${BODY} `], signed(BODY)), 401, 'bad-signature'],
  ['signed, but no JSON', () => post(['{'], signed('{')), 200, 'not-json'],
  ['announced as too large', () => post([], { 'content-length': String(MAX_BYTES + 1) }), 413, 'too-large'],
])('a body %s', async (_, ask, status, what) => {
  expect(await ask()).toBe(status)
  expect(counted).toEqual([what])
  expect(taken.length).toBe(what === 'ok' ? 1 : 0)
})

test('a body that grows too large without having said so is refused while it comes', async () => {
  const chunk = Buffer.alloc(1 << 20, 'x')
  expect([413, 0]).toContain(await post([chunk, chunk, chunk, chunk], { 'transfer-encoding': 'chunked' }))
  expect(counted).toEqual(['too-large'])
})

test('the largest body that Meta sends is taken', async () => {
  const words = 'x'.repeat(MAX_BYTES - 200)
  const body = JSON.stringify({ object: 'whatsapp_business_account', entry: [], words })
  expect(await post([body], signed(body))).toBe(200)
})

test.each([
  ['is away', AWAY, 503, 'away'],
  ['holds a surprise', new TypeError('a bug'), 500, 'failed'],
])('when what is behind %s, Meta is asked to repeat', async (_, error, status, what) => {
  failing = error
  expect(await post([BODY], signed(BODY))).toBe(status)
  expect(counted).toEqual([what])
})

test.each([
  ['?hub.mode=subscribe&hub.verify_token=verify-token&hub.challenge=00123', 200, '00123'],
  ['?hub.mode=subscribe&hub.verify_token=guessed&hub.challenge=1', 403, ''],
  ['?hub.mode=unsubscribe&hub.verify_token=verify-token&hub.challenge=1', 403, ''],
  ['', 403, ''],
])('the check of the address with "%s"', async (query, status, text) => {
  const answer = await webhookRoutes(door).request(`/webhooks/whatsapp${query}`)
  expect(answer.status).toBe(status)
  expect(await answer.text()).toBe(text)
})
