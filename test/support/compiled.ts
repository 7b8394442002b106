import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs'
import { join, resolve } from 'node:path'

const CACHE = resolve('node_modules/.cache/whatsup-compiled')
const SOURCES = ['src', 'test', 'migrations', 'package.json', 'tsconfig.json']
const UNUSED_MS = 3_600_000
let out: string | null = null

/**
 * The plain JavaScript of a TypeScript file of this checkout: starts faster than, and runs as, the built service. Compiled once for each state of the
 * checkout; several processes may ask at once.
 */
export function compiledFile(path: string): string {
  out ??= compiledDir()
  return join(out, path.replace(/\.tsx?$/, '.js'))
}

function compiledDir(): string {
  const dir = join(CACHE, `of-${stateOfCheckout()}`)
  if (!existsSync(dir)) compileTo(dir)
  const now = new Date()
  utimesSync(dir, now, now)
  for (const name of readdirSync(CACHE)) {
    const old = statSync(join(CACHE, name), { throwIfNoEntry: false })
    if (old && now.getTime() - old.mtimeMs > UNUSED_MS) rmSync(join(CACHE, name), { recursive: true, force: true })
  }
  return dir
}

function stateOfCheckout(): string {
  const hash = createHash('sha256')
  const add = (path: string) => {
    const { mtimeMs, size } = statSync(path)
    hash.update(`${path} ${mtimeMs} ${size}\n`)
  }
  for (const source of SOURCES) {
    if (statSync(source).isFile()) add(source)
    else
      for (const entry of readdirSync(source, { recursive: true, withFileTypes: true }))
        if (entry.isFile()) add(join(entry.parentPath, entry.name))
  }
  return hash.digest('hex').slice(0, 16)
}

/** Beside it first and then renamed, so that nobody ever starts half of it. */
function compileTo(dir: string): void {
  mkdirSync(CACHE, { recursive: true })
  const fresh = mkdtempSync(join(CACHE, 'new-'))
  const options = ['-p', 'tsconfig.json', '--noEmit', 'false', '--outDir', fresh, '--rootDir', '.', '--noCheck']
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', ...options], { stdio: 'inherit' })
  for (const folder of readdirSync('src')) {
    const assets = join('src', folder, 'assets')
    if (existsSync(assets)) cpSync(assets, join(fresh, assets), { recursive: true })
  }
  cpSync('package.json', join(fresh, 'package.json'))
  cpSync('migrations', join(fresh, 'migrations'), { recursive: true })
  try {
    renameSync(fresh, dir)
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true })
    if (!existsSync(dir)) throw error // otherwise another process was faster
  }
}
