import { expect, test } from 'vitest'
import { runChaos } from '../chaos/chaos.ts'

const seed = Number(process.env.CHAOS_SEED ?? Date.now() % 2 ** 31)

test(`nobody gets it twice and nobody is forgotten, whatever is killed, frozen, restarted or lost (seed ${seed})`, async () => {
  const report = await runChaos({ seed, seconds: 10, perSecond: 60, people: 240, dispatchers: 2 })
  expect(report.problems, JSON.stringify(report)).toEqual([])
  expect(report.figures.arrivals).toBeGreaterThan(200)
}, 120_000)
