import { afterAll, beforeAll, expect, test } from 'vitest'
import { sampleSubscribers } from '../../src/commands/demo-data.ts'
import { verifyChain } from '../../src/subscriptions/verify.ts'
import { openTestRuntime, type TestRuntime } from '../support/runtime.ts'

const DAY = 86_400_000
let runtime: TestRuntime
beforeAll(async () => {
  runtime = await openTestRuntime()
})
afterAll(() => runtime.close())

test('the people of the demo came and went over weeks, each at a moment of their own, and the ledger proves it', async () => {
  expect(await sampleSubscribers(runtime)).toBe(400)
  const left = await runtime.sql<{ at: Date; joined: Date }[]>`
    select w.at, g.at as joined from consents w join consents g on g.subject = w.subject and g.action = 'granted'
    where w.action = 'withdrawn' order by w.seq`
  expect(left.length).toBeGreaterThan(20)
  const seconds = left.map(({ at }) => Math.floor(at.getTime() / 1000))
  expect(new Set(seconds).size).toBe(left.length)
  expect(seconds).toEqual(seconds.toSorted((a, b) => a - b))
  for (const { at, joined } of left) {
    expect(at.getTime()).toBeGreaterThan(joined.getTime())
    expect(at.getTime()).toBeLessThan(runtime.now().getTime())
  }
  const weeks = new Set(left.map(({ at }) => Math.floor((runtime.now().getTime() - at.getTime()) / (7 * DAY))))
  expect(weeks.size).toBeGreaterThanOrEqual(4)
  expect((await verifyChain(runtime, 'arnsberg')).broken).toBeNull()
  const sources = await runtime.sql`
    select action, split_part(source, ':', 1) as source, count(distinct source)::int as kinds from consents group by 1, 2 order by 1, 2`
  expect(sources.map(({ action, source, kinds }) => `${action} ${source} ${kinds}`)).toEqual([
    'granted keyword 1',
    'granted poster 2',
    'withdrawn keyword 1',
  ])
  expect(await sampleSubscribers(runtime)).toBe(0)
})
