import type { Offering } from '../channels/channel.ts'

/** Ids of the reply buttons in our own messages. They are stored on citizens' phones: an id, once sent, keeps its meaning. */
export const BUTTONS = {
  joinInfo: 'join:info',
  joinChat: 'join:chat',
  leaveInfo: 'leave:info',
  leaveChat: 'leave:chat',
  leaveAll: 'leave:all',
  /** The answer "no" to "did you mean …?" */
  keep: 'keep',
  help: 'help',
  eraseYes: 'erase:yes',
  eraseNo: 'erase:no',
  allTopics: 'topic:all',
} as const

export const joinButton = (offering: Offering): string => `join:${offering}`
export const leaveButton = (offering: Offering | 'all'): string => `leave:${offering}`
/** Keys of topics contain no colon. */
export const topicButton = (topic: string): string => `topic:${topic}`
export const dropTopicButton = (topic: string): string => `topic:drop:${topic}`
/** Leads on to the topics from the n-th, where they do not fit into one list. */
export const moreTopicsButton = (from: number): string => `topic:more:${from}`

/** A tap on one of our own buttons, or null if the id is not ours. */
export type Tap =
  | { do: 'join'; offering: Offering }
  | { do: 'leave'; offering: Offering | 'all' }
  | { do: 'all-topics' }
  | { do: 'add-topic' | 'drop-topic'; topic: string }
  | { do: 'topics'; from: number }
  | { do: 'help' | 'unchanged' | 'erase-confirm' | 'erase-cancel' }

const TAPS: ReadonlyMap<string, Tap> = new Map<string, Tap>([
  [BUTTONS.joinInfo, { do: 'join', offering: 'info' }],
  [BUTTONS.joinChat, { do: 'join', offering: 'chat' }],
  [BUTTONS.leaveInfo, { do: 'leave', offering: 'info' }],
  [BUTTONS.leaveChat, { do: 'leave', offering: 'chat' }],
  [BUTTONS.leaveAll, { do: 'leave', offering: 'all' }],
  [BUTTONS.keep, { do: 'unchanged' }],
  [BUTTONS.help, { do: 'help' }],
  [BUTTONS.eraseYes, { do: 'erase-confirm' }],
  [BUTTONS.eraseNo, { do: 'erase-cancel' }],
  [BUTTONS.allTopics, { do: 'all-topics' }],
])

export function tapOf(id: string): Tap | null {
  const known = TAPS.get(id)
  if (known) return known
  const [, act, what] = /^topic:(?:(drop|more):)?([a-z0-9_-]+)$/.exec(id) ?? []
  if (what === undefined) return null
  if (act === 'more') return /^\d{1,6}$/.test(what) ? { do: 'topics', from: Number(what) } : null
  return { do: act === 'drop' ? 'drop-topic' : 'add-topic', topic: what }
}
