import { Hono } from 'hono'
import { type ChannelHealth, channelHealth, isTokenRefused } from '../channels/channel-health.ts'
import type { Runtime } from '../runtime.ts'

const PATIENCE_MS = 2000

/** `/health/live`: the process answers. `/health/ready`: it can do its work; 503 without database, or with a channel whose token is refused. */
export const healthDoor = ({ db, channels }: Pick<Runtime, 'db' | 'channels'>) =>
  new Hono()
    .use(async (c, next) => {
      await next()
      c.header('cache-control', 'no-store')
    })
    .get('/live', (c) => c.json({ status: 'ok' }))
    .get('/ready', async (c) => {
      const states = await within(PATIENCE_MS, channelHealth(db, [...channels.keys()]))
      const checks = {
        database: { ok: states !== null },
        channels: Object.fromEntries([...(states ?? [])].map(([slug, state]) => [slug, checkOf(state)])),
      }
      const ready = states !== null && Object.values(checks.channels).every(({ ok }) => ok)
      return c.json({ status: ready ? 'ready' : 'not-ready', checks }, ready ? 200 : 503)
    })

/** A channel that was stopped for another reason does not make the service unready: its other work goes on. */
function checkOf(state: ChannelHealth) {
  if (isTokenRefused(state)) return { ok: false, problem: 'token-refused', since: state.stopped!.at.toISOString() }
  return state.stopped ? { ok: true, problem: 'stopped', since: state.stopped.at.toISOString() } : { ok: true }
}

/** The answer, or null if it fails or takes longer. */
async function within<T>(ms: number, answer: Promise<T>): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), ms)
  })
  try {
    return await Promise.race([answer.catch(() => null), late])
  } finally {
    clearTimeout(timer)
  }
}
