import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eq, sql as raw } from 'drizzle-orm'
import { afterAll, describe, expect, test } from 'vitest'
import { generateDataKey, parseDataKeys } from '../../src/db/data-keys.ts'
import { isDatabaseAway, openDb, type Tx } from '../../src/db/db.ts'
import { migrate } from '../../src/db/migrate.ts'
import { vault } from '../../src/db/schema.ts'
import { UnusableDatabase } from '../../src/db/unusable.ts'
import { loadLookupKey, openVault } from '../../src/db/vault.ts'
import { freshDatabase } from '../support/database.ts'

const database = await freshDatabase()
const { db, sql } = database
afterAll(database.drop)

describe('the two clients', () => {
  test('raw SQL takes and returns instants as Date, although drizzle works beside it', async () => {
    const at = new Date('2026-11-21T09:00:00.125Z')
    const [row] = await sql`select ${at}::timestamptz as at, current_setting('TimeZone') as zone`
    expect(row).toEqual({ at, zone: 'UTC' })
    const rows = await db.execute(raw`select 1 as one`)
    expect(rows[0]).toEqual({ one: 1 })
  })

  test('a connection can be kept for oneself, also as the first thing and by several at once', async () => {
    const fresh = openDb(database.url, { max: 3 })
    const kept = await Promise.all([fresh.sql.reserve(), fresh.sql.reserve()])
    const rows = await Promise.all(kept.map((one) => one<{ pid: number }[]>`select pg_backend_pid() as pid`))
    expect(new Set(rows.map(([row]) => row!.pid)).size).toBe(2)
    expect(await fresh.sql`select 1 as one`).toEqual([{ one: 1 }])
    for (const one of kept) one.release()
    await fresh.close()
  })

  test('what a transaction wrote is gone when it throws', async () => {
    const write = (tx: Tx) => tx.insert(vault).values({ name: 'half', sealed: 'x' })
    const failing = db.transaction(async (tx) => {
      await write(tx)
      throw new Error('changed my mind')
    })
    await expect(failing).rejects.toThrow('changed my mind')
    expect(await db.select().from(vault).where(eq(vault.name, 'half'))).toEqual([])
  })

  test('a lost connection fails what runs on it as an outage, and is made anew', async () => {
    const one = openDb(database.url, { max: 1 })
    const [{ pid }] = await one.sql<[{ pid: number }]>`select pg_backend_pid() as pid`
    const asleep = errorOf(one.sql`select pg_sleep(60)`)
    const state = () => sql`select state from pg_stat_activity where pid = ${pid} and query like '%pg_sleep%'`
    await expect.poll(state).toEqual([{ state: 'active' }])
    await sql`select pg_terminate_backend(${pid})`
    expect(await asleep).toSatisfy(isDatabaseAway)
    await expect.poll(() => one.sql`select 1 as one`).toEqual([{ one: 1 }])
    await one.close()
  })

  test('arrays of every type in use arrive whole', async () => {
    const at = '2026-11-21T09:00:00.125Z'
    const texts = ['a,b', '"', '\\', '{', '', 'null', null]
    const [row] = await sql`
      select to_json(${texts}::text[]) as texts, to_json(${['1', null]}::bigint[]) as ids, to_json(${[1, 2]}::int[]) as ints,
        cardinality(${[]}::uuid[]) as none, (${[at]}::timestamptz[])[1] as at, ${['sent']}::text[]::outgoing_status[] @> '{sent}' as enums`
    expect(row).toEqual({ texts, ids: [1, null], ints: [1, 2], none: 0, at: new Date(at), enums: true })
  })

  test('closing waits for what is running', async () => {
    const other = openDb(database.url)
    const running = other.sql`select 'done' as state from pg_sleep(0.1)`.execute()
    await other.close()
    expect((await running)[0]).toEqual({ state: 'done' })
  })
})

describe('what is asked again and again is prepared', () => {
  const preparedIn = (tx: Tx) => tx.execute<{ text: string }>(raw`select statement as text from pg_prepared_statements`)

  test('within transactions and savepoints too, once for each connection, and it answers as before', async () => {
    const one = openDb(database.url, { max: 1 })
    const ask = (tx: Tx, n: number) => tx.execute(raw`select ${n}::int + 1 as next`)
    for (let n = 0; n < 8; n++) {
      const answers = await one.db.transaction(async (tx) => [
        await ask(tx, n),
        await tx.transaction((in2) => ask(in2, n)),
      ])
      expect(answers.map(([row]) => row)).toEqual([{ next: n + 1 }, { next: n + 1 }])
    }
    const texts = await one.db.transaction(preparedIn)
    expect(texts.filter(({ text }) => text.includes('as next'))).toHaveLength(1)
    await one.close()
  })

  test('however many different ones there are, no connection keeps more than two hundred', async () => {
    const one = openDb(database.url, { max: 1 })
    await one.db.transaction(async (tx) => {
      for (let n = 0; n < 250; n++)
        for (let again = 0; again < 6; again++)
          await tx.execute(raw`select ${again}::int as ${raw.identifier(`n${n}`)}`)
    })
    const texts = await one.db.transaction(preparedIn)
    expect(texts.filter(({ text }) => text.includes('as "n'))).toHaveLength(200)
    await one.close()
  })

  test('a list of hundreds is not kept: one such text costs each connection megabytes', async () => {
    const one = openDb(database.url, { max: 1 })
    const list = raw.join(
      Array.from({ length: 2000 }, (_, n) => raw`${n}::int`),
      raw`, `,
    )
    await one.db.transaction(async (tx) => {
      for (let n = 0; n < 6; n++) await tx.execute(raw`select array[${list}] as listed`)
    })
    const texts = await one.db.transaction(preparedIn)
    expect(texts.filter(({ text }) => text.includes('as listed'))).toEqual([])
    await one.close()
  })

  test('a text whose bytes are now there and now not counts as many, so none of them fills a connection', async () => {
    const one = openDb(database.url, { max: 1 })
    await one.db.transaction(async (tx) => {
      for (let n = 0; n < 64; n++) {
        const bits = Array.from({ length: 6 }, (_, bit) => raw`${(n >> bit) & 1 ? Buffer.from('x') : null}::bytea`)
        await tx.execute(raw`select ${raw.join(bits, raw`, `)} as bits`)
      }
    })
    const texts = await one.db.transaction(preparedIn)
    expect(texts.filter(({ text }) => text.includes('as bits'))).toEqual([])
    await one.close()
  })
})

describe('an outage is told from a mistake', () => {
  /** A server that does `welcome` with each connection, on a port of its own, while `work` runs. */
  async function whileListening<T>(welcome: (socket: Socket) => void, work: (url: string) => Promise<T>): Promise<T> {
    const server = createServer(welcome)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      return await work(`postgres://anna:secret@127.0.0.1:${(server.address() as AddressInfo).port}/town`)
    } finally {
      server.close()
    }
  }
  const failing = async (url: string) => {
    const { db, close } = openDb(url)
    const error = await errorOf(db.execute(raw`select 1`)) // wrapped by drizzle, as doors see it
    await close()
    return error
  }

  test('nobody listens', async () => {
    const gone = await whileListening(
      () => {},
      async (url) => url,
    )
    expect(await failing(gone)).toSatisfy(isDatabaseAway)
  })

  test('a proxy takes the connection and has nobody to pass it on to', async () => {
    let connections = 0
    const error = await whileListening((socket) => {
      connections++
      socket.end()
    }, failing)
    expect(error).toSatisfy(isDatabaseAway)
    expect(connections).toBeLessThan(5)
  })

  test('the connection breaks off', async () => {
    expect(await whileListening((socket) => socket.resetAndDestroy(), failing)).toSatisfy(isDatabaseAway)
  })

  test('a connection is lost as soon as it is made: what wanted it fails, and nothing else', async () => {
    const stray: unknown[] = []
    const note = (error: unknown) => stray.push(error)
    process.on('unhandledRejection', note)
    const welcomeAndLeave = (socket: Socket) => {
      const authenticated = Buffer.from('520000000800000000', 'hex')
      const ready = Buffer.from('5a0000000549', 'hex')
      socket
        .on('error', () => {})
        .once('data', () => {
          socket.write(Buffer.concat([authenticated, ready]))
          socket.once('data', () => socket.resetAndDestroy())
        })
    }
    expect(await whileListening(welcomeAndLeave, failing)).toSatisfy(isDatabaseAway)
    await new Promise((resolve) => setImmediate(resolve))
    process.off('unhandledRejection', note)
    expect(stray).toEqual([])
  })

  test('the database is gone, or says so', async () => {
    const fatal = (code: string) => (socket: Socket) => {
      const fields = Buffer.from(`SFATAL\0VFATAL\0C${code}\0Mgone\0\0`)
      const head = Buffer.from('E....')
      head.writeInt32BE(fields.length + 4, 1)
      socket.on('error', () => {}).end(Buffer.concat([head, fields]))
    }
    for (const code of ['57P01', '57P02', '57P03', '53300', '08006'])
      expect(await whileListening(fatal(code), failing)).toSatisfy(isDatabaseAway)
    for (const code of ['28P01', '3D000'])
      expect(await whileListening(fatal(code), failing)).not.toSatisfy(isDatabaseAway)
  })

  test.each([
    ['a repeated key', () => db.insert(vault).values([1, 2].map(() => ({ name: 'twice', sealed: 'x' })))],
    ['a statement that is wrong', () => sql`select wrong from nowhere`],
    ['a cancelled statement', () => sql.begin((tx) => [tx`set local statement_timeout = 10`, tx`select pg_sleep(5)`])],
    ['any other error', () => Promise.reject(new Error('ECONNREFUSED in the text is not enough'))],
    ['something that is no error', () => Promise.reject('57P01')],
  ])('not away: %s', async (_, work) => expect(await errorOf(work())).not.toSatisfy(isDatabaseAway))
})

describe('migrations', () => {
  test('of ten processes that start at once, one does the work and the others find it done', async () => {
    const fresh = await freshDatabase({ tables: false })
    const done = await Promise.all(Array.from({ length: 10 }, () => migrate(fresh.url)))
    expect(done.filter((applied) => applied.length > 0)).toEqual([expect.arrayContaining(['0000_tables'])])
    expect(await fresh.db.select().from(vault)).toEqual([])
    expect(await migrate(fresh.url)).toEqual([])
    await fresh.drop()
  })

  test('a database that a newer version has used is left alone', async () => {
    const fresh = await freshDatabase()
    await fresh.sql`insert into drizzle.__drizzle_migrations (hash, created_at) values ('of tomorrow', ${Date.UTC(2030, 0, 2)})`
    const error = await errorOf(migrate(fresh.url))
    expect(error).toBeInstanceOf(UnusableDatabase)
    expect(error.message).toMatch(
      /1 migration\(s\) this version does not know, the last from 2030-01-02: a newer version/,
    )
    await fresh.drop()
  })

  test('one that fails leaves nothing behind, not even those before it', async () => {
    const fresh = await freshDatabase({ tables: false })
    const folder = migrationFolder({
      '1_towns': 'create table towns (name text)',
      '2_broken': 'create table streets (name wrong)',
    })
    expect((await errorOf(migrate(fresh.url, folder))).message).toContain('type "wrong" does not exist')
    expect(await fresh.sql`select to_regclass('towns') as towns`).toEqual([{ towns: null }])
    await fresh.drop()
  })

  test('one that is older but was merged later is applied all the same', async () => {
    const fresh = await freshDatabase({ tables: false })
    const older = { '1_towns': 'create table towns (name text)' }
    const newer = {
      '2_streets': 'create table streets (name text);--> statement-breakpoint\ncreate index on streets (name)',
    }
    expect(await migrate(fresh.url, migrationFolder(newer))).toEqual(['2_streets'])
    expect(await migrate(fresh.url, migrationFolder({ ...older, ...newer }))).toEqual(['1_towns'])
    await fresh.drop()
  })

  test('while an older version sends, nothing is changed: it is waited for, then told what to do', async () => {
    const fresh = await freshDatabase()
    const folder = mkdtempSync(join(tmpdir(), 'migrations-'))
    folders.push(folder)
    cpSync('migrations', folder, { recursive: true })
    const journal = JSON.parse(readFileSync(join(folder, 'meta/_journal.json'), 'utf8'))
    const newest = { idx: journal.entries.length, version: '7', when: 9e12, tag: '9999_streets', breakpoints: true }
    writeFileSync(
      join(folder, 'meta/_journal.json'),
      JSON.stringify({ ...journal, entries: [...journal.entries, newest] }),
    )
    writeFileSync(join(folder, '9999_streets.sql'), 'create table streets (name text)')
    await fresh.sql`insert into senders (channel, leased_until) values ('arnsberg', now() + interval '1 hour')`

    const error = await errorOf(migrate(fresh.url, folder, 0))
    expect(error).toBeInstanceOf(UnusableDatabase)
    expect(error.message).toContain('Stop all processes of the older version')
    expect(await fresh.sql`select to_regclass('streets') as streets`).toEqual([{ streets: null }])
    expect(await migrate(fresh.url)).toEqual([]) // the same version beside it is welcome

    const waiting = migrate(fresh.url, folder)
    await fresh.sql`update senders set leased_until = 'epoch'`
    expect(await waiting).toEqual(['9999_streets'])
    await fresh.drop()
  })

  const folders: string[] = []
  afterAll(() => {
    for (const folder of folders) rmSync(folder, { recursive: true })
  })
  /** As drizzle-kit writes it: SQL files and a journal. Names begin with their date. */
  function migrationFolder(files: Record<string, string>) {
    const folder = mkdtempSync(join(tmpdir(), 'migrations-'))
    folders.push(folder)
    mkdirSync(join(folder, 'meta'))
    for (const [tag, text] of Object.entries(files)) writeFileSync(join(folder, `${tag}.sql`), text)
    const entries = Object.keys(files).map((tag, idx) => ({
      idx,
      version: '7',
      when: Number.parseInt(tag, 10),
      tag,
      breakpoints: true,
    }))
    writeFileSync(join(folder, 'meta/_journal.json'), JSON.stringify({ version: '7', dialect: 'postgresql', entries }))
    return folder
  }
})

describe('the look-up key', () => {
  const [first, second] = [newKey(), newKey()]

  test('is drawn once, however many processes start at once, and is not stored readable', async () => {
    const keys = await Promise.all(Array.from({ length: 8 }, () => loadLookupKey(db, [first])))
    expect(keys[0]).toHaveLength(32)
    expect(new Set(keys.map((key) => key.toString('hex'))).size).toBe(1)
    const [row] = await db.select().from(vault).where(eq(vault.name, 'lookup-key'))
    expect(row!.sealed).not.toContain(keys[0]!.toString('base64'))
  })

  test('survives a change of the data keys, after which the old one is not needed for it', async () => {
    const before = await loadLookupKey(db, [first])
    expect(await loadLookupKey(db, [second, first])).toEqual(before)
    expect(await loadLookupKey(db, [second])).toEqual(before)
    expect(openVault([second], before).fingerprint('phone', '1')).toEqual(
      openVault([first], before).fingerprint('phone', '1'),
    )
  })

  test('with the wrong data keys the service does not start, and says which one is missing', async () => {
    await loadLookupKey(db, [second, first])
    const error = await errorOf(loadLookupKey(db, [newKey()]))
    expect(error).toBeInstanceOf(UnusableDatabase)
    expect(error.message).toContain(`"${second.id}"`)
  })

  function newKey() {
    return parseDataKeys(generateDataKey()).keys[0]!
  }
})

async function errorOf(work: PromiseLike<unknown>): Promise<Error> {
  try {
    await work
  } catch (error) {
    return error as Error
  }
  throw new Error('it did not fail')
}
