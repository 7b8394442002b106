import { describe, expect, test } from 'vitest'
import { answerUntil, mayAnswer } from '../../src/chats/window.ts'

const wrote = new Date('2026-11-23T09:00:00Z')
const after = (ms: number) => new Date(wrote.getTime() + ms)
const DAY = 24 * 60 * 60 * 1000

describe('the office may answer freely for 24 hours after the citizen wrote', () => {
  test.each([
    ['in the same moment', 0, true],
    ['an hour later', 3_600_000, true],
    ['a moment before the end', DAY - 1, true],
    ['at the end', DAY, false],
    ['a day later', 2 * DAY, false],
    ['by a clock that is behind', -60_000, true],
  ])('%s: %s ms → %s', (_, ms, may) => expect(mayAnswer(wrote, after(ms))).toBe(may))

  test('whoever never wrote cannot be answered', () => {
    expect(mayAnswer(null, wrote)).toBe(false)
    expect(answerUntil(null)).toBeNull()
  })

  test('24 hours are 24 hours, also over the change of clocks in Berlin', () => {
    expect(answerUntil(new Date('2027-03-27T23:30:00+01:00'))).toEqual(new Date('2027-03-29T00:30:00+02:00'))
  })
})
