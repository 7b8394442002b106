import { announce } from '../support/population.ts'
import { startProcess } from '../support/processes.ts'
import { worstWindow } from '../support/sink.ts'
import { openTown, TOWN } from './bench-town.ts'
import type { Row } from './table.ts'

/** What one real dispatcher reaches at a limit, and the fullest second, as the receiver saw it. */
export async function ratesBench(): Promise<Row[]> {
  const rows: Row[] = []
  for (const [perSecond, seconds, atLeast] of [
    [80, 20, 0.97],
    [500, 12, 0.95],
    [1000, 12, 0.95],
  ] as const) {
    const people = perSecond * seconds
    const town = await openTown(people, perSecond)
    try {
      await town.sink.set({ latencyMs: 80, jitterMs: 40, countOnly: true })
      const dispatcher = startProcess(town.installation, 'dispatcher')
      await dispatcher.running
      await announce(town.hands, TOWN)
      while ((await town.sink.count()) < people) await new Promise((resolve) => setTimeout(resolve, 100))
      const { at, stallMs } = await town.sink.take()
      dispatcher.kill('SIGTERM')
      await dispatcher.ended
      // Without the first half second, in which connections are made.
      const steady = at.filter((one) => one >= at[0]! + 500)
      const share = (steady.length - 1) / ((steady.at(-1)! - steady[0]!) / 1000) / perSecond
      const worst = worstWindow(at)
      rows.push({
        what: `${perSecond}/s with 80 ± 40 ms answers: reached`,
        value: share * 100,
        unit: '% of the limit',
        goal: `≥ ${atLeast * 100}`,
        met: share >= atLeast,
      })
      rows.push({
        what: '  fullest second at the receiver',
        value: worst,
        unit: `of ${perSecond}; receiver stalled ≤ ${stallMs.toFixed(0)} ms`,
        goal: `≤ ${perSecond}`,
        met: worst <= perSecond,
      })
    } finally {
      await town.close()
    }
  }
  return rows
}
