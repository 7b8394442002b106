import { createHash, hash } from 'node:crypto'

const BLOCK = 64
const DIGEST = 32
/** Longer messages are joined to the key in memory of their own. */
const USUAL = 8192

/**
 * HMAC-SHA-256 with one key (RFC 2104), 32 bytes for each message; a text counts as its UTF-8 bytes. Made of two hashes, since `createHmac` builds
 * a stream for each message: about 1.2 µs instead of 3 µs for a hundred bytes.
 * @param key an empty one is a key like any other: whether it may be one is the caller's to say
 */
export function hmacSha256(key: string | Uint8Array): (message: string | Uint8Array) => Buffer {
  const bytes = typeof key === 'string' ? Buffer.from(key) : key
  const short = bytes.length > BLOCK ? createHash('sha256').update(bytes).digest() : bytes
  const inner = Buffer.alloc(BLOCK + USUAL)
  const outer = Buffer.alloc(BLOCK + DIGEST)
  for (let i = 0; i < BLOCK; i++) {
    const byte = short[i] ?? 0
    inner[i] = byte ^ 0x36
    outer[i] = byte ^ 0x5c
  }
  return (message) => {
    outer.write(hash('sha256', innerOf(message), 'binary'), BLOCK, 'latin1') // a third faster than asking for a buffer
    return Buffer.from(hash('sha256', outer, 'binary'), 'latin1')
  }

  function innerOf(message: string | Uint8Array): Buffer {
    if (typeof message === 'string') {
      if (3 * message.length > USUAL) return innerOf(Buffer.from(message))
      return inner.subarray(0, BLOCK + inner.write(message, BLOCK))
    }
    if (message.length > USUAL) return Buffer.concat([inner.subarray(0, BLOCK), message])
    inner.set(message, BLOCK)
    return inner.subarray(0, BLOCK + message.length)
  }
}
