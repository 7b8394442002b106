import { stringify } from 'csv-stringify/sync'

/** Excel reads a file as UTF-8 only with this mark. */
const MARK = '\uFEFF'

/** Where a cell may begin: also behind what the Excel of some country splits at, whatever the quotes say. */
const START = '(^|[;,\\t\\r\\n]) *'
const FORMULA = new RegExp(`${START}(?='*[=+\\-@＝＋－＠])`, 'g')
const HARMLESS = new RegExp(`(${START})'(?='*[=+\\-@＝＋－＠])`, 'g')

/** Without what a spreadsheet would run. A number in full, such as +4915112345612, is none. */
const harmless = (cell: string): string => (/^\+\d+$/.test(cell) ? cell : cell.replace(FORMULA, "$&'"))

/** A cell as it was before it was made harmless. */
export const asWritten = (cell: string): string => cell.replace(HARMLESS, '$1')

/** For people: semicolons and every field in quotes, which the Excel of a German office shows in columns. */
const EXCEL = { delimiter: ';', quoted: true, quoted_empty: true }

/**
 * A table as the text of a CSV file, page by page; nothing in it is run as a formula.
 * @param options.reader a program gets RFC 4180 with commas, people what their Excel opens in columns, as UTF-8 with a mark
 */
export async function* csvText(
  pages: AsyncIterable<readonly (readonly string[])[]>,
  { reader }: { reader: 'people' | 'program' },
): AsyncGenerator<string> {
  let mark = reader === 'people' ? MARK : ''
  for await (const page of pages) {
    const rows = page.map((row) => row.map(harmless))
    yield mark + stringify(rows, reader === 'people' ? EXCEL : {})
    mark = ''
  }
}
