import { createCipheriv, createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { gcmOpener, type Place } from '../../src/db/gcm.ts'

const key = createSecretKey(randomBytes(32))
const open = (values: readonly Buffer[]) => openWith(key, values)

/** The texts of these values, laid one behind the other; null for one that does not open. */
function openWith(secret: KeyObject, values: readonly Buffer[]): (Buffer | null)[] {
  const bytes = Buffer.concat(values)
  const places: Place[] = []
  for (const { length } of values) {
    const start = places.at(-1)?.end ?? 0
    places.push({ start, end: start + length })
  }
  const before = Buffer.from(bytes)
  const areOpen = gcmOpener(secret)(bytes, places)
  return places.map((place, i) => {
    if (areOpen[i]) return bytes.subarray(place.start + 28, place.end)
    expect(bytes.subarray(place.start, place.end).equals(before.subarray(place.start, place.end))).toBe(true)
    return null
  })
}

/** What node makes of it: IV, tag and ciphertext. */
function sealed(text: Uint8Array, secret = key): Buffer {
  const iv = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', secret, iv)
  const encrypted = Buffer.concat([cipher.update(text), cipher.final()])
  return Buffer.concat([iv, cipher.getAuthTag(), encrypted])
}

// Test cases 13 to 15 of "The Galois/Counter Mode of Operation" (McGrew, Viega): AES-256 without additional data.
test.each([
  ['00'.repeat(32), '00'.repeat(12), '', '', '530f8afbc74536b9a963b4f1c4cb738b'],
  [
    '00'.repeat(32),
    '00'.repeat(12),
    '00'.repeat(16),
    'cea7403d4d606b6e074ec5d3baf39d18',
    'd0d1c8a799996bf0265b98b5d48ab919',
  ],
  [
    'feffe9928665731c6d6a8f9467308308'.repeat(2),
    'cafebabefacedbaddecaf888',
    'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255',
    '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad',
    'b094dac5d93471bdec1a502270e3cc6c',
  ],
])('the published vectors open: %#', (secret, iv, text, encrypted, tag) => {
  const [opened] = openWith(createSecretKey(Buffer.from(secret, 'hex')), [Buffer.from(iv + tag + encrypted, 'hex')])
  expect(opened?.toString('hex')).toBe(text)
})

test('whatever node seals opens, alone and among others', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 40 }), (texts) => {
      expect(open(texts.map((text) => sealed(text)))).toEqual(texts.map((text) => Buffer.from(text)))
    }),
  )
})

test('more than fits into one call of the cipher opens, too', () => {
  const texts = [randomBytes(100_000), randomBytes(40), randomBytes(32_000), randomBytes(0), randomBytes(33_000)]
  const opened = open(texts.map((text) => sealed(text)))
  expect(opened.map((text, i) => text?.equals(texts[i]!))).toEqual(texts.map(() => true)) // comparing them as objects takes minutes when they differ
})

test('one changed bit anywhere, and it does not open; its neighbours do', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), fc.nat(), fc.integer({ min: 0, max: 7 }), (text, at, bit) => {
      const value = sealed(text)
      const changed = Buffer.from(value)
      changed[at % value.length]! ^= 1 << bit
      expect(open([value, changed, value])).toEqual([Buffer.from(text), null, Buffer.from(text)])
    }),
  )
})

test.each([0, 11, 12, 27])('%i bytes, too short for an IV and a tag, do not open', (length) =>
  expect(open([Buffer.alloc(length)])).toEqual([null]),
)

test('what another key sealed does not open', () => {
  expect(open([sealed(Buffer.from('Anna'), createSecretKey(randomBytes(32)))])).toEqual([null])
})

test('a value cut short or made longer does not open', () => {
  const value = sealed(Buffer.from('+4915112345678'))
  for (let length = 0; length < value.length; length++) expect(open([value.subarray(0, length)])).toEqual([null])
  expect(open([Buffer.concat([value, Buffer.alloc(1)])])).toEqual([null])
})
