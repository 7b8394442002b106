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
export const topicButton = (topic: string): string => `topic:${topic}`

/** A tap on one of our own buttons, or null if the id is not ours. `topics: null` = all. */
export type Tap =
  | { do: 'join'; offering: Offering }
  | { do: 'leave'; offering: Offering | 'all' }
  | { do: 'choose-topics'; topics: string[] | null }
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
  [BUTTONS.allTopics, { do: 'choose-topics', topics: null }],
])

export function tapOf(id: string): Tap | null {
  const topic = /^topic:(.+)$/.exec(id)?.[1]
  return TAPS.get(id) ?? (topic === undefined ? null : { do: 'choose-topics', topics: [topic] })
}
