import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { readMigrationFiles } from 'drizzle-orm/migrator'
import type { TransactionSql } from 'postgres'
import { connect, type Sql } from './db.ts'
import { UnusableDatabase } from './unusable.ts'

/** The same two levels up from `src/db` and from `dist/db`. */
const MIGRATIONS = fileURLToPath(new URL('../../migrations', import.meta.url))
const OLDEST_POSTGRES = 14
/** Any fixed number will do; all processes of this product must agree on it. */
const LOCK = 7_219_650_401
/** A process that was asked to end may go on sending for ten seconds; one that was killed holds its lease for less than two. */
const ENDING_MS = 15_000
const LOOK_AGAIN_MS = 250

/**
 * Brings the database up to date, all or nothing; any number of processes may call it at once.
 * Kept where drizzle-kit keeps it (`drizzle.__drizzle_migrations`), but compared by content, not by date: two branches may merge in any order.
 * While somebody sends, nothing is changed: a process of the version before would not fill what is new.
 * @param waitMs for those who send to end
 * @returns names of the migrations applied by this call
 * @throws UnusableDatabase if PostgreSQL is too old, the database was changed by a version that we do not know, or an older one goes on sending
 */
export async function migrate(url: string, folder = MIGRATIONS, waitMs = ENDING_MS): Promise<string[]> {
  const names = namesIn(folder)
  const known = readMigrationFiles({ migrationsFolder: folder }).map((file, index) => ({
    ...file,
    name: names[index]!,
  }))
  const sql = connect(url, 1)
  try {
    const [{ version }] = await sql<[{ version: number }]>`select current_setting('server_version_num')::int as version`
    if (version < OLDEST_POSTGRES * 10_000)
      throw new UnusableDatabase(
        `The database runs PostgreSQL ${Math.floor(version / 10_000)}, which is too old: version ${OLDEST_POSTGRES} or newer is needed.`,
      )
    for (const end = Date.now() + waitMs; ; await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS))) {
      const applied = await applyMissing(sql, known)
      if (applied !== 'in-use') return applied
      if (Date.now() >= end)
        throw new UnusableDatabase(
          'An older version is still sending from this database, and this one would change its tables. ' +
            'Stop all processes of the older version, then start this one. Nothing was changed.',
        )
    }
  } finally {
    await sql.end({ timeout: 5 })
  }
}

function namesIn(folder: string): string[] {
  const journal = `${folder}/meta/_journal.json`
  if (!existsSync(journal)) throw new Error(`There are no migrations in ${folder}`)
  const { entries }: { entries: { tag: string }[] } = JSON.parse(readFileSync(journal, 'utf8'))
  return entries.map(({ tag }) => tag)
}

/** The name of the last migration of this version: what it expects of a database. */
export const newestMigration = (): string => namesIn(MIGRATIONS).at(-1)!

type Migration = ReturnType<typeof readMigrationFiles>[number] & { name: string }

const applyMissing = (sql: Sql, known: readonly Migration[]): Promise<string[] | 'in-use'> =>
  sql.begin(async (tx) => {
    await tx`select pg_advisory_xact_lock(${LOCK})`
    await tx`create schema if not exists drizzle`
    await tx`create table if not exists drizzle.__drizzle_migrations (id serial primary key, hash text not null, created_at bigint)`
    const applied = await tx<{ hash: string; createdAt: string }[]>`
        select hash, created_at as "createdAt" from drizzle.__drizzle_migrations order by created_at`
    const strange = applied.filter(({ hash }) => !known.some((migration) => migration.hash === hash))
    if (strange.length > 0)
      throw new UnusableDatabase(
        `The database carries ${strange.length} migration(s) this version does not know, the last from ${day(strange.at(-1)!.createdAt)}: ` +
          'a newer version has used it, or a migration file was changed afterwards. Start that version, or restore a backup from before.',
      )
    const missing = known.filter(({ hash }) => !applied.some((row) => row.hash === hash))
    if (missing.length > 0 && applied.length > 0 && (await isSending(tx))) return 'in-use' as const
    for (const { sql: statements, hash, folderMillis } of missing) {
      for (const statement of statements) await tx.unsafe(statement)
      await tx`insert into drizzle.__drizzle_migrations (hash, created_at) values (${hash}, ${folderMillis})`
    }
    return missing.map(({ name }) => name)
  })

/** Does a process hold a channel's lease? It is renewed all the time, also while there is nothing to send. */
async function isSending(tx: TransactionSql): Promise<boolean> {
  const [{ there } = { there: false }] = await tx<
    { there: boolean }[]
  >`select to_regclass('public.senders') is not null as there`
  if (!there) return false
  return (await tx`select from senders where leased_until > clock_timestamp() limit 1`).length > 0
}

const day = (millis: number | string) => new Date(Number(millis)).toISOString().slice(0, 10)
