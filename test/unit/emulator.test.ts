import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'
import { signature } from '../../src/emulator/webhooks.ts'
import type { EmulatorOptions } from '../../src/emulator/world.ts'

const SECRET = 'test_app_secret'
const TOKEN = 'token-arnsberg'
const NUMBER = '200000000000002'
const WABA = '100000000000001'
const ANNA = '+4915112340001'

type Any = any
type Posted = { body: Any; raw: string; signature: string; status: number }

/** A town's service that only listens: keeps every webhook and answers what `reply` says. */
let posted: Posted[]
let reply: (n: number) => number
let service: Server
let emulator: Emulator
const folder = mkdtempSync(join(tmpdir(), 'emulator-'))
afterAll(() => rmSync(folder, { recursive: true }))
const running: Emulator[] = []

async function start(options: Partial<EmulatorOptions> = {}): Promise<Emulator> {
  const address = service.address() as AddressInfo
  emulator = await startEmulator({
    appSecret: SECRET,
    webhookUrl: `http://127.0.0.1:${address.port}/webhooks/whatsapp`,
    accounts: [
      {
        businessAccountId: WABA,
        phoneNumberId: NUMBER,
        displayPhoneNumber: '+49 2931 555000',
        name: 'Stadt Arnsberg',
        accessToken: TOKEN,
        messagesPerSecond: 1000,
      },
      {
        businessAccountId: '100000000000009',
        phoneNumberId: '200000000000009',
        displayPhoneNumber: '+49 2902 810',
        name: 'Stadt Warstein',
        accessToken: 'token-warstein',
      },
    ],
    statusDelaysMs: { sent: 1, delivered: 5, read: 10 },
    readShare: 1,
    seed: 7,
    ...options,
  })
  running.push(emulator)
  return emulator
}

beforeEach(async () => {
  posted = []
  reply = () => 200
  service = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      if (request.method === 'GET') {
        const query = new URL(request.url ?? '', 'http://localhost').searchParams
        response.writeHead(query.get('hub.verify_token') === 'right' ? 200 : 403).end(query.get('hub.challenge'))
        return
      }
      const raw = Buffer.concat(chunks).toString('latin1')
      const status = reply(posted.length)
      posted.push({ body: JSON.parse(raw), raw, signature: String(request.headers['x-hub-signature-256']), status })
      response.writeHead(status).end()
    })
  })
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve))
})

afterEach(async () => {
  for (const each of running.splice(0)) await each.stop()
  service.closeAllConnections()
  await new Promise((resolve) => service.close(resolve))
})

async function call(
  path: string,
  init: { method?: string; body?: unknown; token?: string | null; headers?: Record<string, string> } = {},
) {
  const response = await fetch(`${emulator.url}${path}`, {
    method: init.method ?? (init.body === undefined ? 'GET' : 'POST'),
    headers: {
      ...(init.token === null ? {} : { authorization: `Bearer ${init.token ?? TOKEN}` }),
      ...(init.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...init.headers,
    },
    ...(init.body === undefined ? {} : { body: JSON.stringify(init.body) }),
  })
  const text = await response.text()
  const json = response.headers.get('content-type')?.includes('json') ? JSON.parse(text) : null
  return {
    status: response.status,
    json,
    text,
    code: json?.error?.code as number | undefined,
    headers: response.headers,
  }
}
const send = (message: object, token?: string | null) =>
  call(`/v26.0/${NUMBER}/messages`, { body: { messaging_product: 'whatsapp', ...message }, token })
const text = (body = 'Hallo', more: object = {}) => ({ to: ANNA, type: 'text', text: { body }, ...more })
const statuses = () =>
  posted.flatMap(({ body }) => body.entry.flatMap((e: Any) => e.changes.flatMap((c: Any) => c.value.statuses ?? [])))

const MELDUNG = {
  name: 'stadt_meldung',
  language: 'de',
  category: 'UTILITY',
  components: [
    { type: 'HEADER', format: 'TEXT', text: 'Info: {{1}}', example: { header_text: ['Schule'] } },
    {
      type: 'BODY',
      text: 'Meldung der Stadt: {{1}} gilt ab {{2}} für alle Bürgerinnen und Bürger.',
      example: { body_text: [['Sperrung', 'Montag']] },
    },
    { type: 'FOOTER', text: 'Abbestellen mit STOP' },
    {
      type: 'BUTTONS',
      buttons: [
        { type: 'URL', text: 'Mehr', url: 'https://www.arnsberg.de/n/{{1}}', example: ['https://www.arnsberg.de/n/1'] },
        { type: 'QUICK_REPLY', text: 'Abmelden' },
      ],
    },
  ],
}
const words = (...texts: string[]) => texts.map((each) => ({ type: 'text', text: each }))
const meldung = (body: object[] = words('Sperrung', 'Montag'), more: object = {}) => ({
  to: ANNA,
  type: 'template',
  template: {
    name: 'stadt_meldung',
    language: { code: 'de' },
    components: [
      { type: 'header', parameters: words('Schule') },
      { type: 'body', parameters: body },
      { type: 'button', sub_type: 'url', index: '0', parameters: words('42') },
    ],
  },
  ...more,
})

describe('sending', () => {
  test('an accepted text walks through sent, delivered and read, each webhook signed', async () => {
    await start()
    await emulator.citizenWrites({ from: { phone: ANNA, name: 'Anna' }, message: 'START' })
    const answer = await send(text('Grüße', { biz_opaque_callback_data: 'dlv_1' }))
    expect(answer.status).toBe(200)
    expect(answer.json.contacts).toEqual([{ input: ANNA, wa_id: '4915112340001' }])
    expect(answer.json.messages[0]).toEqual({ id: expect.stringMatching(/^wamid\./) })
    await emulator.idle()
    expect(statuses().map((s: Any) => [s.status, s.id, s.biz_opaque_callback_data, s.recipient_id])).toEqual(
      ['sent', 'delivered', 'read'].map((state) => [state, answer.json.messages[0].id, 'dlv_1', '4915112340001']),
    )
    expect(statuses()[0].pricing).toEqual({
      billable: false,
      pricing_model: 'PMP',
      type: 'free_customer_service',
      category: 'service',
    })
    for (const { raw, signature: header } of posted) expect(header).toBe(signature(raw, SECRET))
  })

  test('the signature equals the vectors of the reference', () => {
    expect(signature('{"object":"whatsapp_business_account","entry":[]}', SECRET)).toBe(
      'sha256=dec6a680679a968e7e0319355b23599cbfc54502c0784668e9618baa0c633756',
    )
  })

  test('bodies are escaped as Meta escapes them', async () => {
    await start()
    await emulator.citizenWrites({ from: ANNA, message: 'Grüße a/b 😀' })
    expect(posted[0]?.raw).toContain('Gr\\u00fc\\u00dfe a\\/b \\ud83d\\ude00')
    expect(posted[0]?.body.entry[0].changes[0].value.messages[0].text.body).toBe('Grüße a/b 😀')
  })

  test.each([
    ['no token', text(), null, 401, 190],
    ['a token nobody knows', text(), 'wrong', 401, 190],
    ['the token of another number', text(), 'token-warstein', 403, 200],
    ['no recipient', { type: 'text', text: { body: 'x' } }, TOKEN, 400, 131008],
    ['a recipient that is no number', text('x', { to: '+49abc' }), TOKEN, 400, 131009],
    ['itself as recipient', text('x', { to: '+492931555000' }), TOKEN, 400, 131021],
    ['an empty text', text(''), TOKEN, 400, 131008],
    ['4,097 characters', text('x'.repeat(4097)), TOKEN, 400, 100],
    ['an unknown type', { to: ANNA, type: 'hologram', hologram: {} }, TOKEN, 400, 100],
    ['media without id or link', { to: ANNA, type: 'image', image: {} }, TOKEN, 400, 131008],
    ['a template nobody knows', meldung(words('a', 'b')), TOKEN, 404, 132001],
  ])('refuses %s', async (_what, message, token, status, code) => {
    await start()
    const answer = await send(message, token)
    expect([answer.status, answer.code]).toEqual([status, code])
    expect(answer.json.error).toMatchObject({ type: 'OAuthException', fbtrace_id: expect.any(String) })
  })

  const button = (id: string, title: string) => ({ type: 'reply', reply: { id, title } })
  const row = (id: string, title = id) => ({ id, title })
  test.each([
    [
      'four buttons',
      { type: 'button', body: { text: 'x' }, action: { buttons: ['a', 'b', 'c', 'd'].map((t) => button(t, t)) } },
    ],
    [
      'a button of 21 characters',
      { type: 'button', body: { text: 'x' }, action: { buttons: [button('a', 'x'.repeat(21))] } },
    ],
    [
      'two buttons with one id',
      { type: 'button', body: { text: 'x' }, action: { buttons: [button('a', 'x'), button('a', 'y')] } },
    ],
    [
      'eleven rows',
      {
        type: 'list',
        body: { text: 'x' },
        action: { button: 'Los', sections: [{ rows: [...'abcdefghijk'].map((c) => row(c)) }] },
      },
    ],
    [
      'a row of 25 characters',
      {
        type: 'list',
        body: { text: 'x' },
        action: { button: 'Los', sections: [{ rows: [row('a', 'x'.repeat(25))] }] },
      },
    ],
  ])('refuses %s with 131009', async (_what, interactive) => {
    await start()
    expect((await send({ to: ANNA, type: 'interactive', interactive })).code).toBe(131009)
  })

  test('a number without + gets the country code of the business number in front', async () => {
    await start()
    expect((await send(text('x', { to: '015112340001' }))).json.contacts[0].wa_id).toBe('4915112340001')
    expect((await send(text('x', { to: '4915112340001' }))).json.contacts[0].wa_id).toBe('494915112340001')
  })

  test('whoever is addressed by user id is answered by user id, and the number wins if both are given', async () => {
    await start()
    const { userId } = emulator.citizen(ANNA)
    const { to: _, ...anonymous } = text()
    expect((await send({ ...anonymous, recipient: userId })).json.contacts).toEqual([
      { input: userId, user_id: userId },
    ])
    expect((await send(text('x', { recipient: userId }))).json.contacts).toEqual([
      { input: ANNA, wa_id: '4915112340001', user_id: userId },
    ])
  })

  test.each([
    ['async', 200, 131047],
    ['sync', 400, null],
  ] as const)('free text outside the 24-hour window fails %s', async (windowClosed, status, failure) => {
    let now = Date.parse('2026-11-21T12:00:00Z')
    await start({ windowClosed, now: () => now })
    await emulator.citizenWrites({ from: ANNA, message: 'Hallo' })
    expect((await send(text())).status).toBe(200)
    await emulator.idle()
    posted = []
    now += 86_400_001
    const late = await send(text())
    expect(late.status).toBe(status)
    await emulator.idle()
    expect(statuses().map((s: Any) => s.errors[0].code)).toEqual(failure ? [failure] : [])
    expect(statuses().filter((s: Any) => 'recipient_user_id' in s)).toEqual([])
  })

  test('more than the number may send in any second is refused with 130429', async () => {
    await start()
    emulator.state.accountBy(NUMBER)!.messagesPerSecond = 5
    const codes = (await Promise.all(Array.from({ length: 8 }, () => send(text())))).map(({ code }) => code ?? 0)
    expect(codes.toSorted()).toEqual([0, 0, 0, 0, 0, 130429, 130429, 130429])
    expect(emulator.stats()).toMatchObject({
      posts: 8,
      accepted: 5,
      refused: { 130429: 3 },
      worstSecond: { [NUMBER]: 8 },
    })
  })

  test('read receipts are answered, tick the citizen and are no sends', async () => {
    await start()
    const { id } = await emulator.citizenWrites({ from: ANNA, message: 'Hallo' })
    const answer = await send({ status: 'read', message_id: id, typing_indicator: { type: 'text' } })
    expect(answer.json).toEqual({ success: true })
    expect(emulator.messagesOf(ANNA)[0]?.state).toBe('read')
    expect(emulator.stats().posts).toBe(0)
  })

  test('duplicates are counted by callback data and by content', async () => {
    await start()
    await send(text('Eins', { biz_opaque_callback_data: 'a' }))
    await send(text('Eins', { biz_opaque_callback_data: 'b' }))
    await send(text('Zwei', { biz_opaque_callback_data: 'b' }))
    expect(emulator.stats()).toMatchObject({
      accepted: 3,
      duplicatesByCallbackData: 1,
      duplicatesByContent: 1,
      recipients: 1,
    })
    expect(emulator.sends(1).map((s) => [s.index, s.callbackData, s.recipient, s.code])).toEqual([
      [1, 'b', '4915112340001', 0],
      [2, 'b', '4915112340001', 0],
    ])
    expect(emulator.sends()[0]!.at).toBeCloseTo(Date.now(), -4)
  })
})

describe('templates', () => {
  test('a submitted template is approved, announced, listed and sent', async () => {
    await start()
    const made = await call(`/v26.0/${WABA}/message_templates`, {
      body: { ...MELDUNG, parameter_format: 'positional' },
    })
    expect(made.json).toEqual({ id: expect.stringMatching(/^\d+$/), status: 'APPROVED', category: 'UTILITY' })
    await emulator.idle()
    expect(posted[0]?.body.entry[0]).toMatchObject({
      id: WABA,
      time: expect.any(Number),
      changes: [
        {
          field: 'message_template_status_update',
          value: { event: 'APPROVED', message_template_id: Number(made.json.id) },
        },
      ],
    })
    const [listed] = (await call(`/v26.0/${WABA}/message_templates?fields=name,status,parameter_format`)).json.data
    expect(listed).toEqual({
      id: made.json.id,
      name: 'stadt_meldung',
      status: 'APPROVED',
      parameter_format: 'POSITIONAL',
    })
    expect((await send(meldung())).json.messages[0].message_status).toBe('accepted')
    expect(emulator.messagesOf(ANNA)[0]).toMatchObject({
      header: 'Info: Schule',
      text: 'Meldung der Stadt: Sperrung gilt ab Montag für alle Bürgerinnen und Bürger.',
      footer: 'Abbestellen mit STOP',
      actions: [
        { kind: 'url', url: 'https://www.arnsberg.de/n/42' },
        { kind: 'quick', title: 'Abmelden' },
      ],
    })
  })

  test.each([
    ['too few parameters', meldung(words('Sperrung')), 132000],
    ['a parameter of another kind', meldung([{ type: 'image', image: { id: '1' } }, ...words('x')]), 132012],
    ['a line break', meldung(words('Eins\nZwei', 'x')), 132018],
    ['a tab', meldung(words('Eins\tZwei', 'x')), 132018],
    ['five blanks', meldung(words('Eins     Zwei', 'x')), 132018],
    ['an empty parameter', meldung(words('', 'x')), 131008],
    ['a text too long', meldung(words('x'.repeat(1000), 'x')), 132005],
  ])('refuses %s', async (_what, message, code) => {
    await start()
    await call(`/v26.0/${WABA}/message_templates`, { body: MELDUNG })
    expect((await send(message)).code).toBe(code)
  })

  test.each([
    ['PAUSED', 400, 132015],
    ['DISABLED', 400, 132016],
    ['PENDING', 404, 132001],
  ])('a %s template is refused', async (status, http, code) => {
    await start()
    await call(`/v26.0/${WABA}/message_templates`, { body: MELDUNG })
    expect(await emulator.changeTemplate('stadt_meldung', { status })).toEqual([200])
    const answer = await send(meldung())
    expect([answer.status, answer.code]).toEqual([http, code])
  })

  test('manual approval leaves it pending until Meta decides', async () => {
    await start({ templateApproval: 'manual' })
    expect((await call(`/v26.0/${WABA}/message_templates`, { body: MELDUNG })).json.status).toBe('PENDING')
    expect((await send(meldung())).code).toBe(132001)
    await emulator.changeTemplate('stadt_meldung', { status: 'APPROVED' })
    expect((await send(meldung())).status).toBe(200)
  })

  test.each([
    ['a name with capitals', { ...MELDUNG, name: 'Stadt-Meldung' }],
    ['de_DE', { ...MELDUNG, language: 'de_DE' }],
    ['no body', { ...MELDUNG, components: [{ type: 'FOOTER', text: 'x' }] }],
    [
      'a variable at the end',
      { ...MELDUNG, components: [{ type: 'BODY', text: 'Es gilt heute: {{1}}', example: { body_text: [['x']] } }] },
    ],
    [
      'a variable without example',
      { ...MELDUNG, components: [{ type: 'BODY', text: 'Es gilt heute {{1}} für alle.' }] },
    ],
    [
      'a footer of 61 characters',
      { ...MELDUNG, components: [MELDUNG.components[1], { type: 'FOOTER', text: 'x'.repeat(61) }] },
    ],
  ])('refuses %s at the desk', async (_what, body) => {
    await start()
    const answer = await call(`/v26.0/${WABA}/message_templates`, { body })
    expect([answer.status, answer.code]).toEqual([400, 100])
    expect(answer.json.error.error_user_msg).toEqual(expect.any(String))
  })

  test('lists page by page until next is missing', async () => {
    await start()
    for (const name of ['eins', 'zwei', 'drei'])
      await call(`/v26.0/${WABA}/message_templates`, { body: { ...MELDUNG, name } })
    const first = (await call(`/v26.0/${WABA}/message_templates?limit=2&fields=name`)).json
    expect(first.data.map((t: Any) => t.name)).toEqual(['eins', 'zwei'])
    const second = (await call(first.paging.next.slice(emulator.url.length))).json
    expect(second.data.map((t: Any) => t.name)).toEqual(['drei'])
    expect(second.paging).not.toHaveProperty('next')
    expect((await call(`/v26.0/${WABA}/message_templates?name=zwei&status=approved`)).json.data).toHaveLength(1)
  })

  test('a marketing template to somebody who stopped offers fails with 131050 afterwards', async () => {
    await start()
    await call(`/v26.0/${WABA}/message_templates`, { body: { ...MELDUNG, category: 'MARKETING' } })
    expect(await emulator.citizenSetsPreference({ from: ANNA, value: 'stop' })).toBe(200)
    expect((await send(meldung())).status).toBe(200)
    await emulator.idle()
    expect(statuses()[0].errors[0].code).toBe(131050)
  })
})

describe('citizens', () => {
  test('a tap on a reply button, a list row or a quick reply arrives as Meta sends it', async () => {
    await start()
    await call(`/v26.0/${WABA}/message_templates`, { body: MELDUNG })
    const buttons = await send({
      to: ANNA,
      type: 'interactive',
      interactive: {
        type: 'button',
        body: { text: 'x' },
        action: { buttons: [{ type: 'reply', reply: { id: 'sub_yes', title: 'Anmelden' } }] },
      },
    })
    await send({
      to: ANNA,
      type: 'interactive',
      interactive: {
        type: 'list',
        body: { text: 'x' },
        action: { button: 'Themen', sections: [{ rows: [{ id: 't_news', title: 'Nachrichten' }] }] },
      },
    })
    await send(meldung())
    await emulator.idle()
    posted = []
    await emulator.citizenTaps({ from: ANNA, action: 'sub_yes' })
    await emulator.citizenTaps({ from: ANNA, action: 'Nachrichten' })
    await emulator.citizenTaps({ from: ANNA, action: 'Abmelden' })
    const messages = posted.map(({ body }) => body.entry[0].changes[0].value.messages[0])
    expect(messages[0]).toMatchObject({
      type: 'interactive',
      context: { from: '492931555000', id: buttons.json.messages[0].id },
      interactive: { type: 'button_reply', button_reply: { id: 'sub_yes', title: 'Anmelden' } },
    })
    expect(messages[1].interactive).toEqual({ type: 'list_reply', list_reply: { id: 't_news', title: 'Nachrichten' } })
    expect(messages[2]).toMatchObject({ type: 'button', button: { payload: 'Abmelden', text: 'Abmelden' } })
    await expect(emulator.citizenTaps({ from: ANNA, action: 'Gibt es nicht' })).rejects.toThrow(RangeError)
  })

  test('identities: number and user id, number alone, user id alone', async () => {
    await start()
    await emulator.citizenWrites({ from: { phone: ANNA }, message: 'a' })
    await emulator.citizenWrites({ from: { phone: ANNA, userId: null }, message: 'b' })
    await emulator.citizenWrites({ from: { userId: 'DE.123', name: 'Dora', username: 'dora' }, message: 'c' })
    const [both, phone, user] = posted.map(({ body }) => body.entry[0].changes[0].value)
    expect(both.messages[0]).toMatchObject({
      from: '4915112340001',
      from_user_id: expect.stringMatching(/^DE\.\d{20}$/),
    })
    expect(phone.messages[0]).not.toHaveProperty('from_user_id')
    expect(phone.contacts[0]).not.toHaveProperty('user_id')
    expect(user.messages[0]).not.toHaveProperty('from')
    expect(user.contacts).toEqual([{ profile: { name: 'Dora', username: 'dora' }, user_id: 'DE.123' }])
  })

  test('a new number is told to every town the citizen wrote to, with both user ids', async () => {
    await start()
    await emulator.citizenWrites({ from: ANNA, message: 'a' })
    await emulator.citizenWrites({ from: ANNA, message: 'a', phoneNumberId: '200000000000009' })
    const before = emulator.citizen(ANNA).userId
    posted = []
    expect(await emulator.citizenChangesNumber({ from: ANNA, newPhone: '+4915112349999' })).toEqual([200, 200])
    const { messages } = posted[0]!.body.entry[0].changes[0].value
    expect(messages[0]).toMatchObject({
      from: '4915112340001',
      type: 'system',
      system: { type: 'user_changed_number', wa_id: '4915112349999', previous_user_id: before },
    })
    expect(emulator.citizen('+4915112349999').userId).toBe(messages[0].system.user_id)
    expect(emulator.citizen(ANNA).id).not.toBe(emulator.citizen('+4915112349999').id)
  })

  test('a photo can be fetched for five minutes, in parts, with the token only', async () => {
    let now = Date.parse('2026-11-21T12:00:00Z')
    await start({ now: () => now })
    await emulator.citizenWrites({ from: ANNA, message: { type: 'image', image: { caption: 'Schlagloch' } } })
    const { image } = posted[0]!.body.entry[0].changes[0].value.messages[0]
    expect(image).toMatchObject({ caption: 'Schlagloch', mime_type: 'image/jpeg', sha256: expect.any(String) })
    const meta = (await call(`/v26.0/${image.id}`)).json
    const path = meta.url.slice(emulator.url.length)
    expect((await call(path, { token: null })).status).toBe(401)
    expect((await call(path)).headers.get('content-length')).toBe(meta.file_size)
    const part = await call(path, { headers: { range: 'bytes=0-1' } })
    expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes 0-1/${meta.file_size}`])
    now += 301_000
    expect((await call(path)).status).toBe(404)
  })

  test('webhooks are repeated until the service answers 200', async () => {
    await start({ webhooks: { retry: { firstMs: 1, maxMs: 2 } } })
    reply = (n) => (n < 3 ? 503 : 200)
    expect(await emulator.citizenWrites({ from: ANNA, message: 'START' })).toMatchObject({ status: 503 })
    await emulator.idle()
    expect(posted.map(({ status }) => status)).toEqual([503, 503, 503, 200])
    expect(new Set(posted.map(({ raw }) => raw)).size).toBe(1)
  })

  test('Meta verifies the webhook with the token', async () => {
    await start({ verifyToken: 'right' })
    expect(await emulator.verifyWebhook()).toBe(true)
    await start({ verifyToken: 'wrong' })
    expect(await emulator.verifyWebhook()).toBe(false)
  })
})

describe('faults', () => {
  test('the next sends fail at once with any code', async () => {
    await start()
    emulator.addFault({ kind: 'error', code: 131016, next: 2 })
    const codes = [await send(text()), await send(text()), await send(text())].map(({ status, code }) => [status, code])
    expect(codes).toEqual([
      [500, 131016],
      [500, 131016],
      [200, undefined],
    ])
  })

  test('a reset takes the message but gives no answer, and its statuses still come', async () => {
    await start()
    await emulator.citizenWrites({ from: ANNA, message: 'x' })
    emulator.addFault({ kind: 'reset', next: 1 })
    await expect(send(text('x', { biz_opaque_callback_data: 'lost' }))).rejects.toThrow()
    await emulator.idle()
    expect(statuses().map((s: Any) => [s.status, s.biz_opaque_callback_data])).toContainEqual(['delivered', 'lost'])
    emulator.addFault({ kind: 'reset', next: 1, accept: false })
    await expect(send(text())).rejects.toThrow()
    expect(emulator.stats()).toMatchObject({ posts: 2, accepted: 1 })
  })

  test('a gateway answers HTML', async () => {
    await start()
    emulator.addFault({ kind: 'html502', next: 1 })
    expect(await send(text())).toMatchObject({ status: 502, json: null, text: expect.stringContaining('<html>') })
  })

  test('chosen recipients fail afterwards', async () => {
    await start()
    await call(`/v26.0/${WABA}/message_templates`, { body: MELDUNG })
    emulator.addFault({ kind: 'failed', code: 131026, recipients: ['+4915112340002'] })
    await send(meldung())
    await send(meldung(undefined, { to: '+4915112340002' }))
    await emulator.idle()
    expect(
      statuses()
        .filter((s: Any) => s.status === 'failed')
        .map((s: Any) => [s.recipient_id, s.errors[0].code]),
    ).toEqual([['4915112340002', 131026]])
  })

  test('held messages wait for quality assessment, then go or are dropped with 132015', async () => {
    await start()
    await call(`/v26.0/${WABA}/message_templates`, { body: MELDUNG })
    emulator.addFault({ kind: 'held', next: 2 })
    expect((await send(meldung())).json.messages[0].message_status).toBe('held_for_quality_assessment')
    await emulator.idle()
    expect(statuses()).toEqual([])
    expect(emulator.releaseHeld('drop')).toBe(1)
    await emulator.idle()
    expect(statuses()[0].errors[0].code).toBe(132015)
  })

  test('statuses can be repeated and dropped', async () => {
    await start()
    await emulator.citizenWrites({ from: ANNA, message: 'x' })
    emulator.addFault({ kind: 'statuses', duplicate: 1, next: 1 })
    await send(text())
    await emulator.idle()
    expect(
      statuses()
        .map((s: Any) => s.status)
        .toSorted(),
    ).toEqual(['delivered', 'delivered', 'read', 'read', 'sent', 'sent'])
    posted = []
    emulator.addFault({ kind: 'statuses', drop: 1, next: 1 })
    await send(text())
    await emulator.idle()
    expect(statuses()).toEqual([])
  })
})

describe('the rest of the Graph API', () => {
  test('a number tells its state', async () => {
    await start()
    const fields =
      'display_phone_number,verified_name,quality_rating,status,throughput,whatsapp_business_manager_messaging_limit,health_status'
    expect((await call(`/v26.0/${NUMBER}?fields=${fields}`)).json).toEqual({
      id: NUMBER,
      display_phone_number: '+49 2931 555000',
      verified_name: 'Stadt Arnsberg',
      quality_rating: 'GREEN',
      status: 'CONNECTED',
      throughput: { level: 'HIGH' },
      whatsapp_business_manager_messaging_limit: 'TIER_100K',
      health_status: {
        can_send_message: 'AVAILABLE',
        entities: [{ entity_type: 'PHONE_NUMBER', id: NUMBER, can_send_message: 'AVAILABLE' }],
      },
    })
    expect((await call(`/v26.0/${WABA}/phone_numbers`)).json.data).toHaveLength(1)
    expect((await call(`/v26.0/${WABA}/subscribed_apps`, { body: {} })).json).toEqual({ success: true })
  })

  test.each([
    ['/v26.0/999', 404, 803],
    ['/v26.0/999/nothing', 400, 100],
    ['/nothing', 404, 100],
  ])('%s is answered in the shape of Meta', async (path, status, code) => {
    await start()
    const answer = await call(path)
    expect([answer.status, answer.code]).toEqual([status, code])
  })

  test('an uploaded file can be sent and deleted', async () => {
    await start()
    const form = new FormData()
    form.set('messaging_product', 'whatsapp')
    form.set('type', 'image/png')
    form.set('file', new Blob([new Uint8Array([1, 2, 3])], { type: 'image/png' }), 'a.png')
    const upload = await fetch(`${emulator.url}/v26.0/${NUMBER}/media`, {
      method: 'POST',
      body: form,
      headers: { authorization: `Bearer ${TOKEN}` },
    })
    const { id } = (await upload.json()) as { id: string }
    expect((await call(`/v26.0/${id}`)).json).toMatchObject({ mime_type: 'image/png', file_size: '3' })
    expect((await call(`/v26.0/${id}`, { method: 'DELETE' })).json).toEqual({ success: true })
    expect((await call(`/v26.0/${id}`)).code).toBe(803)
  })
})

describe('remote control', () => {
  test('does by HTTP what a test in the same process does by call', async () => {
    await start()
    const wrote = await call('/control/inbound', {
      body: {
        phoneNumberId: NUMBER,
        from: { phone: ANNA, name: 'Anna' },
        message: { type: 'text', text: { body: 'START' } },
      },
    })
    expect(wrote.json).toMatchObject({ status: 200, citizenId: '4915112340001' })
    await send(text('Willkommen'))
    expect((await call('/control/citizens/4915112340001/messages')).json.messages.map((m: Any) => m.text)).toEqual([
      'START',
      'Willkommen',
    ])
    expect((await call('/control/sends?since=0')).json).toMatchObject({
      columns: expect.arrayContaining(['at', 'callbackData']),
      next: 1,
      rows: [expect.any(Array)],
    })
    expect((await call('/control/stats')).json).toMatchObject({ accepted: 1 })
    expect((await call('/control/faults', { body: { kind: 'nonsense' } })).status).toBe(400)
    const { json } = await call('/control/faults', { body: { kind: 'error', code: 4, next: 1 } })
    expect((await send(text())).code).toBe(4)
    expect(json).toMatchObject({ id: 1, kind: 'error' })
  })

  test('pages of other sites may not write', async () => {
    await start()
    expect((await call('/control/inbound', { body: {}, headers: { 'sec-fetch-site': 'cross-site' } })).status).toBe(403)
  })
})

test.each([
  '',
  'null',
  '{"version":1}',
  '{"version":1,"templates":[["a",{}]],"media":[],"citizens":[{"id":"1","talks":[["2",{}]]}]}',
])('a state file that is none of ours changes nothing: %s', async (content) => {
  const stateFile = join(folder, 'phones.json')
  writeFileSync(stateFile, content)
  await start({ stateFile })
  expect((await send(text('Willkommen'))).status).toBe(200)
})
