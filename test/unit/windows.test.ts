import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nextAllowed, nextQuietAt, quietUntil, roomAt, waitAt } from '../../src/dispatch/windows.ts'

const ZONE = 'Europe/Berlin'
const NIGHT = { fromMinute: 21 * 60, toMinute: 7 * 60 }
const HOUR = 3_600_000
const instant = fc.date({
  min: new Date('2026-01-01T00:00:00Z'),
  max: new Date('2027-12-31T00:00:00Z'),
  noInvalidDate: true,
})
const minute = fc.integer({ min: 0, max: 1439 })
const quiet = fc.record({ fromMinute: minute, toMinute: minute })

describe('quiet hours', () => {
  test.each([
    ['2026-12-01T19:59:59Z', null],
    ['2026-12-01T20:00:00Z', '2026-12-02T06:00:00.000Z'],
    ['2026-12-02T05:59:59Z', '2026-12-02T06:00:00.000Z'],
    ['2026-12-02T06:00:00Z', null],
    ['2026-03-28T22:00:00Z', '2026-03-29T05:00:00.000Z'], // the night that is an hour shorter
    ['2026-10-24T22:00:00Z', '2026-10-25T06:00:00.000Z'], // and the longer one
  ])('at %s it is quiet until %s', (at, until) => {
    expect(quietUntil(new Date(at), NIGHT, ZONE)?.toISOString() ?? null).toBe(until)
  })

  test('end in the future, and then it is not quiet any more', () => {
    fc.assert(
      fc.property(instant, quiet, (at, hours) => {
        const until = quietUntil(at, hours, ZONE)
        if (!until) return
        expect(until.getTime()).toBeGreaterThan(at.getTime())
        expect(until.getTime() - at.getTime()).toBeLessThanOrEqual(25 * HOUR)
        expect(quietUntil(until, hours, ZONE)).toBeNull()
      }),
      { numRuns: 60 },
    )
  })

  test('until the next ones begin it is not quiet', () => {
    fc.assert(
      fc.property(instant, quiet, fc.double({ min: 0, max: 0.999, noNaN: true }), (at, hours, share) => {
        const begins = nextQuietAt(at, hours, ZONE)
        if (!begins || quietUntil(at, hours, ZONE)) return
        const between = new Date(at.getTime() + (begins.getTime() - at.getTime()) * share)
        expect(quietUntil(between, hours, ZONE)).toBeNull()
      }),
      { numRuns: 60 },
    )
  })
})

describe('the daily limit', () => {
  const used = fc.array(
    fc.record({ at: fc.integer({ min: -30 * HOUR, max: 0 }), people: fc.integer({ min: 0, max: 500 }) }),
    { maxLength: 10 },
  )
  const NOW = new Date('2026-12-01T12:00:00Z')

  test('there is never room beyond it, and room only ever comes by time', () => {
    fc.assert(
      fc.property(used, fc.integer({ min: 0, max: 2000 }), (entries, limit) => {
        const list = entries.map(({ at, people }) => ({ at: new Date(NOW.getTime() + at), people }))
        const { room, growsAt } = roomAt(limit, list, NOW)
        const counted = list
          .filter(({ at }) => NOW.getTime() - at.getTime() < 24 * HOUR)
          .reduce((sum, { people }) => sum + people, 0)
        expect(room).toBe(Math.max(0, limit - counted))
        if (growsAt) expect(roomAt(limit, list, growsAt).room).toBeGreaterThan(room)
        else expect(counted === 0 || limit === 0).toBe(true)
      }),
    )
  })

  test('the next allowed moment is allowed', () => {
    fc.assert(
      fc.property(used, fc.integer({ min: 1, max: 800 }), quiet, (entries, dailyLimit, hours) => {
        const list = entries.map(({ at, people }) => ({ at: new Date(NOW.getTime() + at), people }))
        const windows = { zone: ZONE, quiet: hours, dailyLimit, used: list }
        const allowed = nextAllowed(windows, NOW)
        expect(allowed).not.toBeNull()
        expect(waitAt(windows, allowed!)).toBeNull()
      }),
      { numRuns: 60 },
    )
  })

  test.each([[null], [-1]])('%s bounds nothing', (limit) => {
    expect(roomAt(limit, [{ at: NOW, people: 10 ** 6 }], NOW).room).toBe(Number.POSITIVE_INFINITY)
  })
})
