import { SYSTEM } from '../audit/audit.ts'
import type { Channel, Offering } from '../channels/channel.ts'
import type { ReplyKey } from '../channels/reply-keys.ts'
import { openChatsOf } from '../chats/chats.ts'
import { close } from '../chats/closing.ts'
import { dropHeld } from '../chats/held.ts'
import { formerContacts } from '../contacts/moving.ts'
import { recordNotices } from '../contacts/notices.ts'
import type { Deed } from '../runtime.ts'
import { leave, type Wish } from '../subscriptions/subscriptions.ts'
import { noNotice } from '../subscriptions/unite.ts'
import { about, type Line, MINUTE, type Occasion, saying, wishOf } from './occasion.ts'

/** Signs off and closes an open chat; says goodbye, or that there was nothing to end. */
export async function leaving(deed: Deed, channel: Channel, all: readonly Occasion[]): Promise<Line[]> {
  const asked = all.flatMap((occasion) =>
    occasion.decision.do === 'leave' ? [{ occasion, which: occasion.decision.offering }] : [],
  )
  if (asked.length === 0) return []
  const wishes = asked.flatMap(({ occasion, which }) => leaveWishes(channel, occasion, which))
  const left = await leave(deed, wishes)
  const ended = new Set(wishes.flatMap((wish, i) => (left[i] ? [`${wish.contactId} ${wish.offering}`] : [])))
  await rememberNo(deed, wishes)
  await dropHeld(
    deed,
    asked.filter(({ which }) => which !== 'info').map(({ occasion }) => occasion.contact.id),
  )
  const inVain = asked.filter(
    ({ occasion: { contact, chatId }, which }) =>
      !wishes.some((wish) => wish.contactId === contact.id && ended.has(`${contact.id} ${wish.offering}`)) &&
      (which === 'info' || chatId === null),
  )
  const formerly = await leaveByFormerIds(deed, channel, inVain)
  const channels = new Map([[channel.slug, channel]])
  const erases = channel.offerings.chat?.eraseOnClose === true
  const lines: Line[] = []
  for (const { occasion, which } of asked) {
    const { contact, chatId } = occasion
    const closes = which !== 'info' && chatId !== null
    if (closes) await close(deed, SYSTEM, chatId, channels)
    const info = ended.has(`${contact.id} info`)
    const chat = ended.has(`${contact.id} chat`) || closes
    const notice = about(which)
    if (info || chat || formerly.has(occasion)) {
      const goodbye = saying(channel, occasion, inTown(channel, LEFT[which]))
      lines.push({ occasion, notice, said: goodbye, due: true, farewell: closes && erases })
    } else {
      lines.push({ occasion, notice, said: saying(channel, occasion, inTown(channel, NOT_IN[which])), pauseMs: MINUTE })
    }
  }
  return lines
}

/** Even where there was nothing to end: the same person may turn out to have a yes under another id, and a list may name them. */
const rememberNo = (deed: Deed, wishes: readonly Wish[]): Promise<void> =>
  recordNotices(
    deed,
    wishes.map(({ contactId, offering, at }) => ({ contactId, kind: noNotice(offering), at })),
  )

/** Where any message opens a chat, nobody needs a keyword to begin one. */
const inTown = (channel: Channel, key: ReplyKey): ReplyKey =>
  channel.offerings.chat?.optInRequired === false ? (WITHOUT_OPT_IN[key] ?? key) : key
const WITHOUT_OPT_IN: Partial<Record<ReplyKey, ReplyKey>> = { leftChat: 'leftOpenChat', notInChat: 'notInOpenChat' }

const NOT_IN = { info: 'notInInfo', chat: 'notInChat', all: 'notInAny' } as const
const LEFT = { info: 'leftInfo', chat: 'leftChat', all: 'leftAll' } as const

const leaveWishes = (
  channel: Channel,
  occasion: Occasion,
  which: Offering | 'all',
  goodbye = inTown(channel, LEFT[which]),
): Wish[] =>
  (which === 'all' ? (['info', 'chat'] as const) : [which]).map((offering) =>
    wishOf(channel, occasion, offering, saying(channel, occasion, goodbye)),
  )

/**
 * A no with nothing to end may come from an id that its sender had before a change: then it stops what goes to the present one, and is remembered there.
 * Answers with the occasions for which something ended.
 */
export async function leaveByFormerIds(
  deed: Deed,
  channel: Channel,
  asked: readonly { occasion: Occasion; which: Offering | 'all'; goodbye?: ReplyKey }[],
): Promise<Set<Occasion>> {
  const found = new Set<Occasion>()
  if (asked.length === 0) return found
  const senders = asked.map(({ occasion }) => occasion.message.from)
  if ((await formerContacts(deed, channel.slug, senders)).length === 0) return found
  for (const { occasion, which, goodbye } of asked) {
    for (const contact of await formerContacts(deed, channel.slug, [occasion.message.from])) {
      const wishes = leaveWishes(channel, { ...occasion, contact }, which, goodbye)
      const left = await leave(deed, wishes)
      await rememberNo(deed, wishes)
      const chat = which === 'info' ? undefined : (await openChatsOf(deed, [contact.id])).get(contact.id)
      if (chat) await close(deed, SYSTEM, chat.id, new Map([[channel.slug, channel]]))
      if (chat || left.includes(true)) found.add(occasion)
    }
  }
  return found
}
