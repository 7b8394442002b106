import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { COMMAND } from '../../src/audit/audit.ts'
import { pause, resume } from '../../src/broadcasts/running.ts'
import { registerChannels } from '../../src/channels/channels.ts'
import { findContact } from '../../src/contacts/contacts.ts'
import { startEmbedded } from '../../src/db/embedded.ts'
import { openLog } from '../../src/log.ts'
import { type Deed, inDeed } from '../../src/runtime.ts'
import { leave } from '../../src/subscriptions/subscriptions.ts'
import { announce, approveTemplate, phoneOf, populate } from '../support/population.ts'
import { type Installation, install, type ServiceProcess, startProcess } from '../support/processes.ts'
import { openSink } from '../support/sink.ts'
import { type Announced, type ChaosReport, judge, type Stop } from './judge.ts'

export type ChaosOptions = {
  seed: number
  /** How long things are broken; starting, draining and judging come on top. */
  seconds: number
  perSecond: number
  people: number
  dispatchers: number
  /** Told what is being broken, as it happens. */
  tell?: (line: string) => void
}

const TOWN = 'arnsberg'

/** Breaks everything that can break while broadcasts run, and reports what the receiver saw. Equal seeds break the same things in the same order. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const { seed, seconds, perSecond, people, tell = () => {} } = options
  const random = randomBy(seed)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!
  const dir = await mkdtemp(join(tmpdir(), 'whatsup-chaos-'))
  // With its usual durability: an immediate shutdown must not lose what was committed.
  const server = await startEmbedded({ dataDir: dir, log: openLog('silent') })
  const sink = await openSink()
  const installation = install({ databaseUrl: server.url, apiUrl: sink.url, perSecond })
  const hands = await installation.open()
  const town = hands.channels.get(TOWN)!
  await inDeed(hands, (deed) => registerChannels(deed, hands.channels.values()))
  await approveTemplate(hands, TOWN)
  await populate(hands, TOWN, people)
  const act = <T>(verb: (deed: Deed) => Promise<T>) => patiently(() => inDeed(hands, verb))

  const report: ChaosReport = {
    seed,
    perSecond,
    broken: { kills: 0, stops: 0, restarts: 0, drains: 0, pauses: 0, leaves: 0 },
    slowestDrainMs: 0,
    figures: {},
    problems: [],
    undecided: [],
  }
  const stops: Stop[] = []
  const broadcasts: Announced[] = []
  /** Nobody joins, and whoever leaves meanwhile is noted. */
  const tellEverybody = async () => {
    const members = await patiently(() => subscribersOf(hands))
    broadcasts.push({ id: await patiently(() => announce(hands, TOWN)), members })
  }
  let crew: ServiceProcess[] = []
  let over = false
  const asked = new Set<ServiceProcess>()
  const ask = (process: ServiceProcess, signal: 'SIGKILL' | 'SIGTERM') => {
    asked.add(process)
    process.kill(signal)
  }
  const watch = async (process: ServiceProcess) => {
    const code = await process.ended
    if (!asked.has(process))
      report.problems.push(`a process ended by itself with ${code}: ${process.output().slice(-500)}`)
    else if (code !== 0 && code !== 'SIGKILL') report.problems.push(`a stopped process ended with ${code}`)
  }
  /** As a supervisor would: whatever ends by itself, for instance because the database was away at its start, is started again. */
  const engage = async () => {
    const process = startProcess(installation, 'dispatcher')
    crew.push(process)
    const ran = await process.running.then(
      () => true,
      () => false,
    )
    if (ran) void watch(process)
    else if (!over && crew.includes(process)) await replace(process)
  }
  const replace = async (gone: ServiceProcess) => {
    crew = crew.filter((one) => one !== gone)
    await gone.ended
    await engage()
  }
  const breaks: Record<string, () => Promise<void>> = {
    kill: async () => {
      const victim = pick(crew)
      ask(victim, 'SIGKILL')
      report.broken.kills += 1
      void replace(victim).catch(() => {})
    },
    stop: async () => {
      const victim = pick(crew)
      victim.kill('SIGSTOP')
      report.broken.stops += 1
      setTimeout(() => victim.kill('SIGCONT'), 2000 + random() * 1500)
    },
    restart: async () => {
      report.broken.restarts += 1
      process.kill(await postmasterOf(dir), 'SIGQUIT')
    },
    drain: async () => {
      const victim = pick(crew)
      const since = Date.now()
      victim.kill('SIGCONT')
      ask(victim, 'SIGTERM')
      report.broken.drains += 1
      void replace(victim).catch(() => {})
      void victim.ended.then(() => {
        report.slowestDrainMs = Math.max(report.slowestDrainMs, Date.now() - since)
      })
    },
    pause: async () => {
      const { id } = broadcasts.at(-1)!
      report.broken.pauses += 1
      const paused = await act((deed) => pause(deed, COMMAND, town, id)).catch(() => null)
      if (!paused) return
      await wait(300)
      await act((deed) => resume(deed, COMMAND, town, id))
    },
    leave: async () => {
      const phone = phoneOf(Math.floor(random() * people))
      const askedAt = Date.now()
      const left = await act(async (deed) => {
        const contact = await findContact(deed, TOWN, { phone })
        if (!contact) return null
        const wish = { channel: TOWN, contactId: contact.id, subject: contact.subject, offering: 'info' as const }
        const [was] = await leave(deed, [{ ...wish, at: deed.now, source: 'keyword', noticeVersion: '2026-11' }])
        return was ? contact.id : null
      })
      if (left !== null) stops.push({ phone, contactId: left, askedAt, at: performance.timeOrigin + performance.now() })
      report.broken.leaves += 1
    },
  }
  const menu = ['kill', 'kill', 'kill', 'stop', 'stop', 'restart', 'drain', 'pause', 'leave', 'leave', 'leave', 'leave']

  const web = startProcess(installation, 'web')
  try {
    const [url] = await Promise.all([web.running, ...Array.from({ length: options.dispatchers }, engage)])
    const statuses = { url, share: 0.5 }
    await sink.set({ latencyMs: 40, jitterMs: 30, reset: 0.01, silent: 0.004, refuse: 0.02, seed, statuses })
    await tellEverybody()
    const end = Date.now() + seconds * 1000
    let announceAt = Date.now() + (people / perSecond) * 1000
    while (Date.now() < end) {
      await wait(300 + random() * 900)
      if (Date.now() > announceAt) {
        await tellEverybody()
        announceAt = Date.now() + (people / perSecond) * 1000
      }
      const what = pick(menu)
      if (crew.length === 0) continue
      tell(what)
      await breaks[what]!()
    }
    // The rest may be most of it on a slow machine: answers go on being lost, but nobody waits half a minute for silence.
    await sink.set({ latencyMs: 40, reset: 0.01, refuse: 0.02, seed: seed + 1, statuses })
    for (const one of crew) one.kill('SIGCONT')
    tell('waiting for the rest')
    const deadline = Date.now() + 60_000 + ((2 * (await openRows(hands))) / perSecond) * 1000
    while ((await openRows(hands)) > 0 && Date.now() < deadline) await wait(200)
    await wait(3000)
    await sink.untilTold()
    over = true
    const since = Date.now()
    await Promise.all(crew.map((one) => one.running))
    for (const one of crew) ask(one, 'SIGTERM')
    await Promise.all(crew.map((one) => one.ended))
    report.slowestDrainMs = Math.max(report.slowestDrainMs, Date.now() - since)
    web.kill('SIGTERM')
    const code = await web.ended
    if (code !== 0) report.problems.push(`the web process ended with ${code}: ${web.output().slice(-500)}`)
    if (report.slowestDrainMs > 10_000) report.problems.push(`stopping took ${report.slowestDrainMs} ms`)
    await judge(report, { hands, broadcasts, stops, arrived: await sink.take(), town: TOWN })
  } finally {
    for (const one of [...crew, web]) ask(one, 'SIGKILL')
    await Promise.all([...crew, web].map((one) => one.ended))
    await hands.close().catch(() => {})
    await sink.close()
    installation.remove()
    await server.stop()
    await rm(dir, { recursive: true, force: true })
  }
  return report
}

type Hands = Awaited<ReturnType<Installation['open']>>

const subscribersOf = async ({ sql }: Hands): Promise<string[]> => {
  const rows = await sql<{ id: string }[]>`
    select contact_id as id from subscriptions where channel = ${TOWN} and offering = 'info' and left_at is null`
  return rows.map(({ id }) => id)
}

const openRows = (hands: Hands): Promise<number> =>
  patiently(async () => {
    const [row] = await hands.sql<{ n: number }[]>`
      select count(*)::int as n from outgoing where status in ('queued', 'sending')`
    return row!.n
  })

async function postmasterOf(dataDir: string): Promise<number> {
  const place = await readFile(join(dataDir, 'postgres-location'), 'utf8').then(
    (text) => text.trim(),
    () => join(dataDir, 'postgres'),
  )
  return Number((await readFile(join(place, 'postmaster.pid'), 'utf8')).split('\n')[0])
}

/** While the database restarts, once more. */
async function patiently<T>(act: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await act()
    } catch (error) {
      if (attempt > 100 || !isAway(error)) throw error
      await wait(100)
    }
  }
}

function isAway(error: unknown): boolean {
  for (let depth = 0; error instanceof Error && depth < 8; depth++) {
    const { code } = error as { code?: string }
    if (code && /^(CONNECT|ECONN|57P|EPIPE)/.test(code)) return true
    error = error.cause
  }
  return false
}

/** mulberry32 */
function randomBy(seed: number): () => number {
  let draw = seed >>> 0
  return () => {
    draw = (draw + 0x6d2b79f5) >>> 0
    let t = Math.imul(draw ^ (draw >>> 15), draw | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
