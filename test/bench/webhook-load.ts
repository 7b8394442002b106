import { signatureOf } from '../../src/whatsapp/signature.ts'
import { RawPool } from '../support/raw-http.ts'

export type Load = { perSecond: number; failed: number; latencies: Float64Array }

const PATH = '/webhooks/whatsapp'
const HEAD = `{"object":"whatsapp_business_account","entry":[{"id":"100000000000019","changes":[{"field":"messages","value":{"messaging_product":"whatsapp","metadata":{"display_phone_number":"492932201100","phone_number_id":"200000000000019"},`
const TAIL = '}}]}]}'

export const bodyOf = (what: 'statuses' | 'messages', elements: readonly string[]): string =>
  `${HEAD}"${what}":[${elements.join(',')}]${TAIL}`

export const wamidOf = (outgoingId: number): string =>
  `wamid.HBgNNDkxNTEyMDAwMDAwMBUCABEYE${String(outgoingId).padStart(12, '0')}`

/** One status as Meta sends it, about a row of ours. */
export const statusOf = (outgoingId: number, state: string, seconds: number): string =>
  `{"id":"${wamidOf(outgoingId)}","status":"${state}","timestamp":"${seconds}","recipient_id":"4915120000000","recipient_user_id":"DE.1000000000000${outgoingId}","biz_opaque_callback_data":"whatsup:${outgoingId}","pricing":{"billable":true,"pricing_model":"PMP","type":"regular","category":"utility"}}`

export const textOf = (n: number, phone: string, words: string, seconds: number): string =>
  `{"from":"${phone.slice(1)}","id":"wamid.in.${n}","timestamp":"${seconds}","type":"text","text":{"body":"${words}"}}`

/** The signed request of one webhook. */
const requestOf = (body: string): string =>
  `POST ${PATH} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nx-hub-signature-256: ${signatureOf(body, 'app-secret')}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`

export class Poster {
  readonly #pool: RawPool
  constructor(url: string, connections: number) {
    this.#pool = new RawPool(url, connections)
  }
  /** Posts one signed body; answers with the status code. */
  post = (body: string): Promise<number> => this.#pool.ask(requestOf(body))
  close = (): void => this.#pool.close()
}

/** As fast as so many connections can. */
export async function closedLoop(
  url: string,
  connections: number,
  requests: number,
  body: (n: number) => string,
): Promise<Load> {
  const poster = new Poster(url, connections)
  const latencies = new Float64Array(requests)
  let next = 0
  let failed = 0
  const lane = async () => {
    while (next < requests) {
      const n = next++
      const at = performance.now()
      if ((await poster.post(body(n)).catch(() => 0)) !== 200) failed += 1
      latencies[n] = performance.now() - at
    }
  }
  const startedAt = performance.now()
  await Promise.all(Array.from({ length: connections }, lane))
  const perSecond = (requests / (performance.now() - startedAt)) * 1000
  poster.close()
  return { perSecond, failed, latencies }
}

/** At this rate, however long the answers take: a request that has to wait for a connection waits in its latency. */
export async function openLoop(
  url: string,
  options: { connections: number; perSecond: number; requests: number; body: (n: number) => string },
): Promise<Load> {
  const poster = new Poster(url, options.connections)
  const latencies = new Float64Array(options.requests)
  let failed = 0
  const running: Promise<void>[] = []
  const startedAt = performance.now()
  for (let n = 0; n < options.requests; ) {
    const due = Math.min(options.requests, Math.ceil(((performance.now() - startedAt) / 1000) * options.perSecond))
    for (; n < due; n++) {
      const dueAt = startedAt + (n / options.perSecond) * 1000
      const i = n
      running.push(
        poster
          .post(options.body(n))
          .catch(() => 0)
          .then((status) => {
            if (status !== 200) failed += 1
            latencies[i] = performance.now() - dueAt
          }),
      )
    }
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  await Promise.all(running)
  const perSecond = (options.requests / (performance.now() - startedAt)) * 1000
  poster.close()
  return { perSecond, failed, latencies }
}
