import { Socket } from 'node:net'
import { afterAll, afterEach, inject } from 'vitest'
import './context.ts'

/** Fails every test during which a connection leaves this machine, also where the code under test swallows the error. */
const escapes: string[] = []
const url = inject('adminUrl') // not there in unit tests
const database = url ? new URL(url).hostname : ''

const connect = Socket.prototype.connect
Socket.prototype.connect = function (this: Socket, ...args: unknown[]) {
  const host = hostOf(args)
  if (!isLocal(host)) {
    escapes.push(host)
    queueMicrotask(() => this.destroy(new Error(`A test tried to reach ${host}; tests stay on localhost.`)))
    return this
  }
  return connect.apply(this, args as Parameters<typeof connect>)
} as typeof connect

/** `connect(port, host)`, `connect(path)`, `connect({ host, path })`, or what node:net makes of these: an array of options and callback. */
function hostOf(args: unknown[]): string {
  const [first, second] = Array.isArray(args[0]) ? args[0] : args
  if (typeof first === 'object' && first !== null) {
    const { host, path } = first as { host?: string; path?: string }
    return path ? '' : (host ?? '')
  }
  return typeof second === 'string' ? second : ''
}

function isLocal(host: string) {
  const name = host.replace(/^\[|\]$/g, '').toLowerCase()
  return /^$|^localhost$|\.localhost$|^127\.|^::1$|^::ffff:127\.|^0\.0\.0\.0$|^::$/.test(name) || name === database
}

/** The hosts that were tried since the last call. */
export const takeEscapes = () => [...new Set(escapes.splice(0))]

const check = () => {
  const reached = takeEscapes()
  if (reached.length > 0) throw new Error(`The test tried to reach ${reached.join(', ')}; tests stay on localhost.`)
}
afterEach(check)
afterAll(check)
