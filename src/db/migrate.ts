import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { readMigrationFiles } from 'drizzle-orm/migrator'
import { connect } from './db.ts'
import { UnusableDatabase } from './unusable.ts'

/** The same two levels up from `src/db` and from `dist/db`. */
const MIGRATIONS = fileURLToPath(new URL('../../migrations', import.meta.url))
const OLDEST_POSTGRES = 14
/** Any fixed number will do; all processes of this product must agree on it. */
const LOCK = 7_219_650_401

/**
 * Brings the database up to date, all or nothing; any number of processes may call it at once.
 * Kept where drizzle-kit keeps it (`drizzle.__drizzle_migrations`), but compared by content, not by date: two branches may merge in any order.
 * @returns names of the migrations applied by this call
 * @throws UnusableDatabase if PostgreSQL is too old or the database was changed by a version that we do not know
 */
export async function migrate(url: string, folder = MIGRATIONS): Promise<string[]> {
  const journal = `${folder}/meta/_journal.json`
  if (!existsSync(journal)) throw new Error(`There are no migrations in ${folder}`)
  const names: { tag: string }[] = JSON.parse(readFileSync(journal, 'utf8')).entries
  const known = readMigrationFiles({ migrationsFolder: folder }).map((file, index) => ({
    ...file,
    name: names[index]!.tag,
  }))
  const sql = connect(url, 1)
  try {
    const [{ version }] = await sql<[{ version: number }]>`select current_setting('server_version_num')::int as version`
    if (version < OLDEST_POSTGRES * 10_000)
      throw new UnusableDatabase(
        `The database runs PostgreSQL ${Math.floor(version / 10_000)}, which is too old: version ${OLDEST_POSTGRES} or newer is needed.`,
      )
    return await sql.begin(async (tx) => {
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
      for (const { sql: statements, hash, folderMillis } of missing) {
        for (const statement of statements) await tx.unsafe(statement)
        await tx`insert into drizzle.__drizzle_migrations (hash, created_at) values (${hash}, ${folderMillis})`
      }
      return missing.map(({ name }) => name)
    })
  } finally {
    await sql.end({ timeout: 5 })
  }
}

const day = (millis: number | string) => new Date(Number(millis)).toISOString().slice(0, 10)
