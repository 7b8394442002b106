import { mkdirSync } from 'node:fs'
import type { Settings } from '../config.ts'
import { type Logger, openLog } from '../log.ts'
import type { Runtime } from '../runtime.ts'
import { CannotDo, parse, type Run, required } from './command.ts'
import { channelsFrom, openRuntime, settingsFrom } from './open.ts'
import { type ServiceRole, startService } from './service.ts'
import { within } from './within.ts'

/** An orchestrator kills after ten. */
const STOP_WITHIN_MS = 9500

/** `serve [--role all|web|dispatcher]`: runs the service until it is asked to end. Settings and channel files are checked completely first. */
export const run: Run = async (args, io) => {
  const { options } = parse(args, { role: { type: 'string', default: 'all' } })
  const role = required<ServiceRole>('role', options.role, ['all', 'web', 'dispatcher'])
  const { settings, channels } = checkedTogether(io.env)
  mkdirSync(settings.dataDir, { recursive: true })
  const log = openLog(settings.logLevel)
  const running = start(settings, channels, role, log)
  const asked = ended(io.signal)
  await Promise.race([asked, running.then(() => asked)])
  // Whoever was asked to end ends well: the work that is left is in the database, and a database that is away must not hold anybody up.
  const stopped = running.then((service) => service.stop())
  try {
    if (!(await within(STOP_WITHIN_MS, stopped))) log.warn('stopped without waiting any longer')
  } catch (error) {
    log.warn({ err: error }, 'stopped, but not everything could be finished')
  }
  return 0
}

async function start(settings: Settings, channels: Runtime['channels'], role: ServiceRole, log: Logger) {
  const runtime = await openRuntime(settings, channels, log)
  try {
    const service = await startService(runtime, role)
    return {
      async stop() {
        try {
          await service.stop()
        } finally {
          await runtime.close()
        }
      },
    }
  } catch (error) {
    await runtime.close()
    throw error
  }
}

/** Problems of the environment and of the channel files in one list, since whoever installs this mends them in one go. */
function checkedTogether(env: Parameters<typeof settingsFrom>[0]) {
  const problems: string[] = []
  const attempt = <T>(read: () => T): T | null => {
    try {
      return read()
    } catch (error) {
      if (!(error instanceof CannotDo)) throw error
      problems.push(error.message)
      return null
    }
  }
  const settings = attempt(() => settingsFrom(env))
  const channels = attempt(() => channelsFrom(settings?.channelsDir ?? (env.CHANNELS_DIR?.trim() || 'channels'), env))
  if (!settings || !channels) throw new CannotDo(problems.join('\n'))
  return { settings, channels }
}

export const ended = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
