import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type DataKey, generateDataKey, loadOrMakeDataKeys, parseDataKeys } from '../../src/db/data-keys.ts'
import { CannotOpen, openVault } from '../../src/db/vault.ts'

const key = (id: string, byte: number): DataKey => ({ id, key: Buffer.alloc(32, byte) })
const older = key('2025', 1)
const newer = key('2026', 2)
const lookup = Buffer.alloc(32, 9)
const vault = openVault([newer, older], lookup)

describe('sealing', () => {
  test.each([[''], ['Anna'], ['+4915112345678'], ['Straße gesperrt 🚧\n\0'], ['ß🎉'.repeat(4096)]])(
    'a text comes back as it was, and is never sealed twice the same way: %j',
    (text) => {
      const [one, two] = [vault.seal(text), vault.seal(text)]
      expect(vault.open(one)).toBe(text)
      expect(one).not.toBe(two)
    },
  )

  test('nothing of the text can be seen, and the key that sealed it is named', () => {
    const sealed = vault.seal('+4915112345678')
    expect(sealed).toMatch(/^2026\.[\w-]+$/)
    expect(Buffer.from(sealed.slice(5), 'base64url').toString('latin1')).not.toContain('12345')
  })

  test('many thousand seals use as many different initialisation vectors', () => {
    const vectors = Array.from({ length: 5_000 }, () => vault.seal('').slice(5, 21))
    expect(new Set(vectors).size).toBe(5_000)
  })

  test('after a change of keys the older one still opens, and is not needed for new values', () => {
    const before = openVault([older], lookup).seal('Anna')
    expect(vault.open(before)).toBe('Anna')
    expect(openVault([newer], lookup).open(vault.seal('Anna'))).toBe('Anna')
  })

  test('a missing key is named', () => {
    const sealed = openVault([older], lookup).seal('Anna')
    expect(() => openVault([newer], lookup).open(sealed)).toThrow(
      new CannotOpen('A value was sealed with the data key "2025", which is not at hand.'),
    )
  })

  test.each([
    ['another key of the same name', openVault([key('2026', 3)], lookup).seal('Anna')],
    ['a changed bit', flip(vault.seal('Anna'))],
    ['a cut value', vault.seal('Anna').slice(0, 20)],
    ['nothing after the key', '2026.'],
    ['a blank instead of a letter', vault.seal('Anna').replace(/.(.{9})$/, ' $1')],
    ['something never sealed', '+4915112345678'],
  ])('%s does not open, and the error does not repeat the value', (_, sealed) => {
    const error = thrownBy(() => vault.open(sealed))
    expect(error).toBeInstanceOf(CannotOpen)
    expect(error.message).not.toContain(sealed.slice(5, 15) || '2026.')
    expect(vault.openAll([vault.seal('Anna'), sealed, vault.seal('Bert')])).toEqual(['Anna', null, 'Bert'])
  })

  test('many open at once, whichever keys sealed them and however long they are', () => {
    const sealers = [older, newer].map((one) => openVault([one], lookup))
    const texts = Array.from({ length: 3_000 }, (_, i) => 'ß'.repeat(i % 41) + i)
    const sealed = texts.map((text, i) => sealers[i % 2]!.seal(text))
    expect(vault.openAll(sealed)).toEqual(texts)
    expect(sealers[0]!.openAll(sealed)).toEqual(texts.map((text, i) => (i % 2 === 0 ? text : null)))
    expect(vault.openAll([])).toEqual([])
  })

  test('a vault without a key is a mistake', () => expect(() => openVault([], lookup)).toThrow(RangeError))
})

describe('fingerprints', () => {
  test('are 16 bytes, equal for equal texts whichever data keys are in use', () => {
    const print = vault.fingerprint('phone', '+4915112345678')
    expect(print).toHaveLength(16)
    expect(openVault([older], lookup).fingerprint('phone', '+4915112345678')).toEqual(print)
  })

  test.each([
    ['another text', () => vault.fingerprint('phone', '+4915112345679')],
    ['another purpose', () => vault.fingerprint('user-id', '+4915112345678')],
    ['a border moved between purpose and text', () => vault.fingerprint('phone+', '4915112345678')],
    ['another look-up key', () => openVault([newer], Buffer.alloc(32, 8)).fingerprint('phone', '+4915112345678')],
  ])('differ for %s', (_, other) => expect(other()).not.toEqual(vault.fingerprint('phone', '+4915112345678')))
})

describe('the setting DATA_KEYS', () => {
  const good = Buffer.alloc(32, 7).toString('base64')

  test('a generated entry is a good one, and its id is new each time', () => {
    const { keys, problems } = parseDataKeys(`${generateDataKey()},${generateDataKey()}`)
    expect(problems).toEqual([])
    expect(keys).toHaveLength(2)
  })

  test('the order is kept, blanks and line ends do not matter', () => {
    expect(parseDataKeys(` b:${good} ,\n a:${good}\n`).keys.map(({ id }) => id)).toEqual(['b', 'a'])
  })

  test('all problems are told at once, without a key in them', () => {
    const { problems } = parseDataKeys(`a:${good},a:${good},b:c2hvcnQ=,${good},c d:${good}`)
    expect(problems).toEqual([
      'the id a occurs twice',
      'entry 3 (b) is not 32 bytes in base64',
      'entry 4 is not of the form id:base64',
      'entry 5 is not of the form id:base64',
    ])
    expect(parseDataKeys('').problems).toEqual(['entry 1 is not of the form id:base64'])
  })
})

describe('the file data-keys', () => {
  let dir: string
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'data-keys-'))
  })
  afterEach(() => rmSync(dir, { recursive: true }))

  test('is made once, for its owner alone, and read from then on', () => {
    const first = loadOrMakeDataKeys(join(dir, 'data'))
    expect(first.made).toBe(true)
    expect(statSync(first.path).mode & 0o777).toBe(0o600)
    expect(loadOrMakeDataKeys(join(dir, 'data'))).toEqual({ ...first, made: false })
  })

  test('is refused when it is damaged, and stays as it is', () => {
    writeFileSync(join(dir, 'data-keys'), '')
    expect(() => loadOrMakeDataKeys(dir)).toThrow('entry 1 is not of the form id:base64')
    expect(readFileSync(join(dir, 'data-keys'), 'utf8')).toBe('')
  })

  test('is refused when it cannot be read', () => {
    mkdirSync(join(dir, 'data-keys'))
    expect(() => loadOrMakeDataKeys(dir)).toThrow('cannot be read (EISDIR)')
  })
})

function flip(sealed: string) {
  const at = sealed.length - 2
  return sealed.slice(0, at) + (sealed[at] === 'A' ? 'B' : 'A') + sealed.slice(at + 1)
}

function thrownBy(work: () => unknown): Error {
  try {
    work()
  } catch (error) {
    return error as Error
  }
  throw new Error('nothing was thrown')
}
