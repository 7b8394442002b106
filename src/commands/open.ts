import { readdirSync } from 'node:fs'
import type { Channel } from '../channels/channel.ts'
import { formatProblem, loadChannels } from '../channels/channel-file.ts'
import { type Environment, readSettings, type Settings } from '../config.ts'
import { loadOrMakeDataKeys, parseDataKeys } from '../db/data-keys.ts'
import { type Database, openDb } from '../db/db.ts'
import { startEmbedded } from '../db/embedded.ts'
import { requireKeysInUse } from '../db/keys-in-use.ts'
import { migrate } from '../db/migrate.ts'
import { vault as vaultTable } from '../db/schema.ts'
import { loadLookupKey, openVault, type Vault } from '../db/vault.ts'
import { openInboxClient } from '../inbox/client.ts'
import { type Logger, openLog } from '../log.ts'
import type { Runtime } from '../runtime.ts'
import { openClient } from '../whatsapp/client.ts'
import { CannotDo } from './command.ts'

/** All settings. @throws CannotDo with every problem, one per line */
export function settingsFrom(env: Environment): Settings {
  const read = readSettings(env)
  if ('settings' in read) return read.settings
  throw new CannotDo(read.problems.map(({ field, message }) => `${field} ${message}`).join('\n'))
}

/** The settings for commands that have nothing to do with Meta's webhooks: an operator need not know their secrets for these. */
export function officeSettingsFrom(env: Environment): Settings {
  const known = (name: string) => Boolean(env[name]?.trim() || env[`${name}_FILE`]?.trim())
  const unused = ['WHATSAPP_APP_SECRET', 'WHATSAPP_VERIFY_TOKEN'].filter((name) => !known(name))
  return settingsFrom({ ...env, ...Object.fromEntries(unused.map((name) => [name, 'not needed here'])) })
}

/** All channels. @throws CannotDo with every problem of every file, one per line */
export function channelsFrom(dir: string, env: Environment): ReadonlyMap<string, Channel> {
  const loaded = loadChannels(dir, env)
  if ('channels' in loaded) return loaded.channels
  throw new CannotDo(loaded.problems.map(formatProblem).join('\n'))
}

/** Is there a file for this channel? Asked of the folder alone, so that nobody needs the towns' secrets to make a key. @throws CannotDo if not */
export function requireChannel(settings: Settings, slug: string): void {
  let files: string[] = []
  try {
    files = readdirSync(settings.channelsDir)
  } catch {} // the same as an empty folder: no such channel
  const slugs = files.flatMap((file) => /^([a-z0-9-]+)\.ya?ml$/.exec(file)?.[1] ?? [])
  if (!slugs.includes(slug))
    throw new CannotDo(
      `There is no channel "${slug}" in ${settings.channelsDir}. Known: ${slugs.join(', ') || 'none'}.`,
    )
}

export type Store = Database & { vault: Vault; url: string }

/**
 * The database, up to date, with the key to its personal fields. Without DATABASE_URL the embedded one: started, or shared with the process that runs it.
 * @throws UnusableDatabase
 */
export async function openStore(settings: Settings, log: Logger): Promise<Store> {
  const embedded = settings.databaseUrl === null ? await startEmbedded({ dataDir: settings.dataDir, log }) : null
  try {
    const url = embedded?.url ?? settings.databaseUrl!.reveal()
    await migrate(url)
    const database = openDb(url)
    try {
      const [sealed] = await database.db.select({ name: vaultTable.name }).from(vaultTable).limit(1)
      const keys = dataKeysOf(settings, log, sealed === undefined)
      const lookupKey = await loadLookupKey(database.db, keys)
      await requireKeysInUse(database, keys)
      const vault = openVault(keys, lookupKey)
      const close = async () => {
        await database.close()
        await embedded?.stop()
      }
      return { ...database, url, vault, close }
    } catch (error) {
      await database.close()
      throw error
    }
  } catch (error) {
    await embedded?.stop()
    throw error
  }
}

function dataKeysOf(settings: Settings, log: Logger, isNew: boolean) {
  if (settings.dataKeys) return parseDataKeys(settings.dataKeys.reveal()).keys
  const { keys, path, made } = loadOrMakeDataKeys(settings.dataDir, isNew)
  if (made)
    log.warn(
      { path },
      'made the key to the personal fields: keep a copy in a safe place, without it nobody can read them',
    )
  return keys
}

/** Everything with a lifetime. `close` ends it in the order in which it depends on one another. */
export async function openRuntime(
  settings: Settings,
  channels: ReadonlyMap<string, Channel>,
  log: Logger = openLog(settings.logLevel),
): Promise<Runtime & { url: string; close: () => Promise<void> }> {
  const { db, sql, vault, url, close } = await openStore(settings, log)
  const { apiUrl: baseUrl, apiVersion: version } = settings.whatsapp
  const whatsapp = openClient({ baseUrl, version, numbers: Math.max(1, channels.size) })
  const inbox = openInboxClient({ timeoutMs: settings.inboxTimeoutMs })
  return {
    settings,
    channels,
    db,
    sql,
    vault,
    url,
    whatsapp,
    inbox,
    log,
    now: () => new Date(),
    close: async () => {
      // Whoever sends has waited for its answers already; what is still open then must not hold up the end.
      await Promise.all([whatsapp.close(500), inbox.close(500)])
      await close()
    },
  }
}

/** The log of a command whose stdout is its result: warnings and worse, as plain lines on stderr. */
export function commandLog(err: (line: string) => void): Logger {
  return openLog('warn', {
    write: (line) => {
      const { msg, path } = JSON.parse(line) as { msg?: string; path?: string }
      err(path === undefined ? `${msg}` : `${path}: ${msg}`)
    },
  })
}
