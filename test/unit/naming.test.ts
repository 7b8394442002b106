import { describe, expect, test } from 'vitest'
import { identifies, mentions } from '../../src/contacts/naming.ts'

describe('a text for the open', () => {
  test.each([
    'Liste 0171 5550150',
    'Liste Frau N. (0171) / 5550150',
    'Liste 0171.555.0151',
    'Liste 0171  5550152',
    'Liste 0171 – 5550153',
    'am 01.03.2026 unter +49 (0) 2932-201 100',
    'Mail von hulda@web.de',
  ])('is seen to say who somebody is: %s', (text) => expect(identifies(text, 9)).toBe(true))

  test.each([
    'Webformular vom 01.03.2026, 10:15 Uhr',
    'Webformular 2026-03-01T10:15:00+01:00',
    'Kartei 2019/2020, Blatt 12',
    'Liste 3 von Zimmer 104',
  ])('may hold dates and counts: %s', (text) => expect(identifies(text, 9)).toBe(false))
})

test.each([
  ['Rückfrage Frau Mispelbaum', 'Hulda Mispelbaum', true],
  ['Rückfrage von HULDA', 'Hulda Mispelbaum', true],
  ['Beratung zum Rat', 'Rat', true],
  ['Beratung', 'Rat', false],
  ['Anruf in Bo', 'Bo', false],
  ['Anruf wegen Abmeldung', undefined, false],
])('%j about %j', (text, name, expected) => expect(mentions(text, { name })).toBe(expected))
