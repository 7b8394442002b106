import { TextDecoder } from 'node:util'
import { parse } from 'csv-parse/sync'

/** One record of a CSV file with the line it begins on, from 1. */
export type CsvRecord = { line: number; fields: string[] } | { line: number; reason: string }

/** Lines parsed at once. */
const BLOCK = 500
/** A record may go over this many lines; beyond, a quote was forgotten. */
const MOST_LINES = 30
const LONGEST_LINE = 64 * 1024

/**
 * Reads a CSV file record by record in constant memory: UTF-8, or UTF-16 if it says so, separated by comma, semicolon or tab, whichever the first line has most
 * of. A line that cannot be read is told as such and spoils no other one, not even by a quote that is never closed.
 */
export async function* csvRecords(input: AsyncIterable<Uint8Array>): AsyncGenerator<CsvRecord> {
  let delimiter = ''
  let width: number | undefined
  let waiting: Line[] = []
  for await (const line of linesOf(input)) {
    delimiter ||= delimiterOf(line.text)
    waiting.push(line)
    if (waiting.length < BLOCK + MOST_LINES) continue
    const block = read(waiting, { delimiter, width, more: true })
    width ??= widthOf(block.records)
    yield* block.records
    waiting = block.rest
  }
  const { records } = read(waiting, { delimiter: delimiter || ',', width, more: false })
  yield* records
}

type Line = { line: number; text: string; tooLong?: boolean }
type Options = { delimiter: string; width: number | undefined; more: boolean }

const widthOf = (records: readonly CsvRecord[]) => {
  const [first] = records
  return first && 'fields' in first ? first.fields.length : undefined
}

function read(lines: readonly Line[], options: Options): { records: CsvRecord[]; rest: Line[] } {
  return readQuickly(lines, options) ?? readCarefully(lines, options)
}

/** All lines at once: nearly always possible. Null if anything is unusual. */
function readQuickly(lines: readonly Line[], { delimiter }: Options): { records: CsvRecord[]; rest: Line[] } | null {
  if (lines.some(({ tooLong }) => tooLong)) return null
  try {
    const text = lines.map((line) => line.text).join('\n')
    const records = parse(text, { delimiter, relax_column_count: true, record_delimiter: '\n' }) as string[][]
    // As many records as lines: no record goes over several lines, so every line is one.
    if (records.length !== lines.length) return null
    return { records: records.map((fields, i) => ({ line: lines[i]!.line, fields })).filter(isSomething), rest: [] }
  } catch {
    return null
  }
}

/** Line by line; what is open at the end of a line is tried with the following ones, as long as a whole record comes of it. */
function readCarefully(lines: readonly Line[], { delimiter, width, more }: Options) {
  let columns = width
  const records: CsvRecord[] = []
  let i = 0
  while (i < lines.length) {
    if (more && lines.length - i <= MOST_LINES) break
    const { line, tooLong } = lines[i]!
    const found = tooLong ? null : recordAt(lines, i, delimiter, columns)
    columns ??= found?.fields.length
    const record = found ? { line, fields: found.fields } : { line, reason: 'cannot be read: check its quotes' }
    if (isSomething(record)) records.push(record)
    i += found?.lines ?? 1
  }
  return { records, rest: lines.slice(i) }
}

function recordAt(lines: readonly Line[], start: number, delimiter: string, width: number | undefined) {
  let text = ''
  for (let count = 1; count <= MOST_LINES && start + count <= lines.length; count++) {
    const { text: next, tooLong } = lines[start + count - 1]!
    if (tooLong) return null
    text += count === 1 ? next : `\n${next}`
    try {
      const records = parse(text, { delimiter, relax_column_count: true, record_delimiter: '\r\n' }) as string[][]
      const fields = records[0] ?? []
      if (count > 1 && width !== undefined && fields.length !== width) return null
      return { fields, lines: count }
    } catch (error) {
      if ((error as { code?: string }).code !== 'CSV_QUOTE_NOT_CLOSED') return null
    }
  }
  return null
}

const isSomething = (record: CsvRecord) => !('fields' in record) || record.fields.some((field) => field.trim() !== '')

function delimiterOf(header: string): string {
  const count = (one: string) => header.split(one).length
  return [',', ';', '\t'].reduce((best, one) => (count(one) > count(best) ? one : best))
}

/** The same bytes, the first piece of which tells the encoding. */
async function* fromTwoBytesOn(input: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let first: Uint8Array = Buffer.alloc(0)
  let isFirst = true
  for await (const bytes of input) {
    if (isFirst) first = Buffer.concat([first, bytes])
    if (isFirst && first.length < 2) continue
    yield isFirst ? first : bytes
    isFirst = false
  }
  if (isFirst) yield first
}

/** By the byte order mark with which spreadsheets begin what they call Unicode text. */
const encodingOf = ([first, second]: Uint8Array): string =>
  first === 0xff && second === 0xfe ? 'utf-16le' : first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8'

async function* linesOf(input: AsyncIterable<Uint8Array>): AsyncGenerator<Line> {
  let decoder: TextDecoder | undefined
  let line = 0
  let rest = ''
  let tooLong = false
  for await (const bytes of fromTwoBytesOn(input)) {
    decoder ??= new TextDecoder(encodingOf(bytes)) // drops a byte order mark
    const pieces = (rest + decoder.decode(bytes, { stream: true })).split('\n')
    rest = pieces.pop()!
    for (const piece of pieces) {
      line += 1
      yield { line, text: piece.replace(/\r$/, ''), tooLong: tooLong || piece.length > LONGEST_LINE }
      tooLong = false
    }
    if (rest.length > LONGEST_LINE) {
      rest = ''
      tooLong = true
    }
  }
  rest += decoder?.decode() ?? ''
  if (rest !== '' || tooLong) yield { line: line + 1, text: rest.replace(/\r$/, ''), tooLong }
}
