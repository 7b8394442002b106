import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Channel, ChatOffering } from '../../src/channels/channel.ts'
import { closedNotice, isOpen, nextOpening } from '../../src/chats/office-hours.ts'
import { town } from '../support/towns.ts'

const arnsberg = town('arnsberg')
const warstein = town('warstein')
const withChat = (change: Partial<ChatOffering>, more: Partial<Channel> = {}): Channel => ({
  ...arnsberg,
  ...more,
  offerings: { chat: { ...arnsberg.offerings.chat!, ...change } },
})
/** Warstein's hours under the holidays of Hesse, and the other way round. */
const inHesse: Channel = { ...warstein, region: 'DE-HE' }
const local = (text: string) =>
  new Date(`${text.replace(' ', 'T')}:00${text < '2026-03-29' || text > '2026-10-25' ? '+01:00' : '+02:00'}`)

describe('Arnsberg reads', () => {
  test.each([
    ['2026-11-23 07:59', false, 'Monday before eight'],
    ['2026-11-23 08:00', true, 'from the first minute'],
    ['2026-11-23 12:29', true, 'until noon'],
    ['2026-11-23 12:30', false, 'but not in the lunch break'],
    ['2026-11-23 13:30', true, 'and again afterwards'],
    ['2026-11-23 16:00', false, 'until four'],
    ['2026-11-25 14:00', false, 'Wednesday afternoon is closed'],
    ['2026-11-28 10:00', false, 'Saturday is closed'],
    ['2026-05-14 10:00', false, 'Ascension Day'],
    ['2026-06-04 10:00', false, 'Corpus Christi'],
    ['2026-05-25 10:00', false, 'Whit Monday'],
    ['2026-05-26 10:00', true, 'the day after'],
    ['2026-12-24 10:00', false, 'the closure begins'],
    ['2026-12-30 10:00', false, 'and lasts'],
    ['2026-12-23 10:00', true, 'the day before it'],
    ['2026-10-26 08:00', true, 'the Monday after the clocks went back'],
    ['2026-03-30 08:00', true, 'the Monday after the clocks went forward'],
  ])('%s: %s (%s)', (at, open) => expect(isOpen(arnsberg, local(at))).toBe(open))
})

test('holidays are those of the state: All Saints is one in North Rhine-Westphalia, not in Hesse', () => {
  const allSaints2027 = local('2027-11-01 10:00') // a Monday
  expect(isOpen(warstein, allSaints2027)).toBe(false)
  expect(isOpen(inHesse, allSaints2027)).toBe(true)
})

describe('the line for whoever writes while nobody reads', () => {
  const HELP = 'In Notfällen wählen Sie bitte 112 (Feuerwehr, Rettungsdienst) oder 110 (Polizei).'
  test.each([
    ['2026-11-21 20:00', 'Wir lesen Ihre Nachricht am Montag ab 8:00 Uhr.'],
    ['2026-11-22 23:59', 'Wir lesen Ihre Nachricht am Montag ab 8:00 Uhr.'],
    ['2026-11-23 00:00', 'Wir lesen Ihre Nachricht heute ab 8:00 Uhr.'],
    ['2026-11-23 12:45', 'Wir lesen Ihre Nachricht heute ab 13:30 Uhr.'],
    ['2026-11-25 18:00', 'Wir lesen Ihre Nachricht am Donnerstag ab 8:00 Uhr.'],
    ['2026-06-04 10:00', 'Heute ist Fronleichnam. Wir lesen Ihre Nachricht am Freitag ab 8:00 Uhr.'],
    ['2026-04-02 18:00', 'Wir lesen Ihre Nachricht am Dienstag ab 8:00 Uhr.'],
    [
      '2026-12-24 10:00',
      'Das Rathaus ist zwischen Weihnachten und Neujahr geschlossen. Wir lesen Ihre Nachricht am Montag, 4. Januar, ab 8:00 Uhr.',
    ],
    ['2026-10-24 12:00', 'Wir lesen Ihre Nachricht am Montag ab 8:00 Uhr.'],
    ['2026-03-28 12:00', 'Wir lesen Ihre Nachricht am Montag ab 8:00 Uhr.'],
  ])('%s: %s', (at, text) => expect(closedNotice(arnsberg, local(at))?.text).toBe(`${text} ${HELP}`))

  test('says nothing while the office is open, or where nobody named hours', () => {
    expect(closedNotice(arnsberg, local('2026-11-23 09:00'))).toBeNull()
    expect(closedNotice(town('heringen'), local('2026-11-22 03:00'))).toBeNull()
  })

  test('ends with the opening, on the right side of a clock change', () => {
    expect(closedNotice(arnsberg, local('2026-03-28 12:00'))?.until).toEqual(new Date('2026-03-30T06:00:00Z'))
    expect(closedNotice(arnsberg, local('2026-10-24 12:00'))?.until).toEqual(new Date('2026-10-26T07:00:00Z'))
  })

  test('is told for a closure even where nobody named hours', () => {
    const closed = withChat({ officeHours: null, closures: [{ from: '2026-11-24', to: '2026-11-24', text: null }] })
    expect(isOpen(closed, local('2026-11-23 23:59'))).toBe(true)
    expect(closedNotice(closed, local('2026-11-24 10:00'))?.until).toEqual(local('2026-11-25 00:00'))
  })

  test('uses the words of the channel file', () => {
    const own = { ...arnsberg, replies: { officeClosed: 'Zu bis: {opening}.' } }
    expect(closedNotice(own, local('2026-11-21 20:00'))?.text).toBe('Zu bis: am Montag ab 8:00 Uhr.')
  })

  test('is not given when no opening is near', () => {
    const gone = withChat({ closures: [{ from: '2026-01-01', to: '2029-12-31', text: null }] })
    expect(nextOpening(gone, local('2026-11-23 10:00'))).toBeNull()
    expect(closedNotice(gone, local('2026-11-23 10:00'))).toBeNull()
  })
})

describe('opening hours in the night of a clock change', () => {
  const allNight = { fromMinute: 90, toMinute: 210 } // 1:30 to 3:30
  const sunday = withChat({
    officeHours: { mon: [], tue: [], wed: [], thu: [], fri: [], sat: [], sun: [allNight] },
    closures: [],
  })
  test.each([
    ['2026-03-29T00:30:00Z', true],
    ['2026-03-29T01:29:59Z', true],
    ['2026-03-29T01:30:00Z', false],
    ['2026-10-24T23:30:00Z', true],
    ['2026-10-25T02:29:59Z', true],
    ['2026-10-25T02:30:00Z', false],
  ])('%s: %s', (at, open) => expect(isOpen(sunday, new Date(at))).toBe(open))
})

test('the next opening is open, never earlier than asked, and nothing before it is', () =>
  fc.assert(
    fc.property(
      fc.date({ min: new Date('2026-01-01'), max: new Date('2028-12-31'), noInvalidDate: true }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      fc.constantFrom(arnsberg, warstein, inHesse),
      (at, share, channel) => {
        const opening = nextOpening(channel, at)!
        expect(opening.getTime()).toBeGreaterThanOrEqual(at.getTime())
        expect(isOpen(channel, opening)).toBe(true)
        const between = new Date(at.getTime() + Math.floor((opening.getTime() - at.getTime()) * share))
        expect(isOpen(channel, between)).toBe(between.getTime() === opening.getTime())
      },
    ),
    { numRuns: 60 },
  ))
