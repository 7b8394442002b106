import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { takeIn } from '../../src/chats/take-in.ts'
import { type DemoInbox, startDemoInbox } from '../../src/commands/demo-inbox.ts'
import { recognise } from '../../src/contacts/contacts.ts'
import { outgoing } from '../../src/db/schema.ts'
import { type Forwarder, openForwarder } from '../../src/dispatch/forward.ts'
import { Secret } from '../../src/secret.ts'
import { anna, bernd, written } from '../support/chat-desk.ts'
import { openDoors, openTestRuntime, type TestRuntime } from '../support/runtime.ts'
import { eventually } from '../support/stack.ts'
import { town } from '../support/towns.ts'

const secret = `whsec_${Buffer.from('the demo inbox of heringen').toString('base64')}`
let service: Server
let inbox: DemoInbox
let runtime: TestRuntime
let lane: Forwarder
let key = ''

beforeAll(async () => {
  service = createServer()
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve))
  const publicUrl = `http://127.0.0.1:${(service.address() as AddressInfo).port}`
  inbox = await startDemoInbox({
    port: 0,
    towns: new Map([['heringen', { name: 'WhatsUp Heringen', secret }]]),
    apiBaseUrl: () => publicUrl,
    apiKey: () => key,
  })
  const heringen = town('heringen')
  const chat = {
    ...heringen.offerings.chat!,
    inbox: { ...heringen.offerings.chat!.inbox, url: inbox.inboxUrl('heringen'), secret: new Secret(secret) },
  }
  const channel = { ...heringen, offerings: { chat } }
  runtime = await openTestRuntime({
    channels: new Map([['heringen', channel]]),
    env: { PUBLIC_URL: publicUrl },
    realClock: true,
  })
  const doors = openDoors(runtime)
  service.on('request', getRequestListener(doors.app.fetch))
  key = await doors.keyFor('inbox')
  lane = openForwarder({ runtime, channel })
  lane.start()
})
afterAll(async () => {
  await lane.stop()
  await inbox.stop()
  await new Promise((resolve) => {
    service.close(resolve)
    service.closeAllConnections()
  })
  await runtime.close()
})

async function writes(person: typeof anna, text: string) {
  const [taken] = await runtime.act(async (deed) => {
    const [contact] = await recognise(deed, 'heringen', [{ identity: person, at: deed.now }])
    const channel = runtime.channels.get('heringen')!
    return takeIn(deed, [{ channel, contact: contact!, message: written(person, text, deed.now) }])
  })
  lane.wake()
  return taken!.chatId
}
const page = async (path: string) => (await fetch(`${inbox.url}${path}`)).text()
const submit = (path: string, fields: Record<string, string> = {}) =>
  fetch(`${inbox.url}${path}`, {
    method: 'POST',
    body: new URLSearchParams(fields),
    headers: { origin: inbox.url },
    redirect: 'manual',
  })

describe('the demo inbox, used without any script in the browser', () => {
  test('shows what a citizen wrote, answers and closes', async () => {
    const chatId = await writes(anna, 'Guten Tag <b>Rathaus</b>')
    await eventually(() => inbox.received().length === 1)
    expect(await page('/')).toContain('Anna Ahrens')
    expect(await page(`/chats/${chatId}`)).toContain('Guten Tag &lt;b&gt;Rathaus&lt;/b&gt;')

    const answered = await submit(`/chats/${chatId}/antwort`, { text: 'Guten Tag, Frau Ahrens' })
    expect([answered.status, answered.headers.get('location')]).toEqual([303, `/chats/${chatId}`])
    const rows = await runtime.db.select().from(outgoing)
    expect(rows.filter(({ kind }) => kind === 'answer')).toHaveLength(1)
    expect(await page(`/chats/${chatId}`)).toContain('Guten Tag, Frau Ahrens')

    await submit(`/chats/${chatId}/abschliessen`)
    lane.wake()
    await eventually(() => inbox.received().some(({ type }) => type === 'chat.closed'))
    const closed = await page(`/chats/${chatId}`)
    expect(closed).toContain('alle Daten sind gelöscht')
    expect(closed).not.toContain('Ahrens')
  })

  test('shows why an answer is refused', async () => {
    const chatId = await writes(bernd, 'Hallo')
    await eventually(async () => (await page('/')).includes('Bernd Brandt'))
    await fetch(`${runtime.settings.publicUrl}/api/v1/chats/${chatId}/close`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
    })
    const answer = await submit(`/chats/${chatId}/antwort`, { text: 'Ein langer Entwurf' })
    const html = await answer.text()
    expect(html).toContain('role="alert"')
    expect(html).toContain('abgeschlossen')
  })

  test('takes nothing that is not signed, and each event once', async () => {
    const genuine = JSON.stringify(inbox.received()[0])
    const post = (url: string) =>
      fetch(url, {
        method: 'POST',
        body: genuine,
        headers: { 'webhook-id': 'x', 'webhook-timestamp': '1', 'webhook-signature': 'v1,x' },
      })
    expect((await post(inbox.inboxUrl('heringen'))).status).toBe(401)
    expect((await post(inbox.inboxUrl('nowhere'))).status).toBe(404)
    expect(inbox.received().filter((event) => JSON.stringify(event) === genuine)).toHaveLength(1)
  })

  test('takes no form of another site', async () => {
    const foreign = await fetch(`${inbox.url}/chats/x/abschliessen`, {
      method: 'POST',
      body: new URLSearchParams(),
      headers: { origin: 'https://elsewhere.example' },
    })
    expect(foreign.status).toBe(403)
  })
})
