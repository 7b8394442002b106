import { isIP, connect as openPlain, type Socket } from 'node:net'
import { connect as openSecure } from 'node:tls'
import type { Exchange } from './exchange.ts'
import { type HttpAnswer, readHttpAnswer } from './http-answer.ts'

/** One request with its head, ready to be written. */
export type Request = {
  text: string
  /** By `performance.now()`: later than this not a byte is written any more. */
  notAfterMs: number
  /** Asked right before the first byte; false: not any more. */
  mayStart: (() => unknown) | undefined
  answered: (exchange: Exchange) => void
}

type Options = {
  /** So many at most; more requests wait. */
  connections: number
  /** Until the answer begins, and for each pause within it. */
  timeoutMs: number
  connectTimeoutMs: number
}

/** A connection that was idle for longer is not trusted: the server may be closing it, and whatever is written then has an open outcome. */
const IDLE_MS = 4000
/** Beyond this an answer to a message is none of Meta's; it would only fill our memory. */
const MOST_BYTES = 1024 * 1024

/**
 * Kept connections to one server for the messages themselves, one request at a time on each; the one used last goes first. A request is written once, as one
 * piece, and never repeated. Why not undici's pool here: docs/decisions/0009.
 */
export class Connections {
  readonly #open: () => Socket
  readonly #options: Options
  readonly #all = new Set<Connection>()
  readonly #idle: Connection[] = []
  /** Answered in this turn of the event loop. */
  #resting: Connection[] = []
  #restingInAll = 0
  #waiting: Request[] = []
  #watch: NodeJS.Timeout | null = null
  #isClosed = false
  #closing: Promise<void> | null = null
  #allGone = () => {}

  constructor(url: URL, options: Options) {
    this.#open = opener(url)
    this.#options = options
  }

  /** Always answered, exactly once, with what came or with why nothing did. */
  ask(request: Request): void {
    const known = this.#fresh()
    if (this.#isClosed) request.answered({ error: new Error('the client is closed'), sentBytes: false })
    else if (known) known.ask(request)
    else if (this.#all.size < this.#options.connections && this.#waiting.length >= this.#restingInAll)
      this.#another(request)
    else this.#waiting.push(request)
  }

  /** Waits for what was asked; nothing more is taken. */
  close(): Promise<void> {
    this.#isClosed = true
    for (const connection of this.#idle.splice(0)) connection.end()
    this.#closing ??= new Promise((resolve) => {
      this.#allGone = resolve
      if (this.#all.size === 0) resolve()
    })
    return this.#closing
  }

  /** Cuts off what is under way. */
  destroy(): void {
    this.#isClosed = true
    for (const { answered } of this.#waiting.splice(0)) answered({ error: new Error('cut off'), sentBytes: false })
    for (const connection of this.#all) connection.end(new Error('cut off'))
  }

  #fresh(): Connection | undefined {
    const nowMs = performance.now()
    for (let known = this.#idle.pop(); known; known = this.#idle.pop()) {
      if (known.isFresh(nowMs)) return known
      known.end()
    }
    return undefined
  }

  #another(request: Request): void {
    const connection = new Connection(this.#open(), {
      onFree: () => this.#rest(connection),
      onEnd: () => this.#forget(connection),
    })
    this.#all.add(connection)
    connection.ask(request)
    this.#watch ??= setInterval(() => this.#look(), Math.min(1000, this.#options.timeoutMs / 10)).unref()
  }

  /**
   * A server may close right behind its answer without saying so, and what is written then has an open outcome: the next request is written when the
   * event loop has read once more (undici's pool waits as long).
   */
  #rest(connection: Connection): void {
    this.#restingInAll += 1
    if (this.#resting.push(connection) > 1) return
    setImmediate(() => {
      const rested = this.#resting
      this.#resting = []
      setImmediate(() => {
        this.#restingInAll -= rested.length
        const nowMs = performance.now()
        for (const one of rested)
          if (one.isFresh(nowMs)) this.#goOn(one)
          else one.end()
        this.#fill()
      })
    })
  }

  /** Whoever waits for connections that have ended instead of becoming free gets new ones. */
  #fill(): void {
    while (this.#waiting.length > this.#restingInAll && this.#all.size < this.#options.connections) {
      const next = this.#nextInTime()
      if (next) this.#another(next)
    }
  }

  #goOn(connection: Connection): void {
    const next = this.#nextInTime()
    if (next) connection.ask(next)
    else if (this.#isClosed) connection.end()
    else this.#idle.push(connection)
  }

  #nextInTime(): Request | undefined {
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      if (performance.now() <= next.notAfterMs) return next
      next.answered(tooLate())
    }
    return undefined
  }

  #forget(connection: Connection): void {
    this.#all.delete(connection)
    const at = this.#idle.indexOf(connection)
    if (at >= 0) this.#idle.splice(at, 1)
    this.#fill()
    if (this.#all.size > 0) return
    clearInterval(this.#watch ?? undefined)
    this.#watch = null
    this.#allGone()
  }

  /** One clock for all: a timer for each request would cost more than writing it. */
  #look(): void {
    const nowMs = performance.now()
    for (const connection of this.#all) connection.endIfOverdue(nowMs, this.#options)
    const late = this.#waiting.filter(({ notAfterMs }) => notAfterMs < nowMs)
    if (late.length === 0) return
    this.#waiting = this.#waiting.filter(({ notAfterMs }) => notAfterMs >= nowMs)
    for (const { answered } of late) answered(tooLate())
  }
}

class Connection {
  readonly #socket: Socket
  readonly #onFree: () => void
  readonly #onEnd: () => void
  #isOpen = false
  #isEnded = false
  #request: Request | null = null
  #hasStarted = false
  /** What has come of an answer that is not complete. */
  #begun: Buffer | null = null
  /** When something last happened on it. */
  #activeAtMs = performance.now()
  #idleMs = IDLE_MS

  constructor(socket: Socket, { onFree, onEnd }: { onFree: () => void; onEnd: () => void }) {
    this.#socket = socket
    this.#onFree = onFree
    this.#onEnd = onEnd
    socket
      .once('encrypted' in socket ? 'secureConnect' : 'connect', () => this.#opened())
      .on('data', (chunk: Buffer) => this.#read(this.#begun ? Buffer.concat([this.#begun, chunk]) : chunk))
      .on('end', () => this.#read(this.#begun ?? Buffer.alloc(0), true))
      .on('error', (error) => this.end(error))
      .on('close', () => this.end(new Error('the other side closed the connection')))
  }

  /** Only while it is free. */
  ask(request: Request): void {
    this.#request = request
    this.#hasStarted = false
    if (this.#isOpen) this.#write(request)
  }

  isFresh(nowMs: number): boolean {
    return !this.#isEnded && nowMs - this.#activeAtMs < this.#idleMs
  }

  endIfOverdue(nowMs: number, { timeoutMs, connectTimeoutMs }: Options): void {
    const forMs = nowMs - this.#activeAtMs
    if (!this.#request) {
      if (forMs >= this.#idleMs) this.end()
    } else if (!this.#isOpen) {
      if (forMs >= connectTimeoutMs) this.end(new Error('no connection in time'))
    } else if (forMs >= timeoutMs) this.end(new Error('no answer in time'))
  }

  end(error: Error = new Error('the connection was closed')): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#socket.destroy()
    const request = this.#request
    this.#request = null
    this.#onEnd()
    request?.answered({ error, sentBytes: this.#hasStarted })
  }

  #opened(): void {
    this.#isOpen = true
    const request = this.#request
    if (!request) return
    if (performance.now() <= request.notAfterMs) this.#write(request)
    else this.#done(request, tooLate(), true)
  }

  #write(request: Request): void {
    if (request.mayStart?.() === false) {
      this.#done(request, tooLate(), true)
      return
    }
    this.#activeAtMs = performance.now()
    this.#hasStarted = true
    this.#socket.write(request.text, 'utf8')
  }

  #read(bytes: Buffer, isOver = false): void {
    const request = this.#hasStarted ? this.#request : null
    if (!request) {
      this.end(isOver ? undefined : new Error('the other side said something unasked'))
      return
    }
    let answer: HttpAnswer | null
    try {
      if (bytes.length > MOST_BYTES) throw new Error('the answer is too large')
      answer = readHttpAnswer(bytes, isOver)
      if (!answer && isOver) throw new Error('the answer breaks off')
    } catch (error) {
      this.end(error as Error)
      return
    }
    this.#activeAtMs = performance.now()
    this.#begun = answer ? null : bytes
    if (!answer) return
    const { status, body, retryAfter, keepsAlive, keepAliveMs, length } = answer
    if (keepAliveMs !== undefined) this.#idleMs = Math.min(IDLE_MS, keepAliveMs - 1000)
    this.#done(request, { status, body, retryAfter }, keepsAlive && length === bytes.length && !isOver)
  }

  /** Free for others first: whoever is answered may ask again at once. */
  #done({ answered }: Request, exchange: Exchange, mayGoOn: boolean): void {
    this.#request = null
    if (mayGoOn) this.#onFree()
    else this.end()
    answered(exchange)
  }
}

const tooLate = (): Exchange => ({ error: new Error('too late for the wire'), sentBytes: false })

/** Opens connections to this server; TLS takes up where an earlier one left off. */
function opener({ protocol, hostname, port }: URL): () => Socket {
  const host = hostname.replace(/^\[|\]$/g, '')
  const options = { host, noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 }
  if (protocol !== 'https:') return () => openPlain({ ...options, port: Number(port || 80) })
  let session: Buffer | undefined
  return () =>
    openSecure({
      ...options,
      port: Number(port || 443),
      servername: isIP(host) ? '' : host,
      ALPNProtocols: ['http/1.1'],
      session,
    }).on('session', (fresh) => {
      session = fresh
    })
}
