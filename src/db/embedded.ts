import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Logger } from '../log.ts'
import { connect, isDatabaseAway } from './db.ts'
import { accountFor } from './embedded/account.ts'
import { findBinaries } from './embedded/binaries.ts'
import {
  abandonedBy,
  clusterOf,
  createCluster,
  DATABASE,
  deleteCluster,
  majorOf,
  placeOf,
  ROLE,
  setPassword,
  systemDir,
} from './embedded/cluster.ts'
import { interrupt, launch, livingPostmaster, runningPostmaster, stopPostmaster } from './embedded/postmaster.ts'
import { alone, usersOf } from './embedded/sharing.ts'
import { UnusableDatabase } from './unusable.ts'

export interface Embedded {
  /** stays the same while the server is restarted after a crash */
  url: string
  /** Stops the server, unless another process still uses it. May be called twice. */
  stop(): Promise<void>
}

export interface EmbeddedOptions {
  /** holds the cluster, its password and its log, or a note where the cluster lies */
  dataDir: string
  log?: Logger
  /** for tests: nothing is flushed to disk */
  fast?: boolean
  /** directory with `postgres` and `initdb`; otherwise the npm package, otherwise what is installed */
  binDir?: string
}

/**
 * A real PostgreSQL of our own on a random loopback port, made on the first start. Works as root (it then runs as another account) and as anybody.
 * Several processes may start the same one: they share it. A server that outlived its process is taken over, one that crashes is restarted.
 * @throws UnusableDatabase if there is no PostgreSQL for this system, or not the version that made the cluster
 */
export async function startEmbedded({ dataDir: named, log, fast = false, binDir }: EmbeddedOptions): Promise<Embedded> {
  mkdirSync(named, { recursive: true })
  const dataDir = realpathSync(named)
  const lock = join(dataDir, 'postgres-lock')
  const users = usersOf(dataDir)

  return alone(lock, async () => {
    const account = accountFor(placeOf(dataDir))
    const cluster = await clusterOf(dataDir, account)
    const password = passwordOf(dataDir)
    const urlFor = (port: number) => `postgres://${ROLE}:${password}@127.0.0.1:${port}/${DATABASE}`

    const orphan = await answering(cluster, urlFor)
    if (orphan?.takesPassword) return share(orphan.port)
    if (orphan) {
      if (users.others() > 0)
        throw new UnusableDatabase(`The running database of ${dataDir} does not take the password kept there.`)
      await stopPostmaster(cluster)
    }

    const major = (await majorOf(cluster)) ?? undefined
    const copyTo = async () => (account.uid === undefined ? dataDir : systemDir(account))
    const binaries = await findBinaries({ account, binDir, major, copyTo })
    if (major === undefined) {
      log?.info({ version: binaries.major, bin: binaries.bin }, 'making the embedded database')
      await createCluster(cluster, account, binaries, password, fast)
      for (const older of abandonedBy(dataDir, cluster)) {
        await stopPostmaster(older)
        log?.warn(
          { path: dirname(older) },
          'an older database of this directory is still there; delete it if nobody needs it',
        )
      }
    }
    const start = (port?: number) =>
      launch(cluster, account, binaries, { log: join(dataDir, 'postgres.log'), fast, port })
    let server = await start()
    if (!(await takesPassword(urlFor(server.port)))) {
      await stopPostmaster(cluster)
      await setPassword(cluster, account, binaries, password)
      server = await start()
    }
    log?.info({ version: binaries.major, bin: binaries.bin, port: server.port }, 'embedded database is running')
    return share(server.port, server.child)

    function share(port: number, child?: ChildProcess): Embedded {
      const leave = users.enter()
      let stopped: Promise<void> | undefined
      const onExit = () => {
        leave()
        if (users.others() === 0) interrupt(cluster) // whoever forgets to stop it, or dies of an error, leaves no orphan
      }
      process.once('exit', onExit)
      if (child) watch(child)
      return {
        url: urlFor(port),
        stop: () => {
          stopped ??= alone(lock, async () => {
            process.off('exit', onExit)
            leave()
            if (users.others() === 0) await stopPostmaster(cluster)
          })
          return stopped
        },
      }

      function watch(child: ChildProcess) {
        child.once('exit', async (code, signal) => {
          for (let pauseMs = 100; !stopped; pauseMs = Math.min(2 * pauseMs, 5_000)) {
            log?.error({ code, signal }, 'the embedded database ended by itself, starting it again')
            try {
              return await alone(lock, async () => {
                if (!stopped && !livingPostmaster(cluster)) watch((await start(port)).child)
              })
            } catch (err) {
              log?.error({ err }, 'the embedded database does not start')
              await wait(pauseMs, undefined, { ref: false })
            }
          }
        })
      }
    }
  })
}

/**
 * Deletes the embedded database of this data directory with everything in it; other files stay.
 * @throws UnusableDatabase while a process uses it
 */
export async function removeEmbedded(named: string): Promise<void> {
  if (!existsSync(named)) return
  const dataDir = realpathSync(named)
  await alone(join(dataDir, 'postgres-lock'), async () => {
    if (usersOf(dataDir).others() > 0)
      throw new UnusableDatabase(`The database of ${dataDir} is in use. Stop that process first.`)
    await stopPostmaster(placeOf(dataDir))
    await deleteCluster(dataDir)
  })
}

/** Made once, readable by the owner of the data directory alone. */
function passwordOf(dataDir: string): string {
  const file = join(dataDir, 'postgres-password')
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT')
      throw new UnusableDatabase(
        `${file} cannot be read (${code}). Start as the account that it belongs to, or as root.`,
      )
  }
  const password = randomBytes(24).toString('base64url')
  writeFileSync(file, `${password}\n`, { mode: 0o600, flag: 'wx' })
  return password
}

/** The server that already runs here; null if none does, or if it was just dying. */
async function answering(cluster: string, urlFor: (port: number) => string) {
  for (const since = Date.now(); ; await wait(50)) {
    const found = await runningPostmaster(cluster)
    if (!found) return null
    try {
      return { port: found.port, takesPassword: await takesPassword(urlFor(found.port)) }
    } catch (error) {
      if (!isDatabaseAway(error) || Date.now() - since > 15_000) throw error
    }
  }
}

async function takesPassword(url: string): Promise<boolean> {
  const sql = connect(url, 1)
  try {
    await sql`select 1`
    return true
  } catch (error) {
    if (/^28/.test(String((error as { code?: unknown }).code))) return false
    throw error
  } finally {
    await sql.end({ timeout: 1 })
  }
}
