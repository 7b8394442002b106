import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Crowd, type ForecastInput, forecast, sentence } from '../../src/broadcasts/forecast.ts'
import { costOf, rateOn } from '../../src/broadcasts/rates.ts'
import { LIMIT_WINDOW_MS, nextAllowed, nextQuietAt, quietUntil, roomAt, waitAt } from '../../src/dispatch/windows.ts'

const at = (iso: string) => new Date(iso)
const HOUR = 3_600_000
const span = (from: number, to: number) => ({ fromMinute: from * 60, toMinute: to * 60 })
const night = span(21, 7)
const planned = (own: Partial<ForecastInput> = {}): ForecastInput => ({
  recipients: 5120,
  perSecond: 80,
  startAt: at('2026-12-01T08:00Z'),
  zone: 'Europe/Berlin',
  quiet: null,
  dailyLimit: null,
  used: [],
  rate: 0.0456,
  ...own,
})

describe('quiet hours', () => {
  test.each<[string, string | null]>([
    ['2026-12-01T19:59:59.999Z', null],
    ['2026-12-01T20:00:00Z', '2026-12-02T06:00:00Z'],
    ['2026-12-01T23:30:00Z', '2026-12-02T06:00:00Z'],
    ['2026-12-02T05:59:59.999Z', '2026-12-02T06:00:00Z'],
    ['2026-12-02T06:00:00Z', null],
    ['2026-03-28T22:00:00Z', '2026-03-29T05:00:00Z'], // the night is an hour shorter
    ['2026-10-24T22:00:00Z', '2026-10-25T06:00:00Z'], // and an hour longer
  ])('from 21 to 7: at %s quiet until %s', (moment, until) => {
    expect(quietUntil(at(moment), night, 'Europe/Berlin')).toEqual(until && at(until))
  })

  test('over noon, without midnight in between', () => {
    const noon = span(12, 13.5)
    expect(quietUntil(at('2026-12-01T11:15Z'), noon, 'Europe/Berlin')).toEqual(at('2026-12-01T12:30Z'))
    expect(quietUntil(at('2026-12-01T12:30Z'), noon, 'Europe/Berlin')).toBeNull()
    expect(nextQuietAt(at('2026-12-01T12:30Z'), noon, 'Europe/Berlin')).toEqual(at('2026-12-02T11:00Z'))
  })

  test('from equal to: there are none', () => {
    expect(quietUntil(at('2026-12-01T07:00Z'), span(8, 8), 'Europe/Berlin')).toBeNull()
  })

  const time = fc.integer({ min: 0, max: 1439 })
  const moment = fc.date({ min: at('2026-01-01T00:00Z'), max: at('2028-01-01T00:00Z'), noInvalidDate: true })
  const zone = fc.constantFrom('Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'UTC')

  test('always end, later than they are asked about, and are followed by a moment that is not quiet', () => {
    fc.assert(
      fc.property(time, time, moment, zone, (fromMinute, toMinute, now, where) => {
        const until = quietUntil(now, { fromMinute, toMinute }, where)
        if (!until) return
        expect(until.getTime()).toBeGreaterThan(now.getTime())
        expect(until.getTime() - now.getTime()).toBeLessThanOrEqual(26 * HOUR)
        const after = nextAllowed({ zone: where, quiet: { fromMinute, toMinute }, dailyLimit: null, used: [] }, now)
        expect(after && quietUntil(after, { fromMinute, toMinute }, where)).toBeNull()
      }),
    )
  })

  test('begin in the future, at a moment that is quiet', () => {
    fc.assert(
      fc.property(time, time, moment, zone, (fromMinute, toMinute, now, where) => {
        const begins = nextQuietAt(now, { fromMinute, toMinute }, where)
        if (!begins) return
        expect(begins.getTime()).toBeGreaterThan(now.getTime())
        expect(begins.getTime() - now.getTime()).toBeLessThanOrEqual(26 * HOUR)
      }),
    )
  })
})

describe('the daily limit', () => {
  const now = at('2026-12-01T08:00Z')
  const ago = (hours: number) => new Date(now.getTime() - hours * HOUR)

  test('counts everybody of the last 24 hours, nobody before', () => {
    const used = [
      { at: ago(25), people: 900 },
      { at: ago(24), people: 800 },
      { at: ago(23), people: 340 },
      { at: ago(1), people: 60 },
    ]
    expect(roomAt(2000, used, now)).toEqual({ room: 1600, growsAt: new Date(ago(23).getTime() + LIMIT_WINDOW_MS) })
  })

  test('unknown and unlimited do not bind, and nothing is below zero', () => {
    expect(roomAt(null, [{ at: now, people: 9999 }], now).room).toBe(Number.POSITIVE_INFINITY)
    expect(roomAt(-1, [{ at: now, people: 9999 }], now).room).toBe(Number.POSITIVE_INFINITY)
    expect(roomAt(250, [{ at: now, people: 9999 }], now).room).toBe(0)
  })

  test('a limit that was lowered below what is used waits until there is room, not only for the oldest', () => {
    const used = [
      { at: ago(20), people: 900 },
      { at: ago(10), people: 800 },
    ]
    expect(roomAt(250, used, now)).toEqual({ room: 0, growsAt: new Date(ago(10).getTime() + LIMIT_WINDOW_MS) })
  })

  test('a full limit waits for the oldest, quiet hours go first, and a limit of zero never ends', () => {
    const windows = { zone: 'Europe/Berlin', quiet: null, dailyLimit: 250, used: [{ at: ago(20), people: 250 }] }
    expect(waitAt(windows, now)).toEqual({ reason: 'daily-limit', until: at('2026-12-01T12:00Z') })
    expect(waitAt({ ...windows, quiet: span(8, 10) }, now)).toEqual({
      reason: 'quiet-hours',
      until: at('2026-12-01T09:00Z'),
    })
    expect(nextAllowed({ ...windows, quiet: span(8, 10) }, now)).toEqual(at('2026-12-01T12:00Z'))
    expect(nextAllowed({ ...windows, quiet: span(12.5, 14) }, now)).toEqual(at('2026-12-01T13:00Z'))
    expect(waitAt({ ...windows, dailyLimit: 0, used: [] }, now)).toEqual({ reason: 'daily-limit', until: null })
    expect(nextAllowed({ ...windows, dailyLimit: 0, used: [] }, now)).toBeNull()
  })
})

describe('the forecast', () => {
  test('of the contract: 5120 people at 80 per second, a utility template', () => {
    expect(forecast(planned())).toEqual({
      recipients: 5120,
      seconds: 64,
      finishesAt: at('2026-12-01T08:01:04Z'),
      fitsDailyLimit: true,
      costEur: '233.47',
      waits: [],
    })
  })

  test('6.000 people, limit 2.000, 340 used: the rest goes as the window frees', () => {
    // 340 went on Monday at 9:10. Tuesday 8:00 UTC: 1660; at 8:10 the 340 are free again; Wednesday 2.000 in two parts, Thursday 2.000 in two parts.
    const input = planned({ recipients: 6000, dailyLimit: 2000, used: [{ at: at('2026-11-30T08:10Z'), people: 340 }] })
    const result = forecast(input)
    expect(result.fitsDailyLimit).toBe(false)
    expect(result.waits.map((wait) => wait.until.toISOString().slice(0, 16))).toEqual([
      '2026-12-01T08:10',
      '2026-12-02T08:00',
      '2026-12-02T08:10',
      '2026-12-03T08:00',
      '2026-12-03T08:10',
    ])
    expect(result.finishesAt?.getTime()).toBe(at('2026-12-03T08:10Z').getTime() + Math.ceil((340 / 80) * 1000))
    expect(sentence(result, input, at('2026-12-01T07:00Z'))).toBe(
      '6.000 Empfänger, Limit 2.000 in 24 h, 340 verbraucht: fertig am Donnerstag, 9:10 Uhr',
    )
  })

  test('what does not fit before the quiet hours goes on in the morning', () => {
    const input = planned({ startAt: at('2026-12-01T19:59:30Z'), quiet: night })
    const result = forecast(input)
    expect(result.waits).toEqual([
      { reason: 'quiet-hours', from: at('2026-12-01T20:00Z'), until: at('2026-12-02T06:00Z') },
    ])
    expect(result.finishesAt).toEqual(at('2026-12-02T06:00:34Z'))
    expect(result.fitsDailyLimit).toBe(true)
    expect(sentence(result, input, input.startAt)).toBe('5.120 Empfänger, mit Ruhezeit: fertig am Mittwoch, 7:00 Uhr')
  })

  test('what is planned for the night begins in the morning', () => {
    expect(forecast(planned({ startAt: at('2026-12-01T23:00Z'), quiet: night })).finishesAt).toEqual(
      at('2026-12-02T06:01:04Z'),
    )
  })

  test('whoever was written to today costs nothing more, a second broadcast to the same people goes through', () => {
    const morning = { at: at('2026-12-01T07:00Z'), people: 100 }
    const input = planned({ recipients: 2000, known: 1900, dailyLimit: 2000, used: [] })
    expect(forecast(input)).toMatchObject({ fitsDailyLimit: true, finishesAt: at('2026-12-01T08:00:25Z') })
    expect(forecast({ ...input, used: [morning] })).toMatchObject({ fitsDailyLimit: false })
    expect(forecast({ ...input, known: 0, used: [{ ...morning, people: 1900 }] })).toMatchObject({
      fitsDailyLimit: false,
    })
  })

  describe('with an earlier broadcast still waiting', () => {
    const eight = at('2026-12-01T08:00Z')
    const behind = (own: Partial<ForecastInput>, ...crowds: Crowd[]) =>
      planned({ recipients: 1000, dailyLimit: 2000, queue: { starts: [eight], crowds }, ...own })

    test('others take room and time first: what looks as if it fitted goes a day later', () => {
      const used = [{ at: at('2026-12-01T07:00Z'), people: 200 }]
      const input = behind(
        { used },
        { ...used[0]!, waitFor: [] },
        { people: 1800, at: null, waitFor: [0] },
        { people: 1000, at: null, waitFor: [1] },
      )
      // 1.800 go at 8:00 and fill the limit; the 200 of 7:00 make room the next morning, the 1.800 an hour after.
      const result = forecast(input)
      expect(result.fitsDailyLimit).toBe(false)
      expect(result.waits[0]).toMatchObject({ reason: 'daily-limit', from: at('2026-12-01T08:00:22.500Z') })
      expect(result.finishesAt).toEqual(at('2026-12-02T08:00:10Z'))
      expect(sentence(result, input, eight)).toBe(
        '1.000 Empfänger, Limit 2.000 in 24 h, 200 verbraucht, 1.800 in früheren Meldungen: fertig am Mittwoch, 9:00 Uhr',
      )
    })

    test('the same people cost their room once, but their time twice', () => {
      const input = behind({ recipients: 1800 }, { people: 1800, at: null, waitFor: [0, 1] })
      expect(forecast(input)).toMatchObject({ fitsDailyLimit: true, waits: [], finishesAt: at('2026-12-01T08:00:45Z') })
    })

    test('whoever counts since yesterday and is written to again in between counts from then on', () => {
      const yesterday = at('2026-11-30T09:00Z')
      const input = behind(
        { recipients: 300, startAt: at('2026-12-01T10:00Z'), used: [{ at: yesterday, people: 1900 }] },
        { people: 1900, at: yesterday, waitFor: [0] },
        { people: 300, at: null, waitFor: [1] },
      )
      expect(forecast({ ...input, queue: undefined }).fitsDailyLimit).toBe(true)
      expect(forecast(input)).toMatchObject({ fitsDailyLimit: false, finishesAt: at('2026-12-02T08:00:02.500Z') })
    })

    test('waits that are over before it begins are none of its own', () => {
      const input = behind(
        { recipients: 100, startAt: at('2026-12-02T12:00Z') },
        { people: 3000, at: null, waitFor: [0] },
        { people: 100, at: null, waitFor: [1] },
      )
      expect(forecast(input)).toMatchObject({
        fitsDailyLimit: true,
        waits: [],
        finishesAt: at('2026-12-02T12:00:01.250Z'),
      })
    })
  })

  test('a limit of zero has no end', () => {
    const input = planned({ dailyLimit: 0 })
    expect(forecast(input)).toMatchObject({ finishesAt: null, fitsDailyLimit: false })
    expect(sentence(forecast(input), input, input.startAt)).toContain('mit diesem Limit nicht zu schaffen')
  })

  test('nobody to send to is done at once', () => {
    const input = planned({ recipients: 0 })
    expect(forecast(input)).toMatchObject({
      seconds: 0,
      finishesAt: input.startAt,
      costEur: '0.00',
      fitsDailyLimit: true,
    })
    expect(sentence(forecast(input), input, input.startAt)).toMatch(/^Zurzeit niemand/)
  })

  const anyInput = fc.record({
    recipients: fc.integer({ min: 1, max: 20_000 }),
    perSecond: fc.integer({ min: 1, max: 1000 }),
    dailyLimit: fc.constantFrom(null, -1, 250, 2000, 10_000),
    quiet: fc.constantFrom(null, night, span(12, 13)),
    used: fc.array(
      fc.record({
        at: fc.date({ min: at('2026-11-30T08:00Z'), max: at('2026-12-01T08:00Z'), noInvalidDate: true }),
        people: fc.integer({ min: 0, max: 3000 }),
      }),
      { maxLength: 5 },
    ),
  })

  test('never ends before the pure sending time, and more people never end earlier', () => {
    fc.assert(
      fc.property(anyInput, (own) => {
        const input = planned(own)
        const { seconds, finishesAt } = forecast(input)
        expect(finishesAt!.getTime() - input.startAt.getTime()).toBeGreaterThan((seconds - 1) * 1000)
        const more = forecast({ ...input, recipients: input.recipients + 100 })
        expect(more.finishesAt!.getTime()).toBeGreaterThanOrEqual(finishesAt!.getTime())
      }),
      { numRuns: 100 },
    )
  })

  test('in no 24 hours more people than the limit', () => {
    fc.assert(
      fc.property(anyInput, (own) => {
        const input = planned(own)
        const limit = input.dailyLimit
        if (limit === null || limit < 0) return
        const already = input.used.reduce((sum, entry) => sum + entry.people, 0)
        const { finishesAt, fitsDailyLimit } = forecast(input)
        // Every full window carries at most `limit`; what was used before the start takes its room as well.
        const least = Math.ceil(input.recipients / limit) - 1
        expect(finishesAt!.getTime() - input.startAt.getTime()).toBeGreaterThanOrEqual(least * LIMIT_WINDOW_MS)
        if (already + input.recipients <= limit) expect(fitsDailyLimit).toBe(true)
      }),
      { numRuns: 100 },
    )
  })
})

describe('the forecast behind an earlier broadcast', () => {
  const anyQueue = fc.record({
    recipients: fc.integer({ min: 1, max: 5000 }),
    before: fc.integer({ min: 1, max: 5000 }),
    both: fc.integer({ min: 0, max: 1000 }),
    hoursBefore: fc.integer({ min: 0, max: 30 }),
    perSecond: fc.integer({ min: 1, max: 1000 }),
    dailyLimit: fc.constantFrom(-1, 250, 2000),
    quiet: fc.constantFrom(null, night),
  })

  test('never ends before it would alone, and in no 24 hours more people than the limit', () => {
    fc.assert(
      fc.property(anyQueue, ({ before, both, hoursBefore, ...own }) => {
        const recipients = own.recipients + both
        const input = planned({ ...own, recipients })
        const first = new Date(input.startAt.getTime() - hoursBefore * HOUR)
        const crowds = [
          { people: before, at: null, waitFor: [0] },
          { people: both, at: null, waitFor: [0, 1] },
          { people: own.recipients, at: null, waitFor: [1] },
        ]
        const behind = forecast({ ...input, queue: { starts: [first], crowds } }).finishesAt!
        if (both === 0) expect(behind.getTime()).toBeGreaterThanOrEqual(forecast(input).finishesAt!.getTime())
        const limit = input.dailyLimit!
        if (limit < 0) return
        const windows = Math.ceil((before + recipients) / limit) - 1
        expect(behind.getTime() - first.getTime()).toBeGreaterThanOrEqual(windows * LIMIT_WINDOW_MS)
      }),
      { numRuns: 100 },
    )
  })
})

describe('the price', () => {
  const today = '2026-12-01'

  test.each<[number, string, string]>([
    [5120, 'UTILITY', '233.47'],
    [5120, 'utility', '233.47'],
    [10_000, 'MARKETING', '1131.00'],
    [1, 'AUTHENTICATION', '0.05'],
    [0, 'UTILITY', '0.00'],
    [125, 'UTILITY', '5.70'],
    [1_000_000, 'MARKETING', '113100.00'],
  ])('%d × %s = %s EUR', (people, category, cost) => expect(costOf(people, rateOn(today, category)!)).toBe(cost))

  test('is not invented', () => {
    expect(rateOn(today, 'SERVICE')).toBeNull()
    expect(rateOn(today, null)).toBeNull()
    expect(rateOn('2025-06-30', 'UTILITY')).toBeNull()
  })

  test("is the town's own where it has one, of the day and the country", () => {
    const own = [
      { from: '2020-01-01', country: 'DE', utility: 0.05 },
      { from: '2026-10-01', country: 'AT', utility: 0.07 },
      { from: '2027-01-01', country: 'DE', utility: 0.06 },
    ]
    expect(rateOn(today, 'UTILITY', own)).toBe(0.05)
    expect(rateOn('2027-01-01', 'UTILITY', own)).toBe(0.06)
    expect(rateOn(today, 'UTILITY', own, 'AT')).toBe(0.07)
    expect(rateOn('2026-09-30', 'UTILITY', own, 'AT')).toBeNull()
    expect(rateOn(today, 'MARKETING', own)).toBe(0.1131)
    expect(rateOn('2019-12-31', 'UTILITY', own)).toBeNull()
  })
})
