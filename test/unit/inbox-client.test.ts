import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text as readAll } from 'node:stream/consumers'
import { Webhook } from 'standardwebhooks'
import { afterEach, describe, expect, test } from 'vitest'
import { openInboxClient } from '../../src/inbox/client.ts'
import { type InboxEvent, inboxEvent } from '../../src/inbox/contract.ts'

const secret = `whsec_${Buffer.from('a secret of the inbox of Arnsberg').toString('base64')}`
const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function inbox(answer: (response: ServerResponse) => void) {
  const seen: { headers: IncomingHttpHeaders; body: string; url?: string }[] = []
  const server = createServer(async (request, response) => {
    seen.push({ headers: request.headers, body: await readAll(request), url: request.url })
    answer(response)
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const close = () => {
    server.closeAllConnections()
    return new Promise((closed) => server.close(closed))
  }
  closing.push(close)
  return { seen, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?town=a`, close }
}

function client(timeoutMs?: number) {
  const opened = openInboxClient({ timeoutMs })
  closing.unshift(() => opened.close())
  return opened
}

const silence = () => {}
const endless = (response: ServerResponse) => void response.writeHead(200).write('danke')

const event: InboxEvent = {
  type: 'chat.closed',
  timestamp: '2026-11-21T11:00:00+01:00',
  data: { channel: 'heringen', chat: { id: 'c1' }, erase: true },
}
const letter = (url: string) => ({ url, secret, id: 'msg_1', timestamp: new Date(), body: JSON.stringify(event) })

describe('what becomes of an event', () => {
  const cases: [sentence: string, answer: (response: ServerResponse) => void, result: object][] = [
    ['200 is delivered', (r) => r.writeHead(200).end('danke'), { verdict: 'delivered', status: 200, answer: 'danke' }],
    ['204 is delivered', (r) => r.writeHead(204).end(), { verdict: 'delivered', status: 204, answer: '' }],
    ['500 is tried again', (r) => r.writeHead(500).end(), { verdict: 'retry', status: 500, reason: 'HTTP 500' }],
    ['404 is tried again', (r) => r.writeHead(404).end(), { verdict: 'retry', status: 404 }],
    ['410 is gone for good', (r) => r.writeHead(410).end(), { verdict: 'gone', status: 410 }],
    [
      'a redirect is not followed',
      (r) => r.writeHead(307, { location: '/hook' }).end(),
      { verdict: 'retry', status: 307 },
    ],
    ['a cut connection is tried again', (r) => r.destroy(), { verdict: 'retry', reason: 'UND_ERR_SOCKET' }],
    ['silence is tried again', silence, { verdict: 'retry', reason: 'timeout' }],
    ['a 200 whose text never ends is delivered', endless, { verdict: 'delivered', answer: 'danke' }],
  ]
  test.each(cases)('%s', async (_sentence, answer, result) => {
    const receiver = await inbox(answer)
    const timeoutMs = answer === silence ? 300 : answer === endless ? 1000 : 10_000
    expect(await client(timeoutMs).post(letter(receiver.url))).toMatchObject(result)
    expect(receiver.seen).toHaveLength(1)
  })

  test('an endless answer is cut at 64 KiB', async () => {
    const receiver = await inbox((response) => {
      const pour = () => {
        while (response.writable && response.write('x'.repeat(16_384)));
      }
      response.writeHead(200).on('drain', pour)
      pour()
    })
    const { verdict, answer } = await client().post(letter(receiver.url))
    expect(verdict).toBe('delivered')
    expect(answer).toHaveLength(65_536)
  })

  test('nobody listens: tried again', async () => {
    const receiver = await inbox((response) => response.end())
    await receiver.close()
    expect(await client().post(letter(receiver.url))).toEqual({ verdict: 'retry', reason: 'ECONNREFUSED' })
  })

  test('an address or a secret that is none does not throw', async () => {
    expect(await client().post(letter('not an address'))).toMatchObject({ verdict: 'retry' })
    expect(await client().post({ ...letter('http://127.0.0.1:9/'), secret: 'whsec_%%' })).toMatchObject({
      verdict: 'retry',
    })
  })

  test('an inbox that hangs does not hold up another', async () => {
    const [hanging, quick] = [await inbox(() => {}), await inbox((response) => response.end())]
    const posting = client()
    const stuck = Array.from({ length: 64 }, () => posting.post(letter(hanging.url)))
    expect(await posting.post(letter(quick.url))).toMatchObject({ verdict: 'delivered' })
    await hanging.close()
    expect((await Promise.all(stuck)).map(({ verdict }) => verdict)).toEqual(Array(64).fill('retry'))
  })
})

describe('how an inbox knows that it was us', () => {
  test('the reference library verifies the signature', async () => {
    const receiver = await inbox((response) => response.end())
    await client().post(letter(receiver.url))
    const { headers, body, url } = receiver.seen[0]!
    expect(new Webhook(secret).verify(body, headers as Record<string, string>)).toEqual(event)
    expect(headers).toMatchObject({ 'content-type': 'application/json', 'webhook-id': 'msg_1' })
    expect(url).toBe('/hook?town=a')
  })

  test('it refuses a changed body and another secret', async () => {
    const receiver = await inbox((response) => response.end())
    await client().post(letter(receiver.url))
    const { headers, body } = receiver.seen[0]!
    const other = `whsec_${Buffer.from('somebody else').toString('base64')}`
    expect(() => new Webhook(secret).verify(`${body} `, headers as Record<string, string>)).toThrow()
    expect(() => new Webhook(other).verify(body, headers as Record<string, string>)).toThrow()
  })
})

describe('the events of the contract', () => {
  const contact = { id: 'k1', name: 'Anna', phone: null, userId: 'DE.1' }
  const chat = {
    id: 'c1',
    openedAt: '2026-11-21T10:00:00+01:00',
    replyUntil: '2026-11-22T10:00:00+01:00',
    replyUrl: 'https://stadt.example/api/v1/chats/c1/messages',
  }
  const message = { id: 'm1', at: '2026-11-21T10:00:00Z', type: 'text', text: 'Hallo', replyTo: null, media: null }
  const media = { url: 'https://stadt.example/media/1', mimeType: 'image/jpeg', sha256: 'x', filename: null }
  const timestamp = '2026-11-21T10:00:01Z'
  test.each([
    [
      'a message',
      { type: 'chat.message.received', timestamp, data: { channel: 'arnsberg', chat, contact, message } },
      true,
    ],
    [
      'a photo',
      {
        type: 'chat.message.received',
        timestamp,
        data: { channel: 'arnsberg', chat, contact, message: { ...message, type: 'image', text: null, media } },
      },
      true,
    ],
    [
      'a message without contact',
      { type: 'chat.message.received', timestamp, data: { channel: 'arnsberg', chat, message } },
      false,
    ],
    [
      'a delivery state',
      {
        type: 'chat.message.status',
        timestamp,
        data: {
          channel: 'arnsberg',
          chat: { id: 'c1' },
          message: { id: 'm2', state: 'failed', error: { code: 131047, title: 'x' } },
        },
      },
      true,
    ],
    ['a changed contact', { type: 'chat.contact.changed', timestamp, data: { channel: 'arnsberg', contact } }, true],
    ['a closed chat', event, true],
    ['a time without offset', { ...event, timestamp: '2026-11-21T11:00:00' }, false],
    ['another type', { ...event, type: 'chat.opened' }, false],
  ])('%s', (_name, candidate, valid) => expect(inboxEvent.safeParse(candidate).success).toBe(valid))
})
