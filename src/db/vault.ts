import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  type KeyObject,
  randomBytes,
  randomFillSync,
} from 'node:crypto'
import { eq } from 'drizzle-orm'
import { hmacSha256 } from '../hmac.ts'
import type { DataKey } from './data-keys.ts'
import type { Db } from './db.ts'
import { gcmOpener, IV, TAG } from './gcm.ts'
import { vault } from './schema.ts'
import { UnusableDatabase } from './unusable.ts'

/** The one place where personal fields become unreadable and readable. A few µs a call on one core of a small server. */
export interface Vault {
  /** AES-256-GCM: `<key id>.<base64url of iv, tag, ciphertext>`. The same text never gives the same result twice. */
  seal(text: string): string
  /** @throws CannotOpen if the key is not at hand or the value was changed */
  open(sealed: string): string
  /** Many short ones at once, at a quarter of the cost of each when they are hundreds; null for one that `open` would refuse. */
  openAll(sealed: readonly string[]): (string | null)[]
  /** 16 bytes by which a text is found again without being stored: equal for equal purpose and text, and of no use without the look-up key. */
  fingerprint(purpose: string, text: string): Buffer
}

/** Without it a tag cut to four bytes would do. */
const FULL_TAG = { authTagLength: TAG }

/** A sealed value cannot be read. The message names the missing key, never the value. */
export class CannotOpen extends Error {}

/** @param keys the first one seals, all open */
export function openVault(keys: readonly DataKey[], lookupKey: Buffer): Vault {
  const secrets = new Map(keys.map(({ id, key }) => [id, createSecretKey(key)]))
  const openers = new Map([...secrets].map(([id, secret]) => [id, gcmOpener(secret)]))
  const [first] = keys
  if (!first) throw new RangeError('A vault needs at least one key')
  const sealing = secrets.get(first.id)!
  const hmac = hmacSha256(lookupKey)
  return {
    seal: (text) => `${first.id}.${encrypt(sealing, text)}`,
    open: (sealed) => {
      const id = keyIdOf(sealed)
      const secret = secrets.get(id)
      if (!secret)
        throw new CannotOpen(`A value was sealed with the data key ${JSON.stringify(id)}, which is not at hand.`)
      return decrypt(secret, bytesOf(sealed, id))
    },
    openAll: (all) => {
      const texts = new Array<string | null>(all.length).fill(null)
      for (const [id, opener] of openers) {
        const mine = [...all.keys()].filter((i) => keyIdOf(all[i]!) === id)
        openTogether(
          opener,
          mine.map((i) => all[i]!.slice(id.length + 1)),
        ).forEach((text, n) => {
          texts[mine[n]!] = text
        })
      }
      return texts
    },
    fingerprint: (purpose, text) => hmac(`${purpose}\0${text}`).subarray(0, 16),
  }
}

/**
 * The key of the fingerprints: drawn once for each database, however many processes start at once, and kept there sealed. After a change of keys it is
 * sealed anew with the first one. It can never change itself, or nobody would be found again.
 * @throws UnusableDatabase if the key that sealed it is not among `keys`
 */
export async function loadLookupKey(db: Db, keys: readonly DataKey[]): Promise<Buffer> {
  const name = 'lookup-key'
  const { seal, open } = openVault(keys, randomBytes(32))
  await db
    .insert(vault)
    .values({ name, sealed: seal(randomBytes(32).toString('base64')) })
    .onConflictDoNothing()
  const [row] = await db.select().from(vault).where(eq(vault.name, name))
  try {
    const key = open(row!.sealed)
    if (keyIdOf(row!.sealed) !== keys[0]!.id)
      await db
        .update(vault)
        .set({ sealed: seal(key) })
        .where(eq(vault.name, name))
    return Buffer.from(key, 'base64')
  } catch (error) {
    if (!(error instanceof CannotOpen)) throw error
    throw new UnusableDatabase(
      `The data keys do not fit this database: ${error.message} Restore DATA_KEYS or the file data-keys from your backup.`,
    )
  }
}

const keyIdOf = (sealed: string) => sealed.slice(0, Math.max(0, sealed.indexOf('.')))
const bytesOf = (sealed: string, keyId: string) => Buffer.from(sealed.slice(keyId.length + 1), 'base64url')

function encrypt(key: KeyObject, text: string): string {
  const iv = nextIv()
  const cipher = createCipheriv('aes-256-gcm', key, iv)
  const encrypted = cipher.update(text, 'utf8')
  cipher.final()
  return Buffer.concat([iv, cipher.getAuthTag(), encrypted]).toString('base64url')
}

function decrypt(key: KeyObject, bytes: Buffer): string {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, IV), FULL_TAG)
    decipher.setAuthTag(bytes.subarray(IV, IV + TAG))
    const text = decipher.update(bytes.subarray(IV + TAG))
    decipher.final()
    return text.toString() // asking the decipher for text costs a string decoder each time, a fifth more
  } catch {
    throw new CannotOpen('A sealed value was changed, or its key has another content than the key of that name here.')
  }
}

/** Decodes, opens and reads in one go what would cost three calls and two buffers for each value. */
function openTogether(open: ReturnType<typeof gcmOpener>, values: readonly string[]): (string | null)[] {
  let length = 0
  const places = values.map((value) => {
    const start = length
    length += 3 * Math.ceil(value.length / 4)
    return { start, end: start + Math.floor((3 * value.length) / 4) }
  })
  // Each value fills whole groups of four characters, so that the next one begins with a byte of its own.
  const bytes = Buffer.from(values.map((value) => value + FILLING[value.length % 4]!).join(''), 'base64url')
  if (bytes.length !== length)
    return values.length === 1 ? [null] : values.flatMap((value) => openTogether(open, [value])) // one is no base64url
  const areOpen = open(bytes, places)
  return places.map(({ start, end }, i) => (areOpen[i] ? bytes.toString('utf8', start + IV + TAG, end) : null))
}

const FILLING = ['', 'AAA', 'AA', 'A']

/** Random numbers are drawn for a thousand values at once: one by one they would cost more than the encryption. */
const ivs = Buffer.alloc(1024 * IV)
let used = ivs.length
function nextIv(): Buffer {
  if (used === ivs.length) {
    randomFillSync(ivs)
    used = 0
  }
  used += IV
  return ivs.subarray(used - IV, used)
}
