import { createHash, randomBytes } from 'node:crypto'

/** 256 random bits for a key, link or session: nothing to guess, so a plain hash is enough to store it. */
export function newSecret(prefix = ''): { secret: string; hash: Buffer } {
  const secret = prefix + randomBytes(32).toString('base64url')
  return { secret, hash: hashOf(secret) }
}

/** What the database keeps of a secret. Looking it up by this hash tells an attacker nothing by its duration. */
export function hashOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}
