import { announce } from '../support/population.ts'
import { openTown, TOWN } from './bench-town.ts'
import { runJob } from './run-job.ts'
import { median, type Row } from './table.ts'

/** What `npm start` gives to node: fewer collections of what lives for one message, a tenth of the client's work. */
const AS_STARTED = '--max-semi-space-size=32'

/**
 * Dispatch against the bare pool and pg-boss, all against the same sink, taking turns. The bare pool goes before and after us, and its mean counts: a shared
 * machine can be twice as fast in one second as in the next.
 */
export async function dispatchBench(
  people = Number(process.env.BENCH_PEOPLE ?? 50_000),
  rounds = Number(process.env.BENCH_ROUNDS ?? 5),
): Promise<Row[]> {
  const town = await openTown(people)
  const rows: Row[] = []
  try {
    const { sink, hands, installation } = town
    for (const [latencyMs, connections, atLeast] of [
      [0, 50, 0.6],
      [80, 512, 0.85],
    ] as const) {
      await sink.set({ latencyMs, countOnly: true, isPatient: true })
      const ratios: number[] = []
      const overBoss: number[] = []
      const cpus: number[] = []
      const speeds: number[] = []
      let rss = 0
      for (let round = 0; round < rounds; round++) {
        const later = new Date(Date.now() + 3_600_000)
        const warmUp = await announce(hands, TOWN, later)
        const id = await announce(hands, TOWN, later)
        const [broadcast] = await hands.sql<{ body: string }[]>`select body from broadcasts where id = ${id}`
        const pool = { job: 'pool', url: sink.url, connections, messages: people, body: broadcast!.body } as const
        const before = await runJob(pool)
        let databaseBefore = 0
        const ours = await runJob(
          {
            job: 'dispatch',
            env: installation.env,
            connections,
            messages: people,
            perSecond: 100_000,
            warmUp,
            broadcast: id,
          },
          [AS_STARTED, ...(process.env.BENCH_PROFILE ? ['--cpu-prof', '--cpu-prof-dir=/tmp/prof'] : [])],
          () => {
            databaseBefore = town.databaseCpuMs()
          },
        )
        const databaseMs = town.databaseCpuMs() - databaseBefore
        const after = await runJob(pool)
        const bare = { ms: (before.ms + after.ms) / 2, cpuMs: (before.cpuMs + after.cpuMs) / 2 }
        if (process.env.BENCH_VERBOSE)
          console.error(
            `${latencyMs} ms: bare ${[before, after].map(({ ms }) => ((people / ms) * 1000).toFixed(0)).join(' and ')}/s ${((bare.cpuMs / people) * 1000).toFixed(0)} µs, ours ${((people / ours.ms) * 1000).toFixed(0)}/s client ${((ours.cpuMs / people) * 1000).toFixed(0)} µs database ${((databaseMs / people) * 1000).toFixed(0)} µs`,
          )
        ratios.push(bare.ms / ours.ms)
        const boss = await runJob({
          job: 'pg-boss',
          databaseUrl: town.databaseUrl,
          url: sink.url,
          connections,
          messages: people,
          body: broadcast!.body,
        })
        overBoss.push(boss.ms / ours.ms)
        cpus.push((ours.cpuMs + databaseMs) / bare.cpuMs)
        speeds.push((people / ours.ms) * 1000)
        rss = Math.max(rss, ours.peakRssMb)
      }
      const what = `dispatch, ${latencyMs} ms answers, ${connections} connections`
      rows.push({
        what,
        value: median(ratios),
        unit: '× bare undici pool',
        goal: `≥ ${atLeast}`,
        met: median(ratios) >= atLeast,
      })
      const boss = median(overBoss)
      // Where answers take long, connections are what bounds: on a fast machine pg-boss is near the bare pool, too, and twice that is more than anybody can send.
      const isAllThereIs = median(ratios) >= 0.95
      rows.push({
        what: '  against pg-boss',
        value: boss,
        unit: '× its throughput',
        goal: latencyMs === 0 ? '≥ 2' : '≥ 2, or all that the bare pool can',
        met: boss >= 2 || (latencyMs > 0 && isAllThereIs),
      })
      rows.push({
        what: `  CPU with database`,
        value: median(cpus),
        unit: '× bare client',
        goal: '≤ 2.2',
        met: median(cpus) <= 2.2,
      })
      rows.push({ what: `  messages per second`, value: median(speeds), unit: `/s, peak memory ${rss.toFixed(0)} MB` })
    }
  } finally {
    await town.close()
  }
  return rows
}
