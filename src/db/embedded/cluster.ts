import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { chown, cp, lchown, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { UnusableDatabase } from '../unusable.ts'
import { type Account, canEnter, runAs } from './account.ts'
import type { Binaries } from './binaries.ts'

/** The one role the service has: owner of its database, no superuser. */
export const ROLE = 'whatsup'
export const DATABASE = 'whatsup'

/** Directories of ours that any account can reach, if the data directory cannot: nobody but root may write there. */
const SYSTEM_DIRS = ['/var/lib/whatsup', '/opt/whatsup']

/** For durability settings only matter to tests: without them a crash of the machine loses the cluster. */
export const settingsFor = (fast: boolean) =>
  [
    ...[
      'TimeZone=UTC',
      'log_timezone=UTC',
      'unix_socket_directories=',
      'listen_addresses=127.0.0.1',
      'max_connections=200',
    ],
    // Statements that fail would bring numbers and texts of citizens into the log.
    ...['log_min_messages=log', 'log_min_error_statement=panic', 'log_error_verbosity=terse', 'log_checkpoints=off'],
    ...['wal_level=minimal', 'max_wal_senders=0', 'jit=off'],
    ...(fast ? ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'max_wal_size=2GB'] : []),
  ].flatMap((setting) => ['-c', setting])

const noteOf = (dataDir: string) => join(dataDir, 'postgres-location')

/** Where the cluster of this data directory was last, or will be first. */
export function placeOf(dataDir: string): string {
  const note = noteOf(dataDir)
  return existsSync(note) ? readFileSync(note, 'utf8').trim() : join(dataDir, 'postgres')
}

/**
 * Where the cluster of this data directory can be used by the account: inside, or in a system directory if the account cannot reach it (a project below a home directory
 * with mode 0700). The choice is noted and kept; a cluster that has become unreachable moves.
 * @throws UnusableDatabase if the noted place is gone, or nothing is reachable
 */
export async function clusterOf(dataDir: string, account: Account): Promise<string> {
  const inside = join(dataDir, 'postgres')
  const place = placeOf(dataDir)
  const note = noteOf(dataDir)
  if (!existsSync(dirname(place)))
    throw new UnusableDatabase(
      `The database of ${dataDir} was kept in ${place}, which is gone. Restore it, or delete ${note} to begin anew.`,
    )
  if (place !== inside || (await canEnter(account, dataDir))) return place

  const outside = join(await systemDir(account), randomBytes(8).toString('hex'), 'postgres')
  await mkdir(dirname(outside), { mode: 0o711 })
  await writeFile(join(dirname(outside), 'belongs-to'), `${dataDir}\n`)
  if (existsSync(inside)) {
    await cp(inside, outside, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true })
    await give(outside, account)
  }
  await writeFile(`${note}.new`, `${outside}\n`)
  await rename(`${note}.new`, note)
  await rm(inside, { recursive: true, force: true })
  return outside
}

/** @throws UnusableDatabase if there is none that root may create and the account may enter */
export async function systemDir(account: Account): Promise<string> {
  for (const directory of SYSTEM_DIRS) {
    try {
      await mkdir(directory, { recursive: true, mode: 0o755 })
      const { uid, mode } = await stat(directory)
      if (uid === 0 && (mode & 0o022) === 0 && (await canEnter(account, directory))) return directory
    } catch {} // read-only: try the next
  }
  throw new UnusableDatabase(
    `PostgreSQL does not run as root, and no other account can reach this directory or ${SYSTEM_DIRS.join(' or ')}. ` +
      'Set DATA_DIR to a directory that all may enter, or DATABASE_URL.',
  )
}

/** Clusters that lie outside for a data directory which does not know them any more, because it was deleted and made anew. */
export function abandonedBy(dataDir: string, cluster: string): string[] {
  const belongsHere = (directory: string) => {
    const label = join(directory, 'belongs-to')
    return existsSync(label) && readFileSync(label, 'utf8').trim() === dataDir
  }
  return SYSTEM_DIRS.flatMap((parent) =>
    (existsSync(parent) ? readdirSync(parent) : []).map((name) => join(parent, name)),
  )
    .filter((directory) => directory !== dirname(cluster) && belongsHere(directory))
    .map((directory) => join(directory, 'postgres'))
}

async function give(directory: string, { uid, gid }: Account) {
  if (uid === undefined || gid === undefined) return
  await chown(directory, uid, gid)
  for (const entry of await readdir(directory, { withFileTypes: true, recursive: true }))
    await lchown(join(entry.parentPath ?? entry.path, entry.name), uid, gid)
}

/** Major version that made the cluster, null if there is none yet. The cluster stays with it: PostgreSQL reads no other's files. */
export async function majorOf(cluster: string): Promise<number | null> {
  const version = await readFile(join(cluster, 'PG_VERSION'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw new UnusableDatabase(
      `The database in ${cluster} belongs to another account (${error.code}). Start as that account or as root.`,
    )
  })
  return version === null ? null : Number.parseInt(version, 10)
}

/** Makes the cluster complete or not at all: under a passing name first, with our role, our database, and no way in but the password. */
export async function createCluster(
  cluster: string,
  account: Account,
  { bin, major }: Binaries,
  password: string,
  fast: boolean,
) {
  const draft = `${cluster}.new`
  await rm(draft, { recursive: true, force: true })
  await mkdir(draft, { mode: 0o700 })
  await give(draft, account)
  const locale =
    major >= 17 ? ['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C'] : ['--locale=C.UTF-8']
  await runAs(account, join(bin, 'initdb'), [
    ...['-D', draft, '--username=postgres', '--auth=reject', '--encoding=UTF8', '--no-instructions', ...locale],
    ...(fast ? ['--no-sync'] : []),
  ])
  await writeFile(join(draft, 'pg_hba.conf'), `host all ${ROLE} 127.0.0.1/32 scram-sha-256\n`)
  // The database that initdb made becomes ours: creating another one would copy seven megabytes and flush them.
  await singleUser(draft, account, bin, fast, [
    `create role ${ROLE} login createdb password '${password}'`,
    `alter database postgres rename to ${DATABASE}`,
    `alter database ${DATABASE} owner to ${ROLE}`,
  ])
  await rename(draft, cluster)
}

/** For a cluster that stands still, such as one restored without the file that held its password. */
export const setPassword = (cluster: string, account: Account, { bin }: Binaries, password: string) =>
  singleUser(cluster, account, bin, false, [`alter role ${ROLE} password '${password}'`])

/** PostgreSQL without a network, one statement a line. It ends with success even after errors, so they are read from its output. */
async function singleUser(cluster: string, account: Account, bin: string, fast: boolean, statements: string[]) {
  const output = await runAs(
    account,
    join(bin, 'postgres'),
    ['--single', '-D', cluster, ...settingsFor(fast), 'template1'],
    statements.map((s) => `${s}\n`).join(''),
  )
  const failure = /(?:ERROR|FATAL|PANIC): .*/.exec(output)?.[0]
  if (failure) throw new Error(`PostgreSQL could not be prepared: ${failure}`)
}

/** Deletes the cluster and all that belongs to it, wherever it lies; nothing may be running on it. */
export async function deleteCluster(dataDir: string) {
  const place = placeOf(dataDir)
  if (place !== join(dataDir, 'postgres')) await rm(dirname(place), { recursive: true, force: true })
  for (const name of await readdir(dataDir))
    if (/^postgres(-password|-location|-users|\.new|\.log|\.log\.1)?$/.test(name))
      await rm(join(dataDir, name), { recursive: true, force: true })
}
