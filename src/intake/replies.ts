import type { Channel, Offering } from '../channels/channel.ts'
import { replyText, statusLines, textsOf, topicNames } from '../channels/replies.ts'
import type { ReplyKey } from '../channels/reply-keys.ts'
import { buttonsMessage, type MessageBody, textMessage } from '../whatsapp/messages.ts'
import { BUTTONS } from './buttons.ts'
import type { Decision } from './decide.ts'
import { hasTopics, topicList } from './topics.ts'

/** What an answer may have to know about the occasion: what was decided, and what this person is subscribed to. */
export interface Facts {
  decision: Decision
  active: readonly { offering: Offering; joinedAt: Date; topics: readonly string[] | null }[]
  chatOpen?: boolean
}

/**
 * The automatic answer for an occasion: its words, and the message for Meta with the reply buttons that belong to it.
 * @param own values of placeholders that only the caller knows, see OWN_PLACEHOLDERS
 */
export function say(
  channel: Channel,
  key: ReplyKey,
  own: Readonly<Record<string, string>> = {},
  facts?: Facts,
): { wording: string; body: MessageBody } {
  const wording = wordsFor(channel, key, own, facts)
  if (offersTopics(channel, key)) {
    const from = facts?.decision.do === 'topics' ? facts.decision.from : 0
    return { wording, body: topicList(channel, wording, topicsIn(facts), from) }
  }
  const titles = textsOf(channel).buttons
  const buttons = buttonsFor(channel, key, facts).map((name) => ({ id: BUTTONS[name], title: titles[name] }))
  return { wording, body: buttons.length > 0 ? buttonsMessage(wording, buttons) : textMessage(wording) }
}

function wordsFor(channel: Channel, key: ReplyKey, own: Readonly<Record<string, string>>, facts?: Facts): string {
  if (key === 'status')
    return replyText(channel, key, { status: statusLines(channel, facts?.active ?? [], facts?.chatOpen), ...own })
  if (key === 'topicsAsk') return replyText(channel, key, { chosen: topicNames(channel, topicsIn(facts)), ...own })
  if (key === 'joinedInfo' && hasTopics(channel))
    return `${replyText(channel, key, own)}\n\n${replyText(channel, 'topicsHint')}`
  if (key === 'askBack') return replyText(channel, key, { ...own, keyword: own.keyword?.toUpperCase() ?? '' })
  // Where nothing is accepted at all, listing what is accepted would be an empty promise.
  if (key === 'refusedType' && !channel.offerings.chat) return replyText(channel, 'noChatHere', own)
  const words = replyText(channel, key, own)
  const waits = key === 'greeting' && facts?.decision.do === 'greet' && facts.decision.keep
  return waits ? `${words}\n\n${replyText(channel, 'messageKept')}` : words
}

const offersTopics = (channel: Channel, key: ReplyKey) =>
  (key === 'joinedInfo' || key === 'topicsAsk') && hasTopics(channel)

const topicsIn = (facts?: Facts) => facts?.active.find(({ offering }) => offering === 'info')?.topics ?? null

type ButtonName = keyof typeof BUTTONS

const LEAVE = { info: 'leaveInfo', chat: 'leaveChat', all: 'leaveAll' } as const

function buttonsFor(channel: Channel, key: ReplyKey, facts?: Facts): ButtonName[] {
  const { info, chat } = channel.offerings
  const isIn = (offering: Offering) => facts?.active.some((one) => one.offering === offering) ?? false
  switch (key) {
    case 'greeting':
      return [...(info ? ['joinInfo' as const] : []), ...(chat ? ['joinChat' as const] : []), 'help']
    case 'optInAsk':
      return ['joinChat']
    case 'eraseAsk':
      return ['eraseYes', 'eraseNo']
    case 'askBack':
      return facts?.decision.do === 'ask-back' ? [LEAVE[facts.decision.offering], 'keep'] : []
    // Somebody who wrote STOP without being in what it ends may have meant the other offering.
    case 'notInInfo':
      if (facts?.decision.do === 'topics') return ['joinInfo']
      return isIn('chat') ? ['leaveChat'] : []
    case 'notInChat':
    case 'notInOpenChat':
      return isIn('info') ? ['leaveInfo'] : []
    default:
      return []
  }
}
