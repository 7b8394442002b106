/** Dates and times are nobody's number. */
const MOMENTS = /(?<!\d)(?:\d{1,2}\.\d{1,2}\.\d{2,4}|\d{4}-\d{2}-\d{2}|\d{1,2}:\d{2}(?::\d{2})?)(?!\d)/g
/** Digits with whatever people put between those of a number. */
const RUN = /\d(?:[^\d\p{L}]{0,4}\d)*/gu

/** Whether a text that is kept in the open says who somebody is: by a number of so many digits, however it is written, or by an e-mail address. */
export function identifies(text: string, digits: number): boolean {
  if (/\S@\S+\.\w/.test(text)) return true
  const runs = text.replace(MOMENTS, 'x').match(RUN) ?? []
  return runs.some((run) => run.replace(/\D/g, '').length >= digits)
}

/** Whether a text contains one of the names of this person as a word. Names of one or two letters are too common to tell. */
export function mentions(text: string, { name }: { name?: string | undefined }): boolean {
  const said = new Set(wordsOf(text))
  return wordsOf(name ?? '').some((word) => word.length > 2 && said.has(word))
}

const wordsOf = (text: string): string[] => text.toLocaleLowerCase('de').match(/\p{L}+/gu) ?? []
