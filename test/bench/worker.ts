/** One measured job in a process of its own, so that its CPU and memory are its alone. Job and answer travel by IPC. */
import PgBoss from 'pg-boss'
import { Pool } from 'undici'
import { finishDone } from '../../src/broadcasts/finishing.ts'
import { startDue } from '../../src/broadcasts/starting.ts'
import type { Channel } from '../../src/channels/channel.ts'
import { registerChannels } from '../../src/channels/channels.ts'
import { channelsFrom, openStore, settingsFrom } from '../../src/commands/open.ts'
import type { Vault } from '../../src/db/vault.ts'
import { openDispatcher } from '../../src/dispatch/dispatch.ts'
import { openInboxClient } from '../../src/inbox/client.ts'
import { consequences } from '../../src/intake/outcomes.ts'
import { openLog } from '../../src/log.ts'
import { inDeed, type Runtime } from '../../src/runtime.ts'
import { openClient } from '../../src/whatsapp/client.ts'
import { addresser } from '../../src/whatsapp/messages.ts'

export type Job =
  | PgBossJob
  | { job: 'pool'; url: string; connections: number; messages: number; body: string }
  | {
      job: 'dispatch'
      env: Record<string, string>
      connections: number
      messages: number
      perSecond: number
      warmUp: string | null
      broadcast: string
      /** Nothing is sealed: what encryption costs is the difference. */
      plain?: boolean
    }

export type PgBossJob = {
  job: 'pg-boss'
  databaseUrl: string
  url: string
  connections: number
  messages: number
  body: string
}

export type Measured = { ms: number; cpuMs: number; rssMb: number; peakRssMb: number }

async function measured(act: () => Promise<void>): Promise<Measured> {
  let peak = 0
  const watch = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss())
  }, 100)
  const cpu = process.cpuUsage()
  const startedAt = performance.now()
  await act()
  const used = process.cpuUsage(cpu)
  clearInterval(watch)
  return {
    ms: performance.now() - startedAt,
    cpuMs: (used.user + used.system) / 1000,
    rssMb: process.memoryUsage.rss() / 2 ** 20,
    peakRssMb: peak / 2 ** 20,
  }
}

/** The ceiling: as many requests as the pool can carry, nothing kept. */
async function bare({ url, connections, messages, body }: Job & { job: 'pool' }): Promise<Measured> {
  const pool = new Pool(url, { connections, pipelining: 1 })
  const render = addresser(JSON.parse(body))
  let sent = 0
  const lane = async () => {
    while (sent < messages) {
      const n = sent++
      const answer = await pool.request({
        method: 'POST',
        path: '/v26.0/200000000000019/messages',
        headers: ['authorization', 'Bearer token-of-arnsberg', 'content-type', 'application/json'],
        body: render({ phone: `+49151${20_000_000 + n}` }, `whatsup:${n}`),
      })
      JSON.parse(await answer.body.text())
    }
  }
  await Promise.all(Array.from({ length: connections }, lane)) // warm connections
  sent = 0
  const result = await measured(async () => {
    await Promise.all(Array.from({ length: connections }, lane))
  })
  await pool.close()
  return result
}

/** A vault that leaves everything as it is. */
const passThrough: Vault = {
  seal: (text) => `plain.${text}`,
  open: (sealed) => sealed.slice('plain.'.length),
  openAll: (all) => all.map((sealed) => sealed.slice('plain.'.length)),
  fingerprint: (_, text) => Buffer.from(text.slice(-16)),
}

/**
 * The same job with pg-boss: one job a message, fetched and completed in batches, four loops side by side, so that requests and statements overlap.
 * Its jobs are inserted before the clock starts, as our audience is frozen before it.
 */
async function withPgBoss({ databaseUrl, url, connections, messages, body }: PgBossJob): Promise<Measured> {
  const boss = new PgBoss({ connectionString: databaseUrl, max: 10 })
  await boss.start()
  const queue = `send${process.pid}`
  await boss.createQueue(queue)
  const pool = new Pool(url, { connections, pipelining: 1 })
  const render = addresser(JSON.parse(body))
  for (let from = 0; from < messages; from += 5000) {
    const size = Math.min(5000, messages - from)
    await boss.insert(
      Array.from({ length: size }, (_, i) => ({ name: queue, data: { phone: `+49151${20_000_000 + from + i}` } })),
    )
  }
  let done = 0
  const loop = async () => {
    for (;;) {
      const jobs = await boss.fetch<{ phone: string }>(queue, { batchSize: 500 })
      if (jobs.length === 0) return
      await Promise.all(
        jobs.map(async ({ id, data }) => {
          const answer = await pool.request({
            method: 'POST',
            path: '/v26.0/200000000000019/messages',
            headers: ['authorization', 'Bearer token-of-arnsberg', 'content-type', 'application/json'],
            body: render({ phone: data.phone }, id),
          })
          JSON.parse(await answer.body.text())
        }),
      )
      await boss.complete(
        queue,
        jobs.map(({ id }) => id),
      )
      done += jobs.length
    }
  }
  const result = await measured(async () => {
    await Promise.all([loop(), loop(), loop(), loop()])
  })
  if (done !== messages) throw new Error(`pg-boss did ${done} of ${messages}`)
  await pool.close()
  await boss.stop({ graceful: false })
  return result
}

async function dispatch({
  env,
  connections,
  messages,
  perSecond,
  warmUp,
  broadcast,
  plain,
}: Job & { job: 'dispatch' }): Promise<Measured> {
  const settings = settingsFrom(env)
  const log = openLog('warn')
  const store = await openStore(settings, log)
  const channels = new Map(
    [...channelsFrom(settings.channelsDir, env)].map(([slug, channel]): [string, Channel] => [
      slug,
      { ...channel, whatsapp: { ...channel.whatsapp, messagesPerSecond: perSecond } },
    ]),
  )
  const { apiUrl: baseUrl, apiVersion: version } = settings.whatsapp
  const whatsapp = openClient({ baseUrl, version, connections })
  const runtime: Runtime = {
    ...store,
    ...(plain ? { vault: passThrough } : {}),
    settings,
    channels,
    whatsapp,
    inbox: openInboxClient({ timeoutMs: 1000 }),
    log,
    now: () => new Date(),
  }
  await inDeed(runtime, (deed) => registerChannels(deed, channels.values()))
  /** The audience is frozen before the clock starts: that has a bench of its own. */
  const freeze = async (id: string) => {
    await runtime.sql`update broadcasts set due_at = now() - interval '1 second' where id = ${id}`
    await startDue(runtime)
  }
  const send = async () => {
    let sent = 0
    let finished = () => {}
    const all = new Promise<void>((resolve) => {
      finished = resolve
    })
    const dispatcher = await openDispatcher(runtime, {
      consequences,
      maxInFlight: connections,
      onVerdict: () => {
        if (++sent === messages) finished()
      },
    })
    await all
    await dispatcher.stop() // durable is what counts: it ends when every outcome is written
  }
  if (warmUp) {
    await freeze(warmUp)
    await send()
    await finishDone(runtime)
  }
  await freeze(broadcast)
  process.send?.({ frozen: true })
  await new Promise((resolve) => setTimeout(resolve, 500))
  const result = await measured(send)
  const [open] =
    await runtime.sql`select 1 from outgoing where broadcast_id = ${broadcast} and status in ('queued', 'sending') limit 1`
  if (open) throw new Error('not everything was written')
  await whatsapp.close()
  await store.close()
  return result
}

process.on('message', async (job: Job) => {
  try {
    const result =
      job.job === 'pool' ? await bare(job) : job.job === 'pg-boss' ? await withPgBoss(job) : await dispatch(job)
    process.send?.({ result })
  } catch (error) {
    process.send?.({ error: (error as Error).stack })
  }
})
process.on('disconnect', () => process.exit(0))
