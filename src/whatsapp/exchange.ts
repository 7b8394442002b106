import type { Dispatcher, Pool } from 'undici'

/** What came of one HTTP request: an answer, or an error with the word whether the other side can have seen the request. */
export type Exchange =
  | { status: number; body: string; retryAfter: string | undefined }
  | { error: Error; sentBytes: boolean }

export type Call = {
  method: 'GET' | 'POST' | 'DELETE'
  path: string
  headers: string[]
  body?: string | Uint8Array
  timeoutMs: number
}

/** Beyond this an answer is none of Meta's; it would only fill our memory. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024

/**
 * One request on the pool, once: no repeats, no redirects. Never rejects. Waiting for a free connection does not count against
 * `timeoutMs`, which bounds the wait for the head of the answer and each pause within its body.
 * Built on `dispatch`, since only that tells whether a byte has left.
 */
export const exchange = (pool: Pool, call: Call): Promise<Exchange> =>
  new Promise((resolve) => {
    const { method, path, headers, body, timeoutMs } = call
    pool.dispatch(
      { method, path, headers, body, headersTimeout: timeoutMs, bodyTimeout: timeoutMs },
      new Answer(resolve),
    )
  })

class Answer implements Dispatcher.DispatchHandler {
  readonly #resolve: (exchange: Exchange) => void
  #started = false
  #status = 0
  #retryAfter: string | undefined
  #chunks: Buffer[] = []
  #bytes = 0

  constructor(resolve: (exchange: Exchange) => void) {
    this.#resolve = resolve
  }

  /** Right before the first byte is written. Whatever fails earlier (DNS, connect, TLS, a closed pool) cannot have reached the other side. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    // A second start would be a repeat on a new connection of what may have been received.
    if (this.#started) controller.abort(new Error('would repeat a request that may have been received'))
    this.#started = true
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: Record<string, unknown>): void {
    this.#status = status // comes several times with 1xx answers: the last one counts
    const wait = headers['retry-after']
    this.#retryAfter = typeof wait === 'string' ? wait : undefined
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length
    if (this.#bytes > MAX_ANSWER_BYTES) controller.abort(new Error('the answer is too large'))
    else this.#chunks.push(chunk)
  }

  onResponseEnd(): void {
    const [first] = this.#chunks
    const body = this.#chunks.length === 1 ? first! : Buffer.concat(this.#chunks)
    this.#resolve({ status: this.#status, body: body.toString('utf8'), retryAfter: this.#retryAfter })
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#resolve({ error, sentBytes: this.#started })
  }
}

/** Seconds or a date of `Retry-After` as milliseconds from now, at most an hour; absent when it is neither. */
export function retryAfterMs(header: string | undefined, nowMs: number = Date.now()): number | undefined {
  if (header === undefined) return undefined
  const wait = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - nowMs
  return Number.isFinite(wait) ? Math.min(Math.max(wait, 0), 3_600_000) : undefined
}
