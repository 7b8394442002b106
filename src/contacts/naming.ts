import { findPhoneNumbersInText } from 'libphonenumber-js/max'

/** Dates and times are nobody's number. */
const MOMENTS = /(?<!\d)(?:\d{1,2}\.\d{1,2}\.\d{2,4}|\d{4}-\d{2}-\d{2}|\d{1,2}:\d{2}(?::\d{2})?)(?!\d)/g
/** Digits with whatever people put between those of a number. */
const RUN = /\p{Nd}(?:[^\p{Nd}\p{L}]{0,4}\p{Nd})*/gu

const MAIL = /[^\s<>()"',;:]+@[^\s<>()"',;:]+\.\p{L}{2,}/gu

/**
 * Whether a text that is kept in the open says who somebody is: by a number of so many digits, however it is written, or by an e-mail address.
 * @param own what may stand there, since it is the town's
 */
export function identifies(said: string, digits: number, own?: Addresses): boolean {
  const text = said.normalize('NFKC') // wide digits are digits
  if (own && identifies(text, digits)) return identifies(without(own, text), digits)
  if (/\S@\S+\.\w/.test(text)) return true
  const runs = text.replace(MOMENTS, 'x').match(RUN) ?? []
  return runs.some((run) => run.replace(/\P{Nd}/gu, '').length >= digits)
}

/** Numbers as E.164, e-mail addresses in small letters, and domains such as `@arnsberg.de` for every address there. */
export type Addresses = ReadonlySet<string>

/** Under which numbers and e-mail addresses these texts say that somebody can be reached. */
export const addressesIn = (texts: readonly string[]): Addresses =>
  new Set(
    texts.flatMap((text) => [
      ...numbersIn(text).map(({ number }) => number.number),
      ...(text.match(MAIL) ?? []).map((mail) => mail.toLowerCase()),
    ]),
  )

/** What starts without 0 or + may be the second half of another number. */
const numbersIn = (text: string) =>
  findPhoneNumbersInText(text, 'DE').filter(({ startsAt }) => /^[+0(]/.test(text.slice(startsAt)))

const without = (own: Addresses, text: string): string =>
  numbersIn(text)
    .reduceRight(
      (rest, { number, startsAt, endsAt }) =>
        own.has(number.number) && !number.ext ? `${rest.slice(0, startsAt)}x${rest.slice(endsAt)}` : rest,
      text,
    )
    .replace(MAIL, (mail) => (isOwn(own, mail.toLowerCase()) ? 'x' : mail))

function isOwn(own: Addresses, mail: string): boolean {
  if (own.has(mail)) return true
  const labels = mail.slice(mail.lastIndexOf('@') + 1).split('.')
  return labels.some((_, i) => own.has(`@${labels.slice(i).join('.')}`))
}

/** Whether a text contains one of the names of this person as a word. Names of one or two letters are too common to tell. */
export function mentions(text: string, { name }: { name?: string | undefined }): boolean {
  const said = new Set(wordsOf(text))
  return wordsOf(name ?? '').some((word) => word.length > 2 && said.has(word))
}

/** However its letters are composed, and with ü=ue as people write names where keys are missing. */
const wordsOf = (text: string): string[] =>
  text
    .normalize('NFKC')
    .toLocaleLowerCase('de')
    .replace(/[äöüß]/g, (letter) => UMLAUTS[letter]!)
    .match(/\p{L}+/gu) ?? []

const UMLAUTS: Readonly<Record<string, string>> = { ä: 'ae', ö: 'oe', ü: 'ue', ß: 'ss' }
