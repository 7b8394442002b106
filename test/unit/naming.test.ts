import { describe, expect, test } from 'vitest'
import { addressesIn, identifies, mentions } from '../../src/contacts/naming.ts'

describe('a text for the open', () => {
  test.each([
    'Liste 0171 5550150',
    'Liste Frau N. (0171) / 5550150',
    'Liste 0171.555.0151',
    'Liste 0171  5550152',
    'Liste 0171 – 5550153',
    'am 01.03.2026 unter +49 (0) 2932-201 100',
    'Mail von hulda@web.de',
    'Liste ０１７１ ５５５０１５４',
    'Liste ٠١٧١٥٥٥٠١٥٥',
    'Mail von hulda＠web.de',
  ])('is seen to say who somebody is: %s', (text) => expect(identifies(text, 9)).toBe(true))

  test.each([
    'Webformular vom 01.03.2026, 10:15 Uhr',
    'Webformular 2026-03-01T10:15:00+01:00',
    'Kartei 2019/2020, Blatt 12',
    'Liste 3 von Zimmer 104',
  ])('may hold dates and counts: %s', (text) => expect(identifies(text, 9)).toBe(false))
})

describe('the address of the town itself', () => {
  const own = addressesIn(['+492932201100', 'Fragen? 02932 201-0, 0800 5550150 oder Rathaus@arnsberg.de.'])

  test.each([
    'Ja, ich möchte Meldungen von 02932 201100, auch am Wochenende.',
    'Ja, unter +49 (0) 2932 / 201-100',
    'Fragen beantwortet das Rathaus: 02932/2010, rathaus@arnsberg.de.',
  ])('identifies nobody: %s', (text) => {
    expect(identifies(text, 9)).toBe(true)
    expect(identifies(text, 9, own)).toBe(false)
  })

  test.each([
    'Ja, von 02932 201100 an 0151 12340001',
    '0151 29322010',
    '0151 - 29322010',
    '02932 201-0 55',
    '02932 201 100 1',
    'rathaus@arnsberg.de an hulda@web.de',
    'hulda.rathaus@arnsberg.de',
  ])('does not hide that of somebody else: %s', (text) => expect(identifies(text, 9, own)).toBe(true))
})

describe('the domain of the town', () => {
  const own = new Set(['@arnsberg.de'])

  test.each(['Widerruf: Datenschutz@arnsberg.de', 'oder info@presse.arnsberg.de.'])('is the town’s own: %s', (text) =>
    expect(identifies(text, 9, own)).toBe(false),
  )

  test.each(['hulda@nicht-arnsberg.de', 'hulda@arnsberg.de.example', 'hulda@web.de', 'a@arnsberg.de und b@web.de'])(
    'is no other: %s',
    (text) => expect(identifies(text, 9, own)).toBe(true),
  )
})

test.each([
  ['Rückfrage Frau Mispelbaum', 'Hulda Mispelbaum', true],
  ['Rückfrage von HULDA', 'Hulda Mispelbaum', true],
  ['Beratung zum Rat', 'Rat', true],
  ['Beratung', 'Rat', false],
  ['Rückfrage von Ju\u0308rgen', 'Jürgen Groß', true],
  ['Rückfrage von Jürgen', 'Ju\u0308rgen Groß', true],
  ['Rückfrage Juergen', 'Jürgen Groß', true],
  ['Rückfrage GROSS', 'Jürgen Groß', true],
  ['Anruf in Bo', 'Bo', false],
  ['Anruf wegen Abmeldung', undefined, false],
])('%j about %j', (text, name, expected) => expect(mentions(text, { name })).toBe(expected))
