import type { Channel } from './channels/channel-file.ts'
import type { Settings } from './config.ts'
import type { Db, Sql, Tx } from './db/db.ts'
import type { Vault } from './db/vault.ts'
import type { InboxClient } from './inbox/client.ts'
import type { Logger } from './log.ts'
import type { WhatsappClient } from './whatsapp/client.ts'

/** What has a lifetime, built once by the command that starts and closed by it. */
export interface Runtime {
  settings: Settings
  /** by slug */
  channels: ReadonlyMap<string, Channel>
  db: Db
  /** Prepared statements for the hot paths; a client of its own, since drizzle rewires the other's parsers. */
  sql: Sql
  vault: Vault
  whatsapp: WhatsappClient
  inbox: InboxClient
  log: Logger
  now: () => Date
}

/** One transaction with its moment: what every verb takes first. Its opener commits; no network is waited for inside. */
export interface Deed {
  tx: Tx
  vault: Vault
  now: Date
}

/** Runs `act` in one transaction; commits when it returns, rolls everything back when it throws. */
export function inDeed<T>(runtime: Pick<Runtime, 'db' | 'vault' | 'now'>, act: (deed: Deed) => Promise<T>): Promise<T> {
  return runtime.db.transaction((tx) => act({ tx, vault: runtime.vault, now: runtime.now() }))
}
