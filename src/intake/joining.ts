import type { Channel } from '../channels/channel.ts'
import { topicNames } from '../channels/replies.ts'
import { haveHeld, releaseHeld } from '../chats/held.ts'
import type { Deed } from '../runtime.ts'
import { chooseTopics, join } from '../subscriptions/subscriptions.ts'
import { about, followedBy, type Line, MINUTE, type Occasion, saying, wishOf } from './occasion.ts'

/** Signs up; what somebody wrote before they agreed to the chat goes there now. */
export async function joining(deed: Deed, channel: Channel, all: readonly Occasion[]): Promise<Line[]> {
  const asked = all.flatMap((occasion) =>
    occasion.decision.do === 'join'
      ? [{ occasion, offering: occasion.decision.offering, notice: about(occasion.decision.offering) }]
      : [],
  )
  // Where a chat needs no consent there is nothing to join: the keyword is answered, nothing is recorded.
  const open = asked.filter(({ offering }) => offering === 'chat' && channel.offerings.chat?.optInRequired === false)
  const wishes = asked.filter((one) => !open.includes(one))
  const forwards = await haveHeld(
    deed,
    wishes.flatMap(({ occasion, offering }) => (offering === 'chat' ? [occasion.contact.id] : [])),
  )
  // The ledger keeps the words that are sent; only when the office reads may be added to them.
  const welcomes = wishes.map(({ occasion, offering }) => {
    const chat = forwards.has(occasion.contact.id) ? 'joinedChatForwarded' : 'joinedChat'
    return saying(channel, occasion, offering === 'info' ? 'joinedInfo' : chat)
  })
  const joined = await join(
    deed,
    wishes.map(({ occasion, offering }, i) => wishOf(channel, occasion, offering, welcomes[i]!)),
  )
  const intoChat = wishes.filter(({ offering }, i) => offering === 'chat' && joined[i])
  const released = await releaseHeld(
    deed,
    channel,
    intoChat.map(({ occasion }) => occasion.contact),
  )
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
      const said = welcomes[i]!
      return { occasion, notice, said: isInfo ? said : followedBy(said, notices.get(occasion.contact.id)), due: true }
    }),
  ]
}

export async function choosing(deed: Deed, channel: Channel, all: readonly Occasion[]): Promise<Line[]> {
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
