import type { Channel, Offering } from '../channels/channel.ts'
import { compact, keywordsOf, normalise, type Wish } from '../channels/keywords.ts'
import { takeCodes } from '../channels/posters.ts'

export { normalise } from '../channels/keywords.ts'

type Table = ReadonlyMap<string, Wish>

/**
 * The wish of a message that is a keyword as a whole, one keyword several times over ("stop stop"), or nothing but keywords that join and leave: then
 * leaving wins ("stop start"). Everything else is null, also a sentence that contains a keyword.
 */
export function recognise(text: string, table: Table): Wish | null {
  const words = normalise(text).split(' ')
  return repeated(words.join(''), table) ?? mixed(words, table)
}

function repeated(key: string, table: Table): Wish | null {
  for (let length = key.length; length > 0; length--) {
    if (key.length % length !== 0) continue
    const wish = table.get(key.slice(0, length))
    if (wish && key.slice(0, length).repeat(key.length / length) === key) return wish
  }
  return null
}

/** Joining by the message of a poster. */
export type PosterWish = { do: 'join'; offering: Offering; poster: string }

/**
 * The wish of a message in which a `#code` of one of the town's posters may stand. Behind the keyword that posters print it says which poster it was; beside one
 * that leaves it changes nothing, wherever it stands: leaving never gets harder. Every other message is read as if there were no posters, since with other
 * keywords "Info #bürgerfest?" is a question.
 */
export function recogniseWithPoster(text: string, channel: Channel): Wish | PosterWish | null {
  const table = keywordsOf(channel)
  const whole = recognise(text, table)
  if (whole?.do === 'leave') return whole // "STOP #alles", also where a poster has that code
  const coded = takeCodes(text, channel)
  const wish = coded && recognise(coded.rest, table)
  if (wish?.do === 'leave') return wish
  if (coded?.follows && wish?.do === 'join' && isPrinted(coded.rest, wish.offering, channel))
    return { ...wish, poster: coded.follows }
  if (coded?.follows && wish?.do === 'no-such-offering') return wish
  return whole
}

const isPrinted = (words: string, offering: Offering, { offerings }: Channel): boolean =>
  recognise(words, new Map([[compact(offerings[offering]!.join[0]!), { do: 'join', offering }]])) !== null

/** Longer than any sequence of keywords that somebody would write in earnest. */
const MOST_WORDS = 8

/** "stopp chat" names the chat by the word that joins it, although "stopp" alone is about the newsletter. */
function mixed(words: readonly string[], table: Table): Wish | null {
  if (words.length > MOST_WORDS) return null
  const named = new Set<Offering>()
  const left = new Set<Offering | 'all'>()
  for (let from = 0; from < words.length; ) {
    let to = words.length
    while (to > from && !table.has(words.slice(from, to).join(''))) to--
    const wish = table.get(words.slice(from, to).join(''))
    if (wish?.do === 'leave') left.add(wish.offering)
    else if (wish?.do === 'join' || wish?.do === 'no-such-offering') named.add(wish.offering)
    else return null
    from = to
  }
  const [offering, ...others] = left
  if (offering === undefined) return null
  if (others.length > 0) return { do: 'leave', offering: 'all' }
  return { do: 'leave', offering: offering === 'info' && named.size === 1 && named.has('chat') ? 'chat' : offering }
}

/** German words that are one slip away from a usual leave keyword and meant as they are. */
const REAL_WORDS = new Set('shop step stopf stops stoppt erde ente enge enden endet endes wende sende lende'.split(' '))
const SHORTEST = 4

/**
 * The leave keyword that a single word misses by one slip: two letters swapped, one missing, one too many or one wrong. Null for words under four letters,
 * for keywords and for real words: a needless question is a nuisance too.
 */
export function nearLeaveKeyword(text: string, table: Table): { keyword: string; offering: Offering | 'all' } | null {
  const word = normalise(text)
  if (word.length < SHORTEST || word.includes(' ') || table.has(word) || REAL_WORDS.has(word)) return null
  for (const [keyword, wish] of table) {
    if (wish.do === 'leave' && keyword.length >= SHORTEST && oneSlip(word, keyword))
      return { keyword, offering: wish.offering }
  }
  return null
}

const ERASING = new Set('loesch loesche loeschen loescht loeschung geloescht delete deleted erase erased'.split(' '))
const ERASED = new Set(
  'alles alle daten nummer handynummer telefonnummer meine mich all everything data number me'.split(' '),
)
/** "Ich möchte, dass meine Daten gelöscht werden": whoever writes more has more to say. */
const LONGEST_ERASURE = 7

/** Whether a short message wishes in free words that we erase what we have. Guessed: good enough for a question, never for a deed. */
export function wishesErasure(text: string): boolean {
  const words = normalise(text).split(' ')
  const has = (known: ReadonlySet<string>) => words.some((word) => known.has(word))
  return words.length <= LONGEST_ERASURE && has(ERASING) && has(ERASED)
}

/** Whether two different words become equal by one swap of neighbours, one letter more, one less or one other. */
export function oneSlip(a: string, b: string): boolean {
  if (a === b || Math.abs(a.length - b.length) > 1) return false
  let from = 0
  while (from < a.length && a[from] === b[from]) from++
  const restOf = (word: string, skipped: number) => word.slice(from + skipped)
  if (a.length > b.length) return restOf(a, 1) === restOf(b, 0)
  if (a.length < b.length) return restOf(a, 0) === restOf(b, 1)
  const swapped = a[from] === b[from + 1] && a[from + 1] === b[from] && restOf(a, 2) === restOf(b, 2)
  return swapped || restOf(a, 1) === restOf(b, 1)
}
