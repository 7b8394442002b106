import type { Channel } from './channel.ts'
import { compact, normalise, readable } from './keywords.ts'

/** The message that the QR code of a poster writes: a keyword that joins, and the poster's code. */
export const posterMessage = (joinWord: string, code: string): string => `${joinWord.toUpperCase()} #${code}`

/** A message with codes of posters taken apart. */
export type Coded = {
  /** The message without them. */
  rest: string
  /** The code, if there is one alone and it follows all words of the message. */
  follows: string | null
}

const CODE = /#\s*([^\s#]+)/g

/** Looks for codes that the channel has declared; null if there is none. Anything else behind a `#` stays part of the message. */
export function takeCodes(text: string, { posters }: Pick<Channel, 'posters'>): Coded | null {
  const plain = readable(text)
  if (!plain.includes('#')) return null
  const declared = new Map(Object.keys(posters).map((code) => [compact(code), code]))
  const found = [...plain.matchAll(CODE)].flatMap(({ 0: { length }, 1: typed, index }) => {
    const code = declared.get(compact(typed!))
    return code === undefined ? [] : [{ code, from: index, to: index + length }]
  })
  const [first, last] = [found[0], found.at(-1)]
  if (!first || !last) return null
  const one = found.every(({ code }) => code === first.code)
  const behind = normalise(plain.slice(0, first.from)) !== '' && normalise(plain.slice(last.to)) === ''
  return {
    rest: found.reduceRight((rest, { from, to }) => `${rest.slice(0, from)} ${rest.slice(to)}`, plain),
    follows: one && behind ? first.code : null,
  }
}
