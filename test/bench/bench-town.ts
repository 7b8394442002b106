import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { registerChannels } from '../../src/channels/channels.ts'
import { startEmbedded } from '../../src/db/embedded.ts'
import { openLog } from '../../src/log.ts'
import { inDeed } from '../../src/runtime.ts'
import { approveTemplate, populate } from '../support/population.ts'
import { type Installation, install } from '../support/processes.ts'
import { openSink, type Sink } from '../support/sink.ts'

/** A database of our own with its usual durability, a sink, and one town with so many subscribers. */
export interface BenchTown {
  installation: Installation
  hands: Awaited<ReturnType<Installation['open']>>
  sink: Sink
  databaseUrl: string
  /** CPU of the database server and all its processes so far, in ms. */
  databaseCpuMs(): number
  close(): Promise<void>
}

export const TOWN = 'arnsberg'

export async function openTown(people: number, perSecond = 80): Promise<BenchTown> {
  const dir = await mkdtemp(join(tmpdir(), 'whatsup-bench-'))
  const server = await startEmbedded({ dataDir: dir, log: openLog('silent') })
  const sink = await openSink()
  const installation = install({ databaseUrl: server.url, apiUrl: sink.url, perSecond })
  const hands = await installation.open()
  await inDeed(hands, (deed) => registerChannels(deed, hands.channels.values()))
  await approveTemplate(hands, TOWN)
  await populate(hands, TOWN, people)
  const [{ pid }] = (await hands.sql`
    select pg_backend_pid() as pid`) as unknown as [{ pid: number }]
  const postmaster = Number(statOf(pid)[4])
  return {
    installation,
    hands,
    sink,
    databaseUrl: server.url,
    databaseCpuMs: () => cpuOfTree(postmaster),
    close: async () => {
      await hands.close()
      await sink.close()
      installation.remove()
      await server.stop()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

/** Fields of /proc/<pid>/stat, counted from one as in its manual page. */
function statOf(pid: number): string[] {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return ['', String(pid), '', ...text.slice(text.lastIndexOf(')') + 2).split(' ')]
}

function cpuOfTree(postmaster: number): number {
  const TICK_MS = 10
  const of = (pid: number): number => {
    try {
      const fields = statOf(pid)
      const own = Number(fields[14]) + Number(fields[15])
      return pid === postmaster ? own + Number(fields[16]) + Number(fields[17]) : own
    } catch {
      return 0
    }
  }
  const children = readFileSync(`/proc/${postmaster}/task/${postmaster}/children`, 'utf8').trim()
  return (
    TICK_MS * [postmaster, ...children.split(' ').filter(Boolean).map(Number)].reduce((sum, pid) => sum + of(pid), 0)
  )
}
