import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cwd } from 'node:process'
import { createInterface } from 'node:readline'
import { channelsFrom, openRuntime, settingsFrom } from '../../src/commands/open.ts'
import { openLog } from '../../src/log.ts'
import { compiledFile } from './compiled.ts'

/** An installation on disk: one town's channel file and the environment that every process of it shares. */
export interface Installation {
  env: Record<string, string>
  /** Our own hands on the same database, with the same keys. */
  open(): ReturnType<typeof openRuntime>
  remove(): void
}

const PHONE_NUMBER_ID = '200000000000019'

/** Arnsberg alone, without approval and quiet hours, sending to `apiUrl` from the given database. */
export function install(options: {
  databaseUrl: string
  apiUrl: string
  perSecond: number
  inboxUrl?: string
  env?: Record<string, string>
}): Installation {
  const dir = mkdtempSync(join(tmpdir(), 'whatsup-town-'))
  writeFileSync(
    join(dir, 'arnsberg.yaml'),
    `name: WhatsUp Arnsberg
town: Stadt Arnsberg
language: de
timezone: Europe/Berlin
region: DE-NW
whatsapp:
  phoneNumber: "+492932201100"
  phoneNumberId: "${PHONE_NUMBER_ID}"
  businessAccountId: "100000000000019"
  accessToken: "token-of-arnsberg"
  messagesPerSecond: ${options.perSecond}
offerings:
  info:
    join: [start]
    leave: [stop]
    approval: none
privacy: { noticeUrl: "https://www.arnsberg.de/datenschutz", noticeVersion: "2026-11" }
`,
  )
  const env: Record<string, string> = {
    PATH: process.env.PATH ?? '',
    DATABASE_URL: options.databaseUrl,
    DATA_DIR: dir,
    DATA_KEYS: `test:${randomBytes(32).toString('base64')}`,
    CHANNELS_DIR: dir,
    WHATSAPP_API_URL: options.apiUrl,
    WHATSAPP_APP_SECRET: 'app-secret',
    WHATSAPP_VERIFY_TOKEN: 'verify-token',
    PORT: '0',
    LOG_LEVEL: 'warn',
    ...options.env,
  }
  return {
    env,
    open: () => {
      const settings = settingsFrom(env)
      return openRuntime(settings, channelsFrom(dir, env), openLog(process.env.TEST_LOG ?? 'silent'))
    },
    remove: () => rmSync(dir, { recursive: true, force: true }),
  }
}

/** A process of the service as an operator would start it. */
export interface ServiceProcess {
  pid: number
  /** Resolves with the address when it says that it is running; '' for a dispatcher. */
  running: Promise<string>
  /** Resolves when it has ended, with its exit code or signal. */
  ended: Promise<number | string>
  kill(signal: NodeJS.Signals): void
  /** What it wrote, for a failing test. */
  output(): string
}

/** Starts the command line of this checkout. */
export function startProcess(installation: Installation, role: 'all' | 'web' | 'dispatcher'): ServiceProcess {
  const child: ChildProcess = spawn(process.execPath, [compiledFile('src/cli.ts'), 'serve', '--role', role], {
    cwd: cwd(),
    env: { ...installation.env, LOG_LEVEL: 'info' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const running = new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout!, child.stderr!])
      createInterface(stream).on('line', (line) => {
        output = `${output}${line}\n`.slice(-20_000)
        if (line.includes('"WhatsUp is running"')) resolve((JSON.parse(line) as { url?: string }).url ?? '')
      })
    child.once('exit', (code, signal) => reject(new Error(`ended with ${code ?? signal} before it ran:\n${output}`)))
  })
  running.catch(() => {}) // whoever kills it early does not ask
  const ended = new Promise<number | string>((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? signal ?? 'unknown'))
  })
  return { pid: child.pid!, running, ended, kill: (signal) => void child.kill(signal), output: () => output }
}
