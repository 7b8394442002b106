import { Agent, FormData } from 'undici'
import type { InboxResult } from './client.ts'
import type { InboxContact, InboxMessageType } from './contract.ts'

/** What Chatwoot calls a citizen and a chat of ours. */
export type ChatwootIds = { contactId: number; conversationId: number }

/** Chatwoot did not do what we asked; `status` is missing if it did not answer. */
export class ChatwootFailure extends Error {
  readonly status?: number
  constructor(reason: string, status?: number) {
    super(reason)
    this.status = status
  }
}

export type IncomingMessage = {
  /** Our id: with it a repeat is recognised. */
  id: string
  content: string
  /** Our id of the message that is quoted. */
  replyTo: string | null
  file?: { data: Blob; name: string }
  /** It may have arrived before: look first. */
  again: boolean
}

/** Chatwoot's Application API for one API channel. Every call rejects with ChatwootFailure. */
export type Chatwoot = {
  /** The conversation of this chat, with its contact; made if there is none. */
  conversationFor(chatId: string, contact: InboxContact): Promise<ChatwootIds>
  say(conversationId: number, message: IncomingMessage): Promise<void>
  rename(contactId: number, contact: InboxContact): Promise<void>
  setStatus(conversationId: number, messageId: number, status: string, error: string | null): Promise<void>
  resolve(conversationId: number): Promise<void>
  /** Deletes the conversation, and the contact if there is no other one. */
  erase(ids: ChatwootIds): Promise<void>
  /** A medium of ours, to be passed on; null if it is gone or too large for Chatwoot. */
  fetchMedium(url: string): Promise<Blob | null>
  close(): Promise<void>
}

const PLACE = /^(.*\/api\/v1\/accounts\/\d+)\/inboxes\/(\d+)\/?$/

/** `https://chatwoot.example/api/v1/accounts/1/inboxes/5` → where its API is and which inbox it is; null for anything else. */
export function chatwootPlace(url: string): { account: string; inboxId: number } | null {
  const [, account, inboxId] = PLACE.exec(url) ?? []
  return account && inboxId ? { account, inboxId: Number(inboxId) } : null
}

/** Chatwoot's limit of one attachment. */
const MOST_BYTES = 40 * 1024 * 1024

type Json = Record<string, unknown>

/**
 * @param token access token of an administrator or agent bot of that account
 * @see https://developers.chatwoot.com/api-reference/introduction
 */
export function openChatwoot(place: { account: string; inboxId: number }, token: string, timeoutMs = 10_000): Chatwoot {
  const { account, inboxId } = place
  const agent = new Agent({ connections: 16, pipelining: 1, connectTimeout: timeoutMs })

  async function call(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: Json | FormData,
  ): Promise<Json> {
    const { origin, pathname, search } = new URL(`${account}${path}`)
    const json = body !== undefined && !(body instanceof FormData)
    const deadline = AbortSignal.timeout(timeoutMs)
    try {
      const response = await agent.request({
        origin,
        path: pathname + search,
        method,
        headers: {
          api_access_token: token,
          accept: 'application/json',
          ...(json && { 'content-type': 'application/json' }),
        },
        body: json ? JSON.stringify(body) : (body as FormData | undefined),
        signal: deadline,
      })
      const text = await response.body.text()
      if (response.statusCode >= 300) throw new ChatwootFailure(`HTTP ${response.statusCode}`, response.statusCode)
      return text.startsWith('{') || text.startsWith('[') ? (JSON.parse(text) as Json) : {}
    } catch (error) {
      if (error instanceof ChatwootFailure) throw error
      throw new ChatwootFailure(
        deadline.aborted ? 'timeout' : String((error as { code?: unknown }).code ?? 'no answer'),
      )
    }
  }

  async function findContact(contact: InboxContact): Promise<number | undefined> {
    for (const [key, value] of [
      ['identifier', contact.id],
      ['phone_number', contact.phone],
    ] as const) {
      if (value === null) continue
      const found = await call('GET', `/contacts/search?q=${encodeURIComponent(value)}`)
      const match = list(found.payload).find((one) => one[key] === value)
      if (match) return Number(match.id)
    }
    return undefined
  }

  return {
    async conversationFor(chatId, contact) {
      let contactId = await findContact(contact)
      if (contactId === undefined) {
        const made = await call('POST', '/contacts', detailsOf(contact))
        contactId = Number(record(record(made.payload).contact).id ?? record(made.payload).id ?? made.id)
      } else {
        const known = await call('GET', `/contacts/${contactId}/conversations`)
        const before = list(known.payload).find((one) => record(one.custom_attributes)[CHAT_ATTRIBUTE] === chatId)
        if (before) return { contactId, conversationId: Number(before.id) }
      }
      const made = await call('POST', '/conversations', {
        source_id: chatId,
        inbox_id: inboxId,
        contact_id: contactId,
        status: 'open',
        custom_attributes: { [CHAT_ATTRIBUTE]: chatId },
      })
      return { contactId, conversationId: Number(made.id) }
    },

    async say(conversationId, { id, content, replyTo, file, again }) {
      const path = `/conversations/${conversationId}/messages`
      if (again) {
        const known = await call('GET', path)
        if (list(known.payload).some((one) => one.source_id === id)) return
      }
      const fields = { content, message_type: 'incoming', private: 'false', source_id: id }
      if (!file) {
        const quoting = replyTo === null ? {} : { content_attributes: { in_reply_to_external_id: replyTo } }
        await call('POST', path, { ...fields, private: false, ...quoting })
        return
      }
      const form = new FormData()
      for (const [name, value] of Object.entries(fields)) form.append(name, value)
      form.append('attachments[]', file.data, file.name)
      await call('POST', path, form)
    },

    rename: async (contactId, contact) => void (await call('PUT', `/contacts/${contactId}`, detailsOf(contact))),

    setStatus: async (conversationId, messageId, status, error) =>
      void (await call('PATCH', `/conversations/${conversationId}/messages/${messageId}`, {
        status,
        ...(error !== null && { external_error: error }),
      })),

    resolve: async (conversationId) =>
      void (await call('POST', `/conversations/${conversationId}/toggle_status`, { status: 'resolved' })),

    async erase({ contactId, conversationId }) {
      const known = await call('GET', `/contacts/${contactId}/conversations`).catch(unlessGone)
      const others = list(known?.payload).filter((one) => Number(one.id) !== conversationId)
      const path = others.length > 0 ? `/conversations/${conversationId}` : `/contacts/${contactId}`
      await call('DELETE', path).catch(unlessGone)
    },

    async fetchMedium(url) {
      const { origin, pathname, search } = new URL(url)
      const signal = AbortSignal.timeout(6 * timeoutMs)
      const { statusCode, headers, body } = await agent
        .request({ origin, path: pathname + search, method: 'GET', signal })
        .catch((error: unknown) => {
          throw new ChatwootFailure(`medium: ${String((error as { code?: unknown }).code ?? 'no answer')}`)
        })
      if (statusCode === 200 && Number(headers['content-length'] ?? 0) <= MOST_BYTES) {
        const data = await body.arrayBuffer()
        if (data.byteLength <= MOST_BYTES) return new Blob([data], { type: String(headers['content-type'] ?? '') })
        return null
      }
      await body.dump().catch(() => {})
      if (statusCode >= 500) throw new ChatwootFailure(`medium: HTTP ${statusCode}`, statusCode)
      return null
    },

    close: () => agent.close(),
  }
}

const CHAT_ATTRIBUTE = 'whatsup_chat'

const detailsOf = ({ id, name, phone }: InboxContact): Json => ({
  identifier: id,
  name: name ?? phone ?? 'Ohne Namen',
  ...(phone !== null && { phone_number: phone }),
})

function unlessGone(error: unknown): undefined {
  if (error instanceof ChatwootFailure && error.status === 404) return undefined
  throw error
}

const record = (value: unknown): Json => (typeof value === 'object' && value !== null ? (value as Json) : {})
const list = (value: unknown): Json[] => (Array.isArray(value) ? value.map(record) : [])

/** How an attempt with Chatwoot ended, in the words of the forwarder. */
export function resultOf(error: unknown): InboxResult {
  if (error instanceof ChatwootFailure) return { verdict: 'retry', status: error.status, reason: error.message }
  return { verdict: 'retry', reason: error instanceof Error ? error.name : 'error' }
}

/** What stands in the conversation for a message of this kind. */
export function chatwootContent(type: InboxMessageType, text: string | null): string {
  if (type === 'reaction') return text === null ? 'Reaktion zurückgenommen' : `Reaktion: ${text}`
  return text ?? ''
}
