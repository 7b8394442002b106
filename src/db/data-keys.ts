import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { UnusableDatabase } from './unusable.ts'

/** A key of the encryption at rest. Its id stands in front of everything it sealed. */
export interface DataKey {
  id: string
  /** 32 bytes */
  key: Buffer
}

/** Reads `id:base64[,id:base64…]` (new lines separate too). Keys are only good if there are no problems; no problem repeats a key. */
export function parseDataKeys(text: string): { keys: DataKey[]; problems: string[] } {
  const keys: DataKey[] = []
  const problems: string[] = []
  for (const [index, entry] of text
    .trim()
    .split(/\s*[,\n]\s*/)
    .entries()) {
    const [, id, base64] = /^([A-Za-z0-9_-]{1,32}):([A-Za-z0-9+/]+={0,2})$/.exec(entry) ?? []
    const key = Buffer.from(base64 ?? '', 'base64')
    if (!id) problems.push(`entry ${index + 1} is not of the form id:base64`)
    else if (key.length !== 32) problems.push(`entry ${index + 1} (${id}) is not 32 bytes in base64`)
    else if (keys.some((other) => other.id === id)) problems.push(`the id ${id} occurs twice`)
    else keys.push({ id, key })
  }
  return { keys, problems }
}

/** A new entry for DATA_KEYS. The id is never used again, so that a lost key is named as lost and not taken for a wrong one. */
export const generateDataKey = () =>
  `${new Date().toISOString().slice(0, 10).replaceAll('-', '')}-${randomBytes(4).toString('hex')}:${randomBytes(32).toString('base64')}`

/**
 * The keys of `dataDir/data-keys`, made with one key if it is not there. Without this file nobody can read the personal fields again:
 * when `made` is true, tell the operator to keep a copy.
 * @param isNew whether nothing was sealed yet: beside a database in use a new key would only hide that the right one is missing
 * @throws UnusableDatabase if the file cannot be read, or is missing although something was sealed
 */
export function loadOrMakeDataKeys(dataDir: string, isNew = true): { keys: DataKey[]; path: string; made: boolean } {
  const path = join(dataDir, 'data-keys')
  if (!isNew && !exists(path))
    throw new UnusableDatabase(
      `${path} is missing, but this database was sealed with a key. Restore that file from your backup, or set DATA_KEYS. No new key was made.`,
    )
  const made = !exists(path) && create(path, `${generateDataKey()}\n`)
  const { keys, problems } = parseDataKeys(read(path))
  if (problems.length > 0) throw new UnusableDatabase(`${path} cannot be used: ${problems.join('; ')}.`)
  return { keys, path, made }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new UnusableDatabase(
      `${path} cannot be read (${(error as NodeJS.ErrnoException).code}). Start as the account that it belongs to.`,
    )
  }
}

const exists = (path: string) => {
  try {
    return readFileSync(path).length > 0
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOENT'
  }
}

/** Complete and on disk before it has its name; of several processes that start at once, one wins. */
function create(path: string, content: string): boolean {
  mkdirSync(join(path, '..'), { recursive: true })
  const draft = `${path}.${process.pid}.${randomBytes(3).toString('hex')}`
  const file = openSync(draft, 'wx', 0o600)
  try {
    writeSync(file, content)
    fsyncSync(file)
    linkSync(draft, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return false
  } finally {
    closeSync(file)
    unlinkSync(draft)
  }
}
