import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { backoffMs, nextStep } from '../../src/dispatch/next-step.ts'
import { RULES, type Verdict } from '../../src/whatsapp/outcome.ts'

const VERDICTS: Verdict[] = [
  ...(['accepted', 'held', 'retry', 'slow-down', 'pair-later', 'recipient', 'contact-left'] as const),
  ...(['window-closed', 'broadcast', 'channel', 'payload', 'not-sent', 'unknown'] as const),
]
const KINDS = ['broadcast', 'reply', 'answer', 'test'] as const
const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
const code = fc.option(fc.constantFrom(...Object.keys(RULES).map(Number)), { nil: undefined })

describe('the step after an outcome', () => {
  test.each([
    ['accepted', 'broadcast', 'accepted', 'none'],
    ['held', 'broadcast', 'held', 'none'],
    ['unknown', 'broadcast', 'unknown', 'none'],
    ['unknown', 'answer', 'unknown', 'none'],
    ['slow-down', 'broadcast', 'queued', 'slow-down'],
    ['pair-later', 'reply', 'queued', 'none'],
    ['not-sent', 'broadcast', 'queued', 'none'],
    ['broadcast', 'broadcast', 'queued', 'pause-broadcast'],
    ['payload', 'broadcast', 'queued', 'pause-broadcast'],
    ['payload', 'reply', 'failed', 'none'],
    ['channel', 'reply', 'queued', 'stop-channel'],
    ['contact-left', 'broadcast', 'failed', 'contact-left'],
    ['recipient', 'broadcast', 'failed', 'none'],
    ['window-closed', 'answer', 'failed', 'none'],
  ] as const)('%s of a %s → %s, %s', (verdict, kind, become, consequence) => {
    const { step, consequence: found } = nextStep(verdict, undefined, 1, kind, 0.5)
    expect([step.become, found]).toEqual([become, consequence])
  })

  test('an open outcome is never repeated, whatever else is true', () => {
    fc.assert(
      fc.property(
        code,
        fc.integer({ min: 1, max: 50 }),
        fc.constantFrom(...KINDS),
        chance,
        (c, attempts, kind, luck) => {
          expect(nextStep('unknown', c, attempts, kind, luck).step.become).toBe('unknown')
        },
      ),
    )
  })

  test('counted attempts end: nothing is tried for ever', () => {
    fc.assert(
      fc.property(fc.constantFrom(...VERDICTS), code, fc.constantFrom(...KINDS), chance, (verdict, c, kind, luck) => {
        const { step } = nextStep(verdict, c, 20, kind, luck)
        expect(step.become === 'queued' && step.counted).toBe(false)
      }),
    )
  })

  test('pauses grow, are never negative and never longer than their ceiling', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 100, max: 600_000 }),
        fc.integer({ min: 1, max: 30 }),
        chance,
        (first, attempts, luck) => {
          const ms = backoffMs(first, attempts, luck)
          expect(ms).toBeGreaterThanOrEqual(first)
          expect(ms).toBeLessThanOrEqual(Math.max(60_000, first) * 1.5)
          expect(backoffMs(first, attempts + 1, luck)).toBeGreaterThanOrEqual(ms)
        },
      ),
    )
  })

  test('too much to one person is tried again after 1, 4, 16 … seconds, as Meta asks', () => {
    const pauses = [1, 2, 3, 4, 5].map((attempts) => {
      const { step } = nextStep('pair-later', 131056, attempts, 'reply', 0)
      return step.become === 'queued' ? step.afterMs : null
    })
    expect(pauses).toEqual([1000, 4000, 16_000, 64_000, 256_000])
  })
})
