import { get } from 'node:http'
import { createServer } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { request } from 'undici'
import { expect, test } from 'vitest'
import { takeEscapes } from '../support/stay-local.ts'

const settled = (work: (done: (error: Error) => void) => unknown) => new Promise<Error>((resolve) => work(resolve))

test.each([
  ['undici', () => request('http://192.0.2.1/').catch((error) => error), '192.0.2.1'],
  ['fetch', () => fetch('http://graph.facebook.com/').catch((error) => error), 'graph.facebook.com'],
  ['node:http', () => settled((done) => get('http://192.0.2.1/').on('error', done)), '192.0.2.1'],
  ['node:tls', () => settled((done) => connectTls(443, 'graph.facebook.com').on('error', done)), 'graph.facebook.com'],
])('a call by %s that leaves this machine fails, and is told even if its error is swallowed', async (_, call, host) => {
  expect(await call()).toBeInstanceOf(Error)
  expect(takeEscapes()).toEqual([host])
})

test('this machine may be called by any of its names', async () => {
  const server = createServer((socket) => socket.end('HTTP/1.1 204 No Content\r\n\r\n')).listen(0)
  const { port } = server.address() as { port: number }
  for (const host of ['localhost', '127.0.0.1', '[::1]'])
    expect((await request(`http://${host}:${port}/`)).statusCode).toBe(204)
  server.close()
  expect(takeEscapes()).toEqual([])
})
