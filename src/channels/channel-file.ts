import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { z } from 'zod'
import type { Environment } from '../config.ts'
import type { Channel, ChannelProblem } from './channel.ts'
import { ambiguousKeywords, ambiguousPosters, neverOpen, valueAt, wrongReplies } from './channel-checks.ts'
import { channelSchema } from './channel-schema.ts'
import { LONGEST_REPLY, tooLongReplies } from './replies.ts'
import { retentionOf } from './retention.ts'
import { type Path, readYaml, type YamlSource } from './yaml-source.ts'

export type { Channel, ChannelProblem } from './channel.ts'

export type LoadedChannels = { channels: Map<string, Channel> } | { problems: ChannelProblem[] }

/** Reads every channel file of a folder. Either all of them are right, or everything that is wrong with any of them is listed. */
export function loadChannels(dir: string, env: Environment): LoadedChannels {
  try {
    const names = readdirSync(dir).filter((name) => /\.ya?ml$/.test(name) && !name.startsWith('.'))
    if (names.length === 0) return { problems: [whole(dir, 'contains no channel file (<town>.yaml)')] }
    return loadChannelFiles(
      names.toSorted().map((name) => join(dir, name)),
      env,
    )
  } catch (error) {
    return { problems: [whole(dir, `cannot be read (${(error as { code?: string }).code})`)] }
  }
}

/** The same for single files. What must be unique is compared among these files only. */
export function loadChannelFiles(files: readonly string[], env: Environment): LoadedChannels {
  const problems: ChannelProblem[] = []
  const channels = new Map<string, Channel>()
  const readable: { file: string; source: YamlSource }[] = []
  for (const file of files) {
    try {
      const source = readYaml(readFileSync(file, 'utf8'), env)
      readable.push({ file, source })
      const checked = checkChannel(file, source)
      problems.push(...checked.problems)
      if (checked.channel) channels.set(checked.channel.slug, checked.channel)
    } catch (error) {
      problems.push(whole(file, `cannot be read (${(error as { code?: string }).code ?? (error as Error).message})`))
    }
  }
  problems.push(...sharedNumbers(readable))
  return problems.length > 0 ? { problems } : { channels }
}

/** 'channels/arnsberg.yaml:12 whatsapp.phoneNumber: must be …' */
export function formatProblem({ file, line, field, message }: ChannelProblem): string {
  return `${file}${line === null ? '' : `:${line}`}${field === '' ? '' : ` ${field}`}: ${message}`
}

/** Addresses of the service's own pages, which share the place of `/<slug>`. */
const RESERVED = new Set(['api', 'assets', 'health', 'metrics', 'office', 'webhooks'])

function checkChannel(file: string, source: YamlSource): { channel?: Channel; problems: ChannelProblem[] } {
  const problems: ChannelProblem[] = source.problems.map(({ line, path, message }) => ({
    file,
    line,
    field: path.join('.'),
    message,
  }))
  const slug = /^([a-z0-9-]+)\.yaml$/.exec(basename(file))?.[1]
  if (slug === undefined)
    problems.push(whole(file, 'must be named with small letters, digits and hyphens: <town>.yaml'))
  else if (RESERVED.has(slug)) problems.push(whole(file, `must not be named ${slug}: that is a page of the service`))
  if (source.value === undefined && source.problems.length > 0) return { problems }

  const add = (path: Path, message: string) => {
    if (source.unfilled.some((gap) => startsWith(path, gap))) return
    problems.push({ file, line: source.lineOf(path), field: path.join('.'), message })
  }
  const result = channelSchema.safeParse(source.value, { reportInput: true })
  for (const issue of result.error?.issues ?? [])
    for (const { path, message } of explain(issue, source.value)) add(path, message)
  for (const check of [ambiguousKeywords, ambiguousPosters, wrongReplies, neverOpen])
    for (const { path, message } of check(source.value)) add(path, message)
  problems.sort((a, b) => (a.line ?? 0) - (b.line ?? 0))

  if (!result.success || slug === undefined || problems.length > 0) return { problems }
  const channel = { slug, ...shapeOf(result.data) }
  for (const key of tooLongReplies(channel))
    add(['replies', key], `is longer than ${LONGEST_REPLY} characters once filled in`)
  return problems.length > 0 ? { problems } : { channel, problems }
}

function shapeOf(data: z.output<typeof channelSchema>): Omit<Channel, 'slug'> {
  const { info, chat } = data.offerings
  return {
    ...data,
    offerings: {
      ...(info ? { info } : {}),
      ...(chat ? { chat: renamed(chat) } : {}),
    },
    privacy: {
      ...data.privacy,
      retention: retentionOf(data.privacy.retention),
    },
  }
}

const renamed = ({ eraseGrace, ...chat }: NonNullable<z.output<typeof channelSchema>['offerings']['chat']>) => ({
  ...chat,
  eraseGraceMs: eraseGrace,
})

type Issue = z.core.$ZodIssue

/** zod's finding in the words of this page: one problem per unknown key, and no talk of types where something is just not there. */
function explain(issue: Issue, content: unknown): { path: Path; message: string }[] {
  const path = issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step))
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ path: [...path, key], message: 'is not a key that exists here' }))
  if (issue.code === 'invalid_key') return [{ path, message: issue.issues[0]?.message ?? issue.message }]
  const value = valueAt(content, path)
  if (value === undefined && issue.code !== 'custom')
    return [{ path, message: path.length > 0 ? 'is required' : 'is empty' }]
  if (value === null) return [{ path, message: 'is empty: give it a value or leave it out' }]
  if (issue.code === 'invalid_value') return [{ path, message: `must be ${listOf(issue.values)}` }]
  if (issue.code === 'invalid_type' && issue.message.startsWith('Invalid input'))
    return [{ path, message: `must be ${TYPES[issue.expected] ?? issue.expected}` }]
  return [{ path, message: issue.message }]
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'text (in quotes if it looks like a number)',
  boolean: 'true or false',
  int: 'a whole number',
  number: 'a number',
  array: 'a list',
  object: 'a block of keys',
  record: 'a block of keys',
}

const listOf = (values: readonly unknown[]) => values.map(String).join(' or ')

const startsWith = (path: Path, beginning: Path) =>
  beginning.length <= path.length && beginning.every((step, index) => String(step) === String(path[index]))

const whole = (file: string, message: string): ChannelProblem => ({ file, line: null, field: '', message })

/** Incoming messages find their channel by these; two channels with the same would mix two towns' citizens. */
function sharedNumbers(files: readonly { file: string; source: YamlSource }[]): ChannelProblem[] {
  return ['phoneNumberId', 'phoneNumber'].flatMap((name) => {
    const path = ['whatsapp', name]
    const owners = new Map<string, string>()
    return files.flatMap(({ file, source }): ChannelProblem[] => {
      const value = valueAt(source.value, path)
      if (typeof value !== 'string' || source.unfilled.some((gap) => startsWith(path, gap))) return []
      const key = value.replace(/[\s()/-]/g, '')
      const owner = owners.get(key)
      if (owner === undefined) owners.set(key, file)
      if (owner === undefined || key === '') return []
      return [{ file, line: source.lineOf(path), field: path.join('.'), message: `is also in ${owner}` }]
    })
  })
}
