import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto'
import type { Problem } from '../refusal.ts'

/** One of OWASP's equal choices for scrypt: 16 MiB, so that a few sign-ins at once do not fill a small server. */
const COST = { N: 2 ** 14, r: 8, p: 5 } as const
const MAX_MEMORY = 64 * 1024 * 1024
const KEY_BYTES = 32

export const SHORTEST_PASSWORD = 12
const LONGEST_PASSWORD = 256

/** `scrypt$N$r$p$salt$hash`, so that a later change of cost still reads what was stored before. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16)
  const key = await derive(password, salt, COST)
  return ['scrypt', COST.N, COST.r, COST.p, salt.toString('base64url'), key.toString('base64url')].join('$')
}

/** Is this the password? Takes as long for nobody's password (`null`) as for a wrong one, so that accounts cannot be found out. */
export async function passwordFits(password: string, stored: string | null): Promise<boolean> {
  const [, N, r, p, salt, hash] = (stored ?? (await nobody())).split('$')
  const expected = Buffer.from(hash!, 'base64url')
  const cost = { N: Number(N), r: Number(r), p: Number(p) }
  const key = await derive(password.slice(0, LONGEST_PASSWORD), Buffer.from(salt!, 'base64url'), cost)
  return timingSafeEqual(key, expected) && stored !== null
}

let nobodys: Promise<string> | undefined
const nobody = (): Promise<string> => {
  nobodys ??= hashPassword(randomBytes(16).toString('base64url'))
  return nobodys
}

/** Unicode has several spellings of one word, and keyboards differ in which they write. */
const derive = (password: string, salt: Buffer, cost: ScryptOptions): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    scrypt(password.normalize('NFKC'), salt, KEY_BYTES, { ...cost, maxmem: MAX_MEMORY }, (error, key) =>
      error ? reject(error) : resolve(key),
    )
  })

/** What is wrong with a new password; length counts, not special characters (NIST 800-63B, BSI). */
export function checkPassword(password: string, repeated: string, words: readonly string[]): Problem[] {
  const plain = password.toLowerCase()
  if (password.length < SHORTEST_PASSWORD)
    return [{ field: 'password', message: `Das Passwort braucht mindestens ${SHORTEST_PASSWORD} Zeichen.` }]
  if (password.length > LONGEST_PASSWORD)
    return [{ field: 'password', message: `Das Passwort darf höchstens ${LONGEST_PASSWORD} Zeichen haben.` }]
  if (new Set(plain).size < 5 || words.some((word) => word.length > 3 && plain.includes(word.toLowerCase())))
    return [{ field: 'password', message: 'Dieses Passwort ist zu leicht zu erraten.' }]
  return password === repeated ? [] : [{ field: 'repeated', message: 'Die beiden Passwörter sind nicht gleich.' }]
}
