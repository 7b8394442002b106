import { randomBytes } from 'node:crypto'
import { inject } from 'vitest'
import { connect, type Database, openDb } from '../../src/db/db.ts'
import { withDatabase } from './context.ts'

export interface TestDatabase extends Database {
  url: string
  /** Closes both clients and removes the database. What a test forgets, the end of the run removes. */
  drop(): Promise<void>
}

/** An own database with all tables and no rows, or without tables; one per test file is the habit. Costs 20–50 ms. */
export async function freshDatabase({
  max = 5,
  tables = true,
}: {
  max?: number
  tables?: boolean
} = {}): Promise<TestDatabase> {
  const template = inject('template')
  const name = template.replace(/template$/, randomBytes(6).toString('hex'))
  await asAdmin((admin) => admin`create database ${admin(name)} template ${admin(tables ? template : 'template1')}`)
  const url = withDatabase(inject('adminUrl'), name)
  const database = openDb(url, { max })
  return {
    ...database,
    url,
    drop: async () => {
      await database.close()
      await asAdmin((admin) => dropForced(admin, name))
    },
  }
}

/** Takes every row away and lets the ids begin anew: for files with hundreds of stories, to which a database each would be too dear. */
export async function emptied(database: TestDatabase): Promise<TestDatabase> {
  await database.sql.begin(async (tx) => {
    const tables = await tx<{ name: string }[]>`select tablename as name from pg_tables where schemaname = 'public'`
    const deletes = tables.map(({ name }, i) => `d${i} as (delete from "${name}")`)
    await tx`alter table consents disable trigger user` // the ledger refuses it otherwise
    await tx.unsafe(
      `with ${deletes.join(', ')} select setval(sequencename::regclass, 1, false) from pg_sequences where schemaname = 'public'`,
    )
    await tx`alter table consents enable trigger user`
  })
  return { ...database, drop: async () => {} }
}

/** Autovacuum may be at work in it, which only a superuser could end: it leaves by itself, asked again a moment later. What stays, the run removes. */
async function dropForced(admin: ReturnType<typeof connect>, name: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await admin`drop database if exists ${admin(name)} with (force)`
      return
    } catch (error) {
      const busy = ['42501', '55006'].includes(String((error as { code?: unknown }).code))
      if (!busy || attempt === 20) throw error
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}

async function asAdmin(work: (admin: ReturnType<typeof connect>) => Promise<unknown>) {
  const admin = connect(inject('adminUrl'), 1)
  try {
    await work(admin)
  } finally {
    await admin.end()
  }
}
