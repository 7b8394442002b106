import { Hono } from 'hono'
import type { StaffAuth } from './access/staff-auth.ts'
import { apiDoor } from './http/api.ts'
import { healthDoor } from './http/health.ts'
import { type Metrics, metricsDoor } from './http/metrics.ts'
import { answerProblem, onError, problemDocument } from './http/problem.ts'
import type { Runtime } from './runtime.ts'
import { disclosureDoor } from './site/disclosure.tsx'

/** What the command that starts the service adds to the doors that are always there. */
export type Parts = {
  metrics: Metrics
  /** How people of the office sign in; one-time links if absent. */
  auth?: StaffAuth
  /** Has `/webhooks/whatsapp`. */
  webhook?: Hono
  /** `/office` */
  office?: Hono
  /** `/` and `/{channel}`: mounted last, since it takes every path that is left. */
  site?: Hono
}

/** All doors of the service on one router; serves nothing yet. */
export function buildApp(runtime: Runtime, parts: Parts): Hono {
  const app = new Hono()
  app.onError(onError(runtime.log))
  app.notFound(() => answerProblem(problemDocument('unknown-route')))
  app.route('/health', healthDoor(runtime))
  app.route('/metrics', metricsDoor(runtime, parts.metrics))
  if (parts.webhook) app.route('/', parts.webhook)
  app.route('/api', apiDoor(runtime, parts.auth))
  if (parts.office) app.route('/office', parts.office)
  app.route('/', disclosureDoor(runtime))
  if (parts.site) app.route('/', parts.site)
  return app
}
