import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { registerChannels } from '../../src/channels/channels.ts'
import { inDeed } from '../../src/runtime.ts'
import { freshDatabase } from '../support/database.ts'
import { type DatabaseProxy, openDatabaseProxy } from '../support/database-proxy.ts'
import { announce, approveTemplate, populate } from '../support/population.ts'
import { type Installation, install, type ServiceProcess, startProcess } from '../support/processes.ts'
import { openSink, type Sink } from '../support/sink.ts'
import { eventually } from '../support/stack.ts'

vi.setConfig({ testTimeout: 90_000 })

let sink: Sink
beforeAll(async () => {
  sink = await openSink({ latencyMs: 50 })
})
afterAll(() => sink.close())

type Story = { proxy: DatabaseProxy; installation: Installation; start: (role: 'all' | 'dispatcher') => ServiceProcess }

/** A town of its own whose database can be taken away. */
async function withTown(story: (town: Story) => Promise<void>): Promise<void> {
  const database = await freshDatabase()
  const proxy = await openDatabaseProxy(database.url)
  const installation = install({ databaseUrl: proxy.url, apiUrl: sink.url, perSecond: 40 })
  const crew: ServiceProcess[] = []
  const start = (role: 'all' | 'dispatcher') => {
    const started = startProcess(installation, role)
    crew.push(started)
    return started
  }
  try {
    await story({ proxy, installation, start })
  } finally {
    for (const one of crew) one.kill('SIGKILL')
    await Promise.all(crew.map((one) => one.ended))
    await proxy.close()
    installation.remove()
    await database.drop()
  }
}

/** A process in the middle of a broadcast: messages are on the wire, outcomes are to be written. */
async function sending({ installation, start }: Story, role: 'all' | 'dispatcher'): Promise<ServiceProcess> {
  const hands = await installation.open()
  await inDeed(hands, (deed) => registerChannels(deed, hands.channels.values()))
  await approveTemplate(hands, 'arnsberg')
  await populate(hands, 'arnsberg', 1000)
  const process = start(role)
  await process.running
  await announce(hands, 'arnsberg')
  await eventually(async () => {
    const [some] = await hands.sql`select from outgoing where status = 'accepted'`
    return some
  }, 30_000)
  await hands.close()
  return process
}

async function endsWell(process: ServiceProcess): Promise<void> {
  const asked = Date.now()
  process.kill('SIGTERM')
  expect(await process.ended, process.output()).toBe(0)
  expect(Date.now() - asked).toBeLessThan(10_000)
}

describe.concurrent('whoever is asked to end, ends with 0 within ten seconds', () => {
  test('although the database has gone away', () =>
    withTown(async (town) => {
      const process = await sending(town, 'all')
      await town.proxy.down('reset')
      await endsWell(process)
    }))

  test('although the database hangs', () =>
    withTown(async (town) => {
      const process = await sending(town, 'dispatcher')
      town.proxy.hang()
      await endsWell(process)
    }))

  test('although the database has just restarted', () =>
    withTown(async (town) => {
      const process = await sending(town, 'dispatcher')
      for (let restarts = 0; restarts < 5; restarts++) {
        await town.proxy.down('reset')
        await town.proxy.up()
      }
      await endsWell(process)
    }))

  test('although the database hung when it started', () =>
    withTown(async (town) => {
      town.proxy.hang()
      const process = town.start('dispatcher')
      await eventually(() => town.proxy.connections() > 0, 30_000)
      await endsWell(process)
    }))
})
