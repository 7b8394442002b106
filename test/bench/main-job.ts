import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { registerChannels } from '../../src/channels/channels.ts'
import { startEmbedded } from '../../src/db/embedded.ts'
import { startEmulator } from '../../src/emulator/emulator.ts'
import { openLog } from '../../src/log.ts'
import { inDeed } from '../../src/runtime.ts'
import { announce, phoneOf, populate } from '../support/population.ts'
import { install, startProcess } from '../support/processes.ts'
import { worstWindow } from '../support/sink.ts'
import { eventually, pushTemplates } from '../support/stack.ts'
import { TOWN } from './bench-town.ts'
import type { Row } from './table.ts'

/** One broadcast through the emulator with all its webhooks, as a town would send it; the second time the process is killed in the middle. */
export async function mainJobBench(): Promise<Row[]> {
  return [...(await job(2000, 500, null)), ...(await job(500, 100, 250))]
}

async function job(people: number, perSecond: number, killAfter: number | null): Promise<Row[]> {
  const dir = await mkdtemp(join(tmpdir(), 'whatsup-bench-'))
  const server = await startEmbedded({ dataDir: dir, log: openLog('silent') })
  const emulator = await startEmulator({
    appSecret: 'app-secret',
    verifyToken: 'verify-token',
    webhookUrl: 'http://127.0.0.1:9',
    accounts: [
      {
        name: 'WhatsUp Arnsberg',
        businessAccountId: '100000000000019',
        phoneNumberId: '200000000000019',
        displayPhoneNumber: '+492932201100',
        accessToken: 'token-of-arnsberg',
        messagesPerSecond: 1000,
      },
    ],
  })
  const installation = install({ databaseUrl: server.url, apiUrl: emulator.url, perSecond })
  const hands = await installation.open()
  let service = startProcess(installation, 'all')
  try {
    await inDeed(hands, (deed) => registerChannels(deed, hands.channels.values()))
    await pushTemplates(hands)
    await populate(hands, TOWN, people)
    emulator.setWebhookUrl(`${await service.running}/webhooks/whatsapp`)
    await eventually(
      async () => (await hands.sql`select 1 from templates where status = 'APPROVED' limit 1`).length > 0,
    )
    const startedAt = Date.now()
    const id = await announce(hands, TOWN)
    if (killAfter !== null) {
      await eventually(() => emulator.sends().length >= killAfter, 60_000)
      service.kill('SIGKILL')
      await service.ended
      service = startProcess(installation, 'all')
      emulator.setWebhookUrl(`${await service.running}/webhooks/whatsapp`)
    }
    await eventually(
      async () => (await hands.sql`select 1 from broadcasts where id = ${id} and status = 'done'`).length > 0,
      120_000,
    )
    const seconds = (Date.now() - startedAt) / 1000
    await emulator.idle()
    const [counts] = await hands.sql<{ all: number; read: number; delivered: number; unknown: number; rest: number }[]>`
      select count(*)::int as all, count(*) filter (where status = 'read')::int as read,
        count(*) filter (where status = 'delivered')::int as delivered, count(*) filter (where status = 'unknown')::int as unknown,
        count(*) filter (where status not in ('read', 'delivered', 'unknown'))::int as rest
      from outgoing where broadcast_id = ${id}`
    const taken = emulator.sends().filter(({ wamid }) => wamid !== '')
    const times = new Map<string, number>()
    for (const { recipient } of taken) times.set(recipient, (times.get(recipient) ?? 0) + 1)
    const missing = Array.from({ length: people }, (_, n) => phoneOf(n).slice(1)).filter((phone) => !times.has(phone))
    const twice = [...times.values()].filter((n) => n > 1).length
    const worst = worstWindow(emulator.sends().map(({ at }) => at))
    const status = await readFile(`/proc/${service.pid}/status`, 'utf8')
    const what = `${people} recipients at ${perSecond}/s${killAfter === null ? '' : `, kill -9 after ${killAfter} and a restart`}`
    return [
      { what, value: seconds, unit: `s until done: ${JSON.stringify(counts)}` },
      { what: '  got it twice', value: twice, unit: '', goal: '= 0', met: twice === 0 },
      {
        what: '  never handed over, and not listed as unknown',
        value: Math.max(0, missing.length - counts!.unknown),
        unit: `unknown ${counts!.unknown}`,
        goal: '= 0',
        met: missing.length <= counts!.unknown,
      },
      {
        what: '  fullest second',
        value: worst,
        unit: `of ${perSecond}`,
        goal: `≤ ${perSecond}`,
        met: worst <= perSecond,
      },
      { what: '  memory of the service', value: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024, unit: 'MB' },
    ]
  } finally {
    service.kill('SIGTERM')
    await service.ended
    await hands.close()
    await emulator.stop()
    installation.remove()
    await server.stop()
    await rm(dir, { recursive: true, force: true })
  }
}
