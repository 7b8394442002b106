import { readFileSync } from 'node:fs'
import { isDatabaseAway } from '../db/db.ts'
import { newestMigration } from '../db/migrate.ts'
import { UnusableDatabase } from '../db/unusable.ts'
import { describeError } from '../log.ts'
import { Refusal } from '../refusal.ts'
import { CannotDo, type Io, type Run, WrongUsage } from './command.ts'

type Command = { usage: readonly (readonly [line: string, does: string])[]; load: () => Promise<{ run: Run }> }

/** Loaded when asked for: making a key must not wait for everything that serving needs. */
const COMMANDS: Readonly<Record<string, Command>> = {
  serve: {
    usage: [['serve [--role all|web|dispatcher]', 'run the service; any number of processes may share one database']],
    load: () => import('./serve.ts'),
  },
  demo: {
    usage: [['demo [--fresh]', 'everything on this machine with sample data, to try it out']],
    load: () => import('./demo.ts'),
  },
  migrate: { usage: [['migrate', 'bring the database up to date']], load: () => import('./migrate.ts') },
  channels: { usage: [['channels check [FILE…]', 'validate channel files']], load: () => import('./channels.ts') },
  templates: {
    usage: [
      ['templates push CHANNEL', 'submit the templates of TEMPLATES_DIR for approval'],
      ['templates pull CHANNEL', 'read back what Meta approved'],
      ['templates list CHANNEL', 'show what was last read'],
    ],
    load: () => import('./templates.ts'),
  },
  keys: {
    usage: [['keys create --name N --role editor|approver|admin|inbox [--channel C]', 'print a new API key, once']],
    load: () => import('./keys.ts'),
  },
  staff: {
    usage: [['staff invite --email E --role editor|approver|admin [--channel C]', 'print a one-time sign-in link']],
    load: () => import('./staff.ts'),
  },
  subscribers: {
    usage: [
      ['subscribers export CHANNEL [FILE]', 'everybody subscribed with the proof of it, as CSV'],
      ['subscribers import CHANNEL [FILE] [--apply]', 'take over consents given elsewhere; without --apply a dry run'],
      ['', 'columns: phone, date, source, wording; optional: userId, offering, topics, noticeVersion'],
      ['', 'or in German: Rufnummer, Datum, Quelle, Wortlaut; Kennung, Angebot, Themen, Fassung'],
      ['subscribers erase CHANNEL PHONE|USERID', 'erase everything about one person'],
    ],
    load: () => import('./subscribers.ts'),
  },
  consents: {
    usage: [
      ['consents verify [CHANNEL]', 'check that nobody changed the consent ledger'],
      ['consents verify CHANNEL --noted N:HASH', 'also against what an earlier check printed: entries and hash'],
    ],
    load: () => import('./consents.ts'),
  },
  'data-keys': {
    usage: [
      ['data-keys create', 'print a new key for the front of DATA_KEYS'],
      ['data-keys rotate', 'seal everything anew with the first key of DATA_KEYS'],
    ],
    load: () => import('./data-keys.ts'),
  },
  emulator: { usage: [['emulator [--port P]', 'the Cloud API emulator alone']], load: () => import('./emulator.ts') },
}

const usage = (commands: readonly Command[]): string => {
  const lines = commands.flatMap(({ usage }) => usage)
  const width = 30
  const rows = lines.map(([line, does]) =>
    line.length > width ? `  ${line}\n  ${' '.repeat(width)}  ${does}` : `  ${line.padEnd(width)}  ${does}`,
  )
  return [
    'Usage: whatsup <command> | --version',
    '',
    ...rows,
    '',
    'Settings come from the environment; see the README.',
  ].join('\n')
}

/** Carries out one command line. @returns the exit code: 0 done, 1 refused with a reason on stderr, 2 wrong usage */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  const [name, ...args] = argv
  if (name === '--help' || name === '-h' || name === 'help') {
    io.out(usage(Object.values(COMMANDS)))
    return 0
  }
  if (name === '--version') {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
    io.out(`${version}, database ${newestMigration()}`)
    return 0
  }
  const command = name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (!command) {
    if (name !== undefined) io.err(`There is no command "${name}".\n`)
    io.err(usage(Object.values(COMMANDS)))
    return 2
  }
  if (args.includes('--help') || args.includes('-h')) {
    io.out(usage([command]))
    return 0
  }
  try {
    const { run } = await command.load()
    return await run(args, io)
  } catch (error) {
    if (error instanceof WrongUsage) {
      io.err(`${error.message}\n\n${usage([command])}`)
      return 2
    }
    for (const line of reasons(error)) io.err(line)
    return 1
  }
}

/** Why it could not be done, in words for an operator. A bug shows where it happened, and no data. */
function reasons(error: unknown): string[] {
  if (error instanceof CannotDo || error instanceof UnusableDatabase) return error.message.split('\n')
  if (error instanceof Refusal) return [error.message, ...error.problems.map((p) => `${p.field}: ${p.message}`)]
  const refused = DATABASE_REFUSALS[codeOf(error)]
  if (refused) return [`${refused} (${codeOf(error)}). Is DATABASE_URL right?`]
  if (isDatabaseAway(error)) return [`The database cannot be reached (${codeOf(error)}). Is DATABASE_URL right?`]
  return [JSON.stringify(describeError(error))]
}

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
const DATABASE_REFUSALS: Readonly<Record<string, string>> = {
  '28000': 'The database does not know this user, or not from here',
  '28P01': 'The database refuses this password',
  '3D000': 'There is no database of this name',
  '42501': 'The user of the database may not do this',
}

function codeOf(error: unknown): string {
  for (let depth = 0; error instanceof Error && depth < 8; depth++) {
    const { code } = error as { code?: unknown }
    if (typeof code === 'string') return code
    error = error.cause
  }
  return 'no answer'
}
