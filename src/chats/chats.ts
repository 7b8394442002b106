import { and, desc, eq, isNull, lt, or, type SQL, sql } from 'drizzle-orm'
import type { Actor } from '../audit/audit.ts'
import { chatMessages, chats } from '../db/schema.ts'
import { uuids } from '../db/sets.ts'
import type { Vault } from '../db/vault.ts'
import { Refusal } from '../refusal.ts'
import type { Deed } from '../runtime.ts'
import type { Media } from '../whatsapp/webhook-events.ts'

/** One matter of one contact. `erased` counts what was deleted, and is all that is left then. */
export type Chat = {
  id: string
  channel: string
  contactId: string
  openedAt: Date
  closedAt: Date | null
  closedBy: string | null
  /** Closed, and to be erased at this moment: until then it can be undone. */
  eraseAt: Date | null
  erased: Certificate | null
  external: unknown
}

/**
 * How many messages were deleted, and whether the number is gone too (it stays while the citizen has another offering). `inboxTold`: the inbox was told to
 * erase as well; until then it may hold what is no longer here.
 */
export type Certificate = { messages: number; phone: boolean; at: string; inboxTold?: true }

type Row = typeof chats.$inferSelect

export const openRow = (row: Row): Chat => ({
  id: row.id,
  channel: row.channel,
  contactId: row.contactId,
  openedAt: row.openedAt,
  closedAt: row.closedAt,
  closedBy: row.closedBy,
  eraseAt: row.eraseAt,
  erased: row.erased as Certificate | null,
  external: row.external,
})

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
export const isUuid = (text: string) => UUID.test(text)

/** One chat, if the actor may see its channel; otherwise it does not exist for them. @throws Refusal not-found */
export async function chatById(deed: Deed, actor: Pick<Actor, 'channel'>, id: string): Promise<Chat> {
  const [row] = isUuid(id) ? await deed.tx.select().from(chats).where(eq(chats.id, id)) : []
  if (!row || (actor.channel !== null && actor.channel !== row.channel)) throw new Refusal('not-found')
  return openRow(row)
}

/** A channel's chats, newest first. `after` is the last one of the page before. */
export async function listChats(
  deed: Deed,
  channel: string,
  { limit, after, open }: { limit: number; after?: { openedAt: Date; id: string }; open?: boolean },
): Promise<Chat[]> {
  const rows = await deed.tx
    .select()
    .from(chats)
    .where(
      and(
        eq(chats.channel, channel),
        open ? isNull(chats.closedAt) : undefined,
        after &&
          or(lt(chats.openedAt, after.openedAt), and(eq(chats.openedAt, after.openedAt), lt(chats.id, after.id))),
      ),
    )
    .orderBy(desc(chats.openedAt), desc(chats.id))
    .limit(limit)
  return rows.map(openRow)
}

/** The open chats of these contacts, by contact. Whoever needs them to stay as they are holds the contacts' row locks. */
export async function openChatsOf(
  deed: Deed,
  contactIds: readonly string[],
): Promise<Map<string, { id: string; channel: string; openedAt: Date }>> {
  if (contactIds.length === 0) return new Map()
  const rows = await deed.tx
    .select({ id: chats.id, channel: chats.channel, contactId: chats.contactId, openedAt: chats.openedAt })
    .from(chats)
    .where(and(sql`${chats.contactId} = any(${uuids(contactIds)})`, isNull(chats.closedAt)))
  return new Map(rows.map(({ contactId, ...chat }) => [contactId, chat]))
}

/** Keeps the ids that the inbox software gave this chat, until it has erased it too. */
export async function noteExternal(deed: Deed, chatId: string, external: object | null): Promise<void> {
  await deed.tx.update(chats).set({ external }).where(eq(chats.id, chatId))
}

// ── the personal fields of a chat's messages: sealed and opened here only ───────────────────────────────────────────────────────────────────────
/** Where a citizen's medium lies at Meta. */
export type MediumRef = { id: string; mimeType: string | null; sha256: string | null; filename: string | null }

export const wamidHash = (vault: Vault, wamid: string) => vault.fingerprint('wamid', wamid)
export const sealWamid = (vault: Vault, wamid: string) => vault.seal(wamid)

export const mediumOf = (media: Media): MediumRef => ({
  id: media.id,
  mimeType: media.mimeType ?? null,
  sha256: media.sha256 ?? null,
  filename: media.filename ?? null,
})
export const sealMedium = (vault: Vault, medium: MediumRef) => vault.seal(JSON.stringify(medium))

/** The medium of one message of this chat, as Meta named it. @throws Refusal not-found */
export async function mediaOf(
  deed: Deed,
  chatId: string,
  mediaId: string,
): Promise<{ metaId: string; mimeType: string | null; filename: string | null; channel: string }> {
  const wanted: SQL | undefined =
    isUuid(chatId) && isUuid(mediaId) ? and(eq(chatMessages.id, mediaId), eq(chatMessages.chatId, chatId)) : undefined
  const [row] = wanted
    ? await deed.tx
        .select({ sealed: chatMessages.mediaSealed, channel: chats.channel })
        .from(chatMessages)
        .innerJoin(chats, eq(chats.id, chatMessages.chatId))
        .where(wanted)
    : []
  if (!row?.sealed) throw new Refusal('not-found')
  const { id, mimeType, filename } = JSON.parse(deed.vault.open(row.sealed)) as MediumRef
  return { metaId: id, mimeType, filename, channel: row.channel }
}

/** The latest message of the citizen in this chat, for read receipts and quotes; null if there is none. */
export async function latestInbound(deed: Deed, chatId: string): Promise<{ id: string; wamid: string } | null> {
  const [row] = await deed.tx
    .select({ id: chatMessages.id, sealed: chatMessages.wamidSealed })
    .from(chatMessages)
    .where(and(eq(chatMessages.chatId, chatId), eq(chatMessages.inbound, true)))
    .orderBy(desc(chatMessages.at), desc(chatMessages.id))
    .limit(1)
  return row?.sealed ? { id: row.id, wamid: deed.vault.open(row.sealed) } : null
}
