import { type ParseArgsConfig, parseArgs } from 'node:util'
import type { Environment } from '../config.ts'

type Options = NonNullable<ParseArgsConfig['options']>

/** What a command may touch of the process it runs in. */
export interface Io {
  env: Environment
  /** One line on stdout: the result, and nothing else. */
  out(line: string): void
  /** One line on stderr: reasons, progress, advice. */
  err(line: string): void
  /** How far long work has come, over and over on one line of a terminal; null = the line is free again. Absent where nobody watches. */
  progress?(text: string | null): void
  /** stdin, if it is not the process's own */
  input?: AsyncIterable<Uint8Array>
  /** Aborted when the process is asked to end. */
  signal: AbortSignal
}

/** @returns 0 done, 1 refused with a reason on stderr */
export type Run = (args: readonly string[], io: Io) => Promise<number>

/** The command line itself is wrong: exit 2, with the usage. */
export class WrongUsage extends Error {}

/** The command is understood and cannot be carried out: exit 1, with this reason (one line per problem). */
export class CannotDo extends Error {}

/** Options and words of a command line. @throws WrongUsage for an option that does not exist, one without its value, or too few or too many words */
export function parse<const O extends Options>(
  args: readonly string[],
  options: O,
  words: { least: number; most: number } = { least: 0, most: 0 },
) {
  const parsed = parsedArgs(args, options)
  if (parsed.positionals.length < words.least) throw new WrongUsage('Something is missing.')
  if (parsed.positionals.length > words.most)
    throw new WrongUsage(`Unexpected argument: ${parsed.positionals[words.most]}`)
  return { options: parsed.values, words: parsed.positionals }
}

function parsedArgs<const O extends Options>(args: readonly string[], options: O) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true })
  } catch (error) {
    throw new WrongUsage((error as Error).message.split('\n')[0])
  }
}

/** The option's value. @throws WrongUsage if it is not given, empty, or none of `choices` */
export function required<T extends string>(name: string, value: string | undefined, choices?: readonly T[]): T {
  const text = value?.trim()
  if (!text) throw new WrongUsage(`--${name} is missing.`)
  if (choices && !choices.includes(text as T)) throw new WrongUsage(`--${name} must be one of: ${choices.join(', ')}`)
  return text as T
}
