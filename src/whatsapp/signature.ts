import { createHash, timingSafeEqual } from 'node:crypto'
import { hmacSha256 } from '../hmac.ts'

const SHAPE = /^sha256=([0-9a-f]{64})$/i

const known = new Map<string, ReturnType<typeof hmacSha256>>()
/** Prepared once for each of the few secrets a process ever sees. */
function hmacOf(secret: string): ReturnType<typeof hmacSha256> {
  const hmac = known.get(secret) ?? hmacSha256(secret)
  known.set(secret, hmac)
  return hmac
}

/**
 * Whether Meta sent exactly these bytes: HMAC-SHA256 of the raw body under one of our app secrets (two during a rotation).
 * Constant time over all secrets; never throws, whatever the header holds.
 * @param header value of `X-Hub-Signature-256`; a list or a missing header is a wrong one
 * @see https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/create-webhook-endpoint
 */
export function verifySignature(rawBody: Uint8Array, header: unknown, secrets: readonly string[]): boolean {
  const hex = typeof header === 'string' ? SHAPE.exec(header.trim())?.[1] : undefined
  if (!hex) return false
  const claimed = Buffer.from(hex, 'hex')
  let matches = false
  for (const secret of secrets) {
    // An empty key would make the signature of anybody valid who guesses that we have none.
    if (secret === '') continue
    const equal = timingSafeEqual(hmacOf(secret)(rawBody), claimed)
    matches = equal || matches
  }
  return matches
}

/** The header Meta would send for these bytes; for tests and tools that post to ourselves. */
export const signatureOf = (rawBody: Uint8Array | string, secret: string): string =>
  `sha256=${hmacOf(secret)(rawBody).toString('hex')}`

/** Whether the verify token of Meta's GET is ours. Constant time also over different lengths; an unset token matches nothing. */
export function verifyToken(given: unknown, expected: string): boolean {
  if (typeof given !== 'string' || expected === '') return false
  return timingSafeEqual(digest(given), digest(expected))
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
