import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { announce } from '../support/population.ts'
import { startProcess } from '../support/processes.ts'
import type { Answered } from './answering-sink.ts'
import { openTown, TOWN } from './bench-town.ts'
import { quantile, type Row } from './table.ts'

/** A broadcast at full speed while its statuses and as many reactions come back, each as a webhook of its own. */
export async function run(): Promise<Row[]> {
  const perSecond = Number(process.env.BENCH_RATE ?? 1000)
  const people = perSecond * Number(process.env.BENCH_SECONDS ?? 8)
  const citizens: ChildProcess = fork(new URL('./answering-sink.ts', import.meta.url), {
    execArgv: ['--import', 'tsx'],
  })
  const [{ port }] = (await once(citizens, 'message')) as [{ port: number }]
  const town = await openTown(people, perSecond)
  town.installation.env.WHATSAPP_API_URL = `http://127.0.0.1:${port}`
  const service = startProcess(town.installation, 'all')
  const answered = async (): Promise<Answered> => {
    citizens.send({})
    const [{ state }] = (await once(citizens, 'message')) as [{ state: Answered }]
    return state
  }
  try {
    citizens.send({ url: await service.running })
    const id = await announce(town.hands, TOWN, new Date(Date.now() + 1000))
    const latencies: number[] = []
    const open: number[] = []
    let state = await answered()
    const until = Date.now() + 120_000
    let firstAt = 0
    let lastAt = 0
    while (state.posted < people * 4 && Date.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 250))
      const before = state.messages
      state = await answered()
      latencies.push(...state.latencies)
      if (state.messages > 0) open.push(state.open)
      if (firstAt === 0 && state.messages > 0) firstAt = performance.now()
      if (state.messages > before) lastAt = performance.now()
    }
    const [row] = await town.hands.sql<{ read: number; priced: number; received: number; strays: number }[]>`
      select count(*) filter (where status = 'read')::int as read, count(pricing_category)::int as priced,
        (select count(*)::int from received) as received, (select count(*)::int from stray_statuses) as strays
      from outgoing where broadcast_id = ${id}`
    const lost = people - row!.read + (people - row!.priced) + (people - row!.received) + row!.strays
    const half = Math.floor(open.length / 2)
    const most = (values: number[]) => Math.max(0, ...values)
    return [
      {
        what: `broadcast with ${perSecond * 4} webhooks a second coming back`,
        value: people / ((lastAt - firstAt) / 1000),
        unit: `messages/s, of ${perSecond}`,
      },
      {
        what: '  webhooks lost, doubled or without effect',
        value: lost,
        unit: `of ${people * 4}`,
        goal: '= 0',
        met: lost === 0,
      },
      { what: '  webhooks that failed', value: state.failed, unit: '', goal: '= 0', met: state.failed === 0 },
      { what: '  answered, median', value: quantile(latencies, 0.5), unit: 'ms' },
      { what: '  answered, slowest hundredth', value: quantile(latencies, 0.99), unit: 'ms' },
      {
        what: '  waiting at once, second half',
        value: most(open.slice(half)),
        unit: `first half ${most(open.slice(0, half))}`,
        goal: 'no growth',
        met: most(open.slice(half)) <= Math.max(200, 1.5 * most(open.slice(0, half))),
      },
    ]
  } finally {
    service.kill('SIGTERM')
    await service.ended
    citizens.disconnect()
    await town.close()
  }
}

if (process.argv[1]?.endsWith('test/bench/both.ts')) {
  const { tableOf } = await import('./table.ts')
  console.log(tableOf(await run()))
}
