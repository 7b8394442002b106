import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Pacer, slackMs } from '../../src/dispatch/pace.ts'

const RATES = [1, 2, 7, 80, 500, 1000] as const
const START = 1_764_000_000_000

/** Takes slots as a process would: at each moment as many as are free, at most `burst`. */
function takeAt(pacer: Pacer, moments: readonly number[], burst = 5): number[] {
  const slots: number[] = []
  for (const now of moments) {
    for (let i = 0; i < burst && pacer.peek(now) <= now; i++) {
      pacer.take(now)
      slots.push(now)
    }
  }
  return slots
}

const moments = fc
  .array(
    fc.oneof(
      { weight: 8, arbitrary: fc.double({ min: 0.1, max: 20, noNaN: true }) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 3000 }) },
    ),
    {
      minLength: 50,
      maxLength: 600,
    },
  )
  .map((pauses) => {
    let at = START
    return pauses.map((ms) => {
      at += ms
      return at
    })
  })

/** A third of the slack is for our own lateness. */
const safeMs = (perSecond: number) => 1000 + (slackMs(perSecond) * 2) / 3 - 0.001

function fullestWindow(slots: readonly number[], lengthMs: number): number {
  let worst = 0
  for (let last = 0, first = 0; last < slots.length; last++) {
    while (slots[last]! - slots[first]! >= lengthMs) first++
    worst = Math.max(worst, last - first + 1)
  }
  return worst
}

describe('the pace of a channel', () => {
  test('whenever messages are asked for, no second with its slack holds more than the limit', () => {
    fc.assert(
      fc.property(fc.constantFrom(...RATES), moments, fc.integer({ min: 1, max: 200 }), (perSecond, at, burst) => {
        const slots = takeAt(new Pacer(perSecond, START), at, burst)
        expect(fullestWindow(slots, safeMs(perSecond))).toBeLessThanOrEqual(perSecond)
      }),
      { numRuns: 150 },
    )
  })

  test('the same, where writing a message is held up after its moment was chosen', () => {
    const holdUp = fc.oneof(
      { weight: 30, arbitrary: fc.constant(0) },
      { weight: 1, arbitrary: fc.integer({ min: 1, max: 400 }) },
    )
    fc.assert(
      fc.property(
        fc.constantFrom(...RATES),
        fc.array(holdUp, { minLength: 100, maxLength: 300 }),
        (perSecond, holdUps) => {
          const pacer = new Pacer(perSecond, START)
          const left: number[] = []
          let now = START
          for (let n = 0; n < 3 * perSecond; n++) {
            now = pacer.peek(now)
            const ticket = pacer.take(now)
            now += holdUps[n % holdUps.length]!
            pacer.left(ticket, now)
            left.push(now)
          }
          expect(fullestWindow(left, safeMs(perSecond))).toBeLessThanOrEqual(perSecond)
        },
      ),
      { numRuns: 100 },
    )
  })

  test('the same over a change of processes', () => {
    fc.assert(
      fc.property(fc.constantFrom(...RATES), moments, moments, (perSecond, before, after) => {
        const first = new Pacer(perSecond, START)
        const slots = takeAt(first, before, 50)
        const from = slots.at(-1) ?? START
        const second = new Pacer(perSecond, first.afterLastMs())
        slots.push(
          ...takeAt(
            second,
            after.map((at) => at - START + from),
            50,
          ),
        )
        expect(fullestWindow(slots, safeMs(perSecond))).toBeLessThanOrEqual(perSecond)
      }),
      { numRuns: 100 },
    )
  })

  test.each([
    [80, 0.97],
    [500, 0.95],
    [1000, 0.95],
  ])('%i per second are reached to %f, also with timers that come late', (perSecond, share) => {
    let seed = 1
    const late = () => {
      seed = (seed * 48271) % 2147483647
      return seed / 2147483647 < 0.002 ? 60 : (seed % 30) / 10
    }
    let sent = 0
    const pacer = new Pacer(perSecond, START)
    for (let now = START; now < START + 20_000; now += late()) {
      while (pacer.peek(now) <= now) {
        pacer.take(now)
        sent++
      }
    }
    expect(sent / 20 / perSecond).toBeGreaterThan(share)
  })

  test('after a pause the messages begin evenly, not as a burst', () => {
    const pacer = new Pacer(80, START)
    expect(takeAt(pacer, [START + 60_000], 100).length).toBeLessThanOrEqual(3)
  })

  test('"too fast" means nothing for a second, then half the rate, then slowly all of it', () => {
    const pacer = new Pacer(100, START)
    let now = START
    const within = (ms: number) => {
      let sent = 0
      for (const end = now + ms; now < end; now += 1) while (pacer.peek(now) <= now && pacer.take(now) >= 0) sent++
      return sent
    }
    within(2000)
    pacer.slowDown(now)
    expect(within(1000)).toBe(0)
    expect(within(1000)).toBeLessThan(65)
    within(8000)
    expect(within(1000)).toBeGreaterThan(94)
  })

  test('"too fast" once more doubles the pause, up to what is said, until all is well again; never less than was asked for', () => {
    const pacer = new Pacer(100, START)
    let now = START
    const pauseAfter = (upToMs: number, atLeastMs?: number) => {
      pacer.slowDown(now, upToMs, atLeastMs)
      const pauseMs = pacer.peek(now) - now
      now += pauseMs
      return Math.round(pauseMs)
    }
    expect([1, 2, 3, 4, 5].map(() => pauseAfter(10_000))).toEqual([1000, 2000, 4000, 8000, 10_000])
    expect(pauseAfter(1000)).toBe(1000)
    pacer.slowDown(now, 1000)
    expect(pauseAfter(1000, 60_000)).toBe(60_000)
    now += 20_000
    expect(pauseAfter(10_000)).toBe(1000)
  })

  test('what is said to have its moment soon has it, at any rate and pace', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...RATES),
        fc.nat(200),
        fc.nat(5),
        fc.integer({ min: 1, max: 2000 }),
        (perSecond, sent, slowedDown, withinMs) => {
          const pacer = new Pacer(perSecond, START)
          let now = START
          for (let n = 0; n < sent; n++) {
            now = pacer.peek(now)
            pacer.take(now)
          }
          for (let n = 0; n < slowedDown; n++) {
            pacer.slowDown(now)
            now = pacer.peek(now)
          }
          let at = now
          for (let n = pacer.within(now, withinMs); n > 0; n--) {
            at = pacer.peek(at)
            pacer.take(at)
          }
          expect(at - now).toBeLessThanOrEqual(withinMs + 0.001)
        },
      ),
    )
  })

  test('whoever stops during a pause leaves the rest of it to the next process', () => {
    const first = new Pacer(100, START)
    first.slowDown(START, 1000, 30_000)
    expect(new Pacer(100, first.afterLastMs()).peek(START)).toBeGreaterThanOrEqual(START + 30_000)
  })

  test('less than one a second is refused', () => {
    expect(() => new Pacer(0, START)).toThrow(RangeError)
  })
})
