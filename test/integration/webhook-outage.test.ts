import { afterAll, beforeAll, expect, test } from 'vitest'
import { openDb } from '../../src/db/db.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { type DatabaseProxy, openDatabaseProxy } from '../support/database-proxy.ts'
import { openWebhookDesk, type WebhookDesk } from '../support/webhook-desk.ts'

let direct: TestDatabase
let proxy: DatabaseProxy
let desk: WebhookDesk
const dora = { phone: '+4915112340004', name: 'Dora' }

beforeAll(async () => {
  direct = await freshDatabase()
  proxy = await openDatabaseProxy(direct.url)
  const database = openDb(proxy.url, { max: 5 })
  desk = await openWebhookDesk('arnsberg', {
    database: { ...database, url: proxy.url, drop: () => database.close() },
  })
})
afterAll(async () => {
  await proxy.up()
  await desk.close()
  await proxy.close()
  await direct.drop()
})

async function timed(post: Promise<number>): Promise<{ status: number; ms: number }> {
  const startedAt = performance.now()
  return { status: await post, ms: performance.now() - startedAt }
}

/** Everything that a webhook can leave behind, counted by the side door. */
async function traces() {
  const [row] = await direct.sql`
    select (select count(*)::int from contacts) as contacts, (select count(*)::int from subscriptions) as subscriptions,
      (select count(*)::int from consents) as consents, (select count(*)::int from received) as received,
      (select count(*)::int from outgoing where kind = 'reply') as replies`
  return row
}

const NOTHING = { contacts: 0, subscriptions: 0, consents: 0, received: 0, replies: 0 }
const ONCE = { contacts: 1, subscriptions: 1, consents: 1, received: 1, replies: 1 }

test.each<['refuses connections' | 'hangs', () => unknown]>([
  ['refuses connections', () => proxy.down()],
  ['hangs', () => proxy.hang()],
])(
  'while the database %s Meta gets 503 within a second, nothing is half done, and the repeats have their effect once',
  async (_, away) => {
    await direct.sql`truncate contacts, subscriptions, consent_details, received, notices, outgoing`
    await direct.sql`alter table consents disable trigger all`
    await direct.sql`truncate consent_heads`
    await direct.sql`delete from consents`
    await direct.sql`alter table consents enable trigger all`
    await desk.post(desk.bodies.statuses({ id: 'wamid.WARM', status: 'sent' }))
    const body = desk.bodies.text(dora, 'START')

    await away()
    const first = await timed(desk.post(body))
    expect(first.status).toBe(503)
    expect(first.ms).toBeLessThan(1000)
    const many = await Promise.all(
      Array.from({ length: 50 }, () => timed(desk.post(desk.bodies.statuses({ id: 'wamid.X', status: 'sent' })))),
    )
    expect(new Set(many.map(({ status }) => status))).toEqual(new Set([503]))
    expect(Math.max(...many.map(({ ms }) => ms))).toBeLessThan(1000)
    // What needs no database is answered as ever: what is not for us must not be repeated for days.
    expect(await desk.post({ object: 'page', entry: [] })).toBe(200)
    if (away.toString().includes('down')) expect(await traces()).toEqual(NOTHING)

    await proxy.up()
    await expect.poll(() => desk.post(body), { timeout: 15_000, interval: 100 }).toBe(200)
    expect(await Promise.all([desk.post(body), desk.post(body)])).toEqual([200, 200])
    expect(await traces()).toEqual(ONCE)
  },
)

test.each(['end', 'reset'] as const)(
  'a connection that breaks (%s) in the middle of a transaction leaves nothing half done',
  async (how) => {
    await direct.sql`truncate contacts, subscriptions, received, notices, outgoing`
    const body = desk.bodies.text({ phone: '+4915112340099' }, 'START')
    // Somebody else holds the ledger's end, so that the transaction stands still in its middle.
    await desk.post(desk.bodies.text(dora, 'START'))
    await direct.sql`truncate contacts, subscriptions, received, notices, outgoing`
    const holder = await direct.sql.reserve()
    await holder`begin`
    await holder`select from consent_heads for update`
    const answer = desk.post(body)
    await expect
      .poll(
        async () =>
          (
            await direct.sql`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
          ).length,
      )
      .toBe(1)
    await proxy.down(how)
    expect(await answer).toBe(503)
    await holder`rollback`
    holder.release()
    await proxy.up()
    await expect.poll(async () => (await traces())!.contacts).toBe(0)
    await expect.poll(() => desk.post(body), { timeout: 15_000, interval: 100 }).toBe(200)
    expect(await traces()).toMatchObject({ contacts: 1, subscriptions: 1, received: 1, replies: 1 })
  },
)
