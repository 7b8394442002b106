import { formatProblem, loadChannelFiles, loadChannels } from '../channels/channel-file.ts'
import { parse, type Run, WrongUsage } from './command.ts'

/** `channels check [FILE…]`: every problem of every file at once. */
export const run: Run = async ([verb, ...args], io) => {
  if (verb !== 'check') throw new WrongUsage(verb === undefined ? 'Something is missing.' : `Unknown: channels ${verb}`)
  const { words: files } = parse(args, {}, { least: 0, most: Number.POSITIVE_INFINITY })
  const loaded =
    files.length > 0 ? loadChannelFiles(files, io.env) : loadChannels(io.env.CHANNELS_DIR?.trim() || 'channels', io.env)
  if ('problems' in loaded) {
    for (const problem of loaded.problems) io.err(formatProblem(problem))
    return 1
  }
  for (const { slug, name, offerings } of loaded.channels.values())
    io.out(`${slug}: ${name} (${Object.keys(offerings).join(', ')})`)
  return 0
}
