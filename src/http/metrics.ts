import { createHash, timingSafeEqual } from 'node:crypto'
import { type Context, Hono } from 'hono'
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import { overdueSeconds } from '../broadcasts/starting.ts'
import { backlog } from '../dispatch/backlog.ts'
import type { Runtime } from '../runtime.ts'
import { answerProblem, problemDocument } from './problem.ts'

/** Counters for others to count with, and the page that shows everything. Labels are words of ours, never anything of a citizen. */
export interface Metrics {
  /** One request of Meta's, by how it was answered. */
  webhook(result: string): void
  /** One event in such a request, by our name for its type; `foreign` for another number's. */
  event(type: string, count?: number): void
  /** One message handed to WhatsApp, by what came of it. */
  sent(channel: string, verdict: string): void
  /** One event posted to an inbox, by what came of it. */
  forwarded(channel: string, outcome: string): void
  /** The Prometheus text format. */
  page(): Promise<string>
}

/** Opens the metrics of one process; what concerns all processes is read from the database when the page is asked for. */
export function openMetrics({ db, now }: Pick<Runtime, 'db' | 'now'>): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const counter = <L extends string>(name: string, help: string, labelNames: L[]) =>
    new Counter({ name, help, labelNames, registers })
  const webhooks = counter('whatsup_webhooks_total', 'Requests of Meta to our webhook', ['result'])
  const events = counter('whatsup_webhook_events_total', 'Events in these requests', ['type'])
  const sends = counter('whatsup_sends_total', 'Messages handed to WhatsApp', ['channel', 'verdict'])
  const forwards = counter('whatsup_inbox_posts_total', 'Events posted to an inbox', ['channel', 'outcome'])
  new Gauge({
    name: 'whatsup_outgoing_queued',
    help: 'Messages waiting to leave',
    labelNames: ['channel', 'lane'],
    registers,
    async collect() {
      this.reset()
      for (const { channel, lane, queued } of await backlog(db)) this.set({ channel, lane }, queued)
    },
  })
  new Gauge({
    name: 'whatsup_broadcast_overdue_seconds',
    help: 'How long the oldest due broadcast has been waiting for its start; above a few seconds nobody looks after them',
    registers,
    async collect() {
      this.set(await overdueSeconds(db, now()))
    },
  })
  return {
    webhook: (result) => webhooks.inc({ result }),
    event: (type, count = 1) => events.inc({ type }, count),
    sent: (channel, verdict) => sends.inc({ channel, verdict }),
    forwarded: (channel, outcome) => forwards.inc({ channel, outcome }),
    page: () => registry.metrics(),
  }
}

/** `/metrics`: for whoever has the token; without METRICS_TOKEN for this machine alone. */
export function metricsDoor({ settings }: Pick<Runtime, 'settings'>, metrics: Metrics) {
  return new Hono().get('/', async (c) => {
    const token = settings.metricsToken?.reveal()
    if (token === undefined && !isLoopback(c)) return answerProblem(problemDocument('role-too-low'))
    if (token !== undefined && !holds(token, c.req.header('authorization')))
      return answerProblem(problemDocument('not-signed-in'))
    return c.body(await metrics.page(), 200, {
      'content-type': 'text/plain; version=0.0.4; charset=utf-8',
      'cache-control': 'no-store',
    })
  })
}

function holds(token: string, header: string | undefined): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(`Bearer ${token}`), digest(header ?? ''))
}

/** A proxy on this machine speaks for somebody else, and says so. */
function isLoopback(c: Context): boolean {
  if (['forwarded', 'x-forwarded-for', 'x-real-ip'].some((name) => c.req.header(name) !== undefined)) return false
  const incoming = (c.env as { incoming?: { socket?: { remoteAddress?: string } } } | undefined)?.incoming
  return /^(127\.|::1$|::ffff:127\.)/.test(incoming?.socket?.remoteAddress ?? '')
}
