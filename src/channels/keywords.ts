import type { Channel, Offering } from './channel.ts'

/** What a channel listens to when its file does not say. */
export const STANDARD_KEYWORDS: Readonly<Record<Offering, Readonly<Record<'join' | 'leave', readonly string[]>>>> = {
  info: {
    join: ['start', 'info', 'infokanal', 'abo', 'anmelden'],
    leave: ['stop', 'stopp', 'abmelden', 'abbestellen', 'ende'],
  },
  chat: { join: ['chat'], leave: ['stop chat', 'chat ende'] },
}

/** What a keyword asks for. */
export type Wish =
  | { do: 'join' | 'leave'; offering: Offering }
  | { do: 'leave'; offering: 'all' }
  | { do: 'no-such-offering'; offering: Offering }
  | { do: 'help' | 'status' | 'disclose' | 'erase-ask' }
  | { do: 'topics'; from: number }

/** Understood on every channel. `stopp` is as common a spelling as `stop`. */
export const BUILT_IN: readonly (readonly [string, Wish])[] = [
  ['stop alles', { do: 'leave', offering: 'all' }],
  ['stopp alles', { do: 'leave', offering: 'all' }],
  ['hilfe', { do: 'help' }],
  ['status', { do: 'status' }],
  ['auskunft', { do: 'disclose' }],
  ['löschen', { do: 'erase-ask' }],
]

const INVISIBLE = /[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu
/** Before NFKC, which would turn ℹ into the letter i and ™ into tm. */
const EMOJI = /[0-9#*]\uFE0F?\u20E3|[\p{Extended_Pictographic}\p{Regional_Indicator}\p{Emoji_Modifier}\p{Co}]/gu
const SEPARATORS = /[\p{P}\p{S}\p{Z}\p{C}\p{Me}]+/gu
const UMLAUTS: Readonly<Record<string, string>> = { ä: 'ae', ö: 'oe', ü: 'ue', ß: 'ss' }
const COURTESIES = new Set(['bitte', 'danke'])

/** A message as it reads: without emoji and invisible characters, Unicode forms equal. */
export const readable = (text: string): string => text.replace(EMOJI, ' ').replace(INVISIBLE, '').normalize('NFKC')

/**
 * A message reduced to what makes it a keyword: lower-case words with single blanks between them. Punctuation, hyphens, emoji, invisible characters,
 * "bitte" and "danke" are gone, umlauts written out, Unicode forms equal. Normalising twice changes nothing.
 */
export function normalise(text: string): string {
  return readable(text)
    .toLowerCase()
    .normalize('NFKC')
    .replace(INVISIBLE, '')
    .replace(/[äöüß]/g, (letter) => UMLAUTS[letter]!)
    .normalize('NFKC')
    .replace(SEPARATORS, ' ')
    .split(' ')
    .filter((word) => word !== '' && !COURTESIES.has(word))
    .join(' ')
}

/** The form in which keywords are compared: "Info-Kanal" and "infokanal", "S.T.O.P." and "stop" are the same word. */
export const compact = (text: string): string => normalise(text).replaceAll(' ', '')

/** Words that citizens know from everywhere: they lead out even where a town has chosen other ones. */
const ALWAYS_LEAVE = ['stop', 'stopp']

/** Understood where the newsletter has topics. */
const TOPICS = ['themen']

const tables = new WeakMap<Channel, ReadonlyMap<string, Wish>>()

/**
 * What each keyword of a channel asks for, by its `compact` form. Standard keywords of an offering that this town does not have are known too: joining it is
 * explained, and whoever writes STOP where there is only a chat means the chat.
 */
export function keywordsOf(channel: Channel): ReadonlyMap<string, Wish> {
  const known = tables.get(channel)
  if (known) return known
  const table = new Map<string, Wish>(BUILT_IN.map(([word, wish]) => [compact(word), wish]))
  const { info, chat } = channel.offerings
  for (const offering of ['info', 'chat'] as const)
    for (const act of ['join', 'leave'] as const)
      for (const word of channel.offerings[offering]?.[act] ?? []) table.set(compact(word), { do: act, offering })

  const fallback = (words: readonly string[], wish: Wish) => {
    for (const word of words) if (!table.has(compact(word))) table.set(compact(word), wish)
  }
  if (!info) {
    fallback(STANDARD_KEYWORDS.info.join, { do: 'no-such-offering', offering: 'info' })
    fallback(STANDARD_KEYWORDS.info.leave, { do: 'leave', offering: 'chat' })
  }
  if (!chat) {
    fallback(STANDARD_KEYWORDS.chat.join, { do: 'no-such-offering', offering: 'chat' })
    fallback(STANDARD_KEYWORDS.chat.leave, { do: 'no-such-offering', offering: 'chat' })
  }
  if (Object.keys(info?.topics ?? {}).length > 0) fallback(TOPICS, { do: 'topics', from: 0 })
  fallback(ALWAYS_LEAVE, { do: 'leave', offering: info ? 'info' : 'chat' })
  tables.set(channel, table)
  return table
}
