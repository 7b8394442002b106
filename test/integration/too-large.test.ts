import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openDoors, openTestRuntime, type TestRuntime } from '../support/runtime.ts'

const MEGABYTE = 2 ** 20
let runtime: TestRuntime
let port: number
let key: string
let server: ReturnType<typeof createServer>
beforeAll(async () => {
  runtime = await openTestRuntime()
  const doors = openDoors(runtime)
  key = await doors.keyFor('admin')
  server = createServer(getRequestListener(doors.app.fetch))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  port = (server.address() as AddressInfo).port
})
afterAll(async () => {
  server.close().closeAllConnections()
  await runtime.close()
})

/** Sends a head and the first bytes of a body, and nothing more; answers with all that came back until the other side closed. */
async function begins(...lines: string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  const heard: Buffer[] = []
  socket.on('data', (chunk) => heard.push(chunk))
  const head = ['POST /api/v1/channels/arnsberg/broadcasts HTTP/1.1', 'host: x', `authorization: Bearer ${key}`]
  socket.write(`${[...head, 'content-type: application/json', ...lines].join('\r\n')}\r\n\r\n`)
  return new Promise((resolve) => {
    socket.on('close', () => resolve(Buffer.concat(heard).toString()))
    socket.on('error', () => {}) // a reset after the answer is no concern of ours
    if (lines.some((line) => line.startsWith('transfer-encoding'))) {
      socket.write(`${(MEGABYTE + 1).toString(16)}\r\n${'x'.repeat(MEGABYTE + 1)}\r\n`)
    }
  })
}

test.each([
  ['that says so itself', `content-length: ${5 * MEGABYTE}`],
  ['that is found to be while it comes', 'transfer-encoding: chunked'],
])('after a body too large %s the API says 413 and closes the connection', async (_, line) => {
  const answer = await begins(line)
  expect(answer).toMatch(/^HTTP\/1\.1 413 /)
  expect(answer).toMatch(/\r\nconnection: close\r\n/i)
  expect(answer).toContain('"code":"too-large"')
})
