import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { startDue } from '../../src/broadcasts/starting.ts'
import { registerChannels } from '../../src/channels/channels.ts'
import { DailyLimit } from '../../src/dispatch/daily-limit.ts'
import { openDispatcher } from '../../src/dispatch/dispatch.ts'
import { countStates, enqueue } from '../../src/dispatch/queue.ts'
import { strangerOf } from '../../src/dispatch/reached.ts'
import { consequences } from '../../src/intake/outcomes.ts'
import { inDeed } from '../../src/runtime.ts'
import { textMessage } from '../../src/whatsapp/messages.ts'
import { freshDatabase } from '../support/database.ts'
import { announce, approveTemplate, phoneOf, populate } from '../support/population.ts'
import { install } from '../support/processes.ts'
import { eventually } from '../support/stack.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/** WhatsApp refuses the first messages and takes all others, each after a moment in which more are on their way. */
async function receiver({ refused = 0, afterMs = 0 }: { refused?: number; afterMs?: number }) {
  const taken: string[] = []
  let n = 0
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const isTaken = ++n > refused
      if (isTaken) taken.push(JSON.parse(Buffer.concat(chunks).toString()).to)
      const answer = isTaken ? { messages: [{ id: `wamid.${n}` }] } : { error: { code: 131026 } }
      setTimeout(() => response.writeHead(isTaken ? 200 : 400).end(JSON.stringify(answer)), afterMs)
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  closing.push(() => server.close())
  return { taken, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

/** A town with so many subscribers and this daily limit, whose broadcasts have begun before anything is sent. */
async function town(apiUrl: string, { people, limit, runs }: { people: number; limit: number; runs: number }) {
  const database = await freshDatabase()
  const installation = install({ databaseUrl: database.url, apiUrl, perSecond: 200 })
  const hands = await installation.open()
  closing.push(
    () => database.drop(),
    () => installation.remove(),
    () => hands.close(),
    () => hands.whatsapp.close(0),
  )
  await inDeed(hands, (deed) => registerChannels(deed, hands.channels.values()))
  await approveTemplate(hands, 'arnsberg')
  await populate(hands, 'arnsberg', people)
  await hands.sql`update channels set daily_limit = ${limit}`
  const ids: string[] = []
  for (let run = 0; run < runs; run++) ids.push(await announce(hands, 'arnsberg'))
  await startDue(hands)
  const single = ({ kind, phone }: { kind: 'test' | 'reply'; phone: string }) => {
    const countsAs = kind === 'test' ? strangerOf(hands.vault, phone) : undefined
    return inDeed(hands, (deed) =>
      enqueue(deed, [{ channel: 'arnsberg', kind, payload: textMessage('Test'), address: { phone }, countsAs }]),
    )
  }
  return {
    hands,
    ids,
    async send() {
      const dispatcher = await openDispatcher(hands, { consequences })
      closing.push(() => dispatcher.stop(0))
    },
    counts: async (id = ids[0]!) => (await inDeed(hands, (deed) => countStates(deed, [id]))).get(id)!,
    /** To somebody of the office, whom no broadcast goes to. */
    testTo: (n: number) => single({ kind: 'test', phone: phoneOf(1000 + n) }),
    answerTo: (n: number) => single({ kind: 'reply', phone: phoneOf(1000 + n) }),
  }
}

test('of two messages to one person under way together, a refused one takes back nothing of the other', async () => {
  const whatsapp = await receiver({ refused: 3, afterMs: 200 })
  const { ids, send, counts, testTo, answerTo, hands } = await town(whatsapp.url, { people: 3, limit: 4, runs: 2 })
  await send()
  await eventually(async () => (await counts(ids[0])).failed === 3 && (await counts(ids[1])).accepted === 3)
  for (const n of [1, 2, 3]) await testTo(n)
  await eventually(() => whatsapp.taken.includes(phoneOf(1001)))
  const [{ n: waiting } = { n: 0 }] = await hands.sql<{ n: number }[]>`
    select count(*)::int as n from outgoing where kind = 'test' and status = 'queued'`
  expect(waiting).toBe(2)
  for (const n of [4, 5]) {
    await answerTo(n) // which leaves when the queue is looked at
    await eventually(() => whatsapp.taken.includes(phoneOf(1000 + n)))
  }
  expect(new Set(whatsapp.taken).size).toBe(4 + 2)
})

test('whoever counts already goes at once, however many stand before them who would cost room', async () => {
  const whatsapp = await receiver({})
  const { ids, send, counts, hands } = await town(whatsapp.url, { people: 3000, limit: 20, runs: 1 })
  // A test made them count an hour ago.
  await hands.sql`
    insert into outgoing (channel, kind, status, handed_over_at, counts_as)
    select 'arnsberg', 'test', 'sent', now() - interval '1 hour', contact_id from (
      select contact_id from outgoing where broadcast_id = ${ids[0]!} order by id desc limit 20) last`
  await send()
  await eventually(async () => (await counts()).accepted === 20)
  expect(await counts()).toMatchObject({ queued: 2980, sending: 0 })
})

test('who turns out not to have been reached makes room for another, as the forecast says', async () => {
  const whatsapp = await receiver({})
  const { ids, send, counts, hands } = await town(whatsapp.url, { people: 8, limit: 4, runs: 1 })
  await send()
  await eventually(async () => (await counts()).accepted === 4)
  await hands.sql`
    update outgoing set status = 'failed', error_code = 131026 where id in (
      select id from outgoing where broadcast_id = ${ids[0]!} and status = 'accepted' order by id limit 2)`
  await eventually(async () => (await counts()).accepted === 4)
  expect(await counts()).toMatchObject({ failed: 2, queued: 2 })
})

test('nobody makes room before WhatsApp, which got the message a moment later, has let 24 hours pass', async () => {
  const { hands } = await town('http://127.0.0.1:9', { people: 0, limit: 1, runs: 0 })
  const limit = new DailyLimit()
  const at = Date.now()
  await limit.load(hands.sql, 'arnsberg', 1, at)
  limit.count('anna', at)
  const DAY = 24 * 3_600_000
  expect([DAY, DAY + 4000, DAY + 6000].map((later) => limit.allows('bernd', at + later))).toEqual([false, false, true])
})
