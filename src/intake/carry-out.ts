import { SYSTEM } from '../audit/audit.ts'
import type { Channel } from '../channels/channel.ts'
import type { ReplyKey } from '../channels/reply-keys.ts'
import { holdFirst } from '../chats/held.ts'
import { takeIn } from '../chats/take-in.ts'
import { opensWindow } from '../chats/window.ts'
import { dropNotices, type NoticeKind, recordNotices } from '../contacts/notices.ts'
import { disclosurePath, makeLink } from '../privacy/disclosure-link.ts'
import { disclosureWords } from '../privacy/disclosure-words.ts'
import { eraseEverything } from '../privacy/erase.ts'
import type { Deed } from '../runtime.ts'
import type { Decision } from './decide.ts'
import { choosing, joining } from './joining.ts'
import { leaveByFormerIds, leaving } from './leaving.ts'
import {
  ERASE_ASK,
  ERASE_OVERTAKEN,
  followedBy,
  HOUR,
  type Line,
  MINUTE,
  NOT_ERASED,
  type Occasion,
  type Place,
  plain,
  saying,
} from './occasion.ts'
import { speak } from './speak.ts'

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
  await overtaking(deed, occasions)
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
  // Our question counts for an hour, and another one makes this line new.
  const late = chats.flatMap((occasion): Line[] =>
    occasion.decision.do === 'chat' && occasion.decision.notErased
      ? [{ occasion, notice: NOT_ERASED, said: saying(channel, occasion, 'notErased'), pauseMs: HOUR }]
      : [],
  )
  const received = chats.flatMap((occasion, i): Line[] => {
    const { opened, closedNotice } = taken[i]!
    const due = closedNotice !== null
    if (opened && answersFirst) {
      const said = followedBy(saying(channel, occasion, 'chatOpened'), closedNotice)
      return [{ occasion, notice: 'chatOpened', said, pauseMs: MINUTE, due }]
    }
    return due ? [{ occasion, notice: 'officeClosed', said: plain(closedNotice), due }] : []
  })
  return [...received, ...late]
}

async function erasing(deed: Deed, channel: Channel, all: readonly Occasion[]): Promise<Line[]> {
  const lines: Line[] = []
  for (const occasion of all) {
    const { decision, contact, message } = occasion
    if (decision.do === 'erase-cancel') await dropNotices(deed, [contact.id], ERASE_ASK)
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
  // Whoever has the number now may be somebody else: the other record is not theirs to erase, but nothing more is sent there.
  const inVain = lines.filter(({ occasion: { active, chatId } }) => active.length === 0 && chatId === null)
  await leaveByFormerIds(
    deed,
    channel,
    inVain.map(({ occasion }) => ({ occasion, which: 'all', goodbye: 'erased' })),
  )
  return lines
}

/** Notes whose question about erasing is no longer the last thing said. Comes first: what follows may erase them. */
async function overtaking(deed: Deed, all: readonly Occasion[]): Promise<void> {
  const asked = all.filter(({ decision }) => decision.do === 'erase-ask')
  const ids = asked.map(({ contact }) => contact.id)
  for (const kind of [ERASE_OVERTAKEN, NOT_ERASED] as const) await dropNotices(deed, ids, kind)
  const others = all.filter(
    ({ decision, lines, message }) =>
      lines.has(ERASE_ASK) && !lines.has(ERASE_OVERTAKEN) && !ABOUT_ERASING.has(decision.do) && opensWindow(message),
  )
  await recordNotices(
    deed,
    others.map(({ contact }) => ({ contactId: contact.id, kind: ERASE_OVERTAKEN })),
  )
}

const ABOUT_ERASING: ReadonlySet<Decision['do']> = new Set(['erase-ask', 'erase-confirm', 'erase-cancel'])

/** What is stored, and a link to all of it: the same one for somebody who asks twice at once. */
async function disclosing(deed: Deed, channel: Channel, all: readonly Occasion[], publicUrl: string): Promise<Line[]> {
  const links = new Map<string, string>()
  const lines: Line[] = []
  for (const occasion of all) {
    const { decision, contact, active, chatOpen } = occasion
    if (decision.do !== 'disclose') continue
    const link = links.get(contact.id) ?? publicUrl + disclosurePath(channel.slug, await makeLink(deed, contact))
    links.set(contact.id, link)
    const data = disclosureWords(channel, contact, active, chatOpen)
    lines.push({ occasion, notice: 'disclose', said: saying(channel, occasion, 'disclosure', { data, link }) })
  }
  return lines
}

/** Answers to what changes nothing. */
function answering(channel: Channel, all: readonly Occasion[]): Line[] {
  return all.flatMap((occasion): Line[] => {
    const { decision } = occasion
    const line = (notice: NoticeKind, key: ReplyKey, pauseMs?: number, own?: Record<string, string>): Line[] => [
      {
        occasion,
        notice,
        said: saying(channel, occasion, key, own),
        pauseMs,
        due: RIGHTS.has(decision.do),
      },
    ]
    switch (decision.do) {
      case 'help':
      case 'status':
        return line(decision.do, decision.do)
      case 'topics':
        return line(
          decision.do,
          occasion.active.some(({ offering }) => offering === 'info') ? 'topicsAsk' : 'notInInfo',
        )
      case 'erase-ask':
        return line(decision.do, 'eraseAsk')
      case 'erase-cancel':
      case 'unchanged':
        return line(decision.do, 'unchanged')
      case 'no-such-offering':
        return line(decision.do, decision.offering === 'info' ? 'noInfoHere' : 'noChatHere', MINUTE)
      case 'ask-back':
        return line(decision.do, 'askBack', undefined, { keyword: decision.keyword })
      case 'greet':
        return line(decision.do, 'greeting', HOUR)
      case 'opt-in-ask':
        return line(decision.do, 'optInAsk', HOUR)
      case 'refuse-type':
        return line(decision.do, 'refusedType', MINUTE)
      default:
        return []
    }
  })
}

/** What a citizen has a right to is answered even after much chatter. */
const RIGHTS: ReadonlySet<Decision['do']> = new Set(['disclose', 'erase-ask', 'erase-cancel'])
