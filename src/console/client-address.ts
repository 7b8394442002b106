import type { Context } from 'hono'

const PRIVATE = /^(127\.|10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|::1$|f[cd][0-9a-f]{2}:)/i

/**
 * The address that asks, for slowing down whoever guesses. A proxy beside us is believed what it adds to `X-Forwarded-For` (the last entry); from a public
 * address the header is somebody's own invention and ignored.
 */
export function clientAddress(c: Context): string {
  const incoming = (c.env as { incoming?: { socket?: { remoteAddress?: string } } } | undefined)?.incoming
  const peer = (incoming?.socket?.remoteAddress ?? '').replace(/^::ffff:/, '')
  const last = c.req.header('x-forwarded-for')?.split(',').at(-1)?.trim()
  return last && PRIVATE.test(peer) ? last : peer
}
