import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { buildApp } from '../app.ts'
import type { Channel } from '../channels/channel.ts'
import { registerChannels } from '../channels/channels.ts'
import { checkNumber } from '../channels/number-check.ts'
import { chatwootPost } from '../chats/chatwoot.ts'
import { officeDoor } from '../console/console.tsx'
import { isDatabaseAway } from '../db/db.ts'
import { openDispatcher } from '../dispatch/dispatch.ts'
import { openForwarder } from '../dispatch/forward.ts'
import { openMetrics } from '../http/metrics.ts'
import { receiveRaw, type WebhookDoor, webhookRoutes } from '../http/whatsapp-webhook.ts'
import { openIntake } from '../intake/open.ts'
import { consequences } from '../intake/outcomes.ts'
import { keepTimetable, readTemplates } from '../jobs/timetable.ts'
import { inDeed, type Runtime } from '../runtime.ts'
import { siteDoor } from '../site/site.tsx'
import { within } from './within.ts'

export type ServiceRole = 'all' | 'web' | 'dispatcher'

export interface Service {
  /** Where it listens; null for a dispatcher, which has no doors. */
  url: string | null
  /** Finishes what is handed over, at most seven seconds, then closes the doors. */
  stop(): Promise<void>
}

/** What is handed over has so long for its answer, once we are to end; two more seconds are for noting what came of it. */
const GRACE_MS = 5000

/** How long the start waits for Meta before it opens the doors anyway. */
const FIRST_CHECK_MS = 5000

/** Runs the service in this process: doors for `web`, sending and the timetable for `dispatcher`, both for `all`. */
export async function startService(runtime: Runtime, role: ServiceRole = 'all'): Promise<Service> {
  await inDeed(runtime, (deed) => registerChannels(deed, runtime.channels.values()))
  const metrics = openMetrics(runtime)
  await within(FIRST_CHECK_MS, askMeta(runtime))
  const sending = role === 'web' ? null : await startSending(runtime, metrics)
  // Whoever cannot open its doors must end, not stay and send.
  const doors =
    role === 'dispatcher'
      ? null
      : await openDoors(runtime, metrics).catch(async (error) => {
          await sending?.stop()
          throw error
        })
  runtime.log.info({ role, url: doors?.url, channels: runtime.channels.size }, 'WhatsUp is running')
  return {
    url: doors?.url ?? null,
    async stop() {
      await sending?.stop()
      await doors?.close()
      runtime.log.info('WhatsUp has stopped')
    },
  }
}

/** Number and templates of every channel, so that the first answers are true. What fails is tried again by the timetable. */
async function askMeta(runtime: Runtime): Promise<void> {
  const failed = (what: string, channel: Channel) => (error: unknown) =>
    runtime.log.warn({ err: error, channel: channel.slug }, `${what} not read yet`)
  await Promise.all(
    [...runtime.channels.values()].flatMap((channel) => [
      checkNumber(runtime, channel).catch(failed('number', channel)),
      readTemplates(runtime, channel).catch(failed('templates', channel)),
    ]),
  )
}

async function startSending(runtime: Runtime, metrics: ReturnType<typeof openMetrics>) {
  const forwarders = new Map(
    [...runtime.channels.values()]
      .filter((channel) => channel.offerings.chat)
      .map((channel) => [
        channel.slug,
        openForwarder({
          runtime,
          channel,
          post: chatwootPost(runtime, channel),
          onOutcome: (outcome) => metrics.forwarded(channel.slug, outcome),
        }),
      ]),
  )
  let hurry = () => {}
  let isStopping = false
  const dispatcher = await openDispatcher(runtime, {
    consequences,
    onLease: (channel, held) => {
      const forwarder = forwarders.get(channel)
      // A lease that is won in the moment of the stop is given back: nobody would wait for a lane begun now.
      if (!held) void forwarder?.stop()
      else if (!isStopping) forwarder?.start()
    },
    onWake: (channel) => {
      forwarders.get(channel)?.wake()
      hurry()
    },
    onVerdict: metrics.sent,
  })
  const timetable = keepTimetable(runtime)
  hurry = timetable.hurry
  return {
    async stop() {
      isStopping = true
      await Promise.all([
        within(GRACE_MS, timetable.stop()),
        dispatcher.stop(GRACE_MS),
        ...[...forwarders.values()].map((forwarder) => forwarder.stop()),
      ])
    },
  }
}

async function openDoors(runtime: Runtime, metrics: ReturnType<typeof openMetrics>) {
  const { settings, log } = runtime
  const intake = openIntake(runtime, {
    readTemplates: (channel) => {
      readTemplates(runtime, channel).catch((error) =>
        log.warn({ err: error, channel: channel.slug }, 'templates not read'),
      )
    },
    count: metrics.event,
  })
  const door: WebhookDoor = {
    appSecrets: settings.whatsapp.appSecrets.map((secret) => secret.reveal()),
    verifyToken: settings.whatsapp.verifyToken.reveal(),
    intake,
    log,
    isDatabaseAway,
    count: metrics.webhook,
  }
  const listener = getRequestListener(
    buildApp(runtime, { metrics, webhook: webhookRoutes(door), office: officeDoor(runtime), site: siteDoor(runtime) })
      .fetch,
  )
  const server = createServer((request, response) => {
    if (request.method === 'POST' && request.url?.split('?')[0] === '/webhooks/whatsapp')
      receiveRaw(door, request, response)
    else listener(request, response)
  })
  // Longer than clients and proxies keep theirs: a connection that we close just as a webhook is put on it would cost Meta a repeat.
  server.keepAliveTimeout = 75_000
  await listen(server, settings.port, settings.host)
  const { port } = server.address() as AddressInfo
  return { url: `http://${urlHost(settings.host)}:${port}`, close: () => close(server) }
}

const urlHost = (host: string) => (host.includes(':') ? `[${host}]` : host)

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
}

/** Lets running requests end, but no longer than a second: a stream of events would never end by itself. */
async function close(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve))
  server.closeIdleConnections()
  await within(1000, closed)
  server.closeAllConnections()
}
