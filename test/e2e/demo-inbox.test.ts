import type { Browser } from 'playwright-core'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DemoInbox, startDemoInbox } from '../../src/commands/demo-inbox.ts'
import { expectAccessible, NARROW, openBrowser, openContext, screenshot, WIDE } from '../support/browser.ts'

const secret = `whsec_${Buffer.from('the demo inbox of three towns').toString('base64')}`
const OPEN = '00000000-0000-4000-8000-000000000001'
const CLOSED = '00000000-0000-4000-8000-000000000002'
let browser: Browser
let inbox: DemoInbox

/** An event as the service posts it. */
async function post(event: object, n: number): Promise<void> {
  const [id, at, body] = [`event_${n}`, new Date(), JSON.stringify(event)]
  const headers = {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': new Webhook(secret).sign(id, at, body),
  }
  const { status } = await fetch(inbox.inboxUrl('warstein'), { method: 'POST', headers, body })
  expect(status).toBe(204)
}

const received = (chat: string, id: string, more: object) => {
  const at = new Date().toISOString()
  return {
    type: 'chat.message.received',
    timestamp: at,
    data: {
      channel: 'warstein',
      chat: {
        id: chat,
        openedAt: at,
        replyUntil: at,
        replyUrl: `https://whatsup.example/api/v1/chats/${chat}/messages`,
      },
      contact: { id: chat, name: 'Anna Ahrens', phone: '+4915112340001', userId: null },
      message: { id, at, type: 'text', text: null, replyTo: null, media: null, ...more },
    },
  }
}

beforeAll(async () => {
  browser = await openBrowser()
  inbox = await startDemoInbox({
    port: 0,
    towns: new Map([['warstein', { name: 'WhatsUp Warstein', secret }]]),
    apiBaseUrl: () => 'https://whatsup.example',
    apiKey: () => 'none',
  })
  const medium = (name: string, mimeType: string) => ({
    url: `https://whatsup.example/media/${name}`,
    mimeType,
    sha256: null,
    filename: name,
  })
  const events = [
    received(CLOSED, 'm1', { text: 'Danke, erledigt' }),
    {
      type: 'chat.closed',
      timestamp: new Date().toISOString(),
      data: { channel: 'warstein', chat: { id: CLOSED }, erase: true },
    },
    received(OPEN, 'm2', {
      text: 'Die Laterne vor dem Haus mit der langen Hausnummernergänzungskennzeichnung ist aus',
    }),
    received(OPEN, 'm3', { type: 'image', text: 'So sieht sie aus', media: medium('laterne.jpg', 'image/jpeg') }),
    received(OPEN, 'm4', { type: 'video', media: medium('film.mp4', 'video/mp4') }),
    received(OPEN, 'm5', { type: 'document', media: medium('plan.pdf', 'application/pdf') }),
    received(OPEN, 'm6', { type: 'location', text: 'Rathaus\n51.45, 8.35', replyTo: 'm2' }),
  ]
  for (const [n, event] of events.entries()) await post(event, n)
})
afterAll(async () => {
  await browser?.close()
  await inbox?.stop()
})

describe.each([
  ['hell', WIDE.width],
  ['dunkel', WIDE.width],
  ['hell', NARROW.width],
  ['dunkel', NARROW.width],
] as const)('the demo inbox, %s, %i px wide', (design, width) => {
  test('has no barrier that axe finds and fits the window: list, open chat, erased chat', async () => {
    const context = await openContext(browser, inbox.url, { dark: design === 'dunkel', width })
    const page = await context.newPage()
    for (const [name, path] of [
      ['liste', '/'],
      ['chat', `/chats/${OPEN}`],
      ['geloescht', `/chats/${CLOSED}`],
    ]) {
      await page.goto(inbox.url + path)
      await screenshot(page, `posteingang-${name}-${design}-${width}`)
      await expectAccessible(page, `posteingang ${name} ${design} ${width}`)
    }
    await context.close()
  })
})

test('a message that arrives appears by itself, and the answer being written stays', async () => {
  const context = await openContext(browser, inbox.url)
  const page = await context.newPage()
  await page.goto(`${inbox.url}/chats/${OPEN}`)
  await page.getByLabel('Ihre Antwort').fill('Wir kümmern')
  await post(received(OPEN, 'm7', { text: 'Und jetzt auch die nebenan' }), 7)
  await page.getByRole('main').getByText('Und jetzt auch die nebenan').waitFor()
  expect(await page.getByLabel('Ihre Antwort').inputValue()).toBe('Wir kümmern')
  await context.close()
})
