import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { csrf } from 'hono/csrf'
import { secureHeaders } from 'hono/secure-headers'
import { streamSSE } from 'hono/streaming'
import { Webhook } from 'standardwebhooks'
import { request } from 'undici'
import { type InboxEvent, inboxEvent } from '../inbox/contract.ts'
import { SCRIPT, STYLE } from './demo-inbox-assets.ts'
import { type Desk, InboxPage } from './demo-inbox-page.tsx'
import { openDeskStore } from './demo-inbox-store.ts'

export type DemoInboxOptions = {
  /** 0 = any free port */
  port: number
  host?: string
  /** The towns whose chats arrive here: slug → name and signing secret. */
  towns: ReadonlyMap<string, { name: string; secret: string }>
  /** Where photos come from; asked for when a page is shown, since the service may start later. */
  apiBaseUrl: () => string
  /** An API key with the role `inbox`; asked for when an answer is sent. */
  apiKey: () => string
  /** Where to keep the chats over a restart; absent: nowhere. */
  stateFile?: string
  /** Gets a German line when that file cannot be read or written. */
  warn?: (line: string) => void
}

export interface DemoInbox {
  url: string
  /** Where a town's inbox webhook is posted to. */
  inboxUrl(slug: string): string
  /** Every event taken since the start, each once, in order. */
  received(): readonly InboxEvent[]
  stop(): Promise<void>
}

/** A small inbox for the demo: shows what arrives, answers and closes by the API as any other inbox would. */
export async function startDemoInbox(options: DemoInboxOptions): Promise<DemoInbox> {
  const { port, host = '127.0.0.1', towns, apiBaseUrl, apiKey, stateFile, warn = () => {} } = options
  const store = openDeskStore(stateFile, apiBaseUrl, warn)
  const { seen, chats } = store
  const desk: Desk = { towns, chats }
  const events: InboxEvent[] = []
  const watchers = new Set<() => void>()
  const changed = () => {
    store.changed()
    for (const tell of watchers) tell()
  }

  const take = (event: InboxEvent) => {
    note(desk, event)
    if (event.type === 'chat.closed' && event.data.erase) store.erased()
    events.push(event)
    changed()
  }
  const api = async (url: string, body: object): Promise<{ ok: boolean; answer: Record<string, unknown> }> => {
    const headers = {
      authorization: `Bearer ${apiKey()}`,
      'content-type': 'application/json',
      'idempotency-key': randomUUID(),
    }
    const response = await request(url, { method: 'POST', headers, body: JSON.stringify(body) })
    const answer = (await response.body.json().catch(() => ({}))) as Record<string, unknown>
    return { ok: response.statusCode < 300, answer }
  }

  const media = () => new URL(apiBaseUrl()).origin
  const app = new Hono()
  app.post('/inbox/:town', async (c) => {
    const town = towns.get(c.req.param('town'))
    if (!town) return c.text('unknown inbox', 404)
    const body = await c.req.text()
    try {
      new Webhook(town.secret).verify(body, c.req.header())
    } catch {
      return c.text('wrong signature', 401)
    }
    const event = inboxEvent.safeParse(JSON.parse(body))
    const id = c.req.header('webhook-id')!
    if (event.success && !seen.has(id)) take(event.data)
    seen.add(id)
    return c.body(null, 204)
  })

  app.use(
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'self'"],
        imgSrc: ["'self'", 'data:', media],
        mediaSrc: ["'self'", media],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    }),
    csrf(),
  )
  app.get('/assets/inbox.css', (c) => c.body(STYLE, 200, { 'content-type': 'text/css; charset=utf-8' }))
  app.get('/assets/inbox.js', (c) => c.body(SCRIPT, 200, { 'content-type': 'text/javascript; charset=utf-8' }))
  app.get('/events', (c) =>
    streamSSE(c, async (stream) => {
      let ring = () => {}
      const tell = () => ring()
      watchers.add(tell)
      stream.onAbort(() => {
        watchers.delete(tell)
        tell()
      })
      await stream.writeSSE({ data: 'hello' })
      while (!stream.aborted) {
        await new Promise<void>((resolve) => {
          ring = resolve
        })
        await stream.writeSSE({ data: 'changed' })
      }
    }),
  )
  const page = (id: string | undefined, error?: { message: string; draft?: string }) =>
    InboxPage({ desk, current: id === undefined ? undefined : desk.chats.get(id), error })
  app.get('/', (c) => c.html(page(undefined)))
  app.get('/chats/:id', (c) => (desk.chats.has(c.req.param('id')) ? c.html(page(c.req.param('id'))) : c.redirect('/')))
  app.post('/chats/:id/antwort', async (c) => {
    const id = c.req.param('id')
    const chat = desk.chats.get(id)
    const text = String((await c.req.parseBody()).text ?? '').trim()
    if (!chat || text === '') return c.redirect(chat ? `/chats/${id}` : '/', 303)
    const { ok, answer } = await api(chat.replyUrl, { text })
    if (!ok)
      return c.html(
        page(id, { message: String(answer.detail ?? answer.title ?? 'Das hat nicht geklappt.'), draft: text }),
        409,
      )
    const { id: messageId, state } = answer as { id: string; state: string }
    chat.messages.push({ id: messageId, ours: true, at: new Date().toISOString(), type: 'text', text, state })
    changed()
    return c.redirect(`/chats/${id}`, 303)
  })
  app.post('/chats/:id/abschliessen', async (c) => {
    const id = c.req.param('id')
    const chat = desk.chats.get(id)
    if (!chat) return c.redirect('/', 303)
    const { ok, answer } = await api(chat.replyUrl.replace(/\/messages$/, '/close'), {})
    if (!ok) return c.html(page(id, { message: String(answer.detail ?? 'Das hat nicht geklappt.') }), 409)
    chat.closedAt = String(answer.closedAt)
    changed()
    return c.redirect(`/chats/${id}`, 303)
  })

  const server = createServer(getRequestListener(app.fetch))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const url = `http://${host}:${(server.address() as AddressInfo).port}`
  return {
    url,
    inboxUrl: (slug) => `${url}/inbox/${slug}`,
    received: () => events,
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }).then(store.stop),
  }
}

/** Notes an event as an inbox would: in the order of arrival, and forgetting what it is told to erase. */
function note(desk: Desk, event: InboxEvent): void {
  switch (event.type) {
    case 'chat.message.received': {
      const { channel, chat, contact, message } = event.data
      const known = desk.chats.get(chat.id)
      const entry = known ?? { id: chat.id, channel, messages: [], openedAt: chat.openedAt, ...LATER }
      Object.assign(entry, { contact, replyUntil: chat.replyUntil, replyUrl: chat.replyUrl, closedAt: null })
      entry.messages.push({ ...message, ours: false })
      desk.chats.delete(chat.id) // the latest one comes first
      desk.chats.set(chat.id, entry)
      return
    }
    case 'chat.message.status': {
      const { chat, message } = event.data
      const sent = desk.chats.get(chat.id)?.messages.find(({ id }) => id === message.id)
      if (sent) Object.assign(sent, { state: message.state, error: message.error?.title })
      return
    }
    case 'chat.contact.changed':
      for (const chat of desk.chats.values()) {
        if (chat.contact?.id === event.data.contact.id) chat.contact = event.data.contact
      }
      return
    case 'chat.closed': {
      const chat = desk.chats.get(event.data.chat.id)
      if (!chat) return
      chat.closedAt ??= event.timestamp
      if (event.data.erase) Object.assign(chat, { contact: null, messages: [], erased: true })
    }
  }
}

const LATER = { contact: null, replyUntil: '', replyUrl: '', closedAt: null, erased: false }
