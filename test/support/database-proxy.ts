import type { AddressInfo } from 'node:net'
import { connect, createServer, type Server, type Socket } from 'node:net'

export interface DatabaseProxy {
  url: string
  /** Refuses connections and ends those there are, properly or by a reset. */
  down(how?: 'end' | 'reset'): Promise<void>
  /** Resets the connections on our side only: the server goes on with what it was asked. */
  cut(): void
  /** Takes connections and lets nothing through, as a frozen server or a lost network does. */
  hang(): void
  up(): Promise<void>
  /** How many there are now. */
  connections(): number
  close(): Promise<void>
}

/** A way to a database that can be taken away. */
export async function openDatabaseProxy(databaseUrl: string): Promise<DatabaseProxy> {
  const target = new URL(databaseUrl)
  const pairs = new Set<[Socket, Socket]>()
  const orphans = new Set<Socket>()
  let hanging = false
  const server: Server = createServer((client) => {
    const remote = connect(Number(target.port), target.hostname)
    const pair: [Socket, Socket] = [client, remote]
    pairs.add(pair)
    for (const [from, to] of [pair, [remote, client]] as const) {
      from.on('data', (chunk) => to.write(chunk))
      from.on('error', () => {})
      from.on('close', () => {
        if (!orphans.delete(to)) to.destroy()
        pairs.delete(pair)
      })
      if (hanging) from.pause()
    }
  })
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  await listen(0)
  const { port } = server.address() as AddressInfo
  const url = new URL(databaseUrl)
  url.hostname = '127.0.0.1'
  url.port = String(port)
  const stop = (how: 'end' | 'reset' = 'end') =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      for (const pair of pairs) for (const socket of pair) how === 'reset' ? socket.resetAndDestroy() : socket.destroy()
    })
  return {
    url: url.href,
    down: stop,
    cut() {
      for (const [client, remote] of pairs) {
        orphans.add(remote)
        remote.removeAllListeners('data').resume()
        client.resetAndDestroy()
      }
    },
    hang() {
      hanging = true
      for (const pair of pairs) for (const socket of pair) socket.pause()
    },
    async up() {
      hanging = false
      for (const pair of pairs) for (const socket of pair) socket.resume()
      if (!server.listening) await listen(port)
    },
    connections: () => pairs.size,
    close: async () => {
      if (server.listening) await stop()
    },
  }
}
