import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { readSettings, type Settings } from '../../src/config.ts'
import { parseDuration } from '../../src/duration.ts'

const NEEDED = { WHATSAPP_APP_SECRET: 'app-secret', WHATSAPP_VERIFY_TOKEN: 'verify' }
const KEY = Buffer.alloc(32, 7).toString('base64')

const settings = (env: Record<string, string | undefined> = {}): Settings => {
  const read = readSettings({ ...NEEDED, ...env })
  if ('problems' in read) throw new Error(JSON.stringify(read.problems))
  return read.settings
}
const problems = (env: Record<string, string | undefined>) => {
  const read = readSettings(env)
  return 'problems' in read ? read.problems.map(({ field, message }) => `${field} ${message}`) : []
}

test('two secrets are all that must be set', () => {
  expect(settings()).toMatchObject({
    host: '127.0.0.1',
    port: 3000,
    publicUrl: 'http://127.0.0.1:3000',
    databaseUrl: null,
    dataDir: 'data',
    channelsDir: 'channels',
    templatesDir: 'templates',
    whatsapp: { apiUrl: 'https://graph.facebook.com', apiVersion: 'v26.0' },
    logLevel: 'info',
    dataKeys: null,
    metricsToken: null,
    overdueToleranceMs: 7_200_000,
    inboxTimeoutMs: 10_000,
  })
  expect(settings({ PORT: '', LOG_LEVEL: ' ', DATABASE_URL: '' })).toMatchObject({ port: 3000, databaseUrl: null })
})

describe('the public address follows from host and port', () => {
  test.each([
    [{ HOST: '0.0.0.0', PORT: '8080' }, 'http://127.0.0.1:8080'],
    [{ HOST: '::' }, 'http://[::1]:3000'],
    [{ HOST: '::1' }, 'http://[::1]:3000'],
    [{ HOST: 'rathaus.lan' }, 'http://rathaus.lan:3000'],
    [{ PUBLIC_URL: 'https://whatsup.arnsberg.de/' }, 'https://whatsup.arnsberg.de'],
    [{ PUBLIC_URL: 'https://arnsberg.de/whatsup/' }, 'https://arnsberg.de/whatsup'],
  ])('%j → %s', (env, address) => expect(settings(env).publicUrl).toBe(address))
})

test('while the app secret is being changed, both are known', () => {
  const { appSecrets } = settings({ WHATSAPP_APP_SECRET: 'new, old' }).whatsapp
  expect(appSecrets.map((secret) => secret.reveal())).toEqual(['new', 'old'])
})

test('everything that is wrong is told at once', () => {
  expect(
    problems({
      PORT: '80000',
      HOST: 'a b',
      PUBLIC_URL: 'arnsberg.de',
      WHATSAPP_API_URL: 'graph',
      WHATSAPP_API_VERSION: '26',
      LOG_LEVEL: 'loud',
      OVERDUE_TOLERANCE: 'soon',
      INBOX_TIMEOUT: '0',
      DATABASE_URL: 'mysql://x',
      DATA_KEYS: 'k1',
    }).map((problem) => problem.split(' ')[0]),
  ).toEqual([
    'HOST',
    'PORT',
    'PUBLIC_URL',
    'WHATSAPP_API_URL',
    'WHATSAPP_API_VERSION',
    'LOG_LEVEL',
    'OVERDUE_TOLERANCE',
    'INBOX_TIMEOUT',
    'WHATSAPP_APP_SECRET',
    'WHATSAPP_VERIFY_TOKEN',
    'DATABASE_URL',
    'DATA_KEYS',
  ])
})

describe('a wrong value', () => {
  test.each([
    ['PORT', '3000.5'],
    ['PORT', '-1'],
    ['PORT', 'http'],
    ['PUBLIC_URL', 'https://arnsberg.de/?x=1'],
    ['WHATSAPP_APP_SECRET', 'one,'],
    ['DATABASE_URL', 'postgres'],
    ['DATA_KEYS', `k1:${KEY},`],
    ['DATA_KEYS', `k1:${KEY},k1:${KEY}`],
    ['DATA_KEYS', 'k1:c2hvcnQ='],
    ['DATA_KEYS', KEY],
    ['METRICS_TOKEN_FILE', '/nowhere/token'],
  ])('%s=%s is refused', (name, value) => {
    const found = problems({ ...NEEDED, [name]: value })
    expect(found).toHaveLength(1)
    expect(found[0]!.startsWith(`${name} `)).toBe(true)
  })

  test('is not repeated where it is a secret', () => {
    expect(problems({ ...NEEDED, DATABASE_URL: 'mysql://u:hunter2@h/d', DATA_KEYS: 'hunter2' }).join()).not.toContain(
      'hunter2',
    )
  })
})

describe('secrets', () => {
  test('may come from files', () => {
    const dir = mkdtempSync(join(tmpdir(), 'config-'))
    writeFileSync(join(dir, 'secret'), 'from-a-file\n')
    const read = settings({ WHATSAPP_APP_SECRET: undefined, WHATSAPP_APP_SECRET_FILE: join(dir, 'secret') })
    expect(read.whatsapp.appSecrets[0]!.reveal()).toBe('from-a-file')
    expect(problems({ ...NEEDED, WHATSAPP_APP_SECRET_FILE: join(dir, 'secret') })).toEqual([
      'WHATSAPP_APP_SECRET is set twice: by WHATSAPP_APP_SECRET and by WHATSAPP_APP_SECRET_FILE',
    ])
    writeFileSync(join(dir, 'secret'), '\n')
    expect(problems({ WHATSAPP_VERIFY_TOKEN: 'v', WHATSAPP_APP_SECRET_FILE: join(dir, 'secret') })).toEqual([
      'WHATSAPP_APP_SECRET_FILE names an empty file',
    ])
    rmSync(dir, { recursive: true })
  })

  test('never print themselves', () => {
    const read = settings({
      DATABASE_URL: 'postgres://u:hunter2@h/d',
      DATA_KEYS: `a:${KEY}`,
      METRICS_TOKEN: 'hunter2',
      WHATSAPP_APP_SECRET: 'hunter2',
    })
    for (const printed of [JSON.stringify(read), inspect(read, { depth: 9 })]) {
      expect(printed).not.toContain('hunter2')
      expect(printed).not.toContain(KEY)
    }
    expect(read.databaseUrl!.reveal()).toBe('postgres://u:hunter2@h/d')
  })
})

describe('a duration', () => {
  test.each([
    ['8d', 691_200_000],
    ['12h', 43_200_000],
    ['30m', 1_800_000],
    ['45 s', 45_000],
    ['0m', 0],
    ['0', 0],
    ['', null],
    ['5', null],
    ['-1h', null],
    ['1.5h', null],
    ['1h30m', null],
    ['forever', null],
  ])('%j is %s ms', (text, ms) => expect(parseDuration(text)).toBe(ms))
})
