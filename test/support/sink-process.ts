/**
 * The receiver of chaos runs and benches, in a process of its own: takes POSTs to `/messages` as fast as one core can and keeps a record of each. Everything
 * else is refused, which the service bears. Talks to its parent by IPC.
 */
import type { Socket } from 'node:net'
import { setPriority } from 'node:os'
import { bodyOf, Poster } from '../bench/webhook-load.ts'
import { serveRaw } from './raw-http.ts'
import type { SinkFaults, SinkRecord } from './sink.ts'

function goFirst(isFirst: boolean): void {
  try {
    setPriority(isFirst ? -10 : 0)
  } catch {} // only for those who may
}
goFirst(true)

let faults: SinkFaults = {}
/** How late our own timers were at worst: by so much our times may be wrong. */
let stallMs = 0
let tickAt = performance.now()
setInterval(() => {
  const now = performance.now()
  stallMs = Math.max(stallMs, now - tickAt - 5)
  tickAt = now
}, 5)
let draw = 1
/** mulberry32: equal seeds give equal choices. */
const random = (): number => {
  draw = (draw + 0x6d2b79f5) >>> 0
  let t = Math.imul(draw ^ (draw >>> 15), draw | 1)
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296
}

let times = new Float64Array(1 << 16)
let size = 0
const nothing = (): Omit<SinkRecord, 'at' | 'stallMs'> => ({ to: [], callbackData: [], fate: [], told: [] })
let record = nothing()
const notHere = '{"error":{"message":"(#100) Only messages are taken here","type":"OAuthException","code":100}}'
const away = `HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: ${notHere.length}\r\n\r\n${notHere}`
const field = (body: string, name: string): string => {
  const start = body.indexOf(`"${name}":"`)
  return start < 0 ? '' : body.slice(start + name.length + 4, body.indexOf('"', start + name.length + 4))
}

let poster: Poster | null = null
let untold = 0

/** Both statuses of a message, each at a moment of its own: whichever comes first, and also before the answer. */
async function tellOf(wamid: string, to: string, callbackData: string, withinMs: number): Promise<void> {
  untold += 1
  await Promise.all(['sent', 'delivered'].map((state) => tell(wamid, to, callbackData, state, random() * withinMs)))
  untold -= 1
  record.told.push(callbackData)
}

/** As Meta does, again until it is taken. */
async function tell(wamid: string, to: string, callbackData: string, state: string, delayMs: number): Promise<void> {
  const status = {
    id: wamid,
    status: state,
    timestamp: String(Math.floor(Date.now() / 1000)),
    recipient_id: to.slice(1),
  }
  const body = bodyOf('statuses', [JSON.stringify({ ...status, biz_opaque_callback_data: callbackData })])
  await pause(delayMs)
  while ((await poster!.post(body).catch(() => 0)) !== 200) await pause(100 + random() * 200)
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

function answerTo(socket: Socket, request: string, at: number): void {
  if (!request.startsWith('POST ') || !request.slice(0, request.indexOf('\r\n')).includes('/messages ')) {
    socket.write(away)
    return
  }
  const body = request.slice(request.indexOf('\r\n\r\n') + 4)
  const { latencyMs = 0, jitterMs = 0, reset = 0, silent = 0, refuse = 0 } = faults
  const luck = reset + silent + refuse > 0 ? random() : 1
  const fate =
    luck < reset ? 'reset' : luck < reset + silent ? 'silent' : luck < reset + silent + refuse ? 'refused' : 'taken'
  if (size === times.length) {
    const twice = new Float64Array(2 * size)
    twice.set(times)
    times = twice
  }
  times[size++] = at
  if (faults.countOnly !== true) {
    record.to.push(field(body, 'to'))
    record.callbackData.push(field(body, 'biz_opaque_callback_data'))
    record.fate.push(fate)
  }
  const wamid = `wamid.HBgN${process.pid}${size.toString(36).padStart(8, '0')}AA==`
  if (faults.statuses && fate !== 'refused' && random() < faults.statuses.share)
    void tellOf(wamid, field(body, 'to'), field(body, 'biz_opaque_callback_data'), 2 * latencyMs)
  if (fate === 'silent') return
  const json =
    fate === 'refused'
      ? '{"error":{"message":"(#131016) Service unavailable","type":"OAuthException","code":131016}}'
      : `{"messaging_product":"whatsapp","contacts":[{"input":"${field(body, 'to')}","wa_id":"1"}],"messages":[{"id":"${wamid}","message_status":"accepted"}]}`
  const head = fate === 'refused' ? '500 Internal Server Error' : '200 OK'
  const answer = `HTTP/1.1 ${head}\r\ncontent-type: application/json\r\ncontent-length: ${json.length}\r\n\r\n${json}`
  const act = () => (fate === 'reset' ? socket.resetAndDestroy() : socket.write(answer))
  const wait = latencyMs + (jitterMs > 0 ? (random() * 2 - 1) * jitterMs : 0)
  if (wait > 0) setTimeout(act, wait)
  else act()
}

const server = serveRaw(answerTo)

type Order = { id: number; do: 'set' | 'take' | 'count' | 'untold' | 'cpu'; faults?: SinkFaults }
process.on('message', ({ id, do: what, faults: wanted }: Order) => {
  let result: unknown = null
  if (what === 'set') {
    faults = wanted ?? {}
    if (faults.statuses) poster ??= new Poster(faults.statuses.url, 50)
    if (faults.seed !== undefined) draw = faults.seed >>> 0
    goFirst(faults.isPatient !== true)
  } else if (what === 'count') result = size
  else if (what === 'untold') result = untold
  else if (what === 'cpu') result = process.cpuUsage()
  else {
    result = { at: times.slice(0, size), stallMs, ...record }
    size = 0
    stallMs = 0
    record = nothing()
  }
  process.send?.({ id, result })
})
process.on('disconnect', () => process.exit(0))
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as { port: number }).port }))
