import { announce } from '../support/population.ts'
import { startProcess } from '../support/processes.ts'
import { openTown, TOWN } from './bench-town.ts'
import { quantile, type Row } from './table.ts'

/** How long after its second a broadcast's first message arrives, over 20 starts at odd moments. */
export async function startsBench(starts = 20): Promise<Row[]> {
  const town = await openTown(3, 80)
  const delays: number[] = []
  try {
    const dispatcher = startProcess(town.installation, 'dispatcher')
    await dispatcher.running
    for (let i = 0; i < starts; i++) {
      const dueAt = new Date(Date.now() + 1200 + 97 * i)
      await town.sink.take()
      await announce(town.hands, TOWN, dueAt)
      while ((await town.sink.count()) < 3) await new Promise((resolve) => setTimeout(resolve, 20))
      delays.push((await town.sink.take()).at[0]! - dueAt.getTime())
    }
    dispatcher.kill('SIGTERM')
    await dispatcher.ended
  } finally {
    await town.close()
  }
  const p95 = quantile(delays, 0.95)
  return [
    {
      what: `first message after its time, p95 of ${starts}`,
      value: p95,
      unit: 'ms',
      goal: '≤ 1000',
      met: p95 <= 1000,
    },
    { what: '  median', value: quantile(delays, 0.5), unit: 'ms' },
  ]
}
