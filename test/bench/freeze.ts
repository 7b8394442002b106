import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { request } from 'undici'
import { startDue } from '../../src/broadcasts/starting.ts'
import { announce, phoneOf } from '../support/population.ts'
import { startProcess } from '../support/processes.ts'
import { openTown, TOWN } from './bench-town.ts'
import { median, quantile, type Row } from './table.ts'

/** Freezing an audience against the bare statement, and a large one beside other work. */
export async function freezeBench(people = 200_000, large = 1_000_000): Promise<Row[]> {
  return [...(await againstBare(people)), ...(await besideOtherWork(large))]
}

async function againstBare(people: number, rounds = 3): Promise<Row[]> {
  const town = await openTown(people)
  const { sql } = town.hands
  const ratios: number[] = []
  try {
    for (let round = 0; round < rounds; round++) {
      await sql`create table bare (like outgoing including all)`
      await sql`alter table bare set (fillfactor = 40)`
      await sql`checkpoint`.catch(() => {}) // only for those who may
      const bareMs = await timed(
        () => sql`insert into bare (channel, kind, broadcast_id, contact_id, created_at)
          select 'arnsberg', 'broadcast', '00000000-0000-0000-0000-000000000001', contact_id, now() from subscriptions where left_at is null`,
      )
      await sql`drop table bare`
      await announce(town.hands, TOWN)
      const oursMs = await timed(() => startDue(town.hands))
      ratios.push(bareMs / oursMs)
      await sql`update broadcasts set status = 'done', finished_at = now() where status = 'sending'`
    }
  } finally {
    await town.close()
  }
  const ratio = median(ratios)
  return [
    {
      what: `start of ${people} recipients`,
      value: ratio,
      unit: '× bare INSERT … SELECT',
      goal: '≥ 0.5',
      met: ratio >= 0.5,
    },
  ]
}

async function besideOtherWork(people: number): Promise<Row[]> {
  const town = await openTown(people, 80)
  try {
    const service = startProcess(town.installation, 'all')
    const url = await service.running
    await new Promise((resolve) => setTimeout(resolve, 3000))
    const before = rssMb(service.pid)
    const id = await announce(town.hands, TOWN)
    let peak = before
    const webhooks: number[] = []
    const replies: number[] = []
    for (let i = 0; ; i++) {
      await town.sink.take()
      const asked = performance.timeOrigin + performance.now()
      webhooks.push(await timed(() => writes(url, phoneOf(people - 1 - i), `wamid.in${i}`)))
      const [row] = await town.hands.sql<{ status: string }[]>`select status from broadcasts where id = ${id}`
      if (row!.status !== 'scheduled' && row!.status !== 'starting') break
      for (let waited = 0; waited < 5000; waited += 5) {
        if ((await town.sink.count()) > 0) break
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
      replies.push((await town.sink.take()).at[0]! - asked)
      peak = Math.max(peak, rssMb(service.pid))
    }
    for (let i = 0; i < 50; i++) {
      await new Promise((resolve) => setTimeout(resolve, 100))
      peak = Math.max(peak, rssMb(service.pid))
    }
    service.kill('SIGTERM')
    await service.ended
    const worstWebhook = quantile(webhooks, 0.99)
    const worstReply = quantile(replies, 0.99)
    return [
      {
        what: `start of ${people}: growth of the service`,
        value: peak - before,
        unit: 'MB',
        goal: '≤ 50',
        met: peak - before <= 50,
      },
      {
        what: '  a webhook meanwhile, p99',
        value: worstWebhook,
        unit: `ms of ${webhooks.length}`,
        goal: '≤ 250',
        met: worstWebhook <= 250,
      },
      {
        what: '  a reply meanwhile, p99',
        value: worstReply,
        unit: `ms of ${replies.length}`,
        goal: '≤ 250',
        met: worstReply <= 250,
      },
    ]
  } finally {
    await town.close()
  }
}

async function writes(url: string, phone: string, wamid: string): Promise<void> {
  const body = JSON.stringify({
    object: 'whatsapp_business_account',
    entry: [
      {
        id: '100000000000019',
        changes: [
          {
            field: 'messages',
            value: {
              messaging_product: 'whatsapp',
              metadata: { display_phone_number: '492932201100', phone_number_id: '200000000000019' },
              contacts: [{ profile: { name: 'Anna' }, wa_id: phone.slice(1) }],
              messages: [
                {
                  from: phone.slice(1),
                  id: wamid,
                  timestamp: String(Math.floor(Date.now() / 1000)),
                  type: 'text',
                  text: { body: 'HILFE' },
                },
              ],
            },
          },
        ],
      },
    ],
  })
  const signature = createHmac('sha256', 'app-secret').update(body).digest('hex')
  const answer = await request(`${url}/webhooks/whatsapp`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${signature}` },
    body,
  })
  await answer.body.dump()
  if (answer.statusCode !== 200) throw new Error(`the webhook was answered with ${answer.statusCode}`)
}

async function timed(act: () => PromiseLike<unknown>): Promise<number> {
  const startedAt = performance.now()
  await act()
  return performance.now() - startedAt
}

function rssMb(pid: number): number {
  return (Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * 4096) / 2 ** 20
}
