/** HTTP/1.1 at the least cost, for receivers and loads that share the machine with what they measure. Knows what our own clients and servers write, no more. */
import { connect, createServer, type Server, type Socket } from 'node:net'

/** Whole messages (head and body as latin1) as they come in on one connection. */
function eachMessage(socket: Socket, onMessage: (message: string, headEnd: number, at: number) => void): void {
  let pending = ''
  socket.on('data', (chunk) => {
    const at = performance.timeOrigin + performance.now()
    pending += chunk.toString('latin1')
    for (;;) {
      const headEnd = pending.indexOf('\r\n\r\n')
      if (headEnd < 0) return
      const length = Number(/content-length: (\d+)/i.exec(pending.slice(0, headEnd))?.[1] ?? 0)
      const end = headEnd + 4 + length
      if (pending.length < end) return
      const message = pending.slice(0, end)
      pending = pending.slice(end)
      onMessage(message, headEnd, at)
    }
  })
}

/** A server that hands over each request with its arrival in ms since the epoch; the caller writes the answer. */
export const serveRaw = (onRequest: (socket: Socket, request: string, at: number) => void): Server =>
  createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => {})
    eachMessage(socket, (request, _, at) => onRequest(socket, request, at))
  })

type Waiting = { request: string; resolve: (status: number) => void; reject: (error: Error) => void }

/** Requests over so many kept connections, one at a time on each; more wait. */
export class RawPool {
  readonly #address: { host: string; port: number }
  readonly #most: number
  readonly #idle: Socket[] = []
  readonly #busy = new Map<Socket, Waiting>()
  #waiting: Waiting[] = []
  #taken = 0

  constructor(url: string, connections: number) {
    const { hostname, port } = new URL(url)
    this.#address = { host: hostname, port: Number(port) }
    this.#most = connections
  }

  /** Answers with the status; rejects when the connection ends first. */
  ask(request: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, resolve, reject })
      this.#next()
    })
  }

  close(): void {
    for (const socket of [...this.#idle, ...this.#busy.keys()]) socket.destroy()
  }

  #next(): void {
    while (this.#taken < this.#waiting.length) {
      const socket = this.#idle.pop() ?? (this.#busy.size < this.#most ? this.#open() : undefined)
      if (!socket) return
      const one = this.#waiting[this.#taken++]!
      this.#busy.set(socket, one)
      socket.write(one.request)
    }
    this.#waiting = []
    this.#taken = 0
  }

  #open(): Socket {
    const socket = connect({ ...this.#address, noDelay: true })
    let error = new Error('the connection ended')
    socket.on('error', (reason) => {
      error = reason
    })
    socket.on('close', () => {
      this.#busy.get(socket)?.reject(error)
      this.#busy.delete(socket)
      const at = this.#idle.indexOf(socket)
      if (at >= 0) this.#idle.splice(at, 1)
      this.#next()
    })
    eachMessage(socket, (answer) => {
      const one = this.#busy.get(socket)
      this.#busy.delete(socket)
      this.#idle.push(socket)
      one?.resolve(Number(answer.slice(9, 12)))
      this.#next()
    })
    return socket
  }
}
