import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

type Contact = { id: number; identifier: string; name: string; phone_number?: string }
type Message = {
  id: number
  source_id: string | null
  content: string
  status?: string
  file?: { name: string; type: string; bytes: number }
}
type Conversation = {
  id: number
  contactId: number
  source_id: string
  status: string
  custom_attributes: object
  messages: Message[]
}

export const TOKEN = 'chatwoot-token'

/** Plays the part of Chatwoot's Application API that the adapter uses, in memory, answering in Chatwoot's shapes. */
export async function openFakeChatwoot() {
  const contacts = new Map<number, Contact>()
  const conversations = new Map<number, Conversation>()
  let ids = 0
  /** Answers the next request with this status instead of doing it. */
  let failNext: { status: number; butDo: boolean } | null = null

  const act = async (
    method: string,
    path: string,
    query: URLSearchParams,
    request: Request,
  ): Promise<[number, unknown]> => {
    const json = async () => (await request.json()) as Record<string, unknown>
    const [, kind, id, what, messageId] =
      /^\/api\/v1\/accounts\/1\/(\w+)(?:\/(\d+|search))?(?:\/(\w+))?(?:\/(\d+))?$/.exec(path) ?? []
    const contact = kind === 'contacts' ? contacts.get(Number(id)) : undefined
    const conversation = kind === 'conversations' ? conversations.get(Number(id)) : undefined
    if (kind === 'contacts' && id === 'search') {
      const q = query.get('q') ?? ''
      return [
        200,
        {
          meta: {},
          payload: [...contacts.values()].filter((one) =>
            [one.identifier, one.phone_number].some((value) => value?.includes(q)),
          ),
        },
      ]
    }
    if (kind === 'contacts' && !id && method === 'POST') {
      const made = { ...(await json()), id: ++ids } as Contact
      if (
        [...contacts.values()].some(
          ({ phone_number }) => phone_number !== undefined && phone_number === made.phone_number,
        )
      )
        return [422, { message: 'Phone number has already been taken' }]
      contacts.set(made.id, made)
      return [200, { payload: { contact: made, contact_inbox: {} } }]
    }
    if (contact && what === 'conversations')
      return [200, { payload: [...conversations.values()].filter(({ contactId }) => contactId === contact.id) }]
    if (contact && method === 'PUT') return [200, { payload: Object.assign(contact, await json()) }]
    if (contact && method === 'DELETE') {
      contacts.delete(contact.id)
      for (const one of conversations.values()) if (one.contactId === contact.id) conversations.delete(one.id)
      return [200, {}]
    }
    if (kind === 'conversations' && !id && method === 'POST') {
      const { source_id, contact_id, custom_attributes, inbox_id } = await json()
      if (inbox_id !== 5 || !contacts.has(Number(contact_id))) return [404, { error: 'Resource could not be found' }]
      const made = {
        id: ++ids,
        contactId: Number(contact_id),
        source_id: String(source_id),
        status: 'open',
        custom_attributes: custom_attributes as object,
        messages: [],
      }
      conversations.set(made.id, made)
      return [200, { id: made.id, account_id: 1, inbox_id: 5 }]
    }
    if (conversation && what === 'messages' && messageId) {
      Object.assign(conversation.messages.find((one) => one.id === Number(messageId)) ?? {}, await json())
      return [200, {}]
    }
    if (conversation && what === 'messages' && method === 'GET')
      return [200, { meta: {}, payload: conversation.messages }]
    if (conversation && what === 'messages') {
      const multipart = request.headers.get('content-type')?.startsWith('multipart/')
      const fields: Record<string, unknown> = multipart ? Object.fromEntries(await request.formData()) : await json()
      const file = fields['attachments[]'] as File | undefined
      conversation.messages.push({
        id: ++ids,
        source_id: String(fields.source_id),
        content: String(fields.content),
        ...(file && { file: { name: file.name, type: file.type, bytes: file.size } }),
      })
      return [200, { id: ids }]
    }
    if (conversation && what === 'toggle_status') {
      conversation.status = String((await json()).status)
      return [200, { payload: { success: true } }]
    }
    if (conversation && method === 'DELETE') {
      conversations.delete(conversation.id)
      return [200, {}]
    }
    return [404, { error: 'Resource could not be found' }]
  }

  const server = createServer(async (incoming, response) => {
    const { pathname, searchParams } = new URL(incoming.url!, 'http://x')
    const body = await bytesOf(incoming)
    const method = incoming.method!
    const headers = incoming.headers as Record<string, string>
    const request = new Request('http://x/', { method, headers, ...(method !== 'GET' && { body }) })
    const failure = failNext
    failNext = null
    let answer: [number, unknown] = [401, { error: 'Invalid Access Token' }]
    if (headers.api_access_token === TOKEN) {
      if (!failure || failure.butDo) answer = await act(method, pathname, searchParams, request)
      if (failure) answer = [failure.status, {}]
    }
    response.writeHead(answer[0], { 'content-type': 'application/json' }).end(JSON.stringify(answer[1]))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1/accounts/1/inboxes/5`,
    contacts,
    conversations,
    fail: (status: number, butDo = false) => {
      failNext = { status, butDo }
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function bytesOf(request: IncomingMessage): Promise<Buffer<ArrayBuffer>> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
