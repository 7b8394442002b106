import type { IncomingMessage, ServerResponse } from 'node:http'
import { Hono } from 'hono'
import type { Intake } from '../intake/open.ts'
import type { Logger } from '../log.ts'
import { verifySignature, verifyToken } from '../whatsapp/signature.ts'
import { parseBody, readWebhook } from '../whatsapp/webhook.ts'

/** Meta's largest body. */
export const MAX_BYTES = 3 * 1024 * 1024

export type WebhookCount = 'ok' | 'bad-signature' | 'too-large' | 'not-json' | 'away' | 'failed'

export type WebhookDoor = {
  appSecrets: readonly string[]
  verifyToken: string
  intake: Intake
  log: Logger
  isDatabaseAway: (error: unknown) => boolean
  count?: (what: WebhookCount) => void
}

/** What Meta gets for one body: 200 only when everything in it is durable. */
export async function receive(door: WebhookDoor, body: Uint8Array, signature: string | undefined): Promise<number> {
  const answer = (status: number, what: WebhookCount) => {
    door.count?.(what)
    return status
  }
  if (body.length > MAX_BYTES) return answer(413, 'too-large')
  if (!verifySignature(body, signature, door.appSecrets)) {
    door.log.warn({ bytes: body.length }, 'webhook with a wrong signature')
    return answer(401, 'bad-signature')
  }
  const json = parseBody(body)
  // Signed, yet not JSON: repeating it for days helps nobody.
  if (json === undefined) return answer(200, 'not-json')
  try {
    await door.intake.take(readWebhook(json))
    return answer(200, 'ok')
  } catch (error) {
    if (door.isDatabaseAway(error)) {
      door.log.warn({ err: error }, 'webhook not stored, Meta will repeat it')
      return answer(503, 'away')
    }
    door.log.error({ err: error }, 'webhook failed, Meta will repeat it')
    return answer(500, 'failed')
  }
}

/** The route for Meta. `serve` answers POSTs by `receiveRaw` instead, which spares the web streams: a third of the CPU. */
export function webhookRoutes(door: WebhookDoor) {
  return new Hono()
    .get('/webhooks/whatsapp', (c) => {
      const { 'hub.mode': mode, 'hub.verify_token': token, 'hub.challenge': challenge } = c.req.query()
      if (mode !== 'subscribe' || !verifyToken(token, door.verifyToken)) return c.text('', 403)
      return c.text(challenge ?? '')
    })
    .post('/webhooks/whatsapp', async (c) => {
      const declared = Number(c.req.header('content-length') ?? 0)
      if (declared > MAX_BYTES) {
        door.count?.('too-large')
        return c.body(null, 413, { connection: 'close' })
      }
      const status = await receive(door, new Uint8Array(await c.req.arrayBuffer()), c.req.header('x-hub-signature-256'))
      return c.body(null, status as 200)
    })
}

/** The same on Node's own request, counting the bytes as they come. */
export function receiveRaw(door: WebhookDoor, request: IncomingMessage, response: ServerResponse): void {
  const end = (status: number) => {
    if (response.headersSent || response.destroyed) return
    response.writeHead(status, { 'content-length': 0 }).end()
  }
  const refuse = () => {
    door.count?.('too-large')
    response.setHeader('connection', 'close')
    end(413)
    request.removeAllListeners('data')
    request.resume()
  }
  if (Number(request.headers['content-length'] ?? 0) > MAX_BYTES) {
    refuse()
    return
  }
  const chunks: Buffer[] = []
  let bytes = 0
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > MAX_BYTES) {
      refuse()
      return
    }
    chunks.push(chunk)
  })
  request.on('end', () => {
    if (bytes > MAX_BYTES) return
    const body = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
    const signature = request.headers['x-hub-signature-256']
    receive(door, body, typeof signature === 'string' ? signature : undefined).then(end, () => end(500))
  })
  request.on('error', () => response.destroy())
}
