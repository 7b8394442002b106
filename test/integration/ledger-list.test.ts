import { drizzle } from 'drizzle-orm/postgres-js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connect } from '../../src/db/db.ts'
import { inDeed } from '../../src/runtime.ts'
import { historyOf, ledgerOf } from '../../src/subscriptions/ledger.ts'
import { openTestRuntime, type TestRuntime } from '../support/runtime.ts'

const SUBJECT = '00000000-0000-4000-8000-000000000001'
let runtime: TestRuntime
let own: ReturnType<typeof connect>
beforeAll(async () => {
  runtime = await openTestRuntime()
  own = connect(runtime.database.url, 2) // Drizzle changes how the client it gets reads dates
  await runtime.sql`
    insert into consents (channel, seq, subject, offering, action, at, source, notice_version, hash)
    select 'arnsberg', i, case when i = 7 then ${SUBJECT}::uuid else gen_random_uuid() end, 'info', 'granted',
      ${runtime.now()}::timestamptz - (i * 7919 % 5000) * interval '1 minute', 'keyword', '2026-11', '\\x00'
    from generate_series(1, 5000) i`
  await runtime.sql`analyze consents`
})
afterAll(async () => {
  await own.end()
  await runtime.close()
})

type Ledger = typeof ledgerOf

/** How PostgreSQL carries out the first statement of a verb. */
async function planOf(verb: (deed: Parameters<Ledger>[0]) => Promise<unknown>): Promise<string> {
  const asked: { query: string; params: unknown[] }[] = []
  const logger = { logQuery: (query: string, params: unknown[]) => void asked.push({ query, params }) }
  await inDeed({ ...runtime, db: drizzle(own, { logger }) }, verb)
  const { query, params } = asked.find((one) => one.query.startsWith('select'))!
  const rows = await runtime.sql.unsafe<{ 'QUERY PLAN': string }[]>(`explain ${query}`, params as string[])
  return rows.map((row) => row['QUERY PLAN']).join('\n')
}

test('a page of the ledger is read from an index in its order, however long the ledger is', async () => {
  const [first] = await runtime.act((deed) => ledgerOf(deed, 'arnsberg', { limit: 1 }))
  for (const before of [undefined, first]) {
    const plan = await planOf((deed) => ledgerOf(deed, 'arnsberg', { limit: 51, before }))
    expect(plan).toContain('Index Scan Backward using consents_newest')
    expect(plan).not.toMatch(/Sort|Seq Scan|Filter/)
  }
})

test('what one person agreed to is found by an index', async () => {
  const plan = await planOf((deed) => historyOf(deed, 'arnsberg', [SUBJECT]))
  expect(plan).toContain('consents_subject')
  expect(plan).not.toContain('Seq Scan')
})
