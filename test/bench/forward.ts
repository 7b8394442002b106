import { randomUUID } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startDue } from '../../src/broadcasts/starting.ts'
import { received } from '../../src/chats/events.ts'
import { wake } from '../../src/dispatch/queue.ts'
import { inDeed } from '../../src/runtime.ts'
import { announce } from '../support/population.ts'
import { startProcess } from '../support/processes.ts'
import { openSink, type Sink } from '../support/sink.ts'
import { type BenchTown, openTown, TOWN } from './bench-town.ts'
import { median, type Row } from './table.ts'

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3)
/** So much has to be handed over each second, and a running broadcast must not feel it. */
const PER_SECOND = 500

/** Citizens' messages on their way to an inbox that answers at once: how fast, and what that costs a broadcast on its way. */
export async function forwardBench(events = 10_000, people = 1200, perSecond = 200): Promise<Row[]> {
  const town = await openTown(people, perSecond)
  const inbox = await openSink({ countOnly: true })
  await town.sink.set({ countOnly: true })
  addChat(town, inbox)
  const broadcasts = []
  for (let n = 0; n <= 3 * ROUNDS; n++)
    broadcasts.push(await announce(town.hands, TOWN, new Date(Date.now() + 3_600_000)))
  const service = startProcess(town.installation, 'dispatcher')
  try {
    await service.running
    await handOver(town, inbox, 1000) // warm
    await broadcastSeconds(town, broadcasts.pop()!, people)
    const speeds: number[] = []
    for (let round = 0; round < ROUNDS; round++) speeds.push(await handOver(town, inbox, events))

    const alone: number[] = []
    const beside: number[] = []
    let together = Number.POSITIVE_INFINITY
    for (let round = 0; round < ROUNDS; round++) {
      alone.push(await broadcastSeconds(town, broadcasts.pop()!, people))
      const feed = startFeed(town, inbox)
      beside.push(await broadcastSeconds(town, broadcasts.pop()!, people))
      together = Math.min(together, await feed.stop())
    }
    const slower = (median(beside) / median(alone) - 1) * 100
    return [
      {
        what: `hand-over of ${events} messages of ${events / 4} chats to an inbox that answers at once`,
        value: median(speeds),
        unit: '/s',
        goal: `≥ ${PER_SECOND}`,
        met: median(speeds) >= PER_SECOND,
      },
      {
        what: `  a broadcast at ${perSecond}/s beside ${PER_SECOND} of them a second is slower by`,
        value: slower,
        unit: `% of ${median(alone).toFixed(1)} s`,
        goal: '≤ 10',
        met: slower <= 10,
      },
      {
        what: '  handed over meanwhile',
        value: together,
        unit: '/s at worst',
        goal: `≥ ${PER_SECOND * 0.9}`,
        met: together >= PER_SECOND * 0.9,
      },
    ]
  } finally {
    service.kill('SIGTERM')
    await service.ended
    await inbox.close()
    await town.close()
  }
}

/** The town also has a chat, whose inbox is the given one. */
function addChat({ installation }: BenchTown, inbox: Sink): void {
  const secret = `whsec_${Buffer.from('the inbox of a bench of thirty-two').toString('base64')}`
  const file = join(installation.env.CHANNELS_DIR!, `${TOWN}.yaml`)
  const chat = `  chat:\n    join: [chat]\n    leave: [stop chat]\n    inbox: { url: "${inbox.url}/messages", secret: "${secret}" }\n`
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^privacy:/m, `${chat}privacy:`))
}

/** Puts so many events of a quarter as many chats into the queue, in one go. */
async function enqueueEvents(town: BenchTown, count: number): Promise<void> {
  const { sql, vault } = town.hands
  const chats = Array.from({ length: Math.ceil(count / 4) }, () => randomUUID())
  const sealed = Array.from({ length: count }, (_, n) =>
    vault.seal(JSON.stringify(eventOf(chats[n % chats.length]!, n))),
  )
  await sql`
    insert into outgoing (channel, kind, chat_id, contact_id, not_before, created_at, payload_sealed)
    select ${TOWN}, 'inbox', chat, chat, now(), now(), sealed
    from unnest(${sealed.map((_, n) => chats[n % chats.length]!)}::uuid[], ${sealed}::text[]) as e(chat, sealed)`
  await inDeed(town.hands, (deed) => wake(deed, [TOWN]))
}

const eventOf = (chatId: string, n: number) =>
  received(new Date(), {
    channel: TOWN,
    chat: {
      id: chatId,
      openedAt: new Date().toISOString(),
      replyUntil: new Date().toISOString(),
      replyUrl: `/api/v1/chats/${chatId}/messages`,
    },
    contact: { id: chatId, name: 'Anna', phone: '+4915112340001', userId: null },
    message: {
      id: randomUUID(),
      at: new Date().toISOString(),
      type: 'text',
      text: `In der Ruhrstraße ist die Laterne Nummer ${n} ausgefallen, und das schon seit einer Woche.`,
      replyTo: null,
      media: null,
    },
  })

async function arrived(sink: Sink, count: number): Promise<Float64Array> {
  while ((await sink.count()) < count) await new Promise((resolve) => setTimeout(resolve, 20))
  return (await sink.take()).at
}

/** Messages per second, by the inbox's own clock from the first to the last. */
async function handOver(town: BenchTown, inbox: Sink, count: number): Promise<number> {
  await inbox.take()
  await enqueueEvents(town, count)
  const at = await arrived(inbox, count)
  return ((count - 1) / (at.at(-1)! - at[0]!)) * 1000
}

/** From the first to the last message of a broadcast, by the receiver's clock. */
async function broadcastSeconds(town: BenchTown, id: string, people: number): Promise<number> {
  await town.sink.take()
  await town.hands.sql`update broadcasts set due_at = now() - interval '1 second' where id = ${id}`
  await startDue(town.hands)
  const at = await arrived(town.sink, people)
  await town.hands.sql`update broadcasts set status = 'done', due_at = null, finished_at = now() where id = ${id}`
  return (at.at(-1)! - at[0]!) / 1000
}

/** Citizens write without a pause. `stop` answers with the rate at which the inbox got it. */
function startFeed(town: BenchTown, inbox: Sink): { stop(): Promise<number> } {
  const STEP_MS = 100
  let on = true
  let fed = 0
  const feeding = (async () => {
    await inbox.take()
    const began = performance.now()
    while (on) {
      const due = Math.floor(((performance.now() - began) / 1000) * PER_SECOND) - fed
      if (due > 0) await enqueueEvents(town, due)
      fed += Math.max(due, 0)
      await new Promise((resolve) => setTimeout(resolve, STEP_MS))
    }
  })()
  return {
    stop: async () => {
      on = false
      await feeding
      const at = await arrived(inbox, fed)
      return ((fed - 1) / (at.at(-1)! - at[0]!)) * 1000
    },
  }
}
