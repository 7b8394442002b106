import { Webhook } from 'standardwebhooks'
import { Agent, type Dispatcher } from 'undici'

/** One event for one inbox. `body` is the JSON as it is signed and sent; `id` stays the same over all attempts. */
export type InboxPost = { url: string; secret: string; id: string; timestamp: Date; body: string }

/**
 * `delivered`: a 2xx in time. `gone`: 410, the inbox wants nothing any more. `retry`: everything else, redirects included.
 * `reason` and `answer` are for the office; `answer` is the inbox's and is not to be logged.
 */
export type InboxResult = { verdict: 'delivered' | 'retry' | 'gone'; status?: number; reason: string; answer?: string }

export type InboxClient = {
  /** One attempt; never rejects. */
  post(post: InboxPost): Promise<InboxResult>
  /** Waits for what is under way, at most `graceMs` (default: as long as it takes). */
  close(graceMs?: number): Promise<void>
}

const MAX_ANSWER_BYTES = 64 * 1024

/**
 * Posts signed events by Standard Webhooks (standardwebhooks.com).
 * @param timeoutMs for the whole attempt up to the head of the answer, connecting included
 */
export function openInboxClient({ timeoutMs = 10_000 }: { timeoutMs?: number } = {}): InboxClient {
  // One pool per origin, so that an inbox that hangs holds up nobody else's. undici follows no redirects by itself: the signed body must
  // not wander to an address that nobody configured.
  const agent = new Agent({ connections: 32, pipelining: 1, connectTimeout: timeoutMs })
  return {
    async post({ url, secret, id, timestamp, body }) {
      const deadline = AbortSignal.timeout(timeoutMs)
      try {
        const { origin, pathname, search } = new URL(url)
        const headers = {
          'content-type': 'application/json',
          'user-agent': 'whatsup-arnsberg',
          'webhook-id': id,
          'webhook-timestamp': String(Math.floor(timestamp.getTime() / 1000)),
          'webhook-signature': new Webhook(secret).sign(id, timestamp, body),
        }
        const path = pathname + search
        const response = await agent.request({ origin, path, method: 'POST', headers, body, signal: deadline })
        return { ...judged(response.statusCode), answer: await cut(response.body) }
      } catch (error) {
        return { verdict: 'retry', reason: deadline.aborted ? 'timeout' : reasonOf(error) }
      }
    },
    async close(graceMs) {
      const timer = graceMs === undefined ? undefined : setTimeout(() => void agent.destroy(), graceMs)
      await agent.close()
      clearTimeout(timer)
    },
  }
}

function judged(status: number): InboxResult {
  if (status >= 200 && status < 300) return { verdict: 'delivered', status, reason: 'ok' }
  return { verdict: status === 410 ? 'gone' : 'retry', status, reason: `HTTP ${status}` }
}

/** The start of an answer. Its status already decided, so an answer that breaks off or never ends changes nothing. */
async function cut(body: Dispatcher.ResponseData['body']): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of body) {
      chunks.push(chunk)
      bytes += chunk.length
      if (bytes >= MAX_ANSWER_BYTES) break // leaving the loop closes the connection
    }
  } catch {}
  return Buffer.concat(chunks).subarray(0, MAX_ANSWER_BYTES).toString('utf8')
}

/** The system's word for it (ECONNREFUSED, …): messages of errors may quote addresses. */
function reasonOf(error: unknown): string {
  const { code, name } = error as { code?: unknown; name?: unknown }
  return typeof code === 'string' ? code : String(name ?? 'error')
}
