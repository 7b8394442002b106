import { Agent, Pool } from 'undici'
import { type Answered, readAnswer, readSendAnswer, type SendResult, Unsayable } from './answers.ts'
import { Connections } from './connections.ts'
import { type Call, type Exchange, exchange } from './exchange.ts'
import type { Loose } from './loose.ts'
import { type Management, managementOf } from './management.ts'
import { type MediaAccess, mediaOf } from './media.ts'

export type ClientOptions = {
  /** `https://graph.facebook.com`, or the emulator; may carry a path. */
  baseUrl: string
  /** `v26.0` */
  version: string
  /** Messages under way at the same time, for all `numbers` unless said otherwise; more wait inside, so a sender hands over no more. */
  connections?: number
  /** How many numbers send, default 1: none waits for the others. */
  numbers?: number
  /** Until the head of an answer, default 30 s. */
  timeoutMs?: number
}

/** What one number may have under way at the same time: messages of broadcasts, and besides them replies. */
export const BROADCASTS_AT_ONCE = 512
export const REPLIES_AT_ONCE = 16

/** A number of ours and what opens it. */
export type Target = { phoneNumberId: string; businessAccountId: string; accessToken: string }

/** One call to the Graph API, for the parts of this folder. `path` starts with the id, without version. */
export type Graph = <T>(
  target: Pick<Target, 'accessToken'>,
  call: Pick<Call, 'method' | 'path'> & {
    json?: unknown
    body?: Uint8Array
    contentType?: string
    /** Default `Bearer`. */
    scheme?: 'Bearer' | 'OAuth'
    headers?: readonly string[]
  },
  read: (json: Loose) => T | undefined,
) => Promise<Answered<T>>

export type WhatsappClient = Management &
  MediaAccess & {
    /**
     * Hands one message over, once: no repeats, never rejects. Takes the JSON ready-made, since thousands go out per second.
     * Counts against the number's rate.
     * @param notAfterMs by `performance.now()`: what has not begun by then comes back as `not-sent`
     * @param mayStart asked right before the first byte is written, which may be later: a new connection takes its time; with `false` nothing is, and it
     *   comes back as `not-sent`
     */
    send(
      target: Pick<Target, 'phoneNumberId' | 'accessToken'>,
      bodyJson: string,
      notAfterMs?: number,
      mayStart?: () => unknown,
    ): Promise<SendResult>
    /** Waits for what is under way, at most `graceMs` (default: as long as it takes); what is cut off then comes back as `unknown`. */
    close(graceMs?: number): Promise<void>
  }

/** @throws TypeError if `baseUrl` is no URL */
export function openClient({
  baseUrl,
  version,
  numbers = 1,
  connections = numbers * (BROADCASTS_AT_ONCE + REPLIES_AT_ONCE),
  timeoutMs = 30_000,
}: ClientOptions): WhatsappClient {
  const base = new URL(baseUrl)
  const prefix = `${base.pathname.replace(/\/+$/, '')}/${version}`
  const connectTimeout = Math.min(10_000, timeoutMs)
  const options = { pipelining: 1, connectTimeout }
  const sending = new Connections(base, { connections, timeoutMs, connectTimeoutMs: connectTimeout })
  // Read receipts, templates and the like never wait behind a broadcast.
  const control = new Pool(base.origin, { ...options, connections: 8 })
  const downloads = new Agent({ ...options, connections: 16, headersTimeout: timeoutMs, bodyTimeout: timeoutMs })

  const graph: Graph = async (
    { accessToken },
    { method, path, json, body, contentType = 'application/json', scheme = 'Bearer', headers: more = [] },
    read,
  ) => {
    const headers = ['authorization', `${scheme} ${accessToken}`, 'accept', 'application/json', ...more]
    const content = json === undefined ? body : JSON.stringify(json)
    if (content !== undefined) headers.push('content-type', contentType)
    return readAnswer(
      await exchange(control, { method, path: `${prefix}/${path}`, headers, body: content, timeoutMs }),
      read,
    )
  }

  const heads = new WeakMap<object, string | null>()
  /** The same for all messages of a sender, so it is made once for each target object; null for what HTTP cannot say. */
  function headOf(target: Pick<Target, 'phoneNumberId' | 'accessToken'>): string | null {
    const known = heads.get(target)
    if (known !== undefined) return known
    const path = `${prefix}/${target.phoneNumberId}/messages`
    const isSayable = /^[!-~]+$/.test(path) && /^[ -~]+$/.test(target.accessToken)
    const head = isSayable
      ? `POST ${path} HTTP/1.1\r\nhost: ${base.host}\r\nconnection: keep-alive\r\nauthorization: Bearer ${target.accessToken}\r\ncontent-type: application/json\r\ncontent-length: `
      : null
    heads.set(target, head)
    return head
  }

  return {
    send(target, body, notAfterMs = Number.POSITIVE_INFINITY, mayStart) {
      const head = headOf(target)
      return new Promise((resolve) => {
        const answered = (exchange: Exchange) => resolve(readSendAnswer(exchange))
        if (head === null) return answered({ error: new Unsayable('id or token'), sentBytes: false })
        sending.ask({ text: `${head}${Buffer.byteLength(body)}\r\n\r\n${body}`, notAfterMs, mayStart, answered })
      })
    },
    ...managementOf(graph),
    ...mediaOf(graph, base, downloads),
    async close(graceMs) {
      const all = [sending, control, downloads]
      const cut = () => all.forEach((one) => void one.destroy())
      const timer = graceMs === undefined ? undefined : setTimeout(cut, graceMs)
      await Promise.all(all.map((one) => one.close().catch(() => {}))) // closed twice is closed
      clearTimeout(timer)
    },
  }
}
