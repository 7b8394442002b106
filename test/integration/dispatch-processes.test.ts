import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { registerChannels } from '../../src/channels/channels.ts'
import { countStates } from '../../src/dispatch/queue.ts'
import { inDeed } from '../../src/runtime.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { announce, approveTemplate, populate } from '../support/population.ts'
import { type Installation, install, type ServiceProcess, startProcess } from '../support/processes.ts'
import { openSink, type Sink, type SinkRecord } from '../support/sink.ts'
import { eventually } from '../support/stack.ts'

vi.setConfig({ testTimeout: 90_000 })

const TOWN = 'arnsberg'
const PEOPLE = 320
const PER_SECOND = 80

let database: TestDatabase
let sink: Sink
let installation: Installation
let hands: Awaited<ReturnType<Installation['open']>>
let crew: ServiceProcess[] = []

beforeAll(async () => {
  database = await freshDatabase()
  sink = await openSink({ latencyMs: 50 })
  installation = install({ databaseUrl: database.url, apiUrl: sink.url, perSecond: PER_SECOND })
  hands = await installation.open()
  await inDeed(hands, (deed) => registerChannels(deed, hands.channels.values()))
  await approveTemplate(hands, TOWN)
  await populate(hands, TOWN, PEOPLE)
})
/** Whoever is left goes on sending in the next story, unless this one went wrong. */
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await killAll()
})
afterAll(async () => {
  await killAll()
  await hands.close()
  await sink.close()
  installation.remove()
  await database.drop()
})

async function killAll() {
  for (const one of crew) one.kill('SIGKILL')
  await Promise.all(crew.map((one) => one.ended))
  crew = []
}

async function start(): Promise<ServiceProcess> {
  const started = startProcess(installation, 'dispatcher')
  crew.push(started)
  void started.ended.then(() => {
    crew = crew.filter((one) => one !== started)
  })
  await started.running
  return started
}

/** Two dispatchers; the first one sends, the other stands by. */
async function twoDispatchers(): Promise<[ServiceProcess, ServiceProcess]> {
  await sink.take()
  const first = crew[0] ?? (await start())
  await eventually(async () => {
    const [sender] = await hands.sql`select 1 from senders where channel = ${TOWN} and leased_until > now()`
    return sender
  })
  return [first, await start()]
}

const arrivals = (atLeast: number) => eventually(async () => (await sink.count()) >= atLeast, 20_000)
const settled = (id: string) =>
  eventually(async () => {
    const [row] = await hands.sql<{ status: string }[]>`select status from broadcasts where id = ${id}`
    return row?.status === 'done'
  }, 30_000)
const countsOf = async (id: string) => (await inDeed(hands, (deed) => countStates(deed, [id]))).get(id)!
const longestGap = (at: Float64Array) =>
  at.reduce((longest, t, i) => (i === 0 ? 0 : Math.max(longest, t - at[i - 1]!)), 0)
const repeats = ({ to }: SinkRecord) => to.length - new Set(to).size

test('kill -9 in the middle of a broadcast: another process goes on within two seconds, nobody gets it twice, nobody is forgotten', async () => {
  const [first] = await twoDispatchers()
  const id = await announce(hands, TOWN)
  await arrivals(100)
  first.kill('SIGKILL')
  await settled(id)
  const arrived = await sink.take()
  const counts = await countsOf(id)
  expect(repeats(arrived)).toBe(0)
  expect(counts.accepted + counts.unknown).toBe(PEOPLE)
  // In flight at that moment: 50 ms of answers under way, and a few hundredths of a second on the way to the wire.
  expect(counts.unknown).toBeLessThanOrEqual(PER_SECOND * 0.25)
  expect(PEOPLE - arrived.to.length).toBeLessThanOrEqual(counts.unknown)
  // The receiver's own lateness is not the dispatchers'.
  expect(longestGap(arrived.at) - arrived.stallMs).toBeLessThan(2000)
})

test('SIGTERM: what is handed over is finished, nothing is unknown, and another process goes on within two seconds', async () => {
  const [first] = await twoDispatchers()
  const id = await announce(hands, TOWN)
  await arrivals(100)
  const asked = Date.now()
  first.kill('SIGTERM')
  expect(await first.ended).toBe(0)
  expect(Date.now() - asked).toBeLessThan(10_000)
  await settled(id)
  const arrived = await sink.take()
  expect(arrived.to).toHaveLength(PEOPLE)
  expect(repeats(arrived)).toBe(0)
  expect(await countsOf(id)).toMatchObject({ accepted: PEOPLE, unknown: 0 })
  expect(longestGap(arrived.at) - arrived.stallMs).toBeLessThan(2000)
})

test('a process that was frozen beyond its lease hands over nothing that another one has taken', async () => {
  const [first] = await twoDispatchers()
  const id = await announce(hands, TOWN)
  await arrivals(100)
  first.kill('SIGSTOP')
  await arrivals(200)
  first.kill('SIGCONT')
  await settled(id)
  const arrived = await sink.take()
  expect(repeats(arrived)).toBe(0)
  const counts = await countsOf(id)
  expect(counts.accepted + counts.unknown).toBe(PEOPLE)
})
