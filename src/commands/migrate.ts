import { startEmbedded } from '../db/embedded.ts'
import { migrate } from '../db/migrate.ts'
import { parse, type Run } from './command.ts'
import { commandLog, officeSettingsFrom } from './open.ts'

/** `migrate`: brings the database up to date; any number of processes may do so at once. */
export const run: Run = async (args, io) => {
  parse(args, {})
  const settings = officeSettingsFrom(io.env)
  const embedded =
    settings.databaseUrl === null ? await startEmbedded({ dataDir: settings.dataDir, log: commandLog(io.err) }) : null
  try {
    const applied = await migrate(embedded?.url ?? settings.databaseUrl!.reveal())
    io.out(applied.length === 0 ? 'The database is up to date.' : `Applied ${applied.length} migration(s).`)
    return 0
  } finally {
    await embedded?.stop()
  }
}
