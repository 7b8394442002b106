import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { formatted } from '../../src/emulator/bubbles.tsx'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'
import type { EmulatorOptions } from '../../src/emulator/world.ts'

const ANNA = '+4915112340001'
const ACCOUNTS = [
  ['1', '11', '+49 2932 201100', 'Stadt Arnsberg'],
  ['2', '22', '+49 2902 810', 'Stadt Warstein'],
].map(([businessAccountId, phoneNumberId, displayPhoneNumber, name]) => ({
  businessAccountId: businessAccountId!,
  phoneNumberId: phoneNumberId!,
  displayPhoneNumber: displayPhoneNumber!,
  name: name!,
  accessToken: `token-${name}`,
}))

let service: Server
let answers: number
let emulator: Emulator
const running = new Set<Emulator>()

async function start(options: Partial<EmulatorOptions> = {}): Promise<Emulator> {
  const { port } = service.address() as AddressInfo
  emulator = await startEmulator({
    appSecret: 's',
    webhookUrl: `http://127.0.0.1:${port}/`,
    accounts: ACCOUNTS,
    statusDelaysMs: { sent: 1, delivered: 2, read: 3 },
    readShare: 1,
    ...options,
  })
  running.add(emulator)
  return emulator
}

beforeEach(async () => {
  answers = 200
  service = createServer((request, response) => {
    request.resume()
    request.on('end', () => response.writeHead(answers).end())
  })
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve))
})

async function stopAll(): Promise<void> {
  for (const each of running) await each.stop()
  running.clear()
}

afterEach(async () => {
  await stopAll()
  service.closeAllConnections()
  await new Promise((resolve) => service.close(resolve))
})

const page = async (path = '/'): Promise<string> => (await fetch(`${emulator.url}${path}`)).text()
const graph = (path: string, body: object, town = 'Stadt Arnsberg') =>
  fetch(`${emulator.url}/v26.0/${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer token-${town}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
const submit = (path: string, fields: Record<string, string>) =>
  fetch(`${emulator.url}${path}`, { method: 'POST', body: new URLSearchParams(fields), redirect: 'manual' })
const says = (body: string) =>
  graph('11/messages', { messaging_product: 'whatsapp', to: ANNA, type: 'text', text: { body } })

describe('the page on which one is a citizen', () => {
  test('shows several phones and lets one choose the town', async () => {
    await start()
    const html = await page()
    for (const name of ['Anna', 'Bernd', 'Cem']) expect(html).toContain(`>${name}</h2>`)
    expect(html).toContain('<option value="22">Stadt Warstein</option>')
    expect(html).toContain('data-log="4915112340001 11"')
    expect(await page('/?kanal=22')).toContain('data-log="4915112340001 22"')
  })

  test('runs no inline script and loads nothing from elsewhere', async () => {
    await start()
    const response = await fetch(emulator.url)
    const policy = response.headers.get('content-security-policy') ?? ''
    expect(policy).toContain("default-src 'none'")
    expect(policy).not.toContain('unsafe-inline')
    const html = await response.text()
    expect(html.match(/<script/g)).toHaveLength(1)
    expect(
      [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map((m) => m[1]).filter((url) => /^https?:/.test(url!)),
    ).toEqual([])
    for (const name of ['phones.css', 'phones.js'])
      expect((await fetch(`${emulator.url}/telefone/assets/${name}`)).status).toBe(200)
  })

  test('a form without JavaScript writes, and leads back to the phone', async () => {
    await start()
    const response = await submit('/telefone/4915112340001/schreiben', { kanal: '11', text: 'START' })
    expect([response.status, response.headers.get('location')]).toEqual([303, '/?kanal=11#telefon-4915112340001'])
    expect(emulator.messagesOf(ANNA).map(({ text, state }) => [text, state])).toEqual([['START', 'received']])
  })

  test('a broadcast shows header, text, footer and buttons; a tap answers it', async () => {
    await start()
    const text = (value: string) => ({ type: 'text', text: value })
    const made = await graph('1/message_templates', {
      name: 'stadt_meldung',
      language: 'de',
      category: 'UTILITY',
      components: [
        { type: 'BODY', text: 'Die Stadt teilt mit: {{1}} ab sofort.', example: { body_text: [['x']] } },
        { type: 'FOOTER', text: 'Abbestellen mit STOP' },
        { type: 'BUTTONS', buttons: [{ type: 'QUICK_REPLY', text: 'Abmelden' }] },
      ],
    })
    expect(made.status).toBe(200)
    const components = [{ type: 'body', parameters: [text('Ruhrstraße <gesperrt>')] }]
    await graph('11/messages', {
      messaging_product: 'whatsapp',
      to: ANNA,
      type: 'template',
      template: { name: 'stadt_meldung', language: { code: 'de' }, components },
    })
    await emulator.idle()
    const html = await page()
    expect(html).toContain('Die Stadt teilt mit: Ruhrstraße &lt;gesperrt&gt; ab sofort.')
    expect(html).toContain('Abbestellen mit STOP')
    expect(html).toContain('gelesen')
    const [bubble] = emulator.messagesOf(ANNA)
    await submit('/telefone/4915112340001/tippen', { kanal: '11', nachricht: bubble!.id, taste: 'quick:0' })
    expect(emulator.messagesOf(ANNA).at(-1)).toMatchObject({ type: 'button', text: 'Abmelden', quotes: bubble!.id })
  })

  test('a gap that was added to the template after the broadcast shows its example, not its number in braces', async () => {
    await start()
    const body = (text: string, ...examples: string[]) => [
      { type: 'BODY', text, ...(examples.length > 0 && { example: { body_text: [examples] } }) },
    ]
    const template = { name: 'hinweis', language: 'de' }
    const made = await graph('1/message_templates', {
      ...template,
      category: 'UTILITY',
      components: body('Heute gilt etwas Neues.'),
    })
    const { id } = (await made.json()) as { id: string }
    await graph('11/messages', {
      messaging_product: 'whatsapp',
      to: ANNA,
      type: 'template',
      template: { name: 'hinweis', language: { code: 'de' } },
    })
    await emulator.idle()
    expect((await graph(id, { components: body('Heute gilt {{1}} für alle.', 'Tempo 30') })).status).toBe(200)
    expect(await page()).toContain('Heute gilt [Tempo 30] für alle.')
  })

  test('the rows of a list are offered behind its button, and tapping one answers as that row', async () => {
    await start()
    const rows = [
      { id: 'topic:all', title: 'Alle Themen' },
      { id: 'topic:termine', title: 'Termine', description: 'dazunehmen' },
    ]
    await graph('11/messages', {
      messaging_product: 'whatsapp',
      to: ANNA,
      type: 'interactive',
      interactive: {
        type: 'list',
        body: { text: 'Welche?' },
        action: { button: 'Themen auswählen', sections: [{ rows }] },
      },
    })
    await emulator.idle()
    expect(await page()).toMatch(/<summary>Themen auswählen<\/summary>.*value="row:topic:termine".*dazunehmen/s)
    const [bubble] = emulator.messagesOf(ANNA)
    await submit('/telefone/4915112340001/tippen', { kanal: '11', nachricht: bubble!.id, taste: 'row:topic:termine' })
    expect(emulator.messagesOf(ANNA).at(-1)).toMatchObject({ type: 'interactive', text: 'Termine', quotes: bubble!.id })
  })

  test('a message the service did not take says so until the repetition is taken', async () => {
    await start({ webhooks: { retry: { firstMs: 1 } } })
    answers = 503
    const { status } = await emulator.citizenWrites({ from: ANNA, message: 'START' })
    expect(status).toBe(503)
    expect(emulator.messagesOf(ANNA)[0]?.state).toBe('refused')
    answers = 200
    await emulator.idle()
    expect(emulator.messagesOf(ANNA)[0]?.state).toBe('received')
  })

  test('photo, voice message and place are one tap, and the photo can be seen', async () => {
    await start()
    for (const art of ['image', 'audio', 'location'])
      await submit('/telefone/4915112340001/senden', { kanal: '11', art })
    expect(emulator.messagesOf(ANNA).map(({ type }) => type)).toEqual(['image', 'audio', 'location'])
    const [, source] = /<img[^>]+src="([^"]+)"/.exec(await page()) ?? []
    expect((await fetch(`${emulator.url}${source}`)).headers.get('content-type')).toBe('image/jpeg')
  })

  test('a new person gets a phone of their own', async () => {
    await start()
    await submit('/telefone/neu', { kanal: '11', name: 'Dora', telefon: '0170 1234567' })
    await submit('/telefone/neu', { kanal: '11', name: 'Cem', telefon: '' })
    const html = await page()
    expect(html).toContain('+491701234567')
    expect(html.match(/class="phone"/g)).toHaveLength(6)
  })

  test('watchers hear of every bubble as it comes and as it changes', async () => {
    await start()
    await emulator.citizenWrites({ from: ANNA, message: 'Hallo' })
    const stop = new AbortController()
    const stream = await fetch(`${emulator.url}/control/events`, { signal: stop.signal })
    const reader = stream.body!.pipeThrough(new TextDecoderStream()).getReader()
    await reader.read()
    await says('Guten <Tag>')
    let heard = ''
    while (!heard.includes('"state":"read"')) heard += (await reader.read()).value ?? ''
    stop.abort()
    expect(heard).toContain('"citizenId":"4915112340001"')
    expect(heard).toContain('Guten &lt;Tag&gt;')
  })
})

test.each([
  ['*fett* und _kursiv_', '<strong>fett</strong> und <em>kursiv</em>'],
  ['~weg~ ```code```', '<s>weg</s> <code>code</code>'],
  ['2*3*4 und snake_case_name', '2*3*4 und snake_case_name'],
  ['haus_nr_ offen', 'haus_nr_ offen'],
  ['*_beides_*', '<strong><em>beides</em></strong>'],
])('%s is drawn as WhatsApp draws it', (text, html) => {
  expect(formatted(text).map(String).join('')).toBe(html)
})

test('a link ends before the full stop', () => {
  expect(formatted('Siehe www.arnsberg.de/a_b_c.').map(String).join('')).toBe(
    'Siehe <a href="https://www.arnsberg.de/a_b_c" target="_blank" rel="noopener noreferrer">www.arnsberg.de/a_b_c</a>.',
  )
})

describe('over a restart', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'emulator-'))
  })
  afterEach(async () => {
    await stopAll() // it writes its state once more
    rmSync(folder, { recursive: true })
  })

  test('people, conversations, templates and the 24-hour window are kept in the state file', async () => {
    const stateFile = join(folder, 'state.json')
    await start({ stateFile })
    await graph('1/message_templates', {
      name: 'gruss',
      language: 'de',
      category: 'UTILITY',
      components: [{ type: 'BODY', text: 'Guten Tag!' }],
    })
    const first = await emulator.citizenWrites({ from: { phone: ANNA, name: 'Anna' }, message: { type: 'image' } })
    await graph('11/messages', {
      messaging_product: 'whatsapp',
      to: ANNA,
      type: 'template',
      template: { name: 'gruss', language: { code: 'de' } },
    })
    await emulator.idle()
    const before = emulator.messagesOf(ANNA)
    await emulator.stop()

    await start({ stateFile, windowClosed: 'sync' })
    expect(emulator.messagesOf(ANNA)).toEqual(before)
    expect((await says('Antwort')).status).toBe(200)
    expect((await fetch(`${emulator.url}/telefone/medien/${before[0]!.media!.id}`)).status).toBe(200)
    const second = await emulator.citizenWrites({ from: ANNA, message: 'x' })
    expect(second.id).not.toBe(first.id)
  })
})

describe('towns beside each other', () => {
  test('a number answers its own token only, and a changed token is refused', async () => {
    await start()
    const read = async (id: string, token: string) =>
      (await fetch(`${emulator.url}/v26.0/${id}`, { headers: { authorization: `Bearer ${token}` } })).status
    expect(await read('11', 'token-Stadt Arnsberg')).toBe(200)
    expect(await read('11', 'token-Stadt Warstein')).toBe(403)
    emulator.changeAccount('11', { accessToken: 'new' })
    expect(await read('11', 'token-Stadt Arnsberg')).toBe(401)
    expect((await says('x')).status).toBe(401)
  })
})
