import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'

/** Lowest first: a folder imports from lower steps only, never sideways, never up. */
const STEPS = [
  ['db', 'whatsapp', 'inbox'],
  ['audit', 'channels', 'contacts'],
  ['dispatch'],
  ['subscriptions'],
  ['broadcasts', 'chats'],
  ['privacy'],
  ['intake', 'access'],
  ['http', 'site', 'jobs'],
  ['console'],
  ['commands'],
]
const OPEN_TO_ALL = new Set(['config', 'duration', 'hmac', 'log', 'refusal', 'runtime', 'secret'])
const SEES_EVERYTHING = new Set(['app', 'cli'])
const ONLY_IN: Readonly<Record<string, readonly string[]>> = {
  hono: ['http', 'console', 'site', 'emulator', 'app', 'commands'],
  'node-cron': ['jobs'],
  'drizzle-orm': [
    'db',
    'audit',
    'channels',
    'contacts',
    'dispatch',
    'subscriptions',
    'broadcasts',
    'chats',
    'privacy',
    'intake',
    'access',
  ],
}

type Import = { file: string; from: string; what: string; to: string | null }

const src = resolve('src')
const folderOf = (path: string) =>
  relative(src, path)
    .split('/')[0]!
    .replace(/\.tsx?$/, '')

function allImports(): Import[] {
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => /\.tsx?$/.test(file))
  return files.flatMap((file) => {
    const path = join(src, file)
    const found = readFileSync(path, 'utf8').matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)
    return [...found].map(([, what]) => ({
      file: `src/${file}`,
      from: folderOf(path),
      what: what!,
      to: what!.startsWith('.') ? folderOf(resolve(dirname(path), what!)) : null,
    }))
  })
}

function isWrong({ from, to, what }: Import): boolean {
  if (to === null) {
    const owner = Object.keys(ONLY_IN).find((name) => what === name || what.startsWith(`${name}/`))
    return owner !== undefined && !ONLY_IN[owner]!.includes(from)
  }
  if (from === to || OPEN_TO_ALL.has(to) || SEES_EVERYTHING.has(from)) return false
  if (from === 'emulator') return true
  if (to === 'emulator') return from !== 'commands'
  if (from === 'runtime') return false
  if (SEES_EVERYTHING.has(to)) return from !== 'commands'
  const step = (folder: string) => STEPS.findIndex((folders) => folders.includes(folder))
  return step(to) < 0 || step(from) < 0 || step(to) >= step(from)
}

describe('who imports whom', () => {
  const imports = allImports()
  test('every folder imports from lower steps only', () => {
    expect(imports.length).toBeGreaterThan(300)
    expect(imports.filter(isWrong).map(({ file, what }) => `${file} imports ${what}`)).toEqual([])
  })
  test('the rule refuses what it should', () => {
    const wrong = (from: string, to: string | null, what = '') => isWrong({ file: '', from, to, what })
    expect([
      wrong('db', 'chats'),
      wrong('chats', 'broadcasts'),
      wrong('emulator', 'db'),
      wrong('http', null, 'drizzle-orm'),
    ]).toEqual([true, true, true, true])
    expect([wrong('chats', 'dispatch'), wrong('app', 'http'), wrong('http', null, 'hono/jsx')]).toEqual([
      false,
      false,
      false,
    ])
  })
  test('only the settings and the command line read the environment', () => {
    const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => /\.tsx?$/.test(file))
    const readers = files.filter((file) => /process\.env/.test(readFileSync(join(src, file), 'utf8')))
    expect(readers.filter((file) => !['cli.ts', 'config.ts'].includes(file))).toEqual([])
  })
})
