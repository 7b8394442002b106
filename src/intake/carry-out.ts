import { sql } from 'drizzle-orm'
import { SYSTEM } from '../audit/audit.ts'
import type { Channel, Offering } from '../channels/channel.ts'
import { topicNames } from '../channels/replies.ts'
import type { ReplyKey } from '../channels/reply-keys.ts'
import { openChatsOf } from '../chats/chats.ts'
import { close } from '../chats/closing.ts'
import { dropHeld, holdFirst, releaseHeld } from '../chats/held.ts'
import { takeIn } from '../chats/take-in.ts'
import type { Contact } from '../contacts/contacts.ts'
import { formerContacts } from '../contacts/moving.ts'
import { dropNotices, recordNotices } from '../contacts/notices.ts'
import { outgoing } from '../db/schema.ts'
import { uuids } from '../db/sets.ts'
import { enqueue, type NewMessage } from '../dispatch/queue.ts'
import { disclosurePath, makeLink } from '../privacy/disclosure-link.ts'
import { disclosureWords } from '../privacy/disclosure-words.ts'
import { eraseEverything } from '../privacy/erase.ts'
import type { Deed } from '../runtime.ts'
import { type ActiveSubscription, chooseTopics, join, leave, type Wish } from '../subscriptions/subscriptions.ts'
import { noNotice } from '../subscriptions/unite.ts'
import { textMessage } from '../whatsapp/messages.ts'
import type { MessageEvent } from '../whatsapp/webhook-events.ts'
import type { Decision } from './decide.ts'
import { say } from './replies.ts'

/** One message, who wrote it, what it asks for, and what was known at that moment. */
export type Occasion = {
  message: MessageEvent
  contact: Contact
  decision: Decision
  active: readonly ActiveSubscription[]
  chatId: string | null
  /** automatic lines this contact has had: kind → when */
  lines: ReadonlyMap<string, Date>
}

/** Where citizens find our pages. */
export type Place = { publicUrl: string }

type Said = ReturnType<typeof say>

type Line = {
  occasion: Occasion
  said: Said
  /** Under which name it is noted that it was given. */
  notice: string
  /** Not again within this time. */
  pauseMs?: number
  /** The answer to a change that was made. */
  due?: boolean
  /** The contact is gone, the last message goes to where they were. */
  farewell?: boolean
}

const MINUTE = 60_000
const HOUR = 3_600_000
/** Automatic replies to one contact in an hour, before we take them for a robot; the last ones are kept for what they change. */
const REPLIES_PER_HOUR = 15
const KEPT_FOR_CHANGES = 5

/**
 * Does what the messages of one round ask for and queues the answers. Of one person there is either one message that changes something, or any number of
 * others.
 */
export async function carryOut(
  deed: Deed,
  channel: Channel,
  occasions: readonly Occasion[],
  { publicUrl }: Place,
): Promise<void> {
  const lines: Line[] = [
    ...(await joining(deed, channel, occasions)),
    ...(await leaving(deed, channel, occasions)),
    ...(await choosing(deed, channel, occasions)),
    ...(await chatting(deed, channel, occasions)),
    ...(await erasing(deed, channel, occasions)),
    ...(await disclosing(deed, channel, occasions, publicUrl)),
    ...answering(channel, occasions),
  ]
  await speak(deed, channel, lines)
}

function wishOf(channel: Channel, { contact, message }: Occasion, offering: Offering, { wording }: Said): Wish {
  return {
    channel: channel.slug,
    contactId: contact.id,
    subject: contact.subject,
    offering,
    at: message.at,
    source: message.kind === 'text' ? 'keyword' : 'button',
    messageId: message.id,
    noticeVersion: channel.privacy.noticeVersion,
    wording,
  }
}

const saying = (channel: Channel, { decision, active }: Occasion, key: ReplyKey, own?: Record<string, string>): Said =>
  say(channel, key, own, { decision, active })

const plain = (wording: string): Said => ({ wording, body: textMessage(wording) })

/** Two things to say are one message, since each costs. Only for texts without buttons. */
const followedBy = (said: Said, more: string | null | undefined): Said =>
  more ? plain(`${said.wording}\n\n${more}`) : said

const about = (offering: Offering | 'all') => `about ${offering}`

async function joining(deed: Deed, channel: Channel, all: readonly Occasion[]): Promise<Line[]> {
  const asked = all.flatMap((occasion) =>
    occasion.decision.do === 'join'
      ? [{ occasion, offering: occasion.decision.offering, notice: about(occasion.decision.offering) }]
      : [],
  )
  // Where a chat needs no consent there is nothing to join: the keyword is answered, nothing is recorded.
  const open = asked.filter(({ offering }) => offering === 'chat' && channel.offerings.chat?.optInRequired === false)
  const wishes = asked.filter((one) => !open.includes(one))
  const joined = await join(
    deed,
    wishes.map(({ occasion, offering }) =>
      wishOf(channel, occasion, offering, saying(channel, occasion, offering === 'info' ? 'joinedInfo' : 'joinedChat')),
    ),
  )
  const intoChat = wishes.filter(({ offering }, i) => offering === 'chat' && joined[i])
  const released = await releaseHeld(
    deed,
    channel,
    intoChat.map(({ occasion }) => occasion.contact),
  )
  const forwarded = new Set(released.map(({ contactId }) => contactId))
  const notices = new Map(
    released.flatMap(({ contactId, closedNotice }) => (closedNotice === null ? [] : [[contactId, closedNotice]])),
  )
  return [
    ...open.map(
      ({ occasion, notice }): Line => ({
        occasion,
        notice,
        said: saying(channel, occasion, 'chatOpened'),
        pauseMs: MINUTE,
      }),
    ),
    ...wishes.map(({ occasion, offering, notice }, i): Line => {
      const isInfo = offering === 'info'
      if (!joined[i])
        return {
          occasion,
          notice,
          said: saying(channel, occasion, isInfo ? 'alreadyInInfo' : 'alreadyInChat'),
          pauseMs: MINUTE,
        }
      const welcome = isInfo ? 'joinedInfo' : forwarded.has(occasion.contact.id) ? 'joinedChatForwarded' : 'joinedChat'
      const said = saying(channel, occasion, welcome)
      return { occasion, notice, said: isInfo ? said : followedBy(said, notices.get(occasion.contact.id)), due: true }
    }),
  ]
}

/** Where any message opens a chat, nobody needs a keyword to begin one. */
const inTown = (channel: Channel, key: ReplyKey): ReplyKey =>
  channel.offerings.chat?.optInRequired === false ? (WITHOUT_OPT_IN[key] ?? key) : key
const WITHOUT_OPT_IN: Partial<Record<ReplyKey, ReplyKey>> = { leftChat: 'leftOpenChat', notInChat: 'notInOpenChat' }

const NOT_IN = { info: 'notInInfo', chat: 'notInChat', all: 'notInAny' } as const
const LEFT = { info: 'leftInfo', chat: 'leftChat', all: 'leftAll' } as const

async function leaving(deed: Deed, channel: Channel, all: readonly Occasion[]): Promise<Line[]> {
  const asked = all.flatMap((occasion) =>
    occasion.decision.do === 'leave' ? [{ occasion, which: occasion.decision.offering }] : [],
  )
  if (asked.length === 0) return []
  const wishes = asked.flatMap(({ occasion, which }) => leaveWishes(channel, occasion, which))
  const left = await leave(deed, wishes)
  const ended = new Set(wishes.flatMap((wish, i) => (left[i] ? [`${wish.contactId} ${wish.offering}`] : [])))
  // A no is remembered even where there was nothing to end: the same person may turn out to have a yes under another id.
  await recordNotices(
    deed,
    wishes.map(({ contactId, offering, at }) => ({ contactId, kind: noNotice(offering), at })),
  )
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

const leaveWishes = (channel: Channel, occasion: Occasion, which: Offering | 'all'): Wish[] =>
  (which === 'all' ? (['info', 'chat'] as const) : [which]).map((offering) =>
    wishOf(channel, occasion, offering, saying(channel, occasion, inTown(channel, LEFT[which]))),
  )

/**
 * A STOP with nothing to end may come from an id that its sender had before a change: then it stops what goes to the present one. Answers with the
 * occasions for which something ended.
 */
async function leaveByFormerIds(
  deed: Deed,
  channel: Channel,
  asked: readonly { occasion: Occasion; which: Offering | 'all' }[],
): Promise<Set<Occasion>> {
  const found = new Set<Occasion>()
  if (asked.length === 0) return found
  const senders = asked.map(({ occasion }) => occasion.message.from)
  if ((await formerContacts(deed, channel.slug, senders)).length === 0) return found
  for (const { occasion, which } of asked) {
    for (const contact of await formerContacts(deed, channel.slug, [occasion.message.from])) {
      const left = await leave(deed, leaveWishes(channel, { ...occasion, contact }, which))
      const chat = which === 'info' ? undefined : (await openChatsOf(deed, [contact.id])).get(contact.id)
      if (chat) await close(deed, SYSTEM, chat.id, new Map([[channel.slug, channel]]))
      if (chat || left.includes(true)) found.add(occasion)
    }
  }
  return found
}

async function choosing(deed: Deed, channel: Channel, all: readonly Occasion[]): Promise<Line[]> {
  const asked = all.flatMap((occasion) => {
    if (occasion.decision.do !== 'choose-topics') return []
    const { topics } = occasion.decision
    return [
      { occasion, topics, answer: saying(channel, occasion, 'topicsChosen', { chosen: topicNames(channel, topics) }) },
    ]
  })
  const changed = await chooseTopics(
    deed,
    asked.map(({ occasion, topics, answer }) => ({ ...wishOf(channel, occasion, 'info', answer), topics })),
  )
  return asked.map(({ occasion, answer }, i) => ({
    occasion,
    notice: 'topics',
    said: answer,
    due: changed[i],
    pauseMs: MINUTE,
  }))
}

async function chatting(deed: Deed, channel: Channel, all: readonly Occasion[]): Promise<Line[]> {
  const chats = all.filter(({ decision }) => decision.do === 'chat')
  const taken = await takeIn(
    deed,
    chats.map(({ contact, message }) => ({ channel, contact, message })),
  )
  const held = all.filter(({ decision }) => decision.do === 'opt-in-ask' || (decision.do === 'greet' && decision.keep))
  await holdFirst(deed, held)
  // Where consent was given the welcome has said all this; elsewhere the first message of a matter is answered once.
  const answersFirst = channel.offerings.chat?.optInRequired === false
  return chats.flatMap((occasion, i): Line[] => {
    const { opened, closedNotice } = taken[i]!
    const due = closedNotice !== null
    if (opened && answersFirst) {
      const said = followedBy(saying(channel, occasion, 'chatOpened'), closedNotice)
      return [{ occasion, notice: 'chatOpened', said, pauseMs: MINUTE, due }]
    }
    return due ? [{ occasion, notice: 'officeClosed', said: plain(closedNotice), due }] : []
  })
}

async function erasing(deed: Deed, channel: Channel, all: readonly Occasion[]): Promise<Line[]> {
  const lines: Line[] = []
  for (const occasion of all) {
    const { decision, contact, message } = occasion
    if (decision.do === 'erase-cancel') await dropNotices(deed, [contact.id], 'erase-ask')
    if (decision.do !== 'erase-confirm') continue
    const { noticeVersion } = channel.privacy
    await eraseEverything(deed, SYSTEM, contact, {
      source: 'keyword',
      noticeVersion,
      messageId: message.id,
      at: message.at,
    })
    lines.push({ occasion, notice: 'erased', said: saying(channel, occasion, 'erased'), due: true, farewell: true })
  }
  return lines
}

/** What is stored, and a link to all of it: the same one for somebody who asks twice at once. */
async function disclosing(deed: Deed, channel: Channel, all: readonly Occasion[], publicUrl: string): Promise<Line[]> {
  const links = new Map<string, string>()
  const lines: Line[] = []
  for (const occasion of all) {
    const { decision, contact, active } = occasion
    if (decision.do !== 'disclose') continue
    const link = links.get(contact.id) ?? publicUrl + disclosurePath(channel.slug, await makeLink(deed, contact))
    links.set(contact.id, link)
    const data = disclosureWords(channel, contact, active)
    lines.push({ occasion, notice: 'disclose', said: saying(channel, occasion, 'disclosure', { data, link }) })
  }
  return lines
}

/** Answers to what changes nothing. */
function answering(channel: Channel, all: readonly Occasion[]): Line[] {
  return all.flatMap((occasion): Line[] => {
    const { decision } = occasion
    const line = (key: ReplyKey, pauseMs?: number, own?: Record<string, string>): Line[] => [
      {
        occasion,
        notice: decision.do,
        said: saying(channel, occasion, key, own),
        pauseMs,
        due: RIGHTS.has(decision.do),
      },
    ]
    switch (decision.do) {
      case 'help':
      case 'status':
        return line(decision.do)
      case 'topics':
        return line(occasion.active.some(({ offering }) => offering === 'info') ? 'topicsAsk' : 'notInInfo')
      case 'erase-ask':
        return line('eraseAsk')
      case 'erase-cancel':
      case 'unchanged':
        return line('unchanged')
      case 'no-such-offering':
        return line(decision.offering === 'info' ? 'noInfoHere' : 'noChatHere', MINUTE)
      case 'ask-back':
        return line('askBack', undefined, { keyword: decision.keyword })
      case 'greet':
        return line('greeting', HOUR)
      case 'opt-in-ask':
        return line('optInAsk', HOUR)
      case 'refuse-type':
        return line('refusedType', HOUR)
      default:
        return []
    }
  })
}

/** What a citizen has a right to is answered even after much chatter. */
const RIGHTS: ReadonlySet<Decision['do']> = new Set(['disclose', 'erase-ask', 'erase-cancel'])

async function speak(deed: Deed, channel: Channel, lines: readonly Line[]): Promise<void> {
  if (lines.length === 0) return
  const counts = await repliesInTheLastHour(
    deed,
    lines.map(({ occasion }) => occasion.contact.id),
  )
  const spoken = new Map<string, number>()
  const given = lines.filter(({ occasion, notice, pauseMs, due }) => {
    const { id } = occasion.contact
    const count = counts.get(id) ?? 0
    if (count >= (due ? REPLIES_PER_HOUR : REPLIES_PER_HOUR - KEPT_FOR_CHANGES)) return false
    const key = `${id} ${notice}`
    const last = spoken.get(key) ?? occasion.lines.get(notice)?.getTime()
    if (!due && pauseMs !== undefined && last !== undefined && deed.now.getTime() - last < pauseMs) return false
    counts.set(id, count + 1)
    spoken.set(key, deed.now.getTime())
    return true
  })
  const messages = given.map(({ occasion, said, farewell }): NewMessage => {
    const { contact } = occasion
    const to = farewell ? { address: { phone: contact.phone, userId: contact.userId } } : { contactId: contact.id }
    return { channel: channel.slug, kind: 'reply', payload: said.body, ...to }
  })
  await enqueue(deed, messages)
  await recordNotices(
    deed,
    given
      .filter(({ farewell }) => !farewell)
      .map(({ occasion, notice }) => ({ contactId: occasion.contact.id, kind: notice })),
  )
}

async function repliesInTheLastHour(deed: Deed, contactIds: readonly string[]): Promise<Map<string, number>> {
  const since = new Date(deed.now.getTime() - HOUR).toISOString()
  const rows = await deed.tx
    .select({ contactId: outgoing.contactId, n: sql<number>`count(*)::int` })
    .from(outgoing)
    .where(
      sql`${outgoing.contactId} = any(${uuids(contactIds)}) and ${outgoing.kind} = 'reply' and ${outgoing.createdAt} > ${since}::timestamptz`,
    )
    .groupBy(outgoing.contactId)
  return new Map(rows.map(({ contactId, n }) => [contactId!, n]))
}
