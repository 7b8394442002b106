import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { text as readAll } from 'node:stream/consumers'
import { afterEach, describe, expect, test } from 'vitest'
import { openClient } from '../../src/whatsapp/client.ts'
import { retryAfterMs } from '../../src/whatsapp/exchange.ts'
import { dailyLimitOf } from '../../src/whatsapp/limits.ts'
import { mayHaveToken } from '../../src/whatsapp/media.ts'
import { addressed, textMessage } from '../../src/whatsapp/messages.ts'
import { serveRaw } from '../support/raw-http.ts'

type Seen = { method: string; url: string; headers: IncomingMessage['headers']; body: string }
type Answer = (seen: Seen, response: ServerResponse) => void

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

/** A server that plays Meta and keeps what it was asked. */
async function meta(answer: Answer) {
  const seen: Seen[] = []
  const server = createServer(async (request, response) => {
    const body = await readAll(request)
    const one = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body }
    seen.push(one)
    answer(one, response)
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const close = () => {
    server.closeAllConnections()
    return new Promise((closed) => server.close(closed))
  }
  closing.push(close)
  let connections = 0
  server.on('connection', () => {
    connections += 1
  })
  return {
    seen,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close,
    connections: () => connections,
  }
}

function client(baseUrl: string, options: { timeoutMs?: number; connections?: number } = {}) {
  const opened = openClient({ baseUrl, version: 'v26.0', ...options })
  closing.unshift(() => opened.close())
  return opened
}

const json = (status: number, body: unknown, headers: Record<string, string> = {}): Answer => {
  return (_seen, response) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}
const page = (status: number, headers: Record<string, string> = {}): Answer => {
  return (_seen, response) => response.writeHead(status, { 'content-type': 'text/html', ...headers }).end('<h1>Oh</h1>')
}
const silence: Answer = () => {}
const graphError = (code: number, extra: object = {}) => ({
  error: { message: `(#${code}) No`, type: 'OAuthException', code, fbtrace_id: 'x', ...extra },
})
const accepted = { messages: [{ id: 'wamid.OUT' }], contacts: [{ input: '+4915112340001', wa_id: '4915112340001' }] }
const town = { phoneNumberId: '200000000000002', businessAccountId: '100000000000001', accessToken: 'token-a' }
const hello = addressed(textMessage('Hallo'), { phone: '+4915112340001' }, 'dlv_1')

describe('what becomes of a message that is sent', () => {
  const cases: [sentence: string, answer: Answer, result: object][] = [
    ['an accepted one has its id', json(200, accepted), { verdict: 'accepted', wamid: 'wamid.OUT' }],
    [
      'one to a user id has its id, too',
      json(200, { messages: [{ id: 'w' }], contacts: [{ input: 'DE.1a', user_id: 'DE.1a' }] }),
      { verdict: 'accepted', wamid: 'w' },
    ],
    [
      'one that waits for a quality check is held',
      json(200, { messages: [{ id: 'w', message_status: 'held_for_quality_assessment' }] }),
      { verdict: 'held', wamid: 'w', messageStatus: 'held_for_quality_assessment' },
    ],
    [
      'one of a paused template is held',
      json(200, { messages: [{ id: 'w', message_status: 'paused' }] }),
      { verdict: 'held' },
    ],
    ['a 200 that says nothing leaves it open', json(200, {}), { verdict: 'unknown', sentBytes: true }],
    ['a 200 with a page leaves it open', page(200), { verdict: 'unknown', sentBytes: true }],
    [
      'a refusal keeps code, title and details',
      json(400, graphError(131009, { error_data: { details: 'Parameter value is not valid' } })),
      {
        verdict: 'payload',
        httpStatus: 400,
        error: { code: 131009, title: '(#131009) No', details: 'Parameter value is not valid' },
      },
    ],
    [
      'a code that no column holds is not kept',
      json(400, graphError(2 ** 31)),
      { verdict: 'recipient', error: expect.not.objectContaining({ code: expect.anything() }) },
    ],
    [
      'nor is half a code',
      json(400, graphError(131000.5)),
      { verdict: 'recipient', error: expect.not.objectContaining({ code: expect.anything() }) },
    ],
    ['a refused token stops the channel', json(401, graphError(190)), { verdict: 'channel' }],
    [
      'a refusal that is passing is tried again',
      json(400, graphError(999_999, { is_transient: true })),
      { verdict: 'retry' },
    ],
    ['a 500 of Meta was not accepted', json(500, graphError(131000)), { verdict: 'retry' }],
    ['a 502 page of a gateway leaves it open', page(502), { verdict: 'unknown', sentBytes: true }],
    ['a 429 tells how long to wait', page(429, { 'retry-after': '7' }), { verdict: 'slow-down', retryAfterMs: 7000 }],
    ['a redirect is not followed', page(307, { location: '/elsewhere' }), { verdict: 'payload', httpStatus: 307 }],
    [
      'a connection cut after the request leaves it open',
      (_s, r) => r.destroy(),
      { verdict: 'unknown', sentBytes: true },
    ],
    [
      'an answer that breaks off leaves it open',
      (_s, r) => {
        r.writeHead(200, { 'content-length': '500' }).write('{"mess')
        r.socket?.end()
      },
      { verdict: 'unknown', sentBytes: true },
    ],
    ['silence leaves it open', silence, { verdict: 'unknown', sentBytes: true }],
  ]
  test.each(cases)('%s', async (_sentence, answer, result) => {
    const server = await meta(answer)
    const timeoutMs = answer === silence ? 500 : 10_000
    expect(await client(server.url, { timeoutMs }).send(town, hello)).toMatchObject(result)
    expect(server.seen).toHaveLength(1) // whatever comes back, nothing is sent twice
  })

  test('it carries the token, the number and the body as they are', async () => {
    const server = await meta(json(200, accepted))
    await client(`${server.url}/graph/`).send(town, hello)
    expect(server.seen[0]).toMatchObject({
      method: 'POST',
      url: '/graph/v26.0/200000000000002/messages',
      body: hello,
      headers: { authorization: 'Bearer token-a', 'content-type': 'application/json' },
    })
  })

  test('nobody listens: it was surely not sent', async () => {
    const server = await meta(json(200, accepted))
    await server.close()
    const result = await client(server.url).send(town, hello)
    expect(result).toMatchObject({ verdict: 'not-sent', sentBytes: false, error: { title: 'ECONNREFUSED' } })
  })

  test('it says when the first byte leaves, which is after the connection is made, and not at all if none is', async () => {
    const server = await meta(json(200, accepted))
    const whatsapp = client(server.url)
    const told: string[] = []
    const sent = whatsapp.send(town, hello, undefined, () => told.push('first'))
    expect(told).toEqual([])
    await sent
    expect(told).toEqual(['first'])
    await server.close()
    await client(server.url).send(town, hello, undefined, () => told.push('second'))
    expect(told).toEqual(['first'])
  })

  test('TLS that does not come about: it was surely not sent', async () => {
    const server = await meta(json(200, accepted))
    const result = await client(server.url.replace('http:', 'https:')).send(town, hello)
    expect(result).toMatchObject({ verdict: 'not-sent', sentBytes: false })
    expect(server.seen).toHaveLength(0)
  })

  test('a closed client sends nothing', async () => {
    const server = await meta(json(200, accepted))
    const whatsapp = openClient({ baseUrl: server.url, version: 'v26.0' })
    await whatsapp.close()
    expect(await whatsapp.send(town, hello)).toMatchObject({ verdict: 'not-sent', sentBytes: false })
  })

  test('closing waits for what is under way, but not longer than allowed', async () => {
    const server = await meta(() => {})
    const whatsapp = openClient({ baseUrl: server.url, version: 'v26.0' })
    const sent = whatsapp.send(town, hello)
    await expect.poll(() => server.seen.length).toBe(1)
    await whatsapp.close(50)
    expect(await sent).toMatchObject({ verdict: 'unknown', sentBytes: true })
  })

  test('a token with a line break is refused before anything leaves', async () => {
    const server = await meta(json(200, accepted))
    const result = await client(server.url).send({ ...town, accessToken: 'a\nb' }, hello)
    expect(result).toMatchObject({ verdict: 'payload', sentBytes: false })
  })

  test('300 at once over three connections arrive once each', async () => {
    const server = await meta((seen, response) =>
      json(200, { messages: [{ id: JSON.parse(seen.body).biz_opaque_callback_data }] })(seen, response),
    )
    const whatsapp = client(server.url, { connections: 3 })
    const ids = Array.from({ length: 300 }, (_, n) => `dlv_${n}`)
    const results = await Promise.all(
      ids.map((id) => whatsapp.send(town, addressed(textMessage('Hallo'), { phone: '+4915112340001' }, id))),
    )
    expect(results.map(({ wamid }) => wamid)).toEqual(ids)
    expect(server.seen).toHaveLength(300)
  })

  test('a connection the server closes between two messages costs neither', async () => {
    const server = await meta(json(200, accepted, { connection: 'close' }))
    const whatsapp = client(server.url, { connections: 1 })
    for (let n = 0; n < 5; n++) expect(await whatsapp.send(town, hello)).toMatchObject({ verdict: 'accepted' })
    expect(server.seen).toHaveLength(5)
  })

  test('a connection the server closes right behind its answer, without a word, costs no message', async () => {
    const told = JSON.stringify(accepted)
    const server = await meta((_seen, response) =>
      response.socket?.end(`HTTP/1.1 200 OK\r\ncontent-length: ${told.length}\r\n\r\n${told}`),
    )
    const whatsapp = client(server.url)
    for (let n = 0; n < 40; n++) {
      expect(await whatsapp.send(town, hello)).toMatchObject({ verdict: 'accepted' })
      for (let turn = 0; turn < n % 4; turn++) await new Promise(setImmediate)
    }
    expect(server.seen).toHaveLength(40)
  })

  test('whatever a server does with its connections, each message has one outcome, and an answer is its own', async () => {
    const told = (id: string, more = '') => {
      const json = JSON.stringify({ messages: [{ id }] })
      return `HTTP/1.1 200 OK\r\n${more}content-length: ${json.length}\r\n\r\n${json}`
    }
    const moods: ((socket: Socket, id: string) => void)[] = [
      ...Array(6).fill((socket: Socket, id: string) => socket.write(told(id))),
      (socket, id) => socket.end(told(id)),
      (socket, id) => socket.write(told(id, 'connection: close\r\n')),
      (socket, id) => setImmediate(() => socket.end(told(id))),
      (socket, id) => {
        socket.write(told(id).slice(0, 30))
        setImmediate(() => socket.write(told(id).slice(30)))
      },
      (socket, id) => socket.write(`HTTP/1.1 100 Continue\r\n\r\n${told(id)}`),
      (socket) => socket.end(),
      (socket) => socket.resetAndDestroy(),
      (socket, id) => socket.end(told(id).slice(0, 50)),
    ]
    const seen: string[] = []
    const server = serveRaw((socket, request) => {
      const id = JSON.parse(request.slice(request.indexOf('\r\n\r\n') + 4)).biz_opaque_callback_data
      seen.push(id)
      moods[Math.floor(Math.random() * moods.length)]!(socket, id)
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    closing.push(async () => server.close())
    const whatsapp = client(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, { connections: 4 })
    const lane = async (name: number) => {
      for (let n = 0; n < 100; n++) {
        const id = `dlv_${name}_${n}`
        const { verdict, wamid } = await whatsapp.send(
          town,
          addressed(textMessage('Hallo'), { phone: '+4915112340001' }, id),
        )
        expect([verdict, wamid]).toEqual(verdict === 'accepted' ? ['accepted', id] : ['unknown', undefined])
        for (let turn = 0; turn < n % 4; turn++) await new Promise(setImmediate)
      }
    }
    await Promise.all([1, 2, 3, 4, 5, 6].map(lane))
    expect(new Set(seen).size).toBe(seen.length) // nothing is written twice
  })

  test('what may no longer start when its connection is there is not written', async () => {
    const server = await meta(json(200, accepted))
    const result = await client(server.url).send(town, hello, undefined, () => false)
    expect(result).toMatchObject({ verdict: 'not-sent', sentBytes: false })
    expect(server.seen).toHaveLength(0)
  })

  test.each([
    ['is kept for the next message', 'timeout=60', 1],
    ['that the server is about to close is not written to', 'timeout=1', 3],
  ])('a connection %s', async (_which, keepAlive, connections) => {
    const server = await meta(json(200, accepted, { connection: 'keep-alive', 'keep-alive': keepAlive }))
    const whatsapp = client(server.url)
    for (let n = 0; n < 3; n++) expect(await whatsapp.send(town, hello)).toMatchObject({ verdict: 'accepted' })
    expect(server.connections()).toBe(connections)
  })

  test('what a server says unasked answers no message', async () => {
    const raw = (wamid: string) => {
      const told = JSON.stringify({ messages: [{ id: wamid }] })
      return `HTTP/1.1 200 OK\r\ncontent-length: ${told.length}\r\n\r\n${told}`
    }
    const server = await meta((_seen, response) => response.socket?.write(raw('wamid.OUT') + raw('wamid.OF-NOBODY')))
    const whatsapp = client(server.url, { connections: 1 })
    for (let n = 0; n < 3; n++) expect(await whatsapp.send(town, hello)).toMatchObject({ wamid: 'wamid.OUT' })
  })

  test('what waited for a connection until its time was over was surely not sent', async () => {
    const answers: (() => void)[] = []
    const server = await meta((seen, response) => answers.push(() => json(200, accepted)(seen, response)))
    const whatsapp = client(server.url, { connections: 1 })
    const first = whatsapp.send(town, hello)
    const late = whatsapp.send(town, hello, performance.now())
    await expect.poll(() => answers.length).toBe(1)
    answers[0]!()
    expect(await first).toMatchObject({ verdict: 'accepted' })
    expect(await late).toMatchObject({ verdict: 'not-sent', sentBytes: false })
    expect(server.seen).toHaveLength(1)
  })

  test('what is cut off before it got a connection was surely not sent', async () => {
    const server = await meta(silence)
    const whatsapp = openClient({ baseUrl: server.url, version: 'v26.0', connections: 1 })
    const onWire = whatsapp.send(town, hello)
    const waiting = whatsapp.send(town, hello)
    await expect.poll(() => server.seen.length).toBe(1)
    await whatsapp.close(20)
    expect(await onWire).toMatchObject({ verdict: 'unknown', sentBytes: true })
    expect(await waiting).toMatchObject({ verdict: 'not-sent', sentBytes: false })
  })
})

describe('how long a Retry-After asks to wait', () => {
  const now = Date.parse('2026-11-21T10:00:00Z')
  test.each([
    ['120', 120_000],
    ['Sat, 21 Nov 2026 10:00:30 GMT', 30_000],
    ['Sat, 21 Nov 2026 09:00:00 GMT', 0],
    ['999999', 3_600_000],
    ['bald', undefined],
    [undefined, undefined],
  ])('%j → %s ms', (header, wait) => expect(retryAfterMs(header, now)).toBe(wait))
})

describe('the daily limit in all of Meta’s spellings', () => {
  test.each([
    ['TIER_50', 50],
    ['TIER_250', 250],
    ['TIER_1K', 1000],
    ['TIER_2K', 2000],
    ['TIER_10K', 10_000],
    ['TIER_100K', 100_000],
    ['TIER_7M', 7_000_000],
    ['TIER_UNLIMITED', null],
    ['TIER_NOT_SET', undefined],
    ['TIER_', undefined],
    [-1, null],
    [2000, 2000],
    ['2000', 2000],
    [undefined, undefined],
    [{}, undefined],
  ])('%j → %s', (word, limit) => expect(dailyLimitOf(word)).toBe(limit))
})

describe('templates, number and account', () => {
  const template = (n: number) => ({
    id: String(n),
    name: `t${n}`,
    language: 'de-AT',
    status: 'approved',
    category: 'UTILITY',
  })

  test('all pages of the templates are read, by cursor and never by the address Meta gives', async () => {
    const server = await meta((seen, response) => {
      const after = new URL(seen.url, 'http://x').searchParams.get('after')
      const next = 'http://192.0.2.1/stolen'
      if (after === null)
        json(200, { data: [template(1), null, {}], paging: { next, cursors: { after: 'A' } } })(seen, response)
      else if (after === 'A')
        json(200, { data: [template(2)], paging: { next, cursors: { after: 'B' } } })(seen, response)
      else json(200, { data: [template(3)], paging: { cursors: { after: 'C' } } })(seen, response)
    })
    const answer = await client(server.url).listTemplates(town)
    expect(answer).toMatchObject({ ok: true })
    if (!answer.ok) return
    expect(answer.value.map(({ name }) => name)).toEqual(['t1', 't2', 't3'])
    expect(answer.value[0]).toMatchObject({ language: 'de_AT', status: 'APPROVED', parameterFormat: 'positional' })
    expect(server.seen).toHaveLength(3)
  })

  test('a cursor that repeats itself ends the list', async () => {
    const server = await meta(json(200, { data: [template(1)], paging: { next: 'x', cursors: { after: 'A' } } }))
    expect(await client(server.url).listTemplates(town)).toMatchObject({ ok: true })
    expect(server.seen).toHaveLength(2)
  })

  test('a template Meta refuses comes back with its words for people', async () => {
    const refusal = { error_user_title: 'Variables', error_user_msg: 'Not at the end', error_data: 'x' }
    const server = await meta(json(400, graphError(2388299, refusal)))
    expect(await client(server.url).createTemplate(town, { name: 'x' })).toMatchObject({
      ok: false,
      verdict: 'payload',
      error: { code: 2388299, forPeople: 'Variables: Not at the end', details: 'x' },
    })
  })

  test('a created template has its id and state', async () => {
    const server = await meta(json(200, { id: '9', status: 'PENDING', category: 'UTILITY' }))
    const answer = await client(server.url).createTemplate(town, { name: 'x' })
    expect(answer).toEqual({ ok: true, value: { id: '9', status: 'PENDING', category: 'UTILITY' } })
    expect(server.seen[0]).toMatchObject({
      method: 'POST',
      url: '/v26.0/100000000000001/message_templates',
      body: '{"name":"x"}',
    })
  })

  test('the number tells its limit; what it does not tell stays open', async () => {
    const server = await meta(
      json(200, {
        display_phone_number: '+49 2932 201100',
        quality_rating: 'GREEN',
        status: 'CONNECTED',
        throughput: { level: 'STANDARD' },
        whatsapp_business_manager_messaging_limit: 'TIER_2K',
      }),
    )
    expect(await client(server.url).phoneNumber(town)).toEqual({
      ok: true,
      value: {
        displayPhoneNumber: '+492932201100',
        qualityRating: 'GREEN',
        status: 'CONNECTED',
        throughputLevel: 'STANDARD',
        dailyLimit: 2000,
      },
    })
    const silent = await meta(json(200, { id: '1' }))
    expect(await client(silent.url).phoneNumber(town)).toEqual({ ok: true, value: {} })
  })

  test('webhooks are subscribed; a missing right is told', async () => {
    const server = await meta(json(200, { success: true }))
    expect(await client(server.url).subscribeApp(town)).toEqual({ ok: true, value: true })
    const refusing = await meta(json(403, graphError(200)))
    expect(await client(refusing.url).subscribeApp(town)).toMatchObject({ ok: false, verdict: 'channel' })
  })

  test('a read receipt may show that we write', async () => {
    const server = await meta(json(200, { success: true }))
    expect(await client(server.url).markRead(town, 'wamid.IN', { typing: true })).toEqual({ ok: true, value: true })
    expect(JSON.parse(server.seen[0]!.body)).toEqual({
      messaging_product: 'whatsapp',
      status: 'read',
      message_id: 'wamid.IN',
      typing_indicator: { type: 'text' },
    })
  })
})

describe('media', () => {
  test('the address of a medium, its size from a text', async () => {
    const server = await meta(
      json(200, { url: 'https://lookaside.fbsbx.com/x', mime_type: 'image/jpeg', file_size: '303833' }),
    )
    expect(await client(server.url).mediaUrl(town, '900')).toEqual({
      ok: true,
      value: { url: 'https://lookaside.fbsbx.com/x', mimeType: 'image/jpeg', bytes: 303833 },
    })
  })

  test('a part of a medium is streamed with the token', async () => {
    const server = await meta((_seen, response) =>
      response
        .writeHead(206, { 'content-type': 'video/mp4', 'content-range': 'bytes 0-3/10', 'content-length': '4' })
        .end('abcd'),
    )
    const answer = await client(server.url).streamMedia(town, `${server.url}/file?id=1`, 'bytes=0-3')
    if (!answer.ok) throw new Error('expected a stream')
    expect(answer.value).toMatchObject({
      status: 206,
      contentType: 'video/mp4',
      contentRange: 'bytes 0-3/10',
      contentLength: 4,
    })
    expect(await readAll(answer.value.body)).toBe('abcd')
    expect(server.seen[0]).toMatchObject({
      url: '/file?id=1',
      headers: { authorization: 'Bearer token-a', range: 'bytes=0-3' },
    })
  })

  test('a medium that is gone says so', async () => {
    const server = await meta(page(404))
    expect(await client(server.url).streamMedia(town, `${server.url}/file`)).toMatchObject({
      ok: false,
      httpStatus: 404,
    })
  })

  test('another host is not even asked', async () => {
    const [server, stranger] = [await meta(page(200)), await meta(page(200))]
    expect(await client(server.url).streamMedia(town, `${stranger.url}/file`)).toMatchObject({ ok: false })
    expect(stranger.seen).toHaveLength(0)
  })

  const base = new URL('http://127.0.0.1:4000/graph')
  test.each([
    ['https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1', true],
    ['https://graph.facebook.com/x', true],
    ['https://mmg.whatsapp.net/x', true],
    ['http://127.0.0.1:4000/media/1', true],
    ['http://127.0.0.1:4001/media/1', false],
    ['http://lookaside.fbsbx.com/x', false],
    ['https://lookaside.fbsbx.com:8443/x', false],
    ['https://evilfbsbx.com/x', false],
    ['https://fbsbx.com.example.org/x', false],
    ['https://lookaside.fbsbx.com@example.org/x', false],
    ['https://anna@lookaside.fbsbx.com/x', false],
    ['file:///etc/passwd', false],
  ])('%s gets the token: %s', (url, allowed) => expect(mayHaveToken(new URL(url), base)).toBe(allowed))

  test('an upload is a form with product, type and file', async () => {
    const server = await meta(json(200, { id: '900000000000001' }))
    const file = { data: Buffer.from('%PDF'), mimeType: 'application/pdf', filename: 'Plan "neu"\r\n.pdf' }
    expect(await client(server.url).uploadMedia(town, file)).toEqual({ ok: true, value: { id: '900000000000001' } })
    const [seen] = server.seen
    const form = await new Response(seen!.body, {
      headers: { 'content-type': seen!.headers['content-type']! },
    }).formData()
    expect([form.get('messaging_product'), form.get('type')]).toEqual(['whatsapp', 'application/pdf'])
    const sent = form.get('file') as File
    expect([sent.name, sent.type, await sent.text()]).toEqual(['Plan _neu___.pdf', 'application/pdf', '%PDF'])
  })

  test('the example of a template goes up in a session of its own, whose id comes back as it was', async () => {
    const server = await meta((seen, response) =>
      json(200, seen.url.includes('/app/uploads?') ? { id: 'upload:MTph?sig=ARa' } : { h: '4::aW1h:ARb' })(
        seen,
        response,
      ),
    )
    const file = { data: Buffer.from('PNG!'), mimeType: 'image/png', filename: 'Markt & Fest.png' }
    expect(await client(server.url).uploadExample(town, file)).toEqual({ ok: true, value: { handle: '4::aW1h:ARb' } })
    const [session, bytes] = server.seen
    expect(session!.url).toBe('/v26.0/app/uploads?file_name=Markt+%26+Fest.png&file_length=4&file_type=image%2Fpng')
    expect(session!.headers.authorization).toBe('Bearer token-a')
    expect([bytes!.url, bytes!.body]).toEqual(['/v26.0/upload:MTph?sig=ARa', 'PNG!'])
    expect(bytes!.headers).toMatchObject({
      authorization: 'OAuth token-a',
      file_offset: '0',
      'content-type': 'image/png',
    })
  })

  test('a session whose id leads elsewhere is none', async () => {
    const server = await meta(json(200, { id: '../other?x' }))
    const file = { data: Buffer.from('PNG!'), mimeType: 'image/png', filename: 'a.png' }
    expect((await client(server.url).uploadExample(town, file)).ok).toBe(false)
    expect(server.seen).toHaveLength(1)
  })
})
