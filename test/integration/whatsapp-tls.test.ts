import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { compiledFile } from '../support/compiled.ts'

const CERTIFICATE = 'test/fixtures/tls/localhost-cert.pem'
const seen: string[] = []
const handshakes: boolean[] = []
const server = createServer(
  { key: readFileSync('test/fixtures/tls/localhost-key.pem'), cert: readFileSync(CERTIFICATE) },
  async (request, response) => {
    const body: Buffer[] = []
    for await (const chunk of request) body.push(chunk)
    seen.push(`${request.method} ${request.url} ${Buffer.concat(body)}`)
    const close = seen.length === 2 ? { connection: 'close' } : {}
    response.writeHead(200, close).end(`{"messages":[{"id":"wamid.${seen.length}"}]}`)
  },
)
server.on('secureConnection', (socket) => handshakes.push(socket.isSessionReused()))
beforeAll(() => once(server.listen(0, '127.0.0.1'), 'listening'))
beforeEach(() => {
  seen.length = 0
  handshakes.length = 0
})
afterAll(() => server.close())

/** In a process of its own: which authorities it trusts is read once, at its start. */
async function sent(host: string, env: Record<string, string>) {
  const url = `https://${host}:${(server.address() as AddressInfo).port}`
  const { stdout } = await promisify(execFile)(process.execPath, [compiledFile('test/support/send-over-tls.ts'), url], {
    env: { PATH: process.env.PATH, ...env },
  })
  return JSON.parse(stdout)
}

test('messages go over TLS on a kept connection, and a new one takes up the session of the last', async () => {
  const outcomes = await sent('localhost', { NODE_EXTRA_CA_CERTS: CERTIFICATE })
  expect(outcomes.map(({ wamid }: { wamid: string }) => wamid)).toEqual(['wamid.1', 'wamid.2', 'wamid.3'])
  expect(seen).toEqual(Array(3).fill('POST /v26.0/200000000000019/messages {"to":"+4915112340001"}'))
  expect(handshakes).toEqual([false, true])
})

test.each([
  ['that nobody vouches for', 'localhost', {}],
  ['of another name', '127.0.0.1', { NODE_EXTRA_CA_CERTS: CERTIFICATE }],
])('a server with a certificate %s gets no message, and no token', async (_which, host, env) => {
  for (const outcome of await sent(host, env)) expect(outcome).toMatchObject({ verdict: 'not-sent', sentBytes: false })
  expect(seen).toEqual([])
})
