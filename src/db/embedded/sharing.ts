import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { UnusableDatabase } from '../unusable.ts'

/**
 * Who uses the server of a data directory: several processes may, and the last one out stops it. One file per user, named after its process;
 * files of processes that are gone count for nothing.
 */
export interface Users {
  /** @returns takes the entry back */
  enter(): () => void
  others(): number
}

let entries = 0

export function usersOf(dataDir: string): Users {
  const directory = join(dataDir, 'postgres-users')
  const mine = new Set<string>()
  return {
    enter() {
      mkdirSync(directory, { recursive: true })
      const name = `${process.pid}.${++entries}`
      writeFileSync(join(directory, name), birthOf(process.pid))
      mine.add(name)
      return () => {
        mine.delete(name)
        rmSync(join(directory, name), { force: true })
      }
    },
    others() {
      let living = 0
      for (const name of list(directory)) {
        if (mine.has(name)) continue
        const path = join(directory, name)
        if (isAlive(Number.parseInt(name, 10), read(path))) living++
        else rmSync(path, { force: true })
      }
      return living
    },
  }
}

/**
 * Runs `work` while no other process does the same for this lock file. A lock of a process that died is taken over.
 * @throws UnusableDatabase if the directory cannot be written to, Error after two minutes of waiting
 */
export async function alone<T>(lock: string, work: () => Promise<T>): Promise<T> {
  const ours = `${process.pid} ${birthOf(process.pid)} ${++entries}`
  for (const since = Date.now(); !take(lock, ours); await wait(20)) {
    if (Date.now() - since > 120_000)
      throw new Error(`Another process holds ${lock}. If none runs any more, delete that file.`)
  }
  try {
    return await work()
  } finally {
    rmSync(lock, { force: true })
  }
}

function take(lock: string, ours: string): boolean {
  try {
    writeFileSync(lock, ours, { flag: 'wx' })
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EEXIST')
      throw new UnusableDatabase(
        `${dirname(lock)} cannot be written to (${code}). Start as the account it belongs to, or as root.`,
      )
  }
  const holder = read(lock)
  const [pid, birth] = holder.split(' ')
  const abandoned = holder === '' ? ageMs(lock) > 5_000 : !isAlive(Number(pid), birth ?? '')
  if (!abandoned) return false
  // Renaming lets one of several waiters win; if a new holder slipped in between, it gets its lock back.
  const taken = `${lock}.${ours.replaceAll(' ', '-')}`
  try {
    renameSync(lock, taken)
    if (read(taken) !== holder) renameSync(taken, lock)
    else rmSync(taken)
  } catch {} // somebody else was faster
  return false
}

/** When the process began, in ticks since boot, so that a reused process number is not taken for it; empty where the system does not tell. */
const birthOf = (pid: number) => statOf(pid)[19] ?? ''

/** Linux only: the fields after the name, from the state on. */
function statOf(pid: number): string[] {
  const stat = read(`/proc/${pid}/stat`)
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

/** @param birth from `birthOf`, or empty if unknown */
export function isAlive(pid: number, birth = ''): boolean {
  if (!(pid > 0)) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false // EPERM: alive, but somebody else's
  }
  if (statOf(pid)[0] === 'Z') return false // dead, but its parent (in a container often nobody) does not ask
  const now = birthOf(pid)
  return birth === '' || now === '' || birth === now
}

const read = (path: string) => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
const list = (directory: string) => {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}
const ageMs = (path: string) => Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now())
