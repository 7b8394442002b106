import type { InboxMessageType } from '../inbox/contract.ts'
import type { ContactCard, MessageEvent } from '../whatsapp/webhook-events.ts'

/** A citizen's message as a person in an inbox reads it. */
export type Content = {
  type: InboxMessageType
  text: string | null
  /** Meta's id of the message that this one quotes, reacts to, changes or takes back. */
  about: string | null
}

/** What a message says, whatever its kind: nothing a citizen sends arrives empty. */
export function contentOf(message: MessageEvent): Content {
  const about = message.replyTo ?? null
  switch (message.kind) {
    case 'image':
    case 'video':
    case 'document':
    case 'sticker':
    case 'audio':
      return { type: message.kind, text: message.media?.caption ?? null, about }
    case 'voice':
      return { type: 'audio', text: null, about }
    case 'location':
      return { type: 'location', text: describeLocation(message.location), about }
    case 'contacts':
      return { type: 'contacts', text: (message.contactCards ?? []).map(describeCard).join('\n') || null, about }
    case 'reaction':
      return { type: 'reaction', text: message.reaction?.emoji ?? null, about: message.reaction?.messageId ?? about }
    case 'edit':
      return { type: 'text', text: `Geändert: ${message.text ?? ''}`.trim(), about: message.originalId ?? about }
    case 'revoke':
      return { type: 'text', text: 'Diese Nachricht wurde zurückgezogen.', about: message.originalId ?? about }
    default:
      return { type: 'text', text: message.text ?? `(${message.rawType})`, about }
  }
}

/** „Rathaus, Rathausplatz 1" and the coordinates, which any map understands when pasted. */
function describeLocation(location: MessageEvent['location']): string | null {
  if (!location) return null
  const place = [location.name, location.address].filter((part) => part !== undefined).join(', ')
  const coordinates = `${location.latitude}, ${location.longitude}`
  return place === '' ? coordinates : `${place}\n${coordinates}`
}

function describeCard({ name, organisation, phones, emails }: ContactCard): string {
  const who = [name, organisation && `(${organisation})`].filter(Boolean).join(' ')
  const how = [...phones, ...emails].join(', ')
  return [who, how].filter((part) => part !== '').join(': ')
}
