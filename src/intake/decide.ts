import type { Acceptable, Channel, Offering } from '../channels/channel.ts'
import { keywordsOf, normalise, type Wish } from '../channels/keywords.ts'
import type { MessageEvent, MessageKind } from '../whatsapp/webhook-events.ts'
import { type Tap, tapOf } from './buttons.ts'
import { nearLeaveKeyword, type PosterWish, recognise, recogniseWithPoster, wishesErasure } from './keywords.ts'
import { type Choice, chosenAfter, hasTopics } from './topics.ts'

/** The part of a message that decides what it asks for. */
export type Asking = Pick<MessageEvent, 'kind' | 'text' | 'buttonId' | 'forwarded' | 'groupId' | 'rawType'>

/** What is known about whoever wrote, at that moment. */
export interface World {
  channel: Channel
  subscribed: ReadonlySet<Offering>
  /** Of the newsletter; null = all */
  topics: Choice
  /** An open chat: also in a town where no consent is needed for it. */
  chatOpen: boolean
  /** We asked whether everything shall be erased and wait for the answer. */
  erasePending: boolean
  /** What they left after they wrote this message, which was delayed: WhatsApp promises no order. */
  leftSince: ReadonlySet<Offering>
  /** Something else was said since, by them or by the office: a bare yes may be meant for that. */
  eraseOvertaken: boolean
}

export type Decision =
  | { do: 'ignore' }
  /** `poster`: the code of the poster whose message it was. */
  | { do: 'join'; offering: Offering; poster?: string }
  | { do: 'leave'; offering: Offering | 'all' }
  /** null = all */
  | { do: 'choose-topics'; topics: string[] | null }
  /** Which topics shall it be? The list begins with the `from`-th. */
  | { do: 'topics'; from: number }
  | { do: 'help' | 'status' | 'disclose' }
  | { do: 'erase-ask' | 'erase-confirm' | 'erase-cancel' }
  /** "No" to "did you mean …?" */
  | { do: 'unchanged' }
  | { do: 'no-such-offering'; offering: Offering }
  /** Did they mean to leave? */
  | { do: 'ask-back'; keyword: string; offering: Offering | 'all' }
  /** `keep`: what they wrote goes to the chat once they agree to it. */
  | { do: 'greet'; keep: boolean }
  /** Known, but not in the chat: ask for consent and keep what they wrote. */
  | { do: 'opt-in-ask' }
  /** `notErased`: a yes that came too late for our question about erasing, and may be believed to have answered it. */
  | { do: 'chat'; notErased?: true }
  | { do: 'refuse-type'; kind: MessageKind }

/**
 * What a message asks for. Only a whole message counts as a keyword; leaving wins over joining; a tap counts like its keyword. A forwarded message is never
 * consent nor any other wish, STOP included, since its words are somebody else's: a forwarded keyword gets the greeting, as does anything forwarded by whoever
 * is not in a chat. A word one slip away from a leave keyword is asked back only if there is something to leave; a wish to erase in free words only where nobody
 * would read it.
 */
export function decide(message: Asking, world: World): Decision {
  if (message.groupId !== undefined) return { do: 'ignore' }
  const { kind } = message
  if (kind === 'text' || kind === 'button' || kind === 'reply') return decideWords(message, world)
  if (kind === 'system' || message.rawType === 'request_welcome') return { do: 'ignore' }
  // An edit, a revocation or a reaction belongs to an earlier message: outside of a chat it says nothing to us.
  if (kind === 'edit' || kind === 'revoke') return inChat(world) ? { do: 'chat' } : { do: 'ignore' }
  if (kind === 'reaction') return inChat(world) && accepts(world, kind) ? { do: 'chat' } : { do: 'ignore' }
  return accepts(world, kind) ? forTheChat(message, world) : { do: 'refuse-type', kind }
}

function decideWords(message: Asking, world: World): Decision {
  const table = keywordsOf(world.channel)
  const wishes = [message.buttonId, message.text]
    .filter((words) => words !== undefined)
    .map((words) =>
      message.kind === 'text' ? recogniseWithPoster(words, world.channel) : (tapOf(words) ?? recognise(words, table)),
    )
  const wish = wishes.find((one) => one?.do === 'leave') ?? wishes.find((one) => one !== null)
  const words = message.text ?? message.buttonId ?? ''
  const near = wish ? null : nearLeaveKeyword(words, table)
  if (message.forwarded && (wish || near)) return { do: 'greet', keep: false }
  if (wish) return grant(wish, world)
  // What stands on a button of another message answers that message.
  if (world.erasePending && message.kind === 'text' && !message.forwarded) {
    const answer = eraseAnswer(normalise(words), world)
    if (answer) return answer
  }
  if (near && hasToLeave(near.offering, world)) return { do: 'ask-back', ...near }
  const otherwise = accepts(world, 'text') ? forTheChat(message, world) : withoutChat(world)
  return otherwise.do !== 'chat' && !message.forwarded && wishesErasure(words) ? { do: 'erase-ask' } : otherwise
}

/** What a message in words says to our question whether everything shall be erased. */
export const ERASE_ANSWERS: ReadonlyMap<string, 'erase-confirm' | 'erase-cancel'> = new Map([
  ['ja', 'erase-confirm'],
  ['ja loeschen', 'erase-confirm'],
  ['ja alles loeschen', 'erase-confirm'],
  ['alles loeschen', 'erase-confirm'],
  ['nein', 'erase-cancel'],
  ['abbrechen', 'erase-cancel'],
])
const SAY_WHAT_THEY_MEAN: ReadonlySet<string> = new Set(['ja loeschen', 'ja alles loeschen', 'alles loeschen'])

/** Once other things were said, a bare word belongs to the chat; where there is none, nobody but us can be meant, but a yes is asked for again. */
function eraseAnswer(words: string, world: World): Decision | undefined {
  const answer = ERASE_ANSWERS.get(words)
  if (!answer) return undefined
  if (!world.eraseOvertaken || SAY_WHAT_THEY_MEAN.has(words)) return { do: answer }
  const isYes = answer === 'erase-confirm'
  if (inChat(world)) return isYes && accepts(world, 'text') ? { do: 'chat', notErased: true } : undefined
  return { do: isYes ? 'erase-ask' : answer }
}

/** Buttons stay on phones for years: what they offered may be gone by now, and a yes without our question is asked again. */
function grant(wish: Wish | PosterWish | Tap, world: World): Decision {
  const { channel, subscribed, erasePending } = world
  switch (wish.do) {
    case 'join':
      if (world.leftSince.has(wish.offering)) return { do: 'ignore' }
      return channel.offerings[wish.offering] ? wish : { do: 'no-such-offering', offering: wish.offering }
    case 'leave':
      return leaving(wish.offering, channel, subscribed)
    case 'erase-confirm':
      return erasePending ? wish : { do: 'erase-ask' }
    case 'topics':
      return hasTopics(channel) ? wish : { do: 'status' }
    case 'all-topics':
      return subscribed.has('info') ? { do: 'choose-topics', topics: null } : { do: 'status' }
    case 'add-topic':
    case 'drop-topic': {
      const tap = wish.do === 'add-topic' ? { add: wish.topic } : { drop: wish.topic }
      const topics = subscribed.has('info') ? chosenAfter(channel, world.topics, tap) : null
      return topics ? { do: 'choose-topics', topics } : { do: 'status' }
    }
    default:
      return wish
  }
}

/** STOP is honoured even where the offering it names is not, or no longer, in the channel file. */
function leaving(asked: Offering | 'all', { offerings }: Channel, subscribed: ReadonlySet<Offering>): Decision {
  // There STOP is the chat's keyword, but this person still has the newsletter from before.
  if (asked === 'chat' && !offerings.info && subscribed.has('info')) return { do: 'leave', offering: 'all' }
  if (asked === 'all' || offerings[asked] || subscribed.has(asked)) return { do: 'leave', offering: asked }
  return asked === 'info' ? { do: 'leave', offering: 'chat' } : { do: 'no-such-offering', offering: 'chat' }
}

/** A message of a kind this chat accepts. */
function forTheChat(message: Asking, world: World): Decision {
  if (message.forwarded && !inChat(world)) return { do: 'greet', keep: false }
  const mayChat = inChat(world) || world.channel.offerings.chat?.optInRequired === false
  if (mayChat) return { do: 'chat' }
  return world.subscribed.size > 0 ? { do: 'opt-in-ask' } : { do: 'greet', keep: true }
}

function withoutChat({ channel, subscribed }: World): Decision {
  if (channel.offerings.chat) return { do: 'refuse-type', kind: 'text' }
  return subscribed.size > 0 ? { do: 'no-such-offering', offering: 'chat' } : { do: 'greet', keep: false }
}

const inChat = ({ subscribed, chatOpen }: World) => chatOpen || subscribed.has('chat')

const hasToLeave = (offering: Offering | 'all', world: World) =>
  offering === 'all'
    ? world.subscribed.size > 0 || world.chatOpen
    : offering === 'chat'
      ? inChat(world)
      : world.subscribed.has('info')

const accepts = ({ channel }: World, kind: MessageKind) =>
  channel.offerings.chat?.accepts.includes((kind === 'voice' ? 'audio' : kind) as Acceptable) ?? false
