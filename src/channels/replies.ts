import type { Acceptable, Channel, Offering } from './channel.ts'
import { localeOf } from './locale.ts'
import { type CommonPlaceholder, REPLY_KEYS, type ReplyKey } from './reply-keys.ts'
import { textsDe } from './texts.de.ts'
import { textsEn } from './texts.en.ts'

type ButtonName =
  | 'joinInfo'
  | 'joinChat'
  | 'leaveInfo'
  | 'leaveChat'
  | 'leaveAll'
  | 'keep'
  | 'help'
  | 'eraseYes'
  | 'eraseNo'
  | 'allTopics'
  | 'chooseTopics'
type Phrase =
  | 'offerInfo'
  | 'offerChat'
  | 'anyMessage'
  | 'leaveInfo'
  | 'leaveChat'
  | 'builtIn'
  | 'erasure'
  | 'info'
  | 'chat'
  | 'subscribedSince'
  | 'withTopics'
  | 'allTopics'
  | 'everyTopic'
  | 'addTopic'
  | 'dropTopic'
  | 'onlyTopic'
  | 'moreTopics'
  | 'topicsWord'
  | 'notSubscribed'
  | 'today'
  | 'onDay'
  | 'fromTime'
  | 'holiday'
  | 'noConsentNeeded'
  | 'openMatter'

/** All words of one language. Titles of buttons have at most 20 characters, Meta's limit. */
export interface Texts {
  replies: Readonly<Record<ReplyKey, string>>
  buttons: Readonly<Record<ButtonName, string>>
  phrases: Readonly<Record<Phrase, string>>
  kinds: Readonly<Record<Acceptable, string>>
}

/** The words of a channel's language. */
export const textsOf = (channel: Pick<Channel, 'language'>): Texts => (channel.language === 'en' ? textsEn : textsDe)

/**
 * An automatic text as this channel words it, all placeholders filled in: the channel file's own text, else the built-in one of its language.
 * @param own what only the occasion knows, see OWN_PLACEHOLDERS
 */
export function replyText(channel: Channel, key: ReplyKey, own: Readonly<Record<string, string>> = {}): string {
  return fill(channel.replies[key] ?? textsOf(channel).replies[key], { ...commonValues(channel), ...own })
}

/** Meta's limit for the text of a message with reply buttons, in characters. */
export const LONGEST_REPLY = 1024

/** The texts that are too long on this channel, with its own names and addresses filled in. */
export const tooLongReplies = (channel: Channel): ReplyKey[] =>
  REPLY_KEYS.filter((key) => replyText(channel, key).length > LONGEST_REPLY)

/** Replaces `{name}`; what a missing value leaves behind (double blanks, empty lines) is tidied up. */
function fill(template: string, values: Readonly<Record<string, string | undefined>>): string {
  return template
    .replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '')
    .replace(/ {2,}/g, ' ')
    .replace(/ *\n */g, '\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim()
}

const known = new WeakMap<Channel, Readonly<Record<CommonPlaceholder, string>>>()

function commonValues(channel: Channel): Readonly<Record<CommonPlaceholder, string>> {
  const before = known.get(channel)
  if (before) return before
  const { phrases, kinds } = textsOf(channel)
  const { info, chat } = channel.offerings
  const words = {
    town: channel.town,
    name: channel.name,
    noticeUrl: channel.privacy.noticeUrl,
    website: new URL(channel.privacy.noticeUrl).origin,
    joinInfo: info ? keyword(info.join) : '',
    leaveInfo: info ? keyword(info.leave) : '',
    joinChat: chat ? keyword(chat.join) : '',
    leaveChat: chat ? keyword(chat.leave) : '',
    topics: listed(channel, Object.values(info?.topics ?? {})),
    accepts: listed(channel, chat?.accepts.map((kind) => kinds[kind]) ?? []),
    erasure: chat?.eraseOnClose ? phrases.erasure : '',
  }
  const chatPhrase = chat && (chat.optInRequired ? phrases.offerChat : phrases.anyMessage)
  const offers = [info && phrases.offerInfo, chatPhrase]
  const topicsWord = words.topics === '' ? undefined : phrases.topicsWord
  const commands = [
    offers[0],
    info && phrases.leaveInfo,
    topicsWord,
    offers[1],
    chat && phrases.leaveChat,
    phrases.builtIn,
  ]
  const lines = (list: readonly (string | undefined)[]) =>
    fill(list.filter((line) => line !== undefined).join('\n'), words)
  const values = { ...words, offers: lines(offers), commands: lines(commands) }
  known.set(channel, values)
  return values
}

const keyword = (words: readonly string[]) => words[0]!.toUpperCase()

const listed = ({ language }: Channel, words: readonly string[]) => new Intl.ListFormat(language).format(words)

const dayFormats = new WeakMap<Channel, Intl.DateTimeFormat>()

/** Making one costs more than everything else about an answer. */
function dayFormat(channel: Channel): Intl.DateTimeFormat {
  const { timezone: timeZone } = channel
  const format = dayFormats.get(channel) ?? new Intl.DateTimeFormat(localeOf(channel), { dateStyle: 'long', timeZone })
  dayFormats.set(channel, format)
  return format
}

/** One line per offering of the channel: subscribed since when, to which topics, and whether a matter is open. `topics: null` = all. */
export function statusLines(
  channel: Channel,
  subscriptions: readonly { offering: Offering; joinedAt: Date; topics: readonly string[] | null }[],
  chatOpen = false,
): string {
  const { phrases } = textsOf(channel)
  const day = dayFormat(channel)
  const offered = (['info', 'chat'] as const).filter((offering) => channel.offerings[offering])
  return offered
    .map((offering) => {
      const subscription = subscriptions.find((one) => one.offering === offering)
      const free = offering === 'chat' && !channel.offerings.chat!.optInRequired
      const matter = offering === 'chat' && chatOpen ? fill(phrases.openMatter, commonValues(channel)) : ''
      if (!subscription)
        return `${phrases[offering]}: ${matter || (free ? phrases.noConsentNeeded : phrases.notSubscribed)}`
      const since = fill(phrases.subscribedSince, { day: day.format(subscription.joinedAt) })
      const topics = offering === 'info' ? topicNames(channel, subscription.topics) : ''
      return `${phrases[offering]}: ${since}${topics && ` (${fill(phrases.withTopics, { topics })})`}${matter && `. ${matter}`}`
    })
    .join('\n')
}

/** The labels of chosen topics, "all topics" for null, '' where the channel has none. */
export function topicNames(channel: Channel, topics: readonly string[] | null): string {
  const labels = channel.offerings.info?.topics ?? {}
  if (Object.keys(labels).length === 0) return ''
  if (topics === null) return textsOf(channel).phrases.allTopics
  return listed(
    channel,
    topics.map((topic) => labels[topic] ?? topic),
  )
}
