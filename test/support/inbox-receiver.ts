import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Webhook } from 'standardwebhooks'
import { type InboxEvent, inboxEvent } from '../../src/inbox/contract.ts'

/** What the inbox does with a post before, or instead of, taking it. */
export type Behaviour =
  | { do: 'take' }
  | { do: 'answer'; status: number; location?: string }
  /** Takes it, and says so only later. */
  | { do: 'take-late'; afterMs: number }
  /** Breaks the connection. */
  | { do: 'hang-up' }

export type Arrival = { id: string; event: InboxEvent; body: string; taken: boolean }

export interface InboxReceiver {
  url: string
  secret: string
  /** Everything that was posted, taken or not, in order of arrival. */
  posts: Arrival[]
  /** What it took, each event once: its own record. */
  taken(): InboxEvent[]
  /** The texts it took from one chat, in its own order. */
  texts(chatId?: string): (string | null)[]
  behave(behaviour: Behaviour | ((event: InboxEvent) => Behaviour)): void
  /** Refuses connections until `up`. */
  down(): Promise<void>
  up(): Promise<void>
  /** Resolves when `check` holds, asked after every arrival. */
  until(check: (receiver: InboxReceiver) => boolean): Promise<void>
  close(): Promise<void>
}

/** A real inbox for tests: an HTTP server of its own that checks signatures and events as an inbox would and keeps what arrived. */
export async function openInboxReceiver(): Promise<InboxReceiver> {
  const secret = `whsec_${Buffer.from('inbox-of-a-town-hall-for-tests!!').toString('base64')}`
  const signer = new Webhook(secret)
  let behaviour: (event: InboxEvent) => Behaviour = () => ({ do: 'take' })
  const waiting = new Set<() => void>()
  const seen = new Set<string>()
  const record: InboxEvent[] = []
  const posts: Arrival[] = []
  const timers = new Set<NodeJS.Timeout>()

  const receive = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks).toString('utf8')
    const id = String(request.headers['webhook-id'])
    const at = new Date(Number(request.headers['webhook-timestamp']) * 1000)
    if (request.headers['webhook-signature'] !== signer.sign(id, at, body)) return response.writeHead(401).end()
    const event = inboxEvent.parse(JSON.parse(body))
    const act = behaviour(event)
    const takes = act.do === 'take' || act.do === 'take-late'
    posts.push({ id, event, body, taken: takes })
    if (takes && !seen.has(id)) {
      seen.add(id)
      record.push(event)
    }
    if (act.do === 'hang-up') request.socket.destroy()
    else if (act.do === 'answer') response.writeHead(act.status, act.location ? { location: act.location } : {}).end()
    else if (act.do === 'take') response.writeHead(204).end()
    else timers.add(setTimeout(() => response.writeHead(204).end(), act.afterMs))
    for (const look of [...waiting]) look()
  }
  const serve = () =>
    createServer((request, response) => {
      receive(request, response).catch((error: unknown) => {
        posts.push({ id: 'broken', event: { error: String(error) } as never, body: '', taken: false })
        response.writeHead(400).end(String(error))
      })
    })

  let server = serve()
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  await listen(0)
  const { port } = server.address() as AddressInfo
  const down = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })

  const receiver: InboxReceiver = {
    url: `http://127.0.0.1:${port}/whatsup`,
    secret,
    posts,
    taken: () => record,
    texts: (chatId) =>
      record.flatMap((event) =>
        event.type === 'chat.message.received' && (chatId === undefined || event.data.chat.id === chatId)
          ? [event.data.message.text]
          : [],
      ),
    behave: (next) => {
      behaviour = typeof next === 'function' ? next : () => next
    },
    down,
    up: async () => {
      server = serve()
      await listen(port)
    },
    until: (check) =>
      new Promise<void>((resolve) => {
        const look = () => {
          if (!check(receiver)) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        look()
      }),
    close: async () => {
      for (const timer of timers) clearTimeout(timer)
      await down()
    },
  }
  return receiver
}
