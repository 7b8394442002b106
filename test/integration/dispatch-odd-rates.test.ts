import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { startDue } from '../../src/broadcasts/starting.ts'
import { registerChannels } from '../../src/channels/channels.ts'
import type { Sql } from '../../src/db/db.ts'
import { openDispatcher } from '../../src/dispatch/dispatch.ts'
import { countStates, enqueue } from '../../src/dispatch/queue.ts'
import { consequences } from '../../src/intake/outcomes.ts'
import { inDeed } from '../../src/runtime.ts'
import { textMessage } from '../../src/whatsapp/messages.ts'
import { freshDatabase } from '../support/database.ts'
import { openDatabaseProxy } from '../support/database-proxy.ts'
import { announce, approveTemplate, phoneOf, populate } from '../support/population.ts'
import { install } from '../support/processes.ts'
import { openSink } from '../support/sink.ts'
import { eventually } from '../support/stack.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/** A dispatcher of one town whose broadcast to so many people has just begun. */
async function sending(apiUrl: string, perSecond: number, people: number, before = async (_sql: Sql) => {}) {
  const database = await freshDatabase()
  const proxy = await openDatabaseProxy(database.url)
  const installation = install({ databaseUrl: proxy.url, apiUrl, perSecond })
  const hands = await installation.open()
  closing.push(
    () => database.drop(),
    () => proxy.close(),
    () => installation.remove(),
    () => hands.close(),
    () => hands.whatsapp.close(0),
  )
  await inDeed(hands, (deed) => registerChannels(deed, hands.channels.values()))
  await approveTemplate(hands, 'arnsberg')
  await populate(hands, 'arnsberg', people)
  const id = await announce(hands, 'arnsberg')
  await startDue(hands)
  await before(database.sql)
  const dispatcher = await openDispatcher(hands, { consequences })
  closing.push(() => dispatcher.stop(0))
  const counts = async () => (await inDeed(hands, (deed) => countStates(deed, [id]))).get(id)!
  return { hands, dispatcher, counts, proxy, database }
}

async function sinkWith(latencyMs: number) {
  const sink = await openSink({ latencyMs })
  closing.push(() => sink.close())
  return sink
}

test.each([1, 2])('at %i a second each message leaves at its first attempt', async (perSecond) => {
  const sink = await sinkWith(0)
  const { hands, counts } = await sending(sink.url, perSecond, 4)
  await eventually(async () => (await counts()).accepted === 4)
  expect((await sink.take()).to).toHaveLength(4)
  const again = await hands.sql`select from outgoing where attempts <> 1 or not_before is not null`
  expect(again).toHaveLength(0)
})

test('an answer leaves although a broadcast fills every connection and nobody answers', async () => {
  const sink = await sinkWith(60_000)
  const { hands } = await sending(sink.url, 1000, 700)
  await eventually(async () => (await sink.count()) === 512)
  const [citizen] = await hands.sql<{ id: string }[]>`
    select id from contacts where phone_hash = ${hands.vault.fingerprint('phone', phoneOf(3))}`
  await inDeed(hands, (deed) =>
    enqueue(deed, [{ channel: 'arnsberg', kind: 'reply', contactId: citizen!.id, payload: textMessage('Gern.') }]),
  )
  await eventually(async () => (await sink.count()) === 513)
  expect((await sink.take()).to.at(-1)).toBe(phoneOf(3))
})

test('who never got a connection by the end goes back to the queue: nothing was written to them', async () => {
  const silent = createServer(() => {}) // takes connections, but never comes to terms about TLS
  await once(silent.listen(0, '127.0.0.1'), 'listening')
  closing.push(() => silent.close())
  const { dispatcher, counts } = await sending(`https://127.0.0.1:${(silent.address() as AddressInfo).port}`, 80, 20)
  await eventually(async () => (await counts()).sending === 20)
  await dispatcher.stop(1500)
  expect(await counts()).toMatchObject({ queued: 20, unknown: 0, sending: 0 })
})

test('a hand-over that the database carries out after its connection was cut leaves nobody behind', async () => {
  const sink = await sinkWith(0)
  const { counts, proxy, database } = await sending(sink.url, 80, 60, async (sql) => {
    // As a commit that waits for a disk or a replica.
    await sql`create sequence handed_over`
    await sql.unsafe(`
      create function wait_once() returns trigger language plpgsql as $$ begin
        if nextval('handed_over') = 20 then perform pg_sleep(1); end if;
        return null;
      end $$;
      create constraint trigger wait_once after update of status on outgoing deferrable initially deferred
        for each row when (new.status = 'sending') execute function wait_once();`)
  })
  await eventually(async () => Number((await database.sql`select last_value as n from handed_over`)[0]!.n) >= 20)
  proxy.cut()
  await eventually(async () => (await counts().catch(() => null))?.accepted === 60)
  const arrived = (await sink.take()).to
  expect([arrived.length, new Set(arrived).size]).toEqual([60, 60])
})

test('an answer leaves although hundreds to somebody else wait for one another', async () => {
  const sink = await sinkWith(80)
  const { hands } = await sending(sink.url, 200, 2)
  await eventually(async () => (await sink.count()) === 2)
  const [anna, bernd] = await hands.sql<{ id: string }[]>`select id from contacts`
  const say = (to: string, times: number) =>
    inDeed(hands, (deed) =>
      enqueue(
        deed,
        Array.from({ length: times }, () => ({
          channel: 'arnsberg',
          kind: 'reply',
          contactId: to,
          payload: textMessage('Gern.'),
        })),
      ),
    )
  await say(anna!.id, 400)
  await eventually(async () => (await sink.count()) >= 4)
  await say(bernd!.id, 1)
  const statesOf = (to: string) =>
    hands.sql`select status from outgoing where contact_id = ${to} and kind = 'reply' and status <> 'queued'`
  await eventually(async () => (await statesOf(bernd!.id)).length === 1)
  expect((await statesOf(anna!.id)).length).toBeLessThan(60)
})
