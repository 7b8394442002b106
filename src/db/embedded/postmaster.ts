import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { UnusableDatabase } from '../unusable.ts'
import { type Account, environment } from './account.ts'
import type { Binaries } from './binaries.ts'
import { settingsFor } from './cluster.ts'
import { isAlive } from './sharing.ts'

/** The server process of a cluster, as it describes itself in `postmaster.pid`. */
export interface Postmaster {
  pid: number
  port: number
  status: string
}

/** What the file says, whether or not that process still lives. */
function readPostmaster(cluster: string): Postmaster | null {
  try {
    const lines = readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n')
    return { pid: Number(lines[0]), port: Number(lines[3]), status: (lines[7] ?? '').trim() }
  } catch {
    return null
  }
}

/** The server that lives on this cluster, whatever it is doing; null if none does, also if its number now belongs to another program. */
export function livingPostmaster(cluster: string): Postmaster | null {
  const found = readPostmaster(cluster)
  return found && isAlive(found.pid) && serves(found.pid, cluster) ? found : null
}

/** The same, once it takes connections: waits while it starts, recovers or stops. */
export async function runningPostmaster(cluster: string): Promise<Postmaster | null> {
  let found = livingPostmaster(cluster)
  for (; found && found.status !== 'ready'; found = livingPostmaster(cluster)) await wait(20)
  return found
}

function serves(pid: number, cluster: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(cluster)
  } catch {
    return true // no /proc here, or not for us
  }
}

/**
 * PostgreSQL believes a leftover `postmaster.pid` whose number lives, even as another program or as a dead process that nobody buried (usual in containers).
 * Our own number tells it that the file is stale. Removing the file would also remove its check for surviving processes of that server.
 */
function disown(cluster: string) {
  const file = join(cluster, 'postmaster.pid')
  if (livingPostmaster(cluster) || !existsSync(file)) return
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^\d+/, String(process.pid)))
}

/**
 * Starts the server and waits until it takes connections, recovery after a crash included, however long that takes.
 * @param port wanted port, for a restart under the same URL; a random free one otherwise
 * @throws UnusableDatabase with the server's last words
 */
export async function launch(
  cluster: string,
  account: Account,
  { bin }: Binaries,
  { log, fast, port }: { log: string; fast: boolean; port?: number | undefined },
): Promise<{ child: ChildProcess; port: number }> {
  for (const since = Date.now(); ; await wait(100)) {
    disown(cluster)
    const chosen = port ?? (await freePort())
    const start = rotate(log)
    const out = openSync(log, 'a', 0o600)
    // Its own process group: Ctrl-C reaches us alone, and we still need it to finish our work.
    const child = spawn(join(bin, 'postgres'), ['-D', cluster, '-p', String(chosen), ...settingsFor(fast)], {
      ...account,
      cwd: '/',
      env: environment,
      detached: true,
      stdio: ['ignore', out, out],
    })
    closeSync(out)
    if (await takesConnections(cluster, child)) {
      child.unref()
      return { child, port: chosen }
    }
    const words = readFileSync(log, 'utf8').slice(start)
    // Somebody took the port, or processes of a server that was just killed are not gone yet.
    const passing = /could not bind|in use|shared memory block/.test(words) && Date.now() - since < 15_000
    if (!passing)
      throw new UnusableDatabase(
        `PostgreSQL did not start: ${/(?:FATAL|PANIC|ERROR): .*/.exec(words)?.[0] ?? `see ${log}`}`,
      )
  }
}

async function takesConnections(cluster: string, child: ChildProcess): Promise<boolean> {
  let ended = false
  child.once('exit', () => (ended = true)).once('error', () => (ended = true))
  for (; !ended; await wait(5)) {
    const found = readPostmaster(cluster)
    if (found?.pid === child.pid && found?.status === 'ready') return true
  }
  return false
}

/** Ends the server if one runs: statements are cancelled, everything is written. After eight seconds it is cut off, which the next start repairs. */
export async function stopPostmaster(cluster: string): Promise<void> {
  const pid = interrupt(cluster)
  for (const since = Date.now(); livingPostmaster(cluster)?.pid === pid && pid !== undefined; await wait(10)) {
    if (Date.now() - since > 8_000) return signal(pid, 'SIGQUIT')
  }
}

/** Asks the server to end, if one runs, without waiting. */
export function interrupt(cluster: string): number | undefined {
  const pid = livingPostmaster(cluster)?.pid
  if (pid !== undefined) signal(pid, 'SIGINT')
  return pid
}

function signal(pid: number, name: 'SIGINT' | 'SIGQUIT') {
  try {
    process.kill(pid, name)
  } catch {} // gone already
}

function rotate(log: string): number {
  const size = statSync(log, { throwIfNoEntry: false })?.size ?? 0
  if (size < 10_000_000) return size
  if (existsSync(log)) renameSync(log, `${log}.1`)
  return 0
}

/** Free now; `launch` tries another one if somebody takes it in between. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject).listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}
