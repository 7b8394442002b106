/** An HTTP/1.1 answer as far as the sender of messages needs it. */
export type HttpAnswer = {
  status: number
  body: string
  retryAfter: string | undefined
  /** Another request may follow on this connection. */
  keepsAlive: boolean
  /** For how long, if the server says so. */
  keepAliveMs: number | undefined
  /** How many bytes it took, answers of 1xx before it included. */
  length: number
}

const STATUS = /^HTTP\/1\.([01]) (\d{3})(?![^ \r])/
const HEAD_END = Buffer.from('\r\n\r\n')
const LINE_END = Buffer.from('\r\n')
/** A head, or the line before a chunk, is never this long. */
const MOST_HEAD_BYTES = 65_536

/**
 * Reads the answer to a POST from all bytes that have come on a connection since it was asked (RFC 9112). Null while there must be more.
 * @param isOver nothing more will come, which ends an answer that does not say how long it is
 * @throws Error if it is not HTTP, or contradicts itself
 */
export function readHttpAnswer(bytes: Buffer, isOver = false): HttpAnswer | null {
  for (let start = 0; ; ) {
    const headEnd = bytes.indexOf(HEAD_END, start)
    if ((headEnd < 0 ? bytes.length : headEnd) - start > MOST_HEAD_BYTES)
      throw new Error('the head of the answer is too long')
    if (headEnd < 0) return null
    const head = bytes.toString('latin1', start, headEnd)
    const [, minor, digits] = STATUS.exec(head) ?? wrong('the answer is not HTTP/1')
    const status = Number(digits)
    start = headEnd + HEAD_END.length
    if (status < 200) continue
    const { length, isChunked, connection, keepAlive, retryAfter } = fieldsOf(head)
    const body =
      status === 204 || status === 304
        ? { text: '', end: start }
        : isChunked
          ? readChunks(bytes, start)
          : length !== undefined
            ? readCounted(bytes, start, length)
            : readRest(bytes, start, isOver)
    if (!body) return null
    const saysHowLong = isChunked !== (length !== undefined) || status === 204 || status === 304
    return {
      status,
      body: body.text,
      retryAfter,
      // Said in two ways at once, somebody between us and the server may have read it the other way.
      keepsAlive: saysHowLong && minor === '1' && !/\bclose\b/i.test(connection),
      keepAliveMs: keepAlive,
      length: body.end,
    }
  }
}

type Body = { text: string; end: number } | null

function fieldsOf(head: string) {
  let [length, retryAfter, keepAlive]: [number?, string?, number?] = []
  let isChunked = false
  let connection = ''
  for (let at = head.indexOf('\r\n'); at >= 0; ) {
    const start = at + 2
    const colon = head.indexOf(':', start)
    at = head.indexOf('\r\n', start)
    const end = at < 0 ? head.length : at
    if (colon < 0 || colon > end || !LENGTHS_OF_NAMES.has(colon - start)) continue
    const name = head.slice(start, colon).toLowerCase()
    const value = head.slice(colon + 1, end).trim()
    if (name === 'content-length') {
      const counted = /^\d{1,15}$/.test(value) ? Number(value) : wrong('the length of the answer is no number')
      if (length !== undefined && length !== counted) wrong('the answer has two lengths')
      length = counted
    } else if (name === 'transfer-encoding') {
      isChunked = value.toLowerCase() === 'chunked' || wrong('the answer is encoded in a way nobody asked for')
    } else if (name === 'connection') {
      connection += ` ${value}`
    } else if (name === 'keep-alive') {
      const seconds = /\btimeout=(\d{1,6})/i.exec(value)?.[1]
      if (seconds !== undefined) keepAlive = Number(seconds) * 1000
    } else if (name === 'retry-after') retryAfter ??= value
  }
  return { length, isChunked, connection, keepAlive, retryAfter }
}

/** Meta sends some twenty fields with each answer; most are passed over without a look at their name. */
const LENGTHS_OF_NAMES = new Set(
  ['content-length', 'transfer-encoding', 'connection', 'keep-alive', 'retry-after'].map((name) => name.length),
)

const readCounted = (bytes: Buffer, start: number, length: number): Body =>
  bytes.length < start + length ? null : { text: bytes.toString('utf8', start, start + length), end: start + length }

const readRest = (bytes: Buffer, start: number, isOver: boolean): Body =>
  isOver ? { text: bytes.toString('utf8', start), end: bytes.length } : null

function readChunks(bytes: Buffer, start: number): Body {
  const chunks: Buffer[] = []
  for (let at = start; ; ) {
    const sizeLine = lineAt(bytes, at)
    if (!sizeLine) return null
    const [, hex] =
      /^([0-9a-f]{1,8})[ \t]*(?:;.*)?$/i.exec(sizeLine.text) ?? wrong('a chunk of the answer has no length')
    const size = Number.parseInt(hex!, 16)
    at = sizeLine.end
    if (size === 0) {
      for (let trailer = lineAt(bytes, at); trailer; trailer = lineAt(bytes, at)) {
        at = trailer.end
        if (trailer.text === '') return { text: Buffer.concat(chunks).toString('utf8'), end: at }
      }
      return null
    }
    if (bytes.length < at + size + LINE_END.length) return null
    chunks.push(bytes.subarray(at, at + size))
    at += size
    if (lineAt(bytes, at)?.text !== '') wrong('a chunk of the answer is longer than it says')
    at += LINE_END.length
  }
}

function lineAt(bytes: Buffer, at: number): { text: string; end: number } | null {
  const end = bytes.indexOf(LINE_END, at)
  if ((end < 0 ? bytes.length : end) - at > MOST_HEAD_BYTES) throw new Error('a line of the answer is too long')
  return end < 0 ? null : { text: bytes.toString('latin1', at, end), end: end + LINE_END.length }
}

function wrong(what: string): never {
  throw new Error(what)
}
