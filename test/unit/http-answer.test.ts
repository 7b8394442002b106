import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readHttpAnswer } from '../../src/whatsapp/http-answer.ts'

const bytes = (text: string) => Buffer.from(text)
const read = (text: string, isOver = false) => readHttpAnswer(bytes(text), isOver)

describe('an answer is read', () => {
  test.each([
    ['by its length', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}', { status: 200, body: '{}', keepsAlive: true }],
    ['whatever stands behind it', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}HTTP', { body: '{}', length: 40 }],
    ['without a reason', 'HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n', { status: 200, body: '' }],
    [
      'in chunks',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n1\r\n{\r\n1;x=y\r\n}\r\n0\r\n\r\n',
      { body: '{}', keepsAlive: true },
    ],
    [
      'with a trailer',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nx: y\r\n\r\n',
      { body: '{}', length: 65 },
    ],
    [
      'after a word that there will be one',
      'HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}',
      { status: 200, body: '{}' },
    ],
    ['that has no body', 'HTTP/1.1 204 No Content\r\n\r\n', { status: 204, body: '', keepsAlive: true }],
    [
      'that ends the connection',
      'HTTP/1.1 200 OK\r\nConnection: Close\r\ncontent-length: 2\r\n\r\n{}',
      { keepsAlive: false },
    ],
    ['of an old server', 'HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\n{}', { keepsAlive: false }],
    [
      'with how long to wait and how long it stays',
      'HTTP/1.1 429 Slow\r\nretry-after: 7 \r\nkeep-alive: max=9, timeout=5\r\ncontent-length: 0\r\n\r\n',
      { status: 429, retryAfter: '7', keepAliveMs: 5000 },
    ],
    [
      'whose values name other fields',
      'HTTP/1.1 200 OK\r\nx-note: content-length: 9\r\ncontent-length: 2\r\n\r\n{}',
      { body: '{}' },
    ],
    [
      'with umlauts, counted in bytes',
      'HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\näö',
      { body: 'äö', keepsAlive: true },
    ],
  ])('%s', (_how, text, answer) => expect(read(text)).toMatchObject(answer))

  test('one that does not say how long it is ends with the connection', () => {
    const text = 'HTTP/1.1 502 Bad Gateway\r\n\r\n<h1>Oh</h1>'
    expect(read(text)).toBeNull()
    expect(read(text, true)).toMatchObject({ status: 502, body: '<h1>Oh</h1>', keepsAlive: false })
  })
})

describe('what is no answer is refused', () => {
  test.each([
    ['another protocol', 'SSH-2.0-OpenSSH\r\n\r\n'],
    ['no status', 'HTTP/1.1 OK\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}'],
    ['a length that is none', 'HTTP/1.1 200 OK\r\ncontent-length: -2\r\n\r\n{}'],
    ['an encoding nobody asked for', 'HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n'],
    ['a chunk without length', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n'],
    ['a chunk longer than it says', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n'],
    ['a head without end', `HTTP/1.1 200 OK\r\nx: ${'x'.repeat(70_000)}`],
  ])('%s', (_what, text) => expect(() => read(text)).toThrow())
})

const answers = fc.record({
  hints: fc.boolean(),
  status: fc.integer({ min: 200, max: 599 }).filter((status) => status !== 204 && status !== 304),
  fields: fc.array(fc.constantFrom('x-fb-rev: 1', 'date: now', 'alt-svc: h3=":443"'), { maxLength: 3 }),
  body: fc.array(fc.string({ unit: 'grapheme', maxLength: 20 }), { maxLength: 4 }),
  isChunked: fc.boolean(),
})
type Written = { hints: boolean; status: number; fields: string[]; body: string[]; isChunked: boolean }
const written = ({ hints, status, fields, body, isChunked }: Written): Buffer => {
  const pieces = body.map((piece) => Buffer.from(piece)).filter((piece) => piece.length > 0)
  const content = Buffer.concat(pieces)
  const framing = isChunked ? 'transfer-encoding: chunked' : `content-length: ${content.length}`
  const head = [`HTTP/1.1 ${status} Word`, ...fields, framing, '', ''].join('\r\n')
  return Buffer.concat([
    bytes(hints ? 'HTTP/1.1 100 Continue\r\n\r\n' : ''),
    bytes(head),
    ...(isChunked
      ? [...pieces.flatMap((p) => [bytes(`${p.length.toString(16)}\r\n`), p, bytes('\r\n')]), bytes('0\r\n\r\n')]
      : [content]),
  ])
}

test('any answer is complete with its last byte, never before it, and says what was written', () => {
  fc.assert(
    fc.property(answers, (answer) => {
      const whole = written(answer)
      for (let n = 0; n < whole.length; n++) expect(readHttpAnswer(whole.subarray(0, n))).toBeNull()
      expect(readHttpAnswer(whole)).toMatchObject({
        status: answer.status,
        body: answer.body.join(''),
        length: whole.length,
        keepsAlive: true,
      })
    }),
    { numRuns: 100 },
  )
})

test('whatever comes, it is read, refused or waited for, but nothing breaks', () => {
  const noise = fc.constantFrom('HTTP/1.1 ', '200', ' OK', '\r\n', '\r\n\r\n', 'content-length: ', '2', 'x', ': ', '0')
  fc.assert(
    fc.property(fc.array(noise, { maxLength: 30 }), fc.boolean(), (parts, isOver) => {
      try {
        readHttpAnswer(bytes(parts.join('')), isOver)
      } catch (error) {
        expect((error as Error).message).toMatch(/answer/)
      }
    }),
    { numRuns: 500 },
  )
})
