import fc from 'fast-check'
import { Temporal } from 'temporal-polyfill'
import { describe, expect, test } from 'vitest'
import {
  catchUp,
  checkRecurrence,
  dueOrMissed,
  isOftenerThanHourly,
  nextDates,
  spoken,
} from '../../src/broadcasts/calendar.ts'
import { readCron } from '../../src/broadcasts/cron.ts'

const BERLIN = 'Europe/Berlin'
const at = (iso: string) => new Date(iso)
/** As the town's clock shows it, with the offset, because one wall time can come twice. */
const local = (date: Date, zone = BERLIN) =>
  Temporal.Instant.fromEpochMilliseconds(date.getTime())
    .toZonedDateTimeISO(zone)
    .toString({ timeZoneName: 'never', smallestUnit: 'minute' })
const dates = (cron: string, after: string, count = 3, until?: string) =>
  nextDates({ cron, until }, BERLIN, at(after), count).map((date) => local(date))

describe('the coming dates of a rhythm', () => {
  test.each<[string, string, string, string[]]>([
    [
      'fridays at nine',
      '0 9 * * 5',
      '2026-12-01T00:00Z',
      ['2026-12-04T09:00+01:00', '2026-12-11T09:00+01:00', '2026-12-18T09:00+01:00'],
    ],
    [
      'by name',
      '0 9 * * fri',
      '2026-12-01T00:00Z',
      ['2026-12-04T09:00+01:00', '2026-12-11T09:00+01:00', '2026-12-18T09:00+01:00'],
    ],
    [
      'Sunday is 0',
      '0 9 * * 0',
      '2026-12-01T00:00Z',
      ['2026-12-06T09:00+01:00', '2026-12-13T09:00+01:00', '2026-12-20T09:00+01:00'],
    ],
    [
      'Sunday is 7',
      '0 9 * * 7',
      '2026-12-01T00:00Z',
      ['2026-12-06T09:00+01:00', '2026-12-13T09:00+01:00', '2026-12-20T09:00+01:00'],
    ],
    [
      'the weekend',
      '0 9 * * sat-sun',
      '2026-12-01T00:00Z',
      ['2026-12-05T09:00+01:00', '2026-12-06T09:00+01:00', '2026-12-12T09:00+01:00'],
    ],
    [
      'a list',
      '0 8,16 1 * *',
      '2026-12-01T00:00Z',
      ['2026-12-01T08:00+01:00', '2026-12-01T16:00+01:00', '2027-01-01T08:00+01:00'],
    ],
    [
      'steps',
      '*/20 9 * * *',
      '2026-12-01T08:00Z',
      ['2026-12-01T09:20+01:00', '2026-12-01T09:40+01:00', '2026-12-02T09:00+01:00'],
    ],
    [
      'a start with steps',
      '0 9 * 2/6 mon',
      '2026-12-01T00:00Z',
      ['2027-02-01T09:00+01:00', '2027-02-08T09:00+01:00', '2027-02-15T09:00+01:00'],
    ],
    [
      'steps in a range',
      '0 8-12/2 * * *',
      '2026-12-01T08:00Z',
      ['2026-12-01T10:00+01:00', '2026-12-01T12:00+01:00', '2026-12-02T08:00+01:00'],
    ],
    [
      'months by name',
      '30 7 24 dec *',
      '2026-12-24T06:30Z',
      ['2027-12-24T07:30+01:00', '2028-12-24T07:30+01:00', '2029-12-24T07:30+01:00'],
    ],
    [
      'day of month or weekday',
      '0 9 13 * 5',
      '2026-12-01T00:00Z',
      ['2026-12-04T09:00+01:00', '2026-12-11T09:00+01:00', '2026-12-13T09:00+01:00'],
    ],
    [
      'a leap day',
      '0 9 29 2 *',
      '2026-12-01T00:00Z',
      ['2028-02-29T09:00+01:00', '2032-02-29T09:00+01:00', '2036-02-29T09:00+01:00'],
    ],
    [
      'a leap day on a Monday',
      '0 9 29 2 */8',
      '2026-12-01T00:00Z',
      ['2032-02-29T09:00+01:00', '2060-02-29T09:00+01:00', '2088-02-29T09:00+01:00'],
    ],
    [
      'the 31st',
      '0 9 31 * *',
      '2026-12-31T09:00Z',
      ['2027-01-31T09:00+01:00', '2027-03-31T09:00+02:00', '2027-05-31T09:00+02:00'],
    ],
    [
      'over the change to summer time',
      '0 9 * * *',
      '2026-03-28T00:00Z',
      ['2026-03-28T09:00+01:00', '2026-03-29T09:00+02:00', '2026-03-30T09:00+02:00'],
    ],
    [
      'a 2:30 that does not exist runs at 3:30',
      '30 2 * * *',
      '2026-03-28T00:00Z',
      ['2026-03-28T02:30+01:00', '2026-03-29T03:30+02:00', '2026-03-30T02:30+02:00'],
    ],
    [
      'two times that fall together run once',
      '30 2,3 * * *',
      '2026-03-28T12:00Z',
      ['2026-03-29T03:30+02:00', '2026-03-30T02:30+02:00', '2026-03-30T03:30+02:00'],
    ],
    [
      'a 2:30 that comes twice runs once, the first time',
      '30 2 * * *',
      '2026-10-24T12:00Z',
      ['2026-10-25T02:30+02:00', '2026-10-26T02:30+01:00', '2026-10-27T02:30+01:00'],
    ],
    [
      'between the two 2:30 it is over',
      '30 2 * * *',
      '2026-10-25T01:00Z',
      ['2026-10-26T02:30+01:00', '2026-10-27T02:30+01:00', '2026-10-28T02:30+01:00'],
    ],
    [
      'hourly skips the hour that is missing',
      '0 * * * *',
      '2026-03-29T00:30Z',
      ['2026-03-29T03:00+02:00', '2026-03-29T04:00+02:00', '2026-03-29T05:00+02:00'],
    ],
  ])('%s', (_, cron, after, expected) => expect(dates(cron, after)).toEqual(expected))

  test('a date is strictly after the moment asked for', () => {
    expect(dates('0 9 * * *', '2026-12-01T08:00:00Z', 1)).toEqual(['2026-12-02T09:00+01:00'])
    expect(dates('0 9 * * *', '2026-12-01T07:59:59.999Z', 1)).toEqual(['2026-12-01T09:00+01:00'])
  })

  test("the last day counts, by the town's calendar", () => {
    expect(dates('30 0 * * *', '2026-12-01T12:00Z', 5, '2026-12-03')).toEqual([
      '2026-12-02T00:30+01:00',
      '2026-12-03T00:30+01:00',
    ])
    expect(dates('30 23 * * *', '2026-12-03T12:00Z', 5, '2026-12-03')).toEqual(['2026-12-03T23:30+01:00'])
    expect(dates('0 9 * * *', '2026-12-03T12:00Z', 5, '2026-12-03')).toEqual([])
  })

  test("a day that begins at one o'clock is right too", () => {
    // Beirut changes at midnight: 29 March 2026 has no 0:30.
    expect(
      nextDates({ cron: '30 0 * * *' }, 'Asia/Beirut', at('2026-03-28T12:00Z'), 2).map((date) =>
        local(date, 'Asia/Beirut'),
      ),
    ).toEqual(['2026-03-29T01:30+03:00', '2026-03-30T00:30+03:00'])
  })
})

const field = (min: number, max: number) =>
  fc.oneof(
    { arbitrary: fc.constant('*'), weight: 3 },
    fc.integer({ min, max }).map(String),
    fc.tuple(fc.integer({ min, max }), fc.integer({ min, max })).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
    fc.integer({ min: 1, max: 30 }).map((step) => `*/${step}`),
  )
const anyCron = fc
  .tuple(field(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 7))
  .map((parts) => parts.join(' '))
const anyMoment = fc.date({ min: at('2026-01-01T00:00Z'), max: at('2030-01-01T00:00Z'), noInvalidDate: true })
const ZONES = ['Europe/Berlin', 'Asia/Beirut', 'America/New_York', 'Australia/Lord_Howe', 'UTC', 'Pacific/Apia']

describe('for any rhythm in any zone', () => {
  test('dates are in order, each once, all after the moment asked for', () => {
    fc.assert(
      fc.property(anyCron, anyMoment, fc.constantFrom(...ZONES), (cron, after, zone) => {
        const found = nextDates({ cron }, zone, after, 4).map((date) => date.getTime())
        expect(found.length).toBe(4)
        for (const [index, moment] of found.entries())
          expect(moment).toBeGreaterThan(found[index - 1] ?? after.getTime())
      }),
      { numRuns: 300 },
    )
  })

  test('asking again from a date gives the same following ones', () => {
    fc.assert(
      fc.property(anyCron, anyMoment, fc.constantFrom(...ZONES), (cron, after, zone) => {
        const [first, second, third] = nextDates({ cron }, zone, after, 3)
        expect(nextDates({ cron }, zone, first!, 2)).toEqual([second, third])
      }),
      { numRuns: 300 },
    )
  })

  test('a date shows the wall time that was asked for, or the same a gap later', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 23 }),
        fc.integer({ min: 0, max: 59 }),
        anyMoment,
        fc.constantFrom(...ZONES),
        (hour, minute, after, zone) => {
          for (const date of nextDates({ cron: `${minute} ${hour} * * *` }, zone, after, 3)) {
            const shown = Temporal.Instant.fromEpochMilliseconds(date.getTime()).toZonedDateTimeISO(zone)
            const lateMinutes = shown.hour * 60 + shown.minute - hour * 60 - minute
            // Of the next day's own start: where a day begins at 1:00, a day later is not midnight.
            const dayMs = shown.add({ days: 1 }).startOfDay().epochMilliseconds - shown.startOfDay().epochMilliseconds
            if (lateMinutes !== 0) expect(dayMs).toBe(86_400_000 - lateMinutes * 60_000)
          }
        },
      ),
      { numRuns: 300, examples: [[0, 0, at('2027-03-24T22:00Z'), 'Asia/Beirut']] },
    )
  })
})

describe('what is wrong with a rhythm is said in German', () => {
  const now = at('2026-12-01T08:00Z')
  test.each<[string, string | undefined, string, RegExp]>([
    ['', undefined, 'cron', /fünf Angaben/],
    ['0 9 * *', undefined, 'cron', /fünf Angaben/],
    ['0 0 9 * * 5', undefined, 'cron', /fünf Angaben/],
    ['@daily', undefined, 'cron', /fünf Angaben/],
    ['60 9 * * *', undefined, 'cron', /Minute geht von 0 bis 59/],
    ['0 24 * * *', undefined, 'cron', /Stunde geht von 0 bis 23/],
    ['0 9 0 * *', undefined, 'cron', /Tag im Monat geht von 1 bis 31/],
    ['0 9 * 13 *', undefined, 'cron', /Monat geht von 1 bis 12/],
    ['0 9 * * 8', undefined, 'cron', /Wochentag geht von/],
    ['0 9 * * freitag', undefined, 'cron', /„freitag“ passt nicht/],
    ['0 9 L * *', undefined, 'cron', /„L“ passt nicht/],
    ['0 9 * * 5#2', undefined, 'cron', /nicht lesbar/],
    ['0 9 5-2 * *', undefined, 'cron', /rückwärts/],
    ['*/0 9 * * *', undefined, 'cron', /Schrittweite/],
    ['0 9 , * *', undefined, 'cron', /nicht lesbar/],
    ['0 9 30 2 *', undefined, 'cron', /gibt es nie/],
    ['0 9 31 4,6,9,11 *', undefined, 'cron', /gibt es nie/],
    ['0 9 * * 5', '2026-13-01', 'until', /Enddatum/],
    ['0 9 * * 5', '2026-02-30', 'until', /Enddatum/],
    ['0 9 * * 5', 'bald', 'until', /Enddatum/],
    ['0 9 * * 5', '2026-12-03', 'until', /keinen Termin mehr/],
  ])('%j until %s', (cron, until, name, message) => {
    const problems = checkRecurrence({ cron, until }, BERLIN, now)
    expect(problems).toEqual([{ field: `recurrence.${name}`, message: expect.stringMatching(message) }])
  })

  test('nothing, if it is right', () => {
    for (const cron of ['0 9 * * 5', '59 * * * *', '0 9 1-7,15 jan,JUL mon-fri/2', '0 9 29 2 *']) {
      expect(checkRecurrence({ cron, until: null }, BERLIN, now)).toEqual([])
    }
    expect(checkRecurrence({ cron: '0 9 * * 5', until: '2026-12-04' }, BERLIN, now)).toEqual([])
  })

  test('reading never throws', () => {
    fc.assert(fc.property(fc.string(), (text) => void readCron(text)))
    fc.assert(fc.property(fc.stringMatching(/^[\d*,/a-z-]{1,8}( [\d*,/a-z-]{1,8}){4}$/), (text) => void readCron(text)))
  })
})

describe('after a standstill', () => {
  const daily = { cron: '0 9 * * *' }
  const quarter = 15 * 60_000

  test.each<[string, 'early' | 'due' | 'missed']>([
    ['2026-12-01T07:59:59.999Z', 'early'],
    ['2026-12-01T08:00:00Z', 'due'],
    ['2026-12-01T08:15:00Z', 'due'],
    ['2026-12-01T08:15:00.001Z', 'missed'],
  ])('planned for 8:00, seen at %s: %s', (now, expected) => {
    expect(dueOrMissed(at('2026-12-01T08:00:00Z'), at(now), quarter)).toBe(expected)
  })

  test.each<[string, string, string | null, number, string]>([
    ['on time', '2026-12-01T08:00:00Z', '2026-12-01T08:00Z', 0, '2026-12-02T08:00Z'],
    ['within the tolerance', '2026-12-01T08:10:00Z', '2026-12-01T08:00Z', 0, '2026-12-02T08:00Z'],
    ['an hour late', '2026-12-01T09:00:00Z', null, 1, '2026-12-02T08:00Z'],
    ['three days late', '2026-12-04T07:00:00Z', null, 3, '2026-12-04T08:00Z'],
    ['three days and five minutes late', '2026-12-04T08:05:00Z', '2026-12-04T08:00Z', 3, '2026-12-05T08:00Z'],
  ])('a daily one %s', (_, now, run, missed, following) => {
    expect(catchUp(daily, BERLIN, at('2026-12-01T08:00:00Z'), at(now), quarter)).toEqual({
      run: run && at(run),
      missed,
      following: at(following),
    })
  })

  test('of many dates within the tolerance only the latest runs', () => {
    expect(
      catchUp({ cron: '* * * * *' }, BERLIN, at('2026-12-01T08:00Z'), at('2026-12-01T08:07:30Z'), quarter),
    ).toEqual({
      run: at('2026-12-01T08:07Z'),
      missed: 7,
      following: at('2026-12-01T08:08Z'),
    })
  })

  test('a series ends after its last day', () => {
    expect(
      catchUp({ ...daily, until: '2026-12-01' }, BERLIN, at('2026-12-01T08:00Z'), at('2026-12-01T08:00Z'), quarter),
    ).toEqual({
      run: at('2026-12-01T08:00Z'),
      missed: 0,
      following: null,
    })
  })

  test('a year of silence costs a moment, not minutes', () => {
    const begun = performance.now()
    const { missed, following } = catchUp(
      { cron: '* * * * *' },
      BERLIN,
      at('2026-12-01T08:00Z'),
      at('2027-12-01T08:00:30Z'),
      86_400_000,
    )
    expect(missed).toBeGreaterThanOrEqual(1000)
    expect(following).toEqual(at('2027-12-01T08:01Z'))
    expect(performance.now() - begun).toBeLessThan(1000)
  })
})

test.each([
  ['2026-12-03T08:10Z', 'Donnerstag, 9:10 Uhr'],
  ['2026-12-07T08:10Z', 'Montag, 9:10 Uhr'],
  ['2026-12-08T08:10Z', 'Dienstag, 8. Dezember, 9:10 Uhr'],
  ['2027-01-14T22:05Z', 'Donnerstag, 14. Januar 2027, 23:05 Uhr'],
])('%s is spoken "%s"', (moment, expected) =>
  expect(spoken(at(moment), at('2026-12-01T12:00Z'), BERLIN)).toBe(expected),
)

test.each([
  ['* 9 * * *', true],
  ['0,59 9 * * 5', true],
  ['0 * * * *', false],
  ['no rhythm', false],
])('%s goes out more often than hourly: %s', (cron, often) => {
  expect(isOftenerThanHourly({ cron })).toBe(often)
})
