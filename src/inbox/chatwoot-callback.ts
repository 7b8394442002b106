/** What a webhook of Chatwoot's API channel asks of us. */
export type ChatwootWish =
  | {
      do: 'answer'
      chatId: string
      messageId: string
      text: string | null
      files: { type: ChatwootFile; url: string }[]
    }
  | { do: 'close'; chatId: string }
  | { do: 'nothing' }

export type ChatwootFile = 'image' | 'video' | 'audio' | 'document'

/**
 * Reads a webhook of Chatwoot. Only what an agent writes to the citizen is an answer: private notes, automatic templates and our own incoming messages are
 * not. Never throws.
 * @see https://www.chatwoot.com/hc/user-guide/articles/1677693021-how-to-use-webhooks
 */
export function readChatwootCallback(json: unknown): ChatwootWish {
  const body = record(json)
  switch (body.event) {
    case 'message_created': {
      const chatId = text(record(record(body.conversation).contact_inbox).source_id)
      const outgoing = body.message_type === 'outgoing' || body.message_type === 1
      if (!chatId || !outgoing || body.private === true) return { do: 'nothing' }
      const files = list(body.attachments).flatMap((file) => {
        const url = text(file.data_url)
        return url ? [{ type: FILES[String(file.file_type)] ?? ('document' as const), url }] : []
      })
      const content = text(body.content) ?? null
      if (content === null && files.length === 0) return { do: 'nothing' }
      return { do: 'answer', chatId, messageId: String(body.id), text: content, files }
    }
    case 'conversation_resolved':
    case 'conversation_status_changed': {
      const chatId = text(record(body.contact_inbox).source_id)
      const resolved = body.event === 'conversation_resolved' || body.status === 'resolved'
      return chatId && resolved ? { do: 'close', chatId } : { do: 'nothing' }
    }
    default:
      return { do: 'nothing' }
  }
}

const FILES: Readonly<Record<string, ChatwootFile>> = {
  image: 'image',
  video: 'video',
  audio: 'audio',
  file: 'document',
}

type Json = Record<string, unknown>
const record = (value: unknown): Json => (typeof value === 'object' && value !== null ? (value as Json) : {})
const list = (value: unknown): Json[] => (Array.isArray(value) ? value.map(record) : [])
const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)
