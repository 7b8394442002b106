import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { cwd } from 'node:process'
import { phoneOf } from '../support/population.ts'
import { startProcess } from '../support/processes.ts'
import { type BenchTown, openTown, TOWN } from './bench-town.ts'
import { median, quantile, type Row } from './table.ts'
import { bodyOf, closedLoop, openLoop, Poster, statusOf, textOf, wamidOf } from './webhook-load.ts'

const REQUESTS = Number(process.env.BENCH_REQUESTS ?? 15_000)
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3)
const PARTS = (process.env.BENCH_PARTS ?? 'speed,bodies,steady,memory').split(',')

const SPEEDS = [
  [200, 0.6],
  [64, 0.45],
] as const

/** Messages of a broadcast that Meta has taken, with our ids, to report statuses about. */
async function taken({ hands }: BenchTown, count: number): Promise<number> {
  const { sql, vault } = hands
  const [broadcast] = await sql<{ id: string }[]>`
    insert into broadcasts (channel, title, template_name, template_language, audience, content_hash, created_by, changed_by, created_at,
      changed_at, status, category)
    values (${TOWN}, 'Messung', 'stadt_meldung', 'de', '{}', 'h', 'c', 'c', now(), now(), 'done', 'UTILITY') returning id`
  const [row] = await sql<{ last: string }[]>`select coalesce(max(id), 0) as last from outgoing`
  const first = Number(row!.last) + 1
  for (let from = first; from < first + count; from += 5000) {
    const ids = Array.from({ length: Math.min(5000, first + count - from) }, (_, i) => from + i)
    await sql`
      insert into outgoing (id, channel, kind, broadcast_id, contact_id, status, handed_over_at, status_at, wamid_hash)
      select id, ${TOWN}, 'broadcast', ${broadcast!.id}, gen_random_uuid(), 'accepted', now(), now(), decode(hash, 'hex')
      from unnest(${ids}::bigint[], ${ids.map((id) => vault.fingerprint('wamid', wamidOf(id)).toString('hex'))}::text[]) as r(id, hash)`
  }
  await sql`select setval('outgoing_id_seq', ${first + count})`
  await sql`vacuum analyze outgoing`
  return first
}

const STATES = ['sent', 'delivered', 'read'] as const
const now = () => Math.floor(Date.now() / 1000)

/** The three statuses of each message, one per body, in the order in which Meta would send them. */
const statusBody = (first: number, messages: number) => (n: number) =>
  bodyOf('statuses', [statusOf(first + (n % messages), STATES[Math.floor(n / messages) % 3]!, now())])

async function startCeiling(): Promise<{ url: string; stop: () => Promise<void> }> {
  const child: ChildProcess = spawn(process.execPath, ['--import', 'tsx', 'test/bench/intake-ceiling.ts'], {
    cwd: cwd(),
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const [line] = (await once(child.stdout!, 'data')) as [Buffer]
  return {
    url: line.toString().trim(),
    stop: async () => {
      child.stdin!.end()
      await once(child, 'exit')
    },
  }
}

const rssMb = (pid: number) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024

/** Webhooks through the real door against the bare one, both driven from here, taking turns. */
export async function run(): Promise<Row[]> {
  const rows: Row[] = []
  const verbose = (words: string) => process.env.BENCH_VERBOSE && console.error(words)
  const town = await openTown(20_000)
  const ceiling = await startCeiling()
  if (process.env.BENCH_PROFILE) town.installation.env.NODE_OPTIONS = `--import ${process.env.BENCH_PROFILE}`
  const service = startProcess(town.installation, 'web')
  try {
    const url = await service.running
    const messages = Math.ceil(REQUESTS / 3)
    await closedLoop(ceiling.url, 64, 3000, statusBody(1, messages))
    await closedLoop(url, 64, 3000, statusBody(await taken(town, 1000), 1000))
    let failed = 0
    for (const [connections, atLeast] of PARTS.includes('speed') ? SPEEDS : []) {
      const ratios: number[] = []
      const speeds: number[] = []
      for (let round = 0; round < ROUNDS; round++) {
        const first = await taken(town, messages)
        const before = await closedLoop(ceiling.url, connections, REQUESTS / 2, statusBody(first, messages))
        const ours = await closedLoop(url, connections, REQUESTS, statusBody(first, messages))
        const after = await closedLoop(ceiling.url, connections, REQUESTS / 2, statusBody(first, messages))
        failed += ours.failed
        const bare = 2 / (1 / before.perSecond + 1 / after.perSecond)
        verbose(
          `${connections}: bare ${bare.toFixed(0)}/s, ours ${ours.perSecond.toFixed(0)}/s, ${(ours.perSecond / bare).toFixed(2)}`,
        )
        ratios.push(ours.perSecond / bare)
        speeds.push(ours.perSecond)
      }
      const what = `status webhooks, one per body, ${connections} connections`
      rows.push({
        what,
        value: median(ratios),
        unit: '× bare Hono, HMAC and parsing',
        goal: `≥ ${atLeast}`,
        met: median(ratios) >= atLeast,
      })
      rows.push({ what: '  webhooks per second', value: median(speeds), unit: '/s' })
    }

    if (PARTS.includes('bodies')) {
      const poster = new Poster(url, 1)
      const bodies: number[] = []
      const texts: number[] = []
      for (let round = 0; round < 7; round++) {
        const first = await taken(town, 1000)
        const statuses = bodyOf(
          'statuses',
          Array.from({ length: 1000 }, (_, i) => statusOf(first + i, 'delivered', now())),
        )
        let at = performance.now()
        failed += Number((await poster.post(statuses)) !== 200)
        bodies.push(performance.now() - at)
        const words = bodyOf(
          'messages',
          Array.from({ length: 1000 }, (_, i) => textOf(round * 1000 + i, phoneOf(i), 'status', now())),
        )
        at = performance.now()
        failed += Number((await poster.post(words)) !== 200)
        texts.push(performance.now() - at)
      }
      poster.close()
      rows.push({
        what: 'a body of 1,000 statuses',
        value: median(bodies),
        unit: 'ms',
        goal: '≤ 250',
        met: median(bodies) <= 250,
      })
      rows.push({ what: 'a body of 1,000 messages of as many people', value: median(texts), unit: 'ms' })
    }

    if (PARTS.includes('steady')) {
      const seconds = Number(process.env.BENCH_SECONDS ?? 8)
      const first = await taken(town, seconds * 500)
      const statuses = statusBody(first, seconds * 500)
      const steady = await openLoop(url, {
        connections: 200,
        perSecond: 2000,
        requests: seconds * 2000,
        // Three statuses and one message, as of one broadcast message that is answered.
        body: (n) =>
          n % 4 === 3
            ? bodyOf('messages', [textOf(1_000_000 + n, phoneOf(n % 20_000), 'danke', now())])
            : statuses(n - Math.ceil(n / 4)),
      })
      failed += steady.failed
      const [p50, p99] = [quantile([...steady.latencies], 0.5), quantile([...steady.latencies], 0.99)]
      rows.push({
        what: 'statuses and messages at 2,000/s: median',
        value: p50,
        unit: 'ms',
        goal: '≤ 50',
        met: p50 <= 50,
      })
      rows.push({ what: '  slowest hundredth', value: p99, unit: 'ms', goal: '≤ 250', met: p99 <= 250 })
    }

    if (PARTS.includes('memory')) {
      const FIFTHS = 5
      const many = Number(process.env.BENCH_MANY ?? 1_000_000)
      const firstOfMany = await taken(town, 1000)
      const hundred = (n: number) =>
        bodyOf(
          'statuses',
          Array.from({ length: 100 }, (_, i) => statusOf(firstOfMany + ((n * 100 + i) % 1000), STATES[n % 3]!, now())),
        )
      const least: number[] = []
      let peak = 0
      for (let fifth = 0; fifth < FIFTHS; fifth++) {
        least.push(Number.POSITIVE_INFINITY)
        const watch = setInterval(() => {
          const mb = rssMb(service.pid)
          least[fifth] = Math.min(least[fifth]!, mb)
          peak = Math.max(peak, mb)
        }, 50)
        failed += (await closedLoop(url, 20, many / FIFTHS / 100, hundred)).failed
        clearInterval(watch)
      }
      // Between two collections memory swings by half; what a leak would raise is the least that is held. The first fifth warms the heap.
      const grown = least.at(-1)! - least[1]!
      rows.push({
        what: `memory grown by ${many.toLocaleString('en')} statuses, from their second fifth to the last`,
        value: grown,
        unit: `MB: least ${least.map((mb) => mb.toFixed(0)).join(' → ')}, peak ${peak.toFixed(0)}`,
        goal: '≤ 30',
        met: grown <= 30,
      })
    }
    rows.push({ what: 'requests that failed in all of this', value: failed, unit: '', goal: '= 0', met: failed === 0 })
  } finally {
    service.kill('SIGTERM')
    await service.ended
    await ceiling.stop()
    await town.close()
  }
  return rows
}

if (process.argv[1]?.endsWith('test/bench/intake.ts')) {
  const { tableOf } = await import('./table.ts')
  console.log(tableOf(await run()))
}
