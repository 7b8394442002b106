import { instant, type Loose, list, number, phone, record, text, userId } from './loose.ts'
import type { Around, ContactCard, IdentityChange, Media, MessageEvent, MessageKind, Person } from './webhook-events.ts'
import { readErrors } from './webhook-status.ts'

type Content = Partial<MessageEvent> & { kind: MessageKind }

/** One element of `messages[]`; `undefined` without id or sender, since nothing can be done for nobody. */
export function readMessage(message: Loose, around: Around): MessageEvent | IdentityChange | undefined {
  const id = text(message.id)
  const rawType = text(message.type) ?? ''
  if (id === undefined) return undefined
  const at = instant(message.timestamp) ?? around.receivedAt
  if (rawType === 'system') {
    const change = readSystem(message, id, at, around)
    if (change) return change
  }
  const from = sender(message, around)
  if (from.phone === undefined && from.userId === undefined) return undefined
  // Not a citizen: our own message handed back to us must never be answered.
  if (from.phone !== undefined && from.phone === `+${around.ownDigits}`) return undefined
  const context = record(message.context)
  return {
    type: 'message',
    ...around.to,
    id,
    from,
    at,
    rawType,
    replyTo: text(context.id),
    forwarded: context.forwarded === true || context.frequently_forwarded === true,
    groupId: text(message.group_id),
    errors: errorsOf(message),
    ...readContent(rawType, message),
  }
}

const errorsOf = (message: Loose) => {
  const errors = readErrors(message.errors)
  return errors.length > 0 ? errors : undefined
}

/**
 * Who wrote: the ids of the message itself, completed by the matching element of `contacts[]`: by user id, then by `wa_id`, then the only
 * element if the message names nobody (Meta's own example of a shared contact does not).
 */
function sender(message: Loose, around: Around): Person {
  const own = {
    phone: phone(message.from),
    userId: userId(message.from_user_id) ?? userId(message.from),
    parentUserId: userId(message.from_parent_user_id),
  }
  const { contacts } = around
  const contact =
    (own.userId !== undefined && contacts.find((one) => userId(one.user_id) === own.userId)) ||
    (own.phone !== undefined && contacts.find((one) => phone(one.wa_id) === own.phone)) ||
    (own.phone === undefined && own.userId === undefined && contacts.length === 1 && contacts[0])
  if (!contact) return own
  const profile = record(contact.profile)
  return {
    phone: own.phone ?? phone(contact.wa_id),
    userId: own.userId ?? userId(contact.user_id),
    parentUserId: own.parentUserId ?? userId(contact.parent_user_id),
    name: text(profile.name),
    username: text(profile.username)?.replace(/^@/, ''),
  }
}

function readContent(rawType: string, message: Loose): Content {
  const content = record(message[rawType])
  switch (rawType) {
    case 'text':
      return { kind: 'text', text: text(content.body) }
    case 'image':
    case 'video':
    case 'document':
    case 'sticker':
      return { kind: rawType, media: readMedia(content) }
    case 'audio':
      return { kind: content.voice === true ? 'voice' : 'audio', media: readMedia(content) }
    case 'location':
      return { kind: 'location', location: readLocation(content) }
    case 'contacts': {
      const cards = list(message.contacts).map(record)
      const origins = [message.origin, ...cards.map((card) => card.origin)]
      return {
        kind: 'contacts',
        contactCards: cards.map(readCard),
        contactRequested: origins.includes('contact_request'),
      }
    }
    case 'button':
      return { kind: 'button', buttonId: text(content.payload) ?? text(content.text), text: text(content.text) }
    case 'interactive':
      return readInteractive(content)
    case 'reaction': {
      const messageId = text(content.message_id)
      // A reaction taken back comes without the property; an empty one is read the same way.
      return { kind: 'reaction', reaction: messageId ? { messageId, emoji: text(content.emoji) ?? null } : undefined }
    }
    case 'order':
      return { kind: 'order', text: text(content.text) }
    case 'edit':
      return { kind: 'edit', originalId: text(content.original_message_id), text: editedText(record(content.message)) }
    case 'revoke':
      return { kind: 'revoke', originalId: text(content.original_message_id) }
    case 'system':
      return { kind: 'system', text: text(content.body) }
    case 'unsupported':
      return { kind: 'unsupported', rawType: text(content.type) ?? rawType }
    default:
      return { kind: 'unknown' }
  }
}

function readInteractive(content: Loose): Content {
  const flow = record(content.nfm_reply)
  if (content.type === 'nfm_reply') return { kind: 'flow', rawType: 'nfm_reply', text: text(flow.body) }
  const chosen = record(content.button_reply ?? content.list_reply)
  const buttonId = text(chosen.id)
  if (buttonId === undefined) return { kind: 'unknown', rawType: `interactive ${text(content.type) ?? ''}`.trim() }
  return { kind: 'reply', buttonId, text: text(chosen.title) }
}

function readMedia(content: Loose): Media | undefined {
  const id = text(content.id)
  if (id === undefined) return undefined
  return {
    id,
    mimeType: text(content.mime_type),
    sha256: text(content.sha256),
    filename: text(content.filename),
    caption: text(content.caption),
    voice: typeof content.voice === 'boolean' ? content.voice : undefined,
  }
}

function readLocation(content: Loose): MessageEvent['location'] {
  const latitude = number(content.latitude)
  const longitude = number(content.longitude)
  if (latitude === undefined || longitude === undefined) return undefined
  return { latitude, longitude, name: text(content.name), address: text(content.address) }
}

const readCard = (card: Loose): ContactCard => ({
  name: text(record(card.name).formatted_name) ?? text(record(card.name).first_name),
  organisation: text(record(card.org).company),
  phones: texts(card.phones, (one) => text(one.phone) ?? phone(one.wa_id)),
  emails: texts(card.emails, (one) => text(one.email)),
})

const texts = (value: unknown, pick: (one: Loose) => string | undefined): string[] =>
  list(value).flatMap((one) => pick(record(one)) ?? [])

const editedText = (message: Loose): string | undefined =>
  text(record(message.text).body) ?? text(record(message[text(message.type) ?? '']).caption)

const CHANGED = /\bfrom (\S+) to (\S+)/i
const IDENTITY_CHANGES = new Set(['user_changed_number', 'user_changed_user_id', 'customer_changed_number'])

/** `user_changed_number` and `user_changed_user_id` in all their forms; the sentence in `body` is the last resort. */
function readSystem(message: Loose, id: string, at: Date, around: Around): IdentityChange | undefined {
  const system = record(message.system)
  if (!IDENTITY_CHANGES.has(text(system.type) ?? '')) return undefined
  const sentence = CHANGED.exec(text(system.body) ?? '')
  const fresh = {
    phone: phone(system.wa_id) ?? phone(system.new_wa_id),
    userId: userId(system.user_id),
  }
  const fromUserId = userId(message.from_user_id)
  const old = {
    phone: phone(message.from),
    // Some states of the documentation show the new id in from_user_id: the new one is never the old one.
    userId: userId(system.previous_user_id) ?? (fromUserId === fresh.userId ? undefined : fromUserId),
  }
  return identityChange({ ...around.to, id, at }, completed(old, sentence?.[1]), completed(fresh, sentence?.[2]))
}

type Ids = IdentityChange['old']

const completed = (ids: Ids, word: string | undefined): Ids =>
  ids.phone !== undefined || ids.userId !== undefined || word === undefined
    ? ids
    : { phone: phone(word), userId: /^[A-Z]{2}\./.test(word) ? userId(word) : undefined }

function identityChange(common: Pick<IdentityChange, 'id' | 'at'>, old: Ids, fresh: Ids): IdentityChange | undefined {
  const known = (ids: Ids) => ids.phone !== undefined || ids.userId !== undefined
  return known(old) && known(fresh) ? { type: 'identity-change', ...common, old, new: fresh } : undefined
}

/** One element of the withdrawn field `user_id_update`; its shape was never confirmed. */
export function readIdentityUpdate(update: Loose, around: Around): IdentityChange | undefined {
  const ids = record(update.user_id)
  const waId = phone(update.wa_id)
  const at = instant(update.timestamp) ?? around.receivedAt
  const formerId = userId(ids.previous)
  // Whether `wa_id` is the old or the new number is not documented: it only stands for the old one where nothing else does.
  const previous = formerId === undefined ? { phone: waId } : { userId: formerId }
  const current = { phone: waId, userId: userId(ids.current) }
  return current.userId === undefined ? undefined : identityChange({ ...around.to, at }, previous, current)
}
