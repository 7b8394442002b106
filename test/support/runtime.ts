import { randomBytes } from 'node:crypto'
import { createKey } from '../../src/access/keys.ts'
import { buildApp, type Parts } from '../../src/app.ts'
import { COMMAND, type Role } from '../../src/audit/audit.ts'
import type { Channel } from '../../src/channels/channel.ts'
import { registerChannels } from '../../src/channels/channels.ts'
import { type Environment, readSettings, type Settings } from '../../src/config.ts'
import { openVault } from '../../src/db/vault.ts'
import { openMetrics } from '../../src/http/metrics.ts'
import { openInboxClient } from '../../src/inbox/client.ts'
import { type Logger, openLog } from '../../src/log.ts'
import { type Deed, inDeed, type Runtime } from '../../src/runtime.ts'
import { openClient } from '../../src/whatsapp/client.ts'
import { freshDatabase, type TestDatabase } from './database.ts'
import { towns } from './towns.ts'

export type TestRuntime = Runtime & {
  database: TestDatabase
  act: <T>(verb: (deed: Deed) => Promise<T>) => Promise<T>
  /** Sets the clock forward. */
  pass(ms: number): void
  close(): Promise<void>
}

export type TestOptions = {
  env?: Environment
  channels?: ReadonlyMap<string, Channel>
  clockAt?: string
  /** The real time instead of a clock to set, for tests with other processes. */
  realClock?: boolean
  log?: Logger
  database?: TestDatabase
}

/** Everything with a lifetime, on a database of its own, with a clock to set and the three towns. WhatsApp is nowhere unless `env` names it. */
export async function openTestRuntime(options: TestOptions = {}): Promise<TestRuntime> {
  const {
    env,
    channels = towns(),
    clockAt = '2026-11-23T09:00:00Z',
    log = openLog(process.env.TEST_LOG ?? 'silent'),
  } = options
  const database = options.database ?? (await freshDatabase())
  const settings = testSettings(env)
  let now = new Date(clockAt)
  const whatsapp = openClient({
    baseUrl: settings.whatsapp.apiUrl,
    version: settings.whatsapp.apiVersion,
    timeoutMs: 2000,
  })
  const inbox = openInboxClient({ timeoutMs: 1000 })
  const runtime: Runtime = {
    settings,
    channels,
    db: database.db,
    sql: database.sql,
    vault: openVault([{ id: 'test', key: randomBytes(32) }], randomBytes(32)),
    whatsapp,
    inbox,
    log,
    now: () => (options.realClock ? new Date() : now),
  }
  await inDeed(runtime, (deed) => registerChannels(deed, channels.values()))
  return {
    ...runtime,
    database,
    act: (verb) => inDeed(runtime, verb),
    pass: (ms) => {
      now = new Date(now.getTime() + ms)
    },
    close: async () => {
      await Promise.all([whatsapp.close(), inbox.close()])
      await database.drop()
    },
  }
}

export function testSettings(env: Environment = {}): Settings {
  const read = readSettings({
    PUBLIC_URL: 'https://whatsup.example',
    WHATSAPP_API_URL: 'http://127.0.0.1:9',
    WHATSAPP_APP_SECRET: 'app-secret',
    WHATSAPP_VERIFY_TOKEN: 'verify-token',
    LOG_LEVEL: 'silent',
    ...env,
  })
  if ('problems' in read) throw new Error(JSON.stringify(read.problems))
  return read.settings
}

export type Json = any
export type Answer = { status: number; headers: Headers; body: Json }

/** The service's doors, asked without a network. */
export function openDoors(runtime: TestRuntime, parts: Partial<Parts> = {}) {
  const app = buildApp(runtime, { metrics: openMetrics(runtime), ...parts })
  const ask = async (
    method: string,
    path: string,
    options: { key?: string; body?: unknown; headers?: Record<string, string> } = {},
  ): Promise<Answer> => {
    const { key, body, headers } = options
    const answer = await app.request(path, {
      method,
      headers: {
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await answer.text()
    const isJson = /json/.test(answer.headers.get('content-type') ?? '')
    return { status: answer.status, headers: answer.headers, body: isJson ? JSON.parse(text) : text }
  }
  return {
    app,
    ask,
    /** A new key of this role. */
    keyFor: async (role: Role, channel: string | null = null) =>
      (
        await runtime.act((deed) =>
          createKey(deed, COMMAND, { name: `${role} ${channel ?? 'überall'}`, role, channel }),
        )
      ).key,
  }
}
