import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Channel } from '../../src/channels/channel.ts'
import type { Wish } from '../../src/channels/keywords.ts'
import { keywordsOf } from '../../src/channels/keywords.ts'
import { nearLeaveKeyword, normalise, oneSlip, recognise, recogniseWithPoster } from '../../src/intake/keywords.ts'
import { town } from '../support/towns.ts'

const arnsberg = keywordsOf(town('arnsberg'))
const warstein = keywordsOf(town('warstein'))
const wished = (wish: Wish | null) =>
  wish ? [wish.do, ...('offering' in wish ? [wish.offering] : [])].join(' ') : null

describe('a keyword is recognised however it is written', () => {
  test.each([
    ['START', 'join info'],
    ['start', 'join info'],
    ['  Start \n', 'join info'],
    ['start!!!', 'join info'],
    ['*START*', 'join info'],
    ['„Start“', 'join info'],
    ['/start', 'join info'],
    ['🎉 START 🎉', 'join info'],
    ['START 👍🏽', 'join info'],
    ['START 1️⃣', 'join info'],
    ['START 👨‍👩‍👧 🇩🇪 ℹ️ ™️', 'join info'],
    ['S\u200bT\u200dA\u2060R\ufeffT', 'join info'],
    ['st\u00adart', 'join info'],
    ['ＳＴＡＲＴ', 'join info'],
    ['𝗦𝗧𝗔𝗥𝗧', 'join info'],
    ['Bitte START', 'join info'],
    ['Start, danke!', 'join info'],
    ['bitte bitte Start danke', 'join info'],
    ['start start START', 'join info'],
    ['STOP', 'leave info'],
    ['Stopp!!', 'leave info'],
    ['stop stop', 'leave info'],
    ['STOP!STOP', 'leave info'],
    ['STOP\u200bSTOP', 'leave info'],
    ['S.T.O.P.', 'leave info'],
    ['/stop', 'leave info'],
    ['Abmelden.', 'leave info'],
    ['Info-Kanal', 'join info'],
    ['CHAT', 'join chat'],
    ['stop chat', 'leave chat'],
    ['Stop-Chat', 'leave chat'],
    ['STOP   CHAT', 'leave chat'],
    ['stop\tchat', 'leave chat'],
    ['Stop, Chat! Stop, Chat!', 'leave chat'],
    ['chat ende', 'leave chat'],
    ['Chat–Ende', 'leave chat'],
    ['stop alles', 'leave all'],
    ['STOPP ALLES!', 'leave all'],
    ['Bitte stop alles', 'leave all'],
    ['Hilfe?', 'help'],
    ['status', 'status'],
    ['AUSKUNFT', 'disclose'],
    ['löschen', 'erase-ask'],
    ['LÖSCHEN', 'erase-ask'],
    ['loeschen', 'erase-ask'],
    ['lo\u0308schen', 'erase-ask'],
    ['Lo\u0308\ufe0fschen', 'erase-ask'],
  ])('%j asks for: %s', (text, wish) => expect(wished(recognise(text, arnsberg))).toBe(wish))
})

describe('leaving wins over joining', () => {
  test.each([
    ['stop start', 'leave info'],
    ['Start? Nein: STOP', null],
    ['START STOP', 'leave info'],
    ['stopp chat', 'leave chat'],
    ['Chat stop', 'leave chat'],
    ['stop info', 'leave info'],
    ['stop, stop chat', 'leave all'],
    ['stop abmelden', 'leave info'],
    ['start chat', null],
    ['hilfe stop', null],
  ])('%j → %s', (text, wish) => expect(wished(recognise(text, arnsberg))).toBe(wish))
})

describe('a sentence that merely contains a keyword is none', () => {
  test.each([
    ['Bitte stoppt die Baustelle'],
    ['Wann ist Start?'],
    ['Ich möchte den Infokanal nicht mehr'],
    ['Können Sie mir Hilfe schicken?'],
    ['stop that'],
    ['loschen'],
    ['Ende gut, alles gut'],
    ['startstopp der Ampel'],
    ['Danke'],
    ['bitte'],
    ['👍'],
    ['???'],
    [''],
    ['1️⃣'],
  ])('%j', (text) => expect(recognise(text, arnsberg)).toBeNull())
})

describe('a town without a newsletter', () => {
  test.each([
    ['START', 'no-such-offering info'],
    ['Abo', 'no-such-offering info'],
    ['STOP', 'leave chat'],
    ['abmelden', 'leave chat'],
    ['start stop', 'leave chat'],
    ['stop chat', 'leave chat'],
    ['stop alles', 'leave all'],
  ])('understands %j as: %s', (text, wish) => expect(wished(recognise(text, warstein))).toBe(wish))
})

test('STOP leads out of the newsletter even where a town has chosen another word', () => {
  const channel = town('arnsberg')
  const own = { ...channel, offerings: { info: { ...channel.offerings.info!, leave: ['schluss'] } } }
  expect(wished(recognise('STOP', keywordsOf(own)))).toBe('leave info')
  expect(wished(recognise('Schluß!', keywordsOf(own)))).toBe('leave info')
  expect(recognise('abmelden', keywordsOf(own))).toBeNull()
})

describe('a word one slip away from a leave keyword', () => {
  test.each([
    ['sotp', 'stop'],
    ['STPO', 'stop'],
    ['stopp!p', null],
    ['stoppp', 'stopp'],
    ['stob', 'stop'],
    ['abmeldne', 'abmelden'],
    ['abmeden', 'abmelden'],
    ['abbbestellen', 'abbestellen'],
    ['stop', null],
    ['anmelden', null],
    ['stock', null],
    ['stoppt', null],
    ['Shop', null],
    ['Erde', null],
    ['top', null],
    ['sto', null],
    ['sotp bitte', 'stop'],
    ['sotp die Baustelle', null],
  ])('%j → %s', (text, keyword) => expect(nearLeaveKeyword(text, arnsberg)?.keyword ?? null).toBe(keyword))

  const letters = fc.string({ unit: fc.constantFrom(...'abcde'), minLength: 1, maxLength: 8 })
  test('is symmetric, and never zero or two letters longer', () =>
    fc.assert(
      fc.property(letters, letters, (a, b) => {
        expect(oneSlip(a, b)).toBe(oneSlip(b, a))
        if (a === b || Math.abs(a.length - b.length) > 1) expect(oneSlip(a, b)).toBe(false)
      }),
    ))

  test('is found for every slip', () =>
    fc.assert(
      fc.property(letters, fc.nat(8), fc.constantFrom(...'xyz'), (word, at, letter) => {
        const i = at % word.length
        expect(oneSlip(word, word.slice(0, i) + letter + word.slice(i))).toBe(true)
        expect(oneSlip(word, word.slice(0, i) + letter + word.slice(i + 1))).toBe(true)
        expect(oneSlip(word, word.slice(0, i) + word.slice(i + 1))).toBe(true)
      }),
    ))
})

describe('whatever surrounds a keyword', () => {
  const noise = fc
    .array(
      fc.constantFrom(
        ' ',
        '\n',
        '\u00a0',
        '!',
        '.',
        '…',
        '*',
        '-',
        '🛑',
        '👍🏿',
        '❤️',
        '🇩🇪',
        '\u200b',
        '\ufe0f',
        ' bitte ',
        ' Danke! ',
        '„',
        '¿',
        '~',
      ),
      { maxLength: 6 },
    )
    .map((parts) => parts.join(''))
  const form = fc.constantFrom('NFC', 'NFD', 'NFKC', 'NFKD')
  const casing = fc.constantFrom(
    (word: string) => word.toLowerCase(),
    (word: string) => word.toUpperCase(),
    (word: string) => word[0]!.toUpperCase() + word.slice(1),
  )

  test('it stays that keyword, also several times over', () =>
    fc.assert(
      fc.property(
        fc.constantFrom(...['start', 'stopp', 'stop chat', 'löschen', 'abbestellen', 'stop alles', 'hilfe']),
        fc.array(fc.tuple(noise, casing, form), { minLength: 1, maxLength: 3 }),
        noise,
        (keyword, parts, end) => {
          const text = parts
            .map(([before, cased, unicode]) => `${before} ${cased(keyword).normalize(unicode)} `)
            .join('')
          expect(recognise(text + end, arnsberg)).toEqual(recognise(keyword, arnsberg))
        },
      ),
      { numRuns: 400 },
    ))

  const character = fc.oneof(
    fc.integer({ min: 0, max: 0x10ffff }).map((code) => String.fromCodePoint(code)),
    fc.constantFrom(...'aäoßİ\u0308\u0327\u200b1\u20e3 '),
  )
  test('normalising twice changes nothing', () =>
    fc.assert(
      fc.property(fc.array(character, { maxLength: 12 }), (characters) => {
        const once = normalise(characters.join(''))
        expect(normalise(once)).toBe(once)
      }),
      { numRuns: 1000 },
    ))

  test('a word that is no keyword stays none', () =>
    fc.assert(
      fc.property(noise, noise, (before, after) => {
        expect(recognise(`${before} die Straße ist zu, bitte stoppen Sie das ${after}`, arnsberg)).toBeNull()
      }),
    ))
})

describe('the code of a poster behind a keyword that joins', () => {
  const posters = { rathaus: 'Aushang im Rathaus', 'fest-2026': 'Bürgerfest', buecherei: 'Bücherei' }
  const withPosters: Channel = { ...town('arnsberg'), posters }
  const read = (text: string, channel = withPosters) => {
    const wish = recogniseWithPoster(text, channel)
    return wish && [wished(wish), ...('poster' in wish ? [wish.poster] : [])].join(' ')
  }

  test.each([
    ['START #rathaus', 'join info rathaus'],
    ['start #Rathaus', 'join info rathaus'],
    ['START #RATHAUS!', 'join info rathaus'],
    ['  Start   #rathaus \n', 'join info rathaus'],
    ['START\n#rathaus', 'join info rathaus'],
    ['START#rathaus', 'join info rathaus'],
    ['START # rathaus', 'join info rathaus'],
    ['START \uff03rathaus', 'join info rathaus'],
    ['START #rat\u200bhaus', 'join info rathaus'],
    ['START #rathaus 👍', 'join info rathaus'],
    ['START #rathaus bitte', 'join info rathaus'],
    ['„START #rathaus“', 'join info rathaus'],
    ['*START* (#rathaus)', 'join info rathaus'],
    ['START START #rathaus', 'join info rathaus'],
    ['START #rathaus START #rathaus', 'join info rathaus'],
    ['START #fest-2026', 'join info fest-2026'],
    ['START #fest–2026', 'join info fest-2026'],
    ['START #fest2026', 'join info fest-2026'],
    ['START #Bücherei', 'join info buecherei'],
    ['CHAT #rathaus', 'join chat rathaus'],
  ])('%j is that keyword by that poster: %s', (text, wish) => expect(read(text)).toBe(wish))

  test.each([
    ['START', 'join info'],
    ['START #', 'join info'],
    ['START #baustelle', null],
    ['START #constructor', null],
    ['START rathaus', null],
    ['START #rathaus #fest-2026', null],
    ['#rathaus START', null],
    ['#rathaus', null],
    ['START #rathaus heute noch', null],
    ['Bitte START #rathaus lesen', null],
    ['Ich war am #rathaus', null],
    ['HILFE #rathaus', null],
    ['Info #rathaus?', null],
    ['Info-Kanal #rathaus', null],
    ['START #️⃣ rathaus', null],
  ])('%j is read as if there were no posters: %s', (text, wish) => {
    expect(read(text)).toBe(wish)
    expect(wished(recognise(text, arnsberg))).toBe(wish)
  })

  test.each([
    ['STOP #rathaus', 'leave info'],
    ['stopp chat #rathaus', 'leave chat'],
    ['STOP ALLES #rathaus', 'leave all'],
    ['#rathaus STOP', 'leave info'],
    ['START #rathaus STOP', 'leave info'],
    ['STOP #rathaus #fest-2026', 'leave info'],
    ['STOP #baustelle', null],
  ])('leaving always wins: %j → %s', (text, wish) => expect(read(text)).toBe(wish))

  test('a word that makes leaving wider stays that where a poster has it as its code', () => {
    const info = { ...withPosters.offerings.info!, join: ['anmeldung'], leave: ['stop', 'anmeldung zurück'] }
    const channel = { ...withPosters, posters: { alles: 'Alles', zurueck: 'Bahnhof' }, offerings: { info } }
    expect(read('STOP #alles', channel)).toBe('leave all')
    expect(read('Anmeldung #zurück', channel)).toBe('leave info')
  })

  test('where none is declared there are no codes', () => {
    const none = { ...withPosters, posters: {} }
    expect(['START #rathaus', 'STOP #rathaus'].map((text) => read(text, none))).toEqual([null, null])
  })

  test('where there is no newsletter its keyword says so with a code too', () => {
    expect(read('START #rathaus', { ...town('warstein'), posters })).toBe('no-such-offering info')
  })

  test('no code ever makes a message that leaves one that does not', () => {
    const words = fc.constantFrom('stop', 'start', 'chat', 'alles', 'stop chat', 'hallo')
    const codes = fc.constantFrom('#rathaus', '#fest-2026', '#baustelle', '#')
    fc.assert(
      fc.property(fc.array(fc.oneof(words, codes), { maxLength: 6 }), (parts) => {
        const text = parts.join(' ')
        const plain = recognise(text, arnsberg)
        if (plain?.do === 'leave') expect(recogniseWithPoster(text, withPosters)?.do).toBe('leave')
        const bare = parts.filter((part) => part !== '#rathaus' && part !== '#fest-2026').join(' ')
        if (recognise(bare, arnsberg)?.do === 'leave') expect(recogniseWithPoster(text, withPosters)?.do).toBe('leave')
      }),
    )
  })
})
