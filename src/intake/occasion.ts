import type { Channel, Offering } from '../channels/channel.ts'
import type { ReplyKey } from '../channels/reply-keys.ts'
import type { Contact } from '../contacts/contacts.ts'
import type { NoticeKind } from '../contacts/notices.ts'
import { posterSource } from '../subscriptions/source.ts'
import type { ActiveSubscription, Wish } from '../subscriptions/subscriptions.ts'
import { textMessage } from '../whatsapp/messages.ts'
import type { MessageEvent } from '../whatsapp/webhook-events.ts'
import type { Decision } from './decide.ts'
import { say } from './replies.ts'

/** One message, who wrote it, what it asks for, and what was known at that moment. */
export type Occasion = {
  message: MessageEvent
  contact: Contact
  decision: Decision
  active: readonly ActiveSubscription[]
  chatId: string | null
  /** A matter is open, or a message of the same moment opens one. */
  chatOpen: boolean
  /** automatic lines this contact has had: kind → when */
  lines: ReadonlyMap<string, Date>
}

/** Where citizens find our pages. */
export type Place = { publicUrl: string }

export type Said = ReturnType<typeof say>

export type Line = {
  occasion: Occasion
  said: Said
  /** Under which name it is noted that it was given. */
  notice: NoticeKind
  /** Not again within this time. */
  pauseMs?: number
  /** The answer to a change that was made. */
  due?: boolean
  /** The contact is gone, the last message goes to where they were. */
  farewell?: boolean
}

/**
 * Under these names it is noted that we asked whether everything shall be erased, that they wrote something else since, and that we said that a yes after that
 * erased nothing.
 */
export const ERASE_ASK = 'erase-ask' satisfies Decision['do']
export const ERASE_OVERTAKEN = 'erase-overtaken' satisfies NoticeKind
export const NOT_ERASED = 'not-erased' satisfies NoticeKind

/** How long the answer "yes" to that question counts. */
export const ERASE_QUESTION_MS = 3_600_000

export const MINUTE = 60_000
export const HOUR = 3_600_000

export function wishOf(
  channel: Channel,
  { contact, message, decision }: Occasion,
  offering: Offering,
  { wording }: Said,
): Wish {
  const poster = decision.do === 'join' ? decision.poster : undefined
  const source = poster === undefined ? (message.kind === 'text' ? 'keyword' : 'button') : posterSource(poster)
  return {
    channel: channel.slug,
    contactId: contact.id,
    subject: contact.subject,
    offering,
    at: message.at,
    source,
    messageId: message.id,
    noticeVersion: channel.privacy.noticeVersion,
    wording,
  }
}

export const saying = (
  channel: Channel,
  { decision, active, chatOpen }: Occasion,
  key: ReplyKey,
  own?: Record<string, string>,
): Said => say(channel, key, own, { decision, active, chatOpen })

export const plain = (wording: string): Said => ({ wording, body: textMessage(wording) })

/** Two things to say are one message, since each costs. Only for texts without buttons. */
export const followedBy = (said: Said, more: string | null | undefined): Said =>
  more ? plain(`${said.wording}\n\n${more}`) : said

export const about = (offering: Offering | 'all') => `about ${offering}` as const
