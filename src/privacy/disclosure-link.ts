import { createHash, randomBytes } from 'node:crypto'
import { and, eq, gt, inArray, isNull, lte } from 'drizzle-orm'
import { type Contact, contactById } from '../contacts/contacts.ts'
import { disclosureLinks } from '../db/schema.ts'
import type { Deed } from '../runtime.ts'

/** How long a link to one's own data can be used. */
export const LINK_MS = 24 * 3_600_000

const hashOf = (token: string) => createHash('sha256').update(token).digest()

/** Where the link leads: a page with a button, because messengers look at links in advance and would use it up. */
export const disclosurePath = (channel: string, token: string) => `/${channel}/auskunft/${token}`

/** A new link to everything that is stored about this person, once, for a day. An earlier one that was not used ends. */
export async function makeLink(deed: Deed, contact: Pick<Contact, 'id' | 'channel'>): Promise<string> {
  const token = randomBytes(32).toString('base64url')
  const { id: contactId, channel } = contact
  await deed.tx
    .delete(disclosureLinks)
    .where(and(eq(disclosureLinks.contactId, contactId), isNull(disclosureLinks.usedAt)))
  const expiresAt = new Date(deed.now.getTime() + LINK_MS)
  await deed.tx.insert(disclosureLinks).values({ hash: hashOf(token), channel, contactId, expiresAt })
  return token
}

const valid = (deed: Deed, channel: string, token: string) =>
  and(
    eq(disclosureLinks.hash, hashOf(token)),
    eq(disclosureLinks.channel, channel),
    isNull(disclosureLinks.usedAt),
    gt(disclosureLinks.expiresAt, deed.now),
  )

/** Can this link still be used? Asking does not use it. */
export async function isUsable(deed: Deed, channel: string, token: string): Promise<boolean> {
  const rows = await deed.tx
    .select({ id: disclosureLinks.contactId })
    .from(disclosureLinks)
    .where(valid(deed, channel, token))
  return rows.length > 0
}

/** Uses the link up: whose it is, or null if it was used, is over, or the person has been erased. */
export async function useLink(deed: Deed, channel: string, token: string): Promise<Contact | null> {
  const [link] = await deed.tx
    .update(disclosureLinks)
    .set({ usedAt: deed.now })
    .where(valid(deed, channel, token))
    .returning({ contactId: disclosureLinks.contactId })
  return link ? contactById(deed, link.contactId) : null
}

/** Deletes links that are over, at most `limit`. Returns how many. */
export async function forgetLinks(deed: Deed, limit: number): Promise<number> {
  const over = deed.tx
    .select({ hash: disclosureLinks.hash })
    .from(disclosureLinks)
    .where(lte(disclosureLinks.expiresAt, deed.now))
    .limit(limit)
  const gone = await deed.tx
    .delete(disclosureLinks)
    .where(inArray(disclosureLinks.hash, over))
    .returning({ hash: disclosureLinks.hash })
  return gone.length
}
