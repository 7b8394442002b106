/** What no webhook server on Hono can beat: signature and parsing, nothing kept. Says its address on stdout. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'

const app = new Hono().post('/webhooks/whatsapp', async (c) => {
  const body = Buffer.from(await c.req.arrayBuffer())
  const claimed = Buffer.from((c.req.header('x-hub-signature-256') ?? '').slice(7), 'hex')
  const mac = createHmac('sha256', 'app-secret').update(body).digest()
  if (claimed.length !== mac.length || !timingSafeEqual(claimed, mac)) return c.body(null, 401)
  JSON.parse(body.toString())
  return c.body(null, 200)
})
const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, () => {
  process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`)
})
process.stdin.on('end', () => process.exit(0)).resume()
