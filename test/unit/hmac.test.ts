import { createHmac, randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { hmacSha256 } from '../../src/hmac.ts'

const expected = (key: string | Uint8Array, message: string | Uint8Array) =>
  createHmac('sha256', key).update(message).digest()

describe('our HMAC is the one of RFC 2104', () => {
  test('as in test case 2 of RFC 4231', () =>
    expect(hmacSha256('Jefe')('what do ya want for nothing?').toString('hex')).toBe(
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    ))

  test.each([
    ['an empty key', ''],
    ['a short key', 'app-secret'],
    ['a key with umlauts', 'schlüssel🔑'],
    ['a key as long as a block', Buffer.alloc(64, 7)],
    ['a key longer than a block', Buffer.alloc(131, 0xaa)],
  ])('with %s, for messages of every length around its borders, one after the other', (_, key) => {
    const hmac = hmacSha256(key)
    for (const length of [0, 1, 55, 64, 2730, 2731, 8191, 8192, 8193, 100_000, 3, 0]) {
      const bytes = randomBytes(length)
      expect(hmac(bytes)).toEqual(expected(key, bytes))
      const text = 'aß€🎉'.repeat(Math.ceil(length / 4)).slice(0, length)
      expect(hmac(text)).toEqual(expected(key, text))
    }
  })

  test('an earlier result stays what it was', () => {
    const hmac = hmacSha256('app-secret')
    const first = hmac('one')
    hmac('two')
    expect(first).toEqual(expected('app-secret', 'one'))
  })
})
