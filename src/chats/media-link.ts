import { timingSafeEqual } from 'node:crypto'
import type { Vault } from '../db/vault.ts'

/** Meta keeps a citizen's medium for seven days: a link is worth nothing after that. */
export const MEDIA_KEPT_MS = 7 * 24 * 60 * 60 * 1000

type Signer = Pick<Vault, 'fingerprint'>
type Medium = { chatId: string; mediaId: string }

/** The path and query under which the inbox fetches a medium without an API key, until `until`. Without host: the sender of the event adds it. */
export function mediaLink(vault: Signer, medium: Medium, until: Date): string {
  const expires = Math.floor(until.getTime() / 1000)
  const signature = sign(vault, medium, expires).toString('base64url')
  return `/api/v1/chats/${medium.chatId}/media/${medium.mediaId}?expires=${expires}&signature=${signature}`
}

/** Was this link made by us for exactly this medium, and is it not over yet? */
export function mediaLinkHolds(
  vault: Signer,
  medium: Medium,
  query: { expires?: string; signature?: string },
  now: Date,
): boolean {
  if (!/^\d{1,12}$/.test(query.expires ?? '') || !query.signature) return false
  const expires = Number(query.expires)
  const expected = sign(vault, medium, expires)
  const given = Buffer.from(query.signature, 'base64url')
  return given.length === expected.length && timingSafeEqual(given, expected) && now.getTime() < expires * 1000
}

const sign = (vault: Signer, { chatId, mediaId }: Medium, expires: number): Buffer =>
  Buffer.from(vault.fingerprint('media-link', `${chatId}/${mediaId}/${expires}`))
