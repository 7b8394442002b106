import { execFile } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { UnusableDatabase } from '../unusable.ts'

/** Whose rights PostgreSQL gets, since it refuses to run as root. Empty: our own. */
export type Account = { uid?: number; gid?: number }

/**
 * As root: whoever owns the cluster already, else `postgres`, `nobody`, or any other known account (initdb insists on one with a name).
 * @throws UnusableDatabase if root is the only account of this system
 */
export function accountFor(cluster: string): Account {
  if (process.getuid?.() !== 0) return {}
  const owner = statSync(cluster, { throwIfNoEntry: false })
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid }
  const people = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .filter((fields) => Number(fields[2]) > 0 && Number(fields[3]) > 0)
  const named = (name: string) => people.find((fields) => fields[0] === name)
  const chosen = named('postgres') ?? named('nobody') ?? people[0]
  if (!chosen)
    throw new UnusableDatabase(
      'PostgreSQL does not run as root, and this system has no other account. Create one, or set DATABASE_URL.',
    )
  return { uid: Number(chosen[2]), gid: Number(chosen[3]) }
}

/**
 * Runs a program to its end with the account's rights and without our environment, which holds secrets.
 * @returns what it wrote to stdout and stderr
 * @throws Error with its output, if it could not be started or failed
 */
export function runAs(account: Account, file: string, args: string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      file,
      args,
      { ...account, cwd: '/', env: environment, maxBuffer: 2 ** 24 },
      (error, stdout, stderr) => {
        const output = `${stdout}${stderr}`.trim()
        if (error) reject(new Error(output || error.message, { cause: error }))
        else resolve(output)
      },
    )
    child.stdin?.on('error', () => {}) // it ended without reading: its exit code tells why
    child.stdin?.end(input)
  })
}

/** All that PostgreSQL needs to know; Windows cannot open sockets without its own variables. */
export const environment: NodeJS.ProcessEnv | undefined =
  process.platform === 'win32' ? undefined : { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/bin:/bin' }

/** Can the account walk into this directory? Asked by trying: modes alone do not tell of ACLs and containers. */
export async function canEnter(account: Account, directory: string): Promise<boolean> {
  if (account.uid === undefined) return true
  return runAs(account, '/bin/sh', ['-c', 'cd -- "$1"', 'sh', directory]).then(
    () => true,
    () => false,
  )
}
