import { readFileSync } from 'node:fs'
import { parseDuration } from './duration.ts'
import type { Problem } from './refusal.ts'
import { Secret } from './secret.ts'

export type Environment = Readonly<Record<string, string | undefined>>

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** Everything the environment says, complete and checked. Addresses are without a slash at the end. */
export interface Settings {
  host: string
  /** 0 = any free port */
  port: number
  publicUrl: string
  /** null = the embedded database under `dataDir` */
  databaseUrl: Secret | null
  dataDir: string
  channelsDir: string
  templatesDir: string
  whatsapp: {
    apiUrl: string
    /** 'v26.0' */
    apiVersion: string
    /** Any of them may have signed a webhook: the second one is there while the secret is being changed. */
    appSecrets: readonly Secret[]
    verifyToken: Secret
  }
  logLevel: LogLevel
  /** `id:base64[,id:base64…]`, syntax checked; null = made once and kept in `dataDir/data-keys` */
  dataKeys: Secret | null
  /** null = `/metrics` answers only loopback */
  metricsToken: Secret | null
  /** The town's own sign-in for the office; null = links, passwords and codes only */
  oidc: { issuer: string; clientId: string; clientSecret: Secret; name: string } | null
  /** A single broadcast that a downtime delayed by less than this is still sent. */
  overdueToleranceMs: number
  /** How long the inbox may take to answer. */
  inboxTimeoutMs: number
}

/** Reads all settings, or lists everything that is wrong with them. An empty value counts as not set. `NAME_FILE` names a file that holds a secret. */
export function readSettings(env: Environment): { settings: Settings } | { problems: Problem[] } {
  const problems: Problem[] = []
  const wrong = (field: string, message: string) => {
    problems.push({ field, message })
  }
  const text = (name: string, fallback: string) => env[name]?.trim() || fallback
  const checked = <T>(name: string, fallback: string, parse: (value: string) => T | null, rule: string): T => {
    const value = parse(text(name, fallback))
    if (value === null) wrong(name, rule)
    return value as T
  }
  const secret = (name: string): string | null => {
    const found = readVariable(env, name)
    if ('problem' in found) wrong(found.field, found.problem)
    return 'value' in found ? found.value : null
  }
  const required = (name: string, meaning: string): string => {
    const before = problems.length
    const value = secret(name)
    if (value === null && problems.length === before) wrong(name, `is required: ${meaning}`)
    return value ?? ''
  }

  const host = checked('HOST', '127.0.0.1', (v) => (/[\s/]/.test(v) ? null : v), 'must be a host name or an IP address')
  const port = checked('PORT', '3000', wholeNumber(0, 65_535), 'must be a whole number from 0 to 65535')
  const publicUrl = checked('PUBLIC_URL', defaultPublicUrl(host ?? 'localhost', port ?? 0), webAddress, NOT_AN_ADDRESS)
  const apiUrl = checked('WHATSAPP_API_URL', 'https://graph.facebook.com', webAddress, NOT_AN_ADDRESS)
  const apiVersion = checked('WHATSAPP_API_VERSION', 'v26.0', matching(/^v\d+\.\d+$/), 'must look like v26.0')
  const logLevel = checked('LOG_LEVEL', 'info', oneOf(LOG_LEVELS), `must be one of ${LOG_LEVELS.join(', ')}`)
  const overdueToleranceMs = checked('OVERDUE_TOLERANCE', '2h', parseDuration, 'must be a duration such as 2h or 30m')
  const inboxTimeoutMs = checked(
    'INBOX_TIMEOUT',
    '10000',
    wholeNumber(1, 60_000),
    'must be milliseconds from 1 to 60000',
  )
  const appSecrets = required('WHATSAPP_APP_SECRET', 'the app secret that signs incoming webhooks').split(',')
  if (appSecrets.length > 1 && appSecrets.some((one) => one.trim() === ''))
    wrong('WHATSAPP_APP_SECRET', 'has an empty entry: write one value, or two separated by a comma')
  const verifyToken = required('WHATSAPP_VERIFY_TOKEN', "the word that Meta repeats when the webhook's address is set")
  const databaseUrl = secret('DATABASE_URL')
  if (databaseUrl !== null && !/^postgres(ql)?:$/.test(URL.parse(databaseUrl)?.protocol ?? ''))
    wrong('DATABASE_URL', 'must look like postgres://user:password@host:5432/name, with special characters encoded')
  const dataKeys = secret('DATA_KEYS')
  const keyProblem = dataKeys === null ? null : dataKeysProblem(dataKeys)
  if (keyProblem) wrong('DATA_KEYS', keyProblem)
  const metricsToken = secret('METRICS_TOKEN')
  const oidc = env.OIDC_ISSUER?.trim()
    ? {
        issuer: checked('OIDC_ISSUER', '', webAddress, NOT_AN_ADDRESS),
        clientId: required('OIDC_CLIENT_ID', 'our name at the provider that OIDC_ISSUER names'),
        clientSecret: new Secret(required('OIDC_CLIENT_SECRET', 'our secret at the provider that OIDC_ISSUER names')),
        name: text('OIDC_NAME', 'dem Stadt-Konto'),
      }
    : null

  if (problems.length > 0) return { problems }
  return {
    settings: {
      host,
      port,
      publicUrl,
      databaseUrl: databaseUrl === null ? null : new Secret(databaseUrl),
      dataDir: text('DATA_DIR', 'data'),
      channelsDir: text('CHANNELS_DIR', 'channels'),
      templatesDir: text('TEMPLATES_DIR', 'templates'),
      whatsapp: {
        apiUrl,
        apiVersion,
        appSecrets: appSecrets.map((one) => new Secret(one.trim())),
        verifyToken: new Secret(verifyToken),
      },
      logLevel,
      dataKeys: dataKeys === null ? null : new Secret(dataKeys),
      oidc,
      metricsToken: metricsToken === null ? null : new Secret(metricsToken),
      overdueToleranceMs,
      inboxTimeoutMs,
    },
  }
}

/**
 * A variable's value, or the content of the file that `NAME_FILE` names (as container secrets are mounted); null if neither is set.
 * Surrounding blanks and line ends are not part of it.
 */
export function readVariable(
  env: Environment,
  name: string,
): { value: string | null } | { problem: string; field: string } {
  const value = env[name]?.trim() || null
  const path = env[`${name}_FILE`]?.trim()
  if (!path) return { value }
  if (value !== null) return { field: name, problem: `is set twice: by ${name} and by ${name}_FILE` }
  try {
    const content = readFileSync(path, 'utf8').trim()
    return content === '' ? { field: `${name}_FILE`, problem: 'names an empty file' } : { value: content }
  } catch (error) {
    return { field: `${name}_FILE`, problem: `names a file that cannot be read (${(error as { code?: string }).code})` }
  }
}

const NOT_AN_ADDRESS = 'must be an address that starts with https:// or http://, without ? and #'

const matching = (pattern: RegExp) => (value: string) => (pattern.test(value) ? value : null)

const oneOf =
  <T extends string>(values: readonly T[]) =>
  (value: string) =>
    values.find((one) => one === value) ?? null

const wholeNumber = (least: number, most: number) => (value: string) => {
  const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN
  return number >= least && number <= most ? number : null
}

function webAddress(value: string): string | null {
  const url = /^https?:\/\//i.test(value) && !/[?#\s]/.test(value) ? URL.parse(value) : null
  return url ? url.href.replace(/\/+$/, '') : null
}

/** Nobody can call 0.0.0.0: a service that listens everywhere is reached on this machine by its loopback address. */
function defaultPublicUrl(host: string, port: number): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`
}

/** Every key must have 256 bits; ids tell the keys apart in stored values. */
function dataKeysProblem(keys: string): string | null {
  const ids = new Set<string>()
  for (const [index, one] of keys.split(',').entries()) {
    const [, id, key] = /^([A-Za-z0-9_-]{1,32}):([A-Za-z0-9+/]+={0,2})$/.exec(one.trim()) ?? []
    if (!id || !key) return `entry ${index + 1} is not of the form id:base64`
    if (Buffer.from(key, 'base64').length !== 32) return `entry ${index + 1} (${id}) is not 32 bytes in base64`
    if (ids.has(id)) return `the id ${id} occurs twice`
    ids.add(id)
  }
  return null
}
