import { once } from 'node:events'
import { chmodSync, createReadStream, createWriteStream, statSync } from 'node:fs'
import { COMMAND } from '../audit/audit.ts'
import type { Channel } from '../channels/channel.ts'
import { readWho } from '../contacts/phone.ts'
import { eraseByIds } from '../privacy/erase.ts'
import { inDeed, type Runtime } from '../runtime.ts'
import { csvRecords } from '../subscriptions/csv-lines.ts'
import { csvText } from '../subscriptions/csv-text.ts'
import { type ExportedLine, exportSubscribers } from '../subscriptions/export.ts'
import { importSubscribers } from '../subscriptions/import.ts'
import { CannotDo, type Io, parse, type Run, WrongUsage } from './command.ts'
import { channelsFrom, commandLog, officeSettingsFrom, openStore } from './open.ts'

type Hands = Pick<Runtime, 'db' | 'sql' | 'vault' | 'now'>

const VERBS = { export: exportTo, import: importFrom, erase } as const

/** `subscribers export|import|erase`: a town's subscribers as a list with the proof of each consent, and erasure on request. */
export const run: Run = async ([verb, ...args], io) => {
  const act = verb !== undefined && Object.hasOwn(VERBS, verb) ? VERBS[verb as keyof typeof VERBS] : undefined
  if (!act) throw new WrongUsage(verb === undefined ? 'Something is missing.' : `Unknown: subscribers ${verb}`)
  const { options, words } = parse(args, { apply: { type: 'boolean' } }, { least: verb === 'erase' ? 2 : 1, most: 2 })
  if (options.apply && verb !== 'import') throw new WrongUsage('--apply belongs to import.')
  const file = verb === 'erase' ? undefined : words[1]
  if (file && statSync(file, { throwIfNoEntry: false })?.isDirectory()) throw new CannotDo(`${file}: is a folder`)
  const settings = officeSettingsFrom(io.env)
  const channels = channelsFrom(settings.channelsDir, io.env)
  const channel = channels.get(words[0]!)
  if (!channel) throw new CannotDo(`There is no channel "${words[0]}". Known: ${[...channels.keys()].join(', ')}.`)
  const store = await openStore(settings, commandLog(io.err))
  try {
    return await act({ ...store, now: () => new Date() }, channel, words[1], io, options.apply === true)
  } finally {
    await store.close()
  }
}

const isStandard = (file: string | undefined) => file === undefined || file === '-'

async function exportTo(hands: Hands, { slug }: Channel, file: string | undefined, io: Io): Promise<number> {
  const target = isStandard(file) ? null : createWriteStream(file!, { mode: 0o600 })
  if (target) {
    await opened(target, file!)
    try {
      if (statSync(file!).isFile()) chmodSync(file!, 0o600) // it may have been there before, readable for all
    } catch {
      throw new CannotDo(`${file}: belongs to somebody else, who could read it`)
    }
  }
  let lines = -1
  const counted = async function* (pages: AsyncIterable<ExportedLine[]>) {
    for await (const page of pages) {
      lines += page.length
      yield page
    }
  }
  for await (const text of csvText(counted(exportSubscribers(hands, COMMAND, slug)), { reader: 'program' })) {
    if (!target) io.out(text.replace(/\n$/, ''))
    else if (!target.write(text)) await once(target, 'drain')
    io.progress?.(`${lines} lines`)
  }
  io.progress?.(null)
  if (target) {
    target.end()
    await once(target, 'finish')
  }
  io.err(`${lines} subscriptions exported. The list holds personal data: keep it safe, delete it soon.`)
  return 0
}

async function importFrom(
  hands: Hands,
  channel: Channel,
  file: string | undefined,
  io: Io,
  apply: boolean,
): Promise<number> {
  const input = isStandard(file) ? (io.input ?? process.stdin) : createReadStream(file!)
  if (!isStandard(file)) await opened(input as ReturnType<typeof createReadStream>, file!)
  else if (input === process.stdin && process.stdin.isTTY) io.err('Reads the list from here; end it with Ctrl-D.')
  const counts = await importSubscribers(hands, COMMAND, channel, csvRecords(input as AsyncIterable<Uint8Array>), {
    apply,
    told: (line, reason) => io.out(`line ${line}: ${reason}`),
    progress: ({ lines, added }) => io.progress?.(`${lines} lines, ${added} ${apply ? 'added' : 'to be added'}`),
  })
  io.progress?.(null)
  if (!counts) throw new CannotDo('Nothing was imported.')
  const { lines, added, alreadySubscribed, declined, bad } = counts
  io.out(
    `${lines} lines: ${added} ${apply ? 'added' : 'would be added'}, ${alreadySubscribed} already subscribed, ${declined} declined, ${bad} bad`,
  )
  if (!apply) io.err('This was a dry run, nothing was written. To carry it out: --apply')
  return 0
}

async function erase(hands: Hands, channel: Channel, typed: string | undefined, io: Io): Promise<number> {
  const who = readWho(typed!)
  if (!who)
    throw new CannotDo(
      'That is not a phone number, such as +4915112345612, and not a user id of WhatsApp, such as DE.1234567890.',
    )
  const done = await inDeed(hands, (deed) => eraseByIds(deed, COMMAND, channel, who))
  if (done === 'unknown') throw new CannotDo('Nobody is known by this number or user id on this channel.')
  io.err(
    done === 'erased'
      ? 'Erased. No import brings this person back.'
      : 'Erased before or signed off: nothing is stored, and no import brings this person back.',
  )
  return 0
}

async function opened(
  stream: ReturnType<typeof createReadStream> | ReturnType<typeof createWriteStream>,
  file: string,
) {
  try {
    await once(stream, 'open')
  } catch (error) {
    throw new CannotDo(`${file}: ${(error as NodeJS.ErrnoException).code}`)
  }
}
