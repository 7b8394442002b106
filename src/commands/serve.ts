import { mkdirSync } from 'node:fs'
import { openLog } from '../log.ts'
import { CannotDo, parse, type Run, required } from './command.ts'
import { channelsFrom, openRuntime, settingsFrom } from './open.ts'
import { type ServiceRole, startService } from './service.ts'

/** `serve [--role all|web|dispatcher]`: runs the service until it is asked to end. Settings and channel files are checked completely first. */
export const run: Run = async (args, io) => {
  const { options } = parse(args, { role: { type: 'string', default: 'all' } })
  const role = required<ServiceRole>('role', options.role, ['all', 'web', 'dispatcher'])
  const { settings, channels } = checkedTogether(io.env)
  mkdirSync(settings.dataDir, { recursive: true })
  const runtime = await openRuntime(settings, channels, openLog(settings.logLevel))
  try {
    const service = await startService(runtime, role)
    await ended(io.signal)
    await service.stop()
  } finally {
    await runtime.close()
  }
  return 0
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
