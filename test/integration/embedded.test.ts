import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { connect, isDatabaseAway } from '../../src/db/db.ts'
import { type Embedded, removeEmbedded, startEmbedded } from '../../src/db/embedded.ts'
import { UnusableDatabase } from '../../src/db/unusable.ts'
import { roomyDir } from '../support/roomy-dir.ts'

let parent: string
let dataDir: string
const started: Embedded[] = []
const processes: Holder[] = []

beforeEach(async () => {
  parent = mkdtempSync(join(await roomyDir(), 'whatsup-embedded-'))
  chmodSync(parent, 0o711)
  dataDir = join(parent, 'data')
})
afterEach(async () => {
  for (const holder of processes.splice(0)) await killed(holder)
  for (const embedded of started.splice(0)) await embedded.stop()
  await removeEmbedded(dataDir)
  rmSync(parent, { recursive: true })
})

test('the first start makes a database, the next ones find it again', async () => {
  const first = await start()
  await query(first.url, 'create table towns (name text)')
  await query(first.url, "insert into towns values ('Arnsberg')")
  await first.stop()
  expect(await errorOf(query(first.url, 'select 1'))).toSatisfy(isDatabaseAway)

  rmSync(join(dataDir, 'postgres-password')) // as if restored from half a backup: it gets a new one
  const second = await start()
  expect(await query(second.url, 'select name from towns')).toEqual([{ name: 'Arnsberg' }])
  expect(second.url).not.toContain(new URL(first.url).password)
})

test('a running one lets nobody in but with the password, never as a superuser, knows umlauts, and logs no values', async () => {
  const { url } = await start()
  expect(statSync(join(dataDir, 'postgres-password')).mode & 0o777).toBe(0o600)
  expect(new URL(url).hostname).toBe('127.0.0.1')
  expect(await query(url, 'select usesuper from pg_user where usename = current_user')).toEqual([{ usesuper: false }])
  const as = (user: string, password: string) => {
    const changed = new URL(url)
    changed.username = user
    changed.password = password
    return errorOf(query(changed.href, 'select 1'))
  }
  expect(await as('whatsup', 'guessed')).toMatchObject({ code: '28P01' })
  expect(await as('postgres', new URL(url).password)).toMatchObject({ code: '28000' })

  const german = `select upper('größe') as upper, 'Ärger' < 'Zug' collate "de-x-icu" as sorted`
  expect(await query(url, german)).toEqual([{ upper: 'GRÖßE', sorted: true }])

  await query(url, 'create table contacts (phone text primary key, id uuid)')
  await query(url, "insert into contacts values ('+4915112345678')")
  await errorOf(query(url, "insert into contacts values ('+4915112345678')"))
  await errorOf(query(url, "insert into contacts values ('', '+4915112345678')"))
  expect(readFileSync(join(dataDir, 'postgres.log'), 'utf8')).not.toContain('12345')
})

test('two processes share one server, and the last one out stops it', async () => {
  const one = await holder()
  const two = await start()
  expect(two.url).toBe(one.url)
  await one.leave()
  expect(await query(two.url, 'select 1 as one')).toEqual([{ one: 1 }])
  await two.stop()
  expect(await errorOf(query(two.url, 'select 1'))).toSatisfy(isDatabaseAway)
})

test('five that start at once on an empty directory make one database', async () => {
  const all = await Promise.all(Array.from({ length: 5 }, start))
  expect(new Set(all.map(({ url }) => url)).size).toBe(1)
})

test('a server that outlived its process is taken over as it runs', async () => {
  const gone = await holder()
  await query(gone.url, 'create unlogged table kept (id int)') // emptied by any crash of the server
  await query(gone.url, 'insert into kept values (1)')
  await killed(gone)

  const { url, stop } = await start()
  expect(url).toBe(gone.url)
  expect(await query(url, 'select id from kept')).toEqual([{ id: 1 }])
  await stop()
  expect(await errorOf(query(url, 'select 1'))).toSatisfy(isDatabaseAway)
})

test('a killed server comes back under the same URL with everything that was committed', async () => {
  const { url } = await start({ fast: false })
  await query(url, 'create table kept as select generate_series(1, 1000) as id')
  process.kill(serverPid(), 'SIGKILL')
  await expect.poll(() => query(url, 'select count(*)::int from kept'), { timeout: 20_000 }).toEqual([{ count: 1000 }])
})

test('when server and process are killed together, the next start recovers', async () => {
  const gone = await holder({ fast: false })
  await query(gone.url, 'create table kept as select generate_series(1, 1000) as id')
  process.kill(gone.child.pid!, 'SIGSTOP') // or it would start the server again
  process.kill(serverPid(), 'SIGKILL')
  await killed(gone)
  const { url } = await start({ fast: false })
  expect(await query(url, 'select count(*)::int from kept')).toEqual([{ count: 1000 }])
})

test('a process that ends without stopping leaves no server behind', async () => {
  const careless = await holder()
  careless.child.stdin.write('die')
  await once(careless.child, 'exit')
  await expect.poll(() => errorOf(query(careless.url, 'select 1'))).toSatisfy(isDatabaseAway)
})

test('leftovers do not stop a start: a lock and a server file of processes that are gone or are somebody else', async () => {
  await (await start()).stop()
  const gone = spawn(process.execPath, ['-e', ''])
  await once(gone, 'exit')
  writeFileSync(join(dataDir, 'postgres-lock'), `${gone.pid} 1 1`)
  const { uid, gid } = statSync(join(dataDir, 'postgres')) // PostgreSQL ignores processes of other accounts
  const stranger = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { uid, gid, cwd: '/' })
  const file = `${stranger.pid}\n${dataDir}/postgres\n1\n5432\n\n127.0.0.1\n\nready   \n`
  writeFileSync(join(dataDir, 'postgres/postmaster.pid'), file)
  const { url } = await start()
  expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }])
  expect(stranger.signalCode).toBeNull()
  stranger.kill()
})

test('a database of another major version is left alone', async () => {
  mkdirSync(join(dataDir, 'postgres'), { recursive: true })
  writeFileSync(join(dataDir, 'postgres/PG_VERSION'), '13\n')
  const error = await errorOf(start())
  expect(error).toBeInstanceOf(UnusableDatabase)
  expect(error.message).toContain('made by PostgreSQL 13, which was not found')
  expect(readdirSync(join(dataDir, 'postgres'))).toEqual(['PG_VERSION'])
})

test('binaries named by the operator are used, or nothing', async () => {
  const error = await errorOf(start({ binDir: join(parent, 'nowhere') }))
  expect(error).toBeInstanceOf(UnusableDatabase)
  expect(error.message).toContain('nowhere: there is no initdb')
})

test('below a home directory that only its owner may enter it works, and what lay inside moves along', async () => {
  const first = await start()
  await query(first.url, 'create table kept as select 1 as id')
  await first.stop()
  chmodSync(parent, 0o700) // root's PostgreSQL runs as somebody else and moves out; anybody else's stays
  for (const _ of ['moved', 'found there']) {
    const { url, stop } = await start()
    expect(await query(url, 'select id from kept')).toEqual([{ id: 1 }])
    await stop()
  }
})

test('removing is refused while it is in use, and then leaves nothing but the files of others', async () => {
  mkdirSync(dataDir)
  writeFileSync(join(dataDir, 'data-keys'), 'kept')
  chmodSync(parent, 0o700)
  const { stop } = await start()
  const user = await holder()
  await stop()
  expect(await errorOf(removeEmbedded(dataDir))).toBeInstanceOf(UnusableDatabase)
  const note = join(dataDir, 'postgres-location')
  const place = existsSync(note) ? readFileSync(note, 'utf8').trim() : join(dataDir, 'postgres')
  await user.leave()
  await removeEmbedded(dataDir)
  expect(readdirSync(dataDir)).toEqual(['data-keys'])
  expect(existsSync(place) || existsSync(note)).toBe(false)
  expect(dirname(place) === dataDir || !existsSync(dirname(place))).toBe(true)
})

async function start(options: { fast?: boolean; binDir?: string } = {}) {
  const embedded = await startEmbedded({ dataDir, fast: true, ...options })
  started.push(embedded)
  return embedded
}

interface Holder {
  url: string
  child: ChildProcessByStdio<Writable, Readable, null>
  leave(): Promise<void>
}

/** Another process that starts the same database. */
async function holder({ fast = true } = {}): Promise<Holder> {
  const script = fileURLToPath(new URL('../support/holds-database.ts', import.meta.url))
  const child = spawn(process.execPath, ['--import', 'tsx', script, dataDir, fast ? 'fast' : ''], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const [line] = await once(child.stdout, 'data')
  const leave = async () => {
    child.stdin.end()
    await once(child, 'exit')
  }
  const holder = { url: String(line).trim(), child, leave }
  processes.push(holder)
  return holder
}

async function killed({ child }: Holder) {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

const serverPid = () => Number.parseInt(readFileSync(join(dataDir, 'postgres/postmaster.pid'), 'utf8'), 10)

async function query(url: string, text: string) {
  const sql = connect(url, 1)
  try {
    return [...(await sql.unsafe(text))]
  } finally {
    await sql.end({ timeout: 1 })
  }
}

async function errorOf(work: PromiseLike<unknown>): Promise<Error> {
  try {
    await work
  } catch (error) {
    return error as Error
  }
  throw new Error('it did not fail')
}
