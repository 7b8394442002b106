import { createConnection, type Socket } from 'node:net'
import { makePgArray, type PgDatabase, parsePgArray } from 'drizzle-orm/pg-core'
import { drizzle, type PostgresJsQueryResultHKT } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import { prepareRepeated } from './prepared.ts'
import * as schema from './schema.ts'

/** Typed queries. A transaction is one too, so whatever takes a `Db` also works inside one. */
export type Db = PgDatabase<PostgresJsQueryResultHKT, typeof schema>
/** An open transaction: what verbs take. */
export type Tx = Parameters<Parameters<Db['transaction']>[0]>[0]
/** Raw prepared SQL, for set-based statements on hot paths. Instants are `Date`, unlike in Drizzle's client. */
export type Sql = postgres.Sql

export interface Database {
  db: Db
  sql: Sql
  /** Waits up to a second for running queries, then closes every connection. */
  close(): Promise<void>
}

/**
 * Opens nothing yet: the first query connects, and a lost connection is made anew by the next query.
 * @param max connections of `db` and of `sql` each; idle ones are closed after a minute
 */
export function openDb(url: string, { max = 10 }: { max?: number } = {}): Database {
  // Two clients, because drizzle() rewires the date parsers of the one it gets: raw queries on it would return strings.
  const client = prepareRepeated(connect(url, max))
  const sql = connect(url, max)
  return {
    db: drizzle(client, { schema }),
    sql,
    close: async () => {
      await Promise.all([client.end({ timeout: 1 }), sql.end({ timeout: 1 })])
    },
  }
}

/** One postgres.js client with our settings, also for one-off work such as migrations. */
export function connect(url: string, max: number): Sql {
  const sockets = openSockets()
  const sql = postgres(url, {
    max,
    connect_timeout: 5,
    idle_timeout: 60,
    // Asked for on each new connection; if that is lost meanwhile, the answer is a rejection that nobody can catch, and the process dies.
    fetch_types: false,
    types: { array },
    // The default backs off to 20 s, in which requests would wait although the database is back.
    backoff: (retries: number) => Math.min(0.05 * 2 ** retries, 1),
    onnotice: () => {},
    ...(url.includes(',') ? {} : { socket: sockets.open }), // several hosts: the driver tries them in turn, which only its own socket can
    connection: {
      application_name: 'whatsup',
      TimeZone: 'UTC',
      // A process that is frozen inside a transaction must not hold its row locks (a STOP waits for them) any longer than this.
      idle_in_transaction_session_timeout: 30_000,
    },
  })
  // Without `fetch_types` the driver never hands over a connection that it has to make for this: it must have one already.
  const { reserve } = sql
  sql.reserve = async () => {
    await sql`select 1`
    return reserve()
  }
  const end = sql.end
  sql.end = async (options) => {
    await end(options)
    sockets.close()
  }
  return sql
}

/**
 * Arrays as parameters; one of an enum is cast from `text[]`. The numbers of the built-in types never change:
 * https://github.com/postgres/postgres/blob/master/src/include/catalog/pg_type.dat
 */
const array = {
  to: 1009, // text[]
  from: [1000, 1005, 1007, 1009, 1016, 1022, 1185, 2951], // boolean, int2, int4, text, int8, float8, timestamptz, uuid
  serialize: (items: unknown) => (Array.isArray(items) ? makePgArray(items) : items),
  parse: (text: string): unknown[] => parsePgArray(text),
}

/** The sockets of one client. After its end the driver may still make a connection that was lost before anew, which would keep the process alive. */
function openSockets() {
  const open = new Set<Socket>()
  let isClosed = false
  return {
    open(options: SocketOptions) {
      if (isClosed) throw Object.assign(new Error('the client has ended'), { code: 'CONNECTION_ENDED' })
      const socket = openSocket(options)
      open.add(socket)
      socket.once('close', () => open.delete(socket))
      return socket
    },
    close() {
      isClosed = true
      for (const socket of open) socket.destroy()
    },
  }
}

type SocketOptions = { host: string[]; port: number[]; path: string | undefined }

/**
 * As the driver does it, but a connection that is closed before the server said a word is an error. The driver would connect again at once, some
 * 600 times a second, and the query would never end: so it goes with a proxy in front of a database that is down.
 */
function openSocket({ host, port, path }: SocketOptions) {
  const address = { host: host[0]!, port: port[0]! }
  const socket = path ? createConnection(path) : createConnection(address)
  const cutOff = () =>
    socket.destroy(Object.assign(new Error('the server closed the new connection'), { code: 'CONNECTION_CLOSED' }))
  socket.once('end', cutOff).once('data', () => {
    socket.off('end', cutOff)
    closeLate(socket)
  })
  return Object.assign(socket, address) // read by the driver for TLS and for its messages
}

/**
 * The driver answers a lost connection by rejecting what runs, and the transaction whose statement that was by a ROLLBACK on the socket it has just
 * forgotten: an exception that nobody can catch, and a transaction that never ends. So it learns of the close when it has sent that ROLLBACK, and as
 * of a close without an error, since after one with an error it would not reject it.
 */
function closeLate(socket: Socket): void {
  const emit = socket.emit.bind(socket)
  socket.emit = (event: string | symbol, ...args: unknown[]) => {
    if (event !== 'close') return emit(event, ...args)
    if (!args[0]) emit('error', Object.assign(new Error('the connection was closed'), { code: 'CONNECTION_CLOSED' }))
    setImmediate(() => setImmediate(() => emit('close', false)))
    return true
  }
}

const AWAY_CODES = new Set([
  // postgres.js
  ...['CONNECTION_CLOSED', 'CONNECTION_ENDED', 'CONNECTION_DESTROYED', 'CONNECT_TIMEOUT'],
  // sockets and name service
  ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN'],
  // shutdown, crash, starting up, idle timeouts; read-only after a failover (https://www.postgresql.org/docs/current/errcodes-appendix.html)
  ...['57P01', '57P02', '57P03', '57P05', '25P03', '25006'],
])

/**
 * Is this error an outage of the database (or its exhaustion: connections, memory, disk) rather than a fault of the query?
 * Then the same request may well succeed later, and a door answers 503.
 */
export function isDatabaseAway(error: unknown): boolean {
  for (let depth = 0; error instanceof Error && depth < 8; depth++) {
    const { code, syscall, errors } = error as { code?: unknown; syscall?: unknown; errors?: unknown }
    if (typeof code === 'string') {
      if (AWAY_CODES.has(code) || /^(08|53)[0-9A-Z]{3}$/.test(code)) return true
      if (code === 'ENOENT' && syscall === 'connect') return true // no Unix socket there
    }
    if (Array.isArray(errors) && errors.some(isDatabaseAway)) return true // localhost tried as IPv6 and IPv4
    error = error.cause // Drizzle wraps what the driver throws
  }
  return false
}
