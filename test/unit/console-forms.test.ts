import { describe, expect, test } from 'vitest'
import { checkPassword, hashPassword, passwordFits } from '../../src/access/passwords.ts'
import { codeAt, newTotpSecret, stepOfCode } from '../../src/access/totp.ts'
import { withExample, wrongPicture } from '../../src/broadcasts/template-desk.ts'
import { changesSince } from '../../src/console/broadcast-changes.ts'
import { Bubble } from '../../src/console/bubble.tsx'
import { contentFrom, parametersFrom, typedIn, typedOf } from '../../src/console/compose-form.ts'
import { duration, share } from '../../src/console/format.ts'
import { inGerman } from '../../src/console/import-words.ts'
import { previewOf } from '../../src/console/preview.ts'
import { rhythmOf } from '../../src/console/rhythm.ts'
import { ownPath } from '../../src/console/sign-in.tsx'
import { draftFrom, formOfTemplate, isBeyondForm, problemsInForm } from '../../src/console/template-form.ts'
import { inWords } from '../../src/console/words.ts'
import { validateTemplate } from '../../src/whatsapp/template-rules.ts'
import type { RenderedTemplate } from '../../src/whatsapp/templates.ts'
import { pictureType } from '../../src/whatsapp/uploads.ts'
import { towns } from '../support/towns.ts'

const arnsberg = towns().get('arnsberg')!
const positional = [
  { type: 'HEADER', format: 'TEXT', text: 'Thema {{1}}' },
  { type: 'BODY', text: 'Es gibt {{1}} und {{2}} heute.' },
  { type: 'BUTTONS', buttons: [{ type: 'URL', text: 'Mehr', url: 'https://www.arnsberg.de/{{1}}' }] },
]
const named = [{ type: 'BODY', text: 'Gesperrt: {{strasse}}, bis {{wann}} etwa.' }]
const template = (components: unknown) => ({ name: 'stadt_meldung', language: 'de', components })

describe('what somebody typed becomes what the broadcast says', () => {
  test('gaps by number and by name', () => {
    const typed = typedIn({
      'parameters.header.0': ' Verkehr ',
      'parameters.body.0': 'Sperrung',
      'parameters.body.1': 'Stau',
      'parameters.buttons.0': 'verkehr',
    })
    expect(parametersFrom(positional, typed)).toEqual({
      header: ['Verkehr'],
      body: ['Sperrung', 'Stau'],
      buttons: { '0': 'verkehr' },
    })
    expect(
      parametersFrom(named, typedIn({ 'parameters.body.strasse': 'Ruhrstraße', 'parameters.body.wann': 'Freitag' })),
    ).toEqual({ body: { strasse: 'Ruhrstraße', wann: 'Freitag' } })
  })

  test.each([
    ['in winter', '2026-12-01T09:00', '2026-12-01T08:00:00.000Z'],
    ['in summer', '2027-06-01T09:00', '2027-06-01T07:00:00.000Z'],
    ['that does not exist is an hour later', '2027-03-28T02:30', '2027-03-28T01:30:00.000Z'],
    ['that comes twice is the first', '2026-10-25T02:30', '2026-10-25T00:30:00.000Z'],
  ])('a time %s', (_, sendAt, instant) => {
    const { content, problems } = contentFrom(typedIn({ wann: 'am', sendAt }), arnsberg, template(named))
    expect(problems).toEqual([])
    expect(content.sendAt?.toISOString()).toBe(instant)
  })

  test.each([
    [{ rhythmus: 'woche', wochentag: ['5', '1'], um: '09:00' }, '0 9 * * 1,5'],
    [{ rhythmus: 'woche', wochentag: '3', um: '7:05' }, '5 7 * * 3'],
    [{ rhythmus: 'monat', monatstag: '15', um: '18:30' }, '30 18 15 * *'],
    [{ rhythmus: 'cron', cron: '0 9 1,15 * *' }, '0 9 1,15 * *'],
  ])('a rhythm %j → %s, and back into the form', (fields, cron) => {
    const typed = typedIn({ wann: 'wieder', title: 'Reihe', ...fields })
    const { content, problems } = contentFrom(typed, arnsberg, template(named))
    expect(problems).toEqual([])
    expect(content.recurrence).toEqual({ cron, until: null })
    const again = typedOf(content, named, arnsberg.timezone)
    expect(contentFrom(again, arnsberg, template(named)).content.recurrence).toEqual({ cron, until: null })
  })

  test.each([
    [{ wann: 'am', sendAt: '' }, 'sendAt'],
    [{ wann: 'am', sendAt: 'morgen' }, 'sendAt'],
    [{ wann: 'wieder', rhythmus: 'woche', um: '9:00' }, 'wochentag'],
    [{ wann: 'wieder', rhythmus: 'woche', wochentag: '1', um: '' }, 'recurrence.cron'],
  ])('%j is asked about', (fields, field) => {
    expect(contentFrom(typedIn(fields), arnsberg, template(named)).problems.map((one) => one.field)).toEqual([field])
  })
})

describe('a template from the form', () => {
  const form = {
    name: 'wochenmarkt',
    language: 'de',
    category: 'UTILITY',
    kopf: 'Markt in {{1}}',
    kopfbeispiel: 'Arnsberg',
    text: 'Guten Tag, am {{1}} ist Markt auf dem Platz {{2}} der Stadt.',
    beispiele: 'Samstag\nAlter Markt',
    fuss: 'Abbestellen: STOP',
    art0: 'URL',
    knopf0: 'Mehr',
    ziel0: 'https://www.arnsberg.de/{{1}}',
    ende0: 'markt',
    art2: 'QUICK_REPLY',
    knopf2: 'Abmelden',
  }

  test('keeps every rule of Meta, and comes back as it was', () => {
    const draft = draftFrom(form)
    expect(validateTemplate(draft)).toEqual([])
    const again = formOfTemplate({ ...draft, category: draft.category } as never)
    expect(draftFrom(again)).toEqual(draft)
  })

  test('a picture above the text takes the place of the heading, and needs its example', () => {
    const wanted = { ...form, kopfart: 'IMAGE' }
    const draft = draftFrom(wanted)
    expect(draft.components[0]).toEqual({ type: 'HEADER', format: 'IMAGE' })
    expect(problemsInForm(draft, wanted, validateTemplate(draft))).toEqual([
      { field: 'bild', message: 'Bitte wählen Sie ein Beispielbild.' },
    ])
    expect(validateTemplate(withExample(draft, '4::handle'))).toEqual([])
    expect(formOfTemplate(draft as never)).toMatchObject({ kopfart: 'IMAGE', kopf: '' })
    expect(['VIDEO', 'IMAGE', 'TEXT'].map((format) => isBeyondForm([{ type: 'HEADER', format }]))).toEqual([
      true,
      false,
      false,
    ])
  })

  test('an example is a JPEG or PNG by its bytes, of 5 MB at most', () => {
    const png = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
    expect(pictureType(Uint8Array.from(png))).toBe('image/png')
    expect(pictureType(Uint8Array.from([0xff, 0xd8, 0xff, 0xe0]))).toBe('image/jpeg')
    expect(pictureType(Buffer.from('<svg onload="x">'))).toBeNull()
    const MB = 1024 * 1024
    expect(wrongPicture({ mimeType: 'image/png', bytes: 5 * MB })).toBeUndefined()
    expect(wrongPicture({ mimeType: 'image/png', bytes: 5 * MB + 1 })).toContain('höchstens 5 MB')
    for (const mimeType of ['application/pdf', 'video/mp4', 'image/gif', null])
      expect(wrongPicture({ mimeType, bytes: 1 }), String(mimeType)).toContain('JPEG- oder PNG')
  })

  test.each([
    [{ text: '{{1}} ist Markt.' }, 'text'],
    [{ beispiele: 'Samstag' }, 'beispiele'],
    [{ kopf: 'x'.repeat(61) }, 'kopf'],
    [{ name: 'Wochenmarkt!' }, 'name'],
    [{ ende0: '' }, 'ende0'],
    [{ ziel0: 'arnsberg.de' }, 'ziel0'],
    [{ knopf2: '' }, 'knopf2'],
    [{ fuss: 'Tag {{1}}' }, 'fuss'],
  ])('%j is wrong at %s', (change, field) => {
    const wrong = { ...form, ...change }
    const draft = draftFrom(wrong)
    expect(problemsInForm(draft, wrong, validateTemplate(draft)).map((one) => one.field)).toContain(field)
  })
})

const phoneWith = (message: RenderedTemplate): string => String(Bubble({ from: 'Stadt', message }))

test('the phone shows WhatsApp marks, and nothing that somebody typed runs as HTML', () => {
  const shown = phoneWith({ body: '*fett* _kursiv_ 3*4*5 <script>x</script> {{1}}', buttons: [] })
  expect(shown).toContain('<strong>fett</strong>')
  expect(shown).toContain('<em>kursiv</em>')
  expect(shown).toContain('3*4*5')
  expect(shown).toContain('&lt;script&gt;')
  expect(shown).toContain('{{1}}')
  expect(shown).not.toContain('<mark>')
})

describe('a gap that nobody has filled in yet', () => {
  const approved = [
    { type: 'HEADER', format: 'TEXT', text: 'Thema {{1}}', example: { header_text: ['Verkehr'] } },
    { type: 'BODY', text: '*{{1}}* bis {{2}}.', example: { body_text: [['Sperrung', 'Montag']] } },
    {
      type: 'BUTTONS',
      buttons: [
        { type: 'URL', text: 'Mehr', url: 'https://www.arnsberg.de/{{1}}', example: ['https://www.arnsberg.de/stau'] },
      ],
    },
  ]

  test('shows the example it was approved with, marked', () => {
    const shown = phoneWith(previewOf(approved))
    expect(shown).toContain('Thema <mark>Verkehr</mark>')
    expect(shown).toContain('<strong><mark>Sperrung</mark></strong> bis <mark>Montag</mark>.')
    expect(shown).toContain('https://www.arnsberg.de/<mark>stau</mark>')
    expect(shown).not.toContain('{{')
    expect(shown).toContain('Lücke')
  })

  test('keeps to the gap: what is filled in stands as it will go out', () => {
    const shown = phoneWith(
      previewOf(approved, { header: ['Wetter'], body: ['{{2}} heute', ''], buttons: { '0': 'sturm' } }),
    )
    expect(shown).toContain('Thema Wetter')
    expect(shown).toContain('<strong>{{2}} heute</strong> bis <mark>Montag</mark>.')
    expect(shown).toContain('https://www.arnsberg.de/sturm')
    expect(phoneWith(previewOf([{ type: 'BODY', text: 'Es gibt {{1}}.' }], { body: ['Neues'] }))).not.toContain('Lücke')
  })

  test('without an example it shows its number, or its name in words', () => {
    expect(phoneWith(previewOf(positional))).toContain('Es gibt <mark>Text 1</mark> und <mark>Text 2</mark> heute.')
    expect(phoneWith(previewOf(named))).toContain('Gesperrt: <mark>Straße</mark>, bis <mark>Wann</mark> etwa.')
  })
})

test('an approver reads what has changed since the version before', () => {
  const content = {
    title: 'A',
    template: { name: 't', language: 'de' },
    parameters: { body: ['eins', 'zwei'] },
    audience: { offering: 'info' as const },
    sendAt: null,
    recurrence: null,
  }
  const versions = [
    { at: '', by: '', content },
    { at: '', by: '', content: { ...content, parameters: { body: ['eins', 'drei'] } } },
  ]
  expect(changesSince(versions)).toEqual([{ what: 'Text, Lücke 2', before: 'zwei', after: 'drei' }])
  expect(changesSince(versions.slice(0, 1))).toEqual([])
})

describe('words', () => {
  test.each([
    [{ cron: '0 9 * * 5', until: '2027-06-30' }, 'jeden Freitag um 9:00 Uhr, bis 30.6.2027'],
    [{ cron: '5 7 * * 1,3' }, 'jeden Montag und Mittwoch um 7:05 Uhr'],
    [{ cron: '0 8 1 * *' }, 'jeden Monat am 1. um 8:00 Uhr'],
    [{ cron: '*/5 * * * *' }, 'eigener Rhythmus (*/5 * * * *)'],
  ])('%j → %s', (recurrence, words) => expect(rhythmOf(recurrence)).toBe(words))

  test.each([
    [12, 'weniger als eine Minute'],
    [60, '1 Minute'],
    [7800, '2 Stunden 10 Minuten'],
    [3 * 86_400, '3 Tage'],
  ])('%i seconds → %s', (seconds, words) => expect(duration(seconds)).toBe(words))

  test.each([
    ['strassensperrung', 'Straßensperrung'],
    ['stadt_meldung', 'Stadt Meldung'],
    ['neue_termine', 'Neue Termine'],
  ])('%s → %s', (name, words) => expect(inWords(name)).toBe(words))

  test('nobody has no share', () => expect(share(0, 0)).toBe('–'))

  test.each([
    ['phone is not a valid number', 'die Rufnummer stimmt nicht'],
    ['has 3 fields instead of 5', 'hat 3 statt 5 Felder'],
    [
      'wording is missing: without it the consent cannot be proven',
      '„Wortlaut“ fehlt; ohne diese Angabe lässt sich die Einwilligung nicht nachweisen',
    ],
    ['source is longer than 200 characters', '„Quelle“ hat mehr als 200 Zeichen'],
    ['topics may only be: Verkehr; date', 'mögliche Themen: Verkehr; date'],
    ['The first line names the column userId twice.', 'die Spalte „Kennung“ steht zweimal da'],
  ])('import: %s', (english, german) => expect(inGerman(english)).toBe(german))

  test.each([
    ['/office/meldungen/1', '/office/meldungen/1'],
    ['https://evil.example', '/office'],
    ['//evil.example/office', '/office'],
    ['/office//evil.example', '/office//evil.example'],
    [undefined, '/office'],
  ])('after signing in %j leads to %s', (asked, path) => expect(ownPath(asked)).toBe(path))
})

describe('passwords and codes', () => {
  test('only the right password fits, however its letters were typed', async () => {
    const stored = await hashPassword('Brücke über die Ruhr')
    expect(stored).not.toContain('Ruhr')
    expect(await passwordFits('Brücke über die Ruhr'.normalize('NFD'), stored)).toBe(true)
    expect(await passwordFits('Brücke über die Ruhr!', stored)).toBe(false)
    expect(await passwordFits('Brücke über die Ruhr', null)).toBe(false)
  }, 20_000)

  test.each([
    ['kurz', 'kurz'],
    ['aaaaaaaaaaaaaa', 'aaaaaaaaaaaaaa'],
    ['anna-anna-bernd', 'anna-anna-bernd'],
    ['Ruhr Brücke Markt', 'Ruhr Brücke Mark'],
  ])('%j repeated as %j is refused', (password, repeated) =>
    expect(checkPassword(password, repeated, ['anna', 'bernd'])).toHaveLength(1),
  )

  test('a code counts once, and within a step of the clock', () => {
    const secret = newTotpSecret()
    const now = new Date('2026-11-22T10:00:00Z')
    const step = stepOfCode(secret, codeAt(secret, now), now, 0)!
    expect(step).toBe(Math.floor(now.getTime() / 30_000))
    expect(stepOfCode(secret, codeAt(secret, now), now, step)).toBeNull()
    expect(stepOfCode(secret, codeAt(secret, new Date(now.getTime() + 30_000)), now, step)).toBe(step + 1)
    expect(stepOfCode(secret, codeAt(secret, new Date(now.getTime() + 120_000)), now, step)).toBeNull()
    expect(stepOfCode(secret, 'abcdef', now, 0)).toBeNull()
  })
})
