import { type Offering, WEEKDAYS } from './channel.ts'
import { BUILT_IN, compact, STANDARD_KEYWORDS } from './keywords.ts'
import { REPLY_KEYS, type ReplyKey, unknownPlaceholders } from './reply-keys.ts'
import type { Path } from './yaml-source.ts'

type Wrong = { path: Path; message: string }

/** The value at a path of something that may have any shape. */
export function valueAt(value: unknown, path: Path): unknown {
  let here = value
  for (const step of path) {
    if (here === null || typeof here !== 'object') return undefined
    here = (here as Record<string | number, unknown>)[step]
  }
  return here
}

/**
 * A keyword with two meanings, in one file. Works on the raw content, so that it is told together with everything else that is wrong.
 * The same word twice in one list is harmless.
 */
export function ambiguousKeywords(content: unknown): Wrong[] {
  const meanings = new Map(BUILT_IN.map(([word]) => [compact(word), 'every channel understands it already']))
  const wrong: Wrong[] = []
  for (const offering of ['info', 'chat'] as const satisfies Offering[]) {
    const block = valueAt(content, ['offerings', offering])
    if (block === null || typeof block !== 'object') continue
    for (const act of ['join', 'leave'] as const) {
      const path = ['offerings', offering, act]
      const given = valueAt(content, path)
      const words: unknown = given === undefined ? STANDARD_KEYWORDS[offering][act] : given
      if (!Array.isArray(words)) continue
      const here = `it is also in offerings.${offering}.${act}`
      for (const [index, word] of words.entries()) {
        const key = typeof word === 'string' ? compact(word) : ''
        if (key === '') continue
        const taken = meanings.get(key)
        if (taken === undefined) meanings.set(key, here)
        else if (taken !== here)
          wrong.push({
            path: given === undefined ? path : [...path, index],
            message: `the keyword "${word}" has two meanings: ${taken}`,
          })
      }
    }
  }
  return wrong
}

/**
 * Codes of posters that could not be told apart, or that are words with a meaning of their own: `START #stop` must not be two things at once.
 * Words of other towns count too, since citizens know them.
 */
export function ambiguousPosters(content: unknown): Wrong[] {
  const posters = valueAt(content, ['posters'])
  if (posters === null || typeof posters !== 'object') return []
  const keywords = new Set(
    [
      ...BUILT_IN.map(([word]) => word),
      ...(['info', 'chat'] as const).flatMap((offering) =>
        (['join', 'leave'] as const).flatMap((act) => {
          const own = valueAt(content, ['offerings', offering, act])
          return [...STANDARD_KEYWORDS[offering][act], ...(Array.isArray(own) ? own : [])]
        }),
      ),
    ]
      .filter((word) => typeof word === 'string')
      .map(compact),
  )
  const codes = new Map<string, string>()
  return Object.keys(posters).flatMap((code): Wrong[] => {
    const path = ['posters', code]
    const word = [compact(code), ...code.split('-')].find((part) => keywords.has(part))
    if (word !== undefined) return [{ path, message: `contains the keyword "${word}": choose another code` }]
    const same = codes.get(compact(code))
    codes.set(compact(code), code)
    return same === undefined ? [] : [{ path, message: `is the same code as "${same}": hyphens do not count` }]
  })
}

/** Reply texts under a key that does not exist, or with a placeholder that nobody fills in. */
export function wrongReplies(content: unknown): Wrong[] {
  const replies = valueAt(content, ['replies'])
  if (replies === null || typeof replies !== 'object') return []
  return Object.entries(replies).flatMap(([key, text]): Wrong[] => {
    const path = ['replies', key]
    if (!(REPLY_KEYS as readonly string[]).includes(key))
      return [{ path, message: `is not a reply text; there are ${REPLY_KEYS.join(', ')}` }]
    if (typeof text !== 'string') return []
    return unknownPlaceholders(key as ReplyKey, text).map((name) => ({
      path,
      message: `contains {${name}}, which this text cannot fill in`,
    }))
  })
}

/** An office that never opens would tell citizens nothing at all. */
export function neverOpen(content: unknown): Wrong[] {
  const path = ['offerings', 'chat', 'officeHours']
  const hours = valueAt(content, path)
  if (hours === null || typeof hours !== 'object') return []
  const some = WEEKDAYS.some((day) => {
    const list = (hours as Record<string, unknown>)[day]
    return Array.isArray(list) ? list.length > 0 : list !== undefined
  })
  return some ? [] : [{ path, message: 'names no hours at all: leave it out if there are no fixed hours' }]
}
