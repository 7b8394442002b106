import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { GIVE_UP_MS, nextAttempt } from '../../src/dispatch/next-pause.ts'

const since = new Date('2026-11-23T09:00:00Z')
const HALF = 0.5 // no jitter
const seconds = (attempts: number) => (nextAttempt(attempts, since, since, HALF)!.getTime() - since.getTime()) / 1000

describe('an inbox that does not answer is tried again', () => {
  test('with growing pauses', () => {
    expect([1, 2, 3, 4, 5, 6, 7, 8, 9, 100].map(seconds)).toEqual([
      5, 15, 60, 300, 900, 3600, 10800, 21600, 21600, 21600,
    ])
  })

  test('with up to a fifth more or less by chance', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (attempts, chance) => {
          const pauseMs = nextAttempt(attempts, since, since, chance)!.getTime() - since.getTime()
          const plainMs = seconds(attempts) * 1000
          expect(pauseMs).toBeGreaterThanOrEqual(0.8 * plainMs - 1)
          expect(pauseMs).toBeLessThanOrEqual(1.2 * plainMs + 1)
        },
      ),
    )
  })

  test('for 72 hours, the last time at their very end, and then no more', () => {
    const end = new Date(since.getTime() + GIVE_UP_MS)
    const attempts: Date[] = [since]
    for (;;) {
      const next = nextAttempt(attempts.length, since, attempts.at(-1)!, HALF)
      if (next === null) break
      attempts.push(next)
    }
    expect(attempts.at(-1)).toEqual(end)
    expect(attempts).toHaveLength(20)
  })

  test('for another 72 hours when the office sends a dead letter again', () => {
    const later = new Date(since.getTime() + GIVE_UP_MS + 1000)
    expect(nextAttempt(1, since, later, HALF)).toBeNull()
    expect(nextAttempt(1, later, later, HALF)).not.toBeNull()
  })
})
