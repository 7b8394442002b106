/** Every automatic text, by key: what a channel file may override under `replies`. */
export const REPLY_KEYS = [
  'greeting',
  'messageKept',
  'joinedInfo',
  'joinedChat',
  'joinedChatForwarded',
  'alreadyInInfo',
  'alreadyInChat',
  'leftInfo',
  'leftChat',
  'leftOpenChat',
  'leftAll',
  'notInInfo',
  'notInChat',
  'notInOpenChat',
  'notInAny',
  'help',
  'status',
  'noInfoHere',
  'noChatHere',
  'refusedType',
  'refusedCall',
  'chatOpened',
  'optInAsk',
  'officeClosed',
  'askBack',
  'unchanged',
  'topicsHint',
  'topicsAsk',
  'topicsChosen',
  'disclosure',
  'eraseAsk',
  'notErased',
  'erased',
] as const
export type ReplyKey = (typeof REPLY_KEYS)[number]

/** What any text may contain as `{name}`. `offers` and `commands` are lists, one thing per line. */
export const COMMON_PLACEHOLDERS = [
  'town',
  'name',
  'noticeUrl',
  'website',
  'joinInfo',
  'leaveInfo',
  'joinChat',
  'leaveChat',
  'topics',
  'accepts',
  'offers',
  'commands',
  'erasure',
] as const
export type CommonPlaceholder = (typeof COMMON_PLACEHOLDERS)[number]

/** What a text may contain in addition, since only its occasion knows it. */
export const OWN_PLACEHOLDERS = {
  status: ['status'],
  officeClosed: ['closure', 'opening'],
  askBack: ['keyword'],
  topicsAsk: ['chosen'],
  topicsChosen: ['chosen'],
  disclosure: ['data', 'link'],
} as const satisfies Partial<Record<ReplyKey, readonly string[]>>

/** The placeholders of a text that nobody will ever fill in. */
export function unknownPlaceholders(key: ReplyKey, text: string): string[] {
  const own: Partial<Record<ReplyKey, readonly string[]>> = OWN_PLACEHOLDERS
  const known = new Set<string>([...COMMON_PLACEHOLDERS, ...(own[key] ?? [])])
  return [...text.matchAll(/\{([^{}]*)\}/g)].map(([, name]) => name!).filter((name) => !known.has(name))
}
