import { type SSEStreamingApi, streamSSE } from 'hono/streaming'
import { failuresOf } from '../broadcasts/failures.ts'
import { view } from '../broadcasts/views.ts'
import { inDeed, type Runtime } from '../runtime.ts'
import { StateBadge } from './broadcast-list.tsx'
import { decidableAt, Steps } from './broadcast-steps.tsx'
import { share } from './format.ts'
import type { Office, OfficeContext } from './office.ts'
import { Figures, standing } from './progress.tsx'

const RUNNING_MS = 1000
const QUIET_MS = 5000
/** Then the browser asks again by itself, and whoever was shut out meanwhile stays out. */
const LONGEST_MS = 2 * 60_000

/** Server-sent events with the state of one broadcast, as ready-made pieces of the page; one at once, then whenever it changed. */
export const liveRoute = (runtime: Runtime) => async (c: OfficeContext) => {
  const office = c.get('office')
  const id = c.req.param('id') ?? ''
  let next = await pieceOf(runtime, office, id)
  c.header('cache-control', 'no-store')
  // Proxies that collect answers would hold back what is meant for now.
  c.header('x-accel-buffering', 'no')
  return streamSSE(c, async (stream) => {
    const until = Date.now() + LONGEST_MS
    let before = ''
    while (!stream.aborted && !stream.closed && Date.now() < until) {
      const data = JSON.stringify(next.piece)
      if (data !== before) await stream.writeSSE({ event: 'stand', data })
      else await stream.writeSSE({ event: 'da', data: '' })
      before = data
      await pause(stream, next.running ? RUNNING_MS : QUIET_MS)
      const later = await pieceOf(runtime, office, id).catch(() => null)
      if (!later) return // deleted, or no database: the browser asks again
      next = later
    }
  })
}

async function pieceOf(runtime: Runtime, office: Office, id: string) {
  const { channel } = office
  const { seen, failures, decidable } = await inDeed(runtime, async (deed) => {
    const seen = await view(deed, channel, id)
    const failures = seen.counts.failed > 0 ? await failuresOf(deed, channel.slug, id) : []
    return { seen, failures, decidable: await decidableAt(deed, seen) }
  })
  const { recipients, queued, sending } = seen.counts
  const done = recipients - queued - sending
  // Read out at every tenth only: more would drown everything else.
  const tenth = recipients === 0 ? 0 : Math.floor((done / recipients) * 10) * 10
  return {
    running: seen.status === 'sending',
    piece: {
      status: seen.status,
      badge: (<StateBadge status={seen.status} />).toString(),
      figures: (<Figures view={seen} failures={failures} zone={channel.timezone} />).toString(),
      steps: (<Steps office={office} view={seen} failures={failures} decidableAt={decidable} />).toString(),
      says: seen.status === 'sending' ? `${tenth} Prozent bearbeitet` : standing(seen, channel.timezone),
      title: recipients > 0 && seen.status === 'sending' ? share(done, recipients) : '',
    },
  }
}

async function pause(stream: SSEStreamingApi, ms: number): Promise<void> {
  const step = 250
  for (let waited = 0; waited < ms && !stream.aborted; waited += step) await stream.sleep(step)
}
