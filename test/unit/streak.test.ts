import { expect, test } from 'vitest'
import { Streak } from '../../src/dispatch/streak.ts'

const UNKNOWN = 987_654
const UNREACHABLE = 131026
const verdicts = (codes: readonly (number | undefined)[]) => {
  const streak = new Streak()
  return codes.map((code) => streak.note(code))
}
const times = <T>(n: number, one: T): T[] => Array.from({ length: n }, () => one)

test('twenty equal errors in a row that nobody explained are about all, nineteen are not', () => {
  expect(verdicts(times(20, UNKNOWN))).toEqual([...times(19, false), true])
})

test.each([
  ['an outcome of another kind', undefined],
  ['another code that nobody knows', 987_655],
  ['an error that is about one person', UNREACHABLE],
])('%s in between begins the count anew', (_, other) => {
  expect(verdicts([...times(19, UNKNOWN), other, ...times(19, UNKNOWN)])).not.toContain(true)
})

test('however many people cannot be reached, that is about them', () => {
  expect(verdicts(times(100, UNREACHABLE))).not.toContain(true)
})
