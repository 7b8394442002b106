import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { DailyLimit } from '../../src/dispatch/daily-limit.ts'
import { Recount } from '../../src/dispatch/recount.ts'
import { openLog } from '../../src/log.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { eventually } from '../support/stack.ts'

const ANNA = randomUUID()
const BERND = randomUUID()
const CLARA = randomUUID()
const RUN = randomUUID()
const OTHER_RUN = randomUUID()

let database: TestDatabase
beforeEach(async () => {
  database = await freshDatabase()
  vi.useFakeTimers({ toFake: ['performance'] })
})
afterEach(async () => {
  vi.useRealTimers()
  await database.drop()
})

/** Only the first of these broadcasts is being handed out, at a daily limit of one person. */
function sender() {
  const limit = new DailyLimit()
  const first: string[] = []
  let counted = 0
  const log: string[] = []
  const recount = new Recount({
    channel: 'arnsberg',
    sql: database.sql,
    now: () => new Date(),
    log: openLog('info', { write: (line) => log.push(line) }),
    limit,
    isRunning: (broadcastId) => broadcastId === RUN,
    putFirst: (known) => {
      first.push(...known.map(({ id }) => id))
      counted += 1
    },
  })
  return {
    recount,
    first,
    log,
    /** Has counted on behalf of somebody who waits. */
    hasCounted: () => counted === 1,
    look: () => recount.look(1),
    /** As the sender asks before each message. */
    mayReach(person: string): boolean {
      const may = limit.allows(person, Date.now())
      if (!may) recount.want()
      return may
    },
  }
}

const reached = (person: string) => database.sql`
  insert into outgoing (channel, kind, status, handed_over_at, counts_as) values ('arnsberg', 'test', 'sent', now(), ${person})`

const nobodyWasReached = () => database.sql`delete from outgoing where kind = 'test'`

/** Answers with the id of the person's row. */
async function waits(person: string, broadcastId = RUN): Promise<string> {
  await database.sql`
    insert into broadcasts (id, channel, title, template_name, template_language, audience, status, content_hash, created_by, changed_by,
      first_id, last_id, created_at, changed_at, started_at)
    values (${broadcastId}, 'arnsberg', 'Sturm', 'stadt_meldung', 'de', '{}', 'sending', '', 'anna', 'anna', 1, 9, now(), now(), now())
    on conflict do nothing`
  const [row] = await database.sql<{ id: string }[]>`
    insert into outgoing (channel, kind, broadcast_id, contact_id) values ('arnsberg', 'broadcast', ${broadcastId}, ${person}) returning id`
  return row!.id
}

/** Until it is let go, whoever reads the rows waits. */
async function withRowsLocked(then: () => Promise<void>): Promise<void> {
  await database.sql.begin(async (tx) => {
    await tx`lock table outgoing`
    await then()
  })
}

test('the rows are read again while somebody waits, but not at every look', async () => {
  const { look, mayReach } = sender()
  await reached(ANNA)
  await look()
  expect(mayReach(BERND)).toBe(false)
  await look() // at once: it has not been asked for before
  await nobodyWasReached()
  expect(mayReach(BERND)).toBe(false)
  vi.advanceTimersByTime(4900)
  await look()
  expect(mayReach(BERND)).toBe(false)
  vi.advanceTimersByTime(200)
  await look()
  expect(mayReach(BERND)).toBe(true)
})

test('counting that takes long is not waited for, and is repeated the more seldom', async () => {
  const { look, mayReach, hasCounted } = sender()
  await reached(ANNA)
  await look()
  expect(mayReach(BERND)).toBe(false)
  await withRowsLocked(async () => {
    await look()
    vi.advanceTimersByTime(1000)
  })
  await eventually(hasCounted)
  await nobodyWasReached()
  expect(mayReach(BERND)).toBe(false)
  vi.advanceTimersByTime(49_000)
  await look()
  expect(mayReach(BERND)).toBe(false)
  vi.advanceTimersByTime(2000)
  await look()
  expect(mayReach(BERND)).toBe(true)
})

test('whoever counts already is put first, but not who was picked meanwhile, nor for a broadcast that is not handed out', async () => {
  const { look, mayReach, hasCounted, recount, first } = sender()
  for (const person of [ANNA, BERND, CLARA]) await reached(person)
  const [anna, bernd] = [await waits(ANNA), await waits(BERND)]
  const [clara, others] = [await waits(CLARA), await waits(ANNA, OTHER_RUN)]
  await look()
  expect(first, 'nobody was kept back').toEqual([])
  expect(mayReach(randomUUID())).toBe(false)
  await withRowsLocked(async () => {
    await look()
    recount.picked(bernd)
  })
  await eventually(hasCounted)
  expect(first).toEqual([anna, clara])
  expect([anna, bernd, clara, others].map((id) => recount.has(id))).toEqual([true, false, true, false])
  recount.letGo(anna)
  expect(recount.has(anna)).toBe(false)
  recount.forget()
  expect(recount.has(clara)).toBe(false)
})

test('what could not be counted is said, lets nobody new through, and is tried at the next look', async () => {
  const { look, mayReach, log } = sender()
  await database.sql`alter table outgoing rename to away`
  await look()
  expect(log.map((line) => JSON.parse(line))).toMatchObject([{ level: 'warn', channel: 'arnsberg' }])
  expect(mayReach(ANNA)).toBe(false)
  await database.sql`alter table away rename to outgoing`
  await look()
  expect(mayReach(ANNA)).toBe(true)
})
