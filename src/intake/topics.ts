import type { Channel } from '../channels/channel.ts'
import { textsOf } from '../channels/replies.ts'
import { type ListRow, listMessage, type MessageBody } from '../whatsapp/messages.ts'
import { BUTTONS, dropTopicButton, moreTopicsButton, topicButton } from './buttons.ts'

/** Meta's limits of one list: rows in all, characters of a title and of a description. */
const MOST_ROWS = 10
const LONGEST_TITLE = 24
const LONGEST_DESCRIPTION = 72

/** null = all, also those that the town adds later */
export type Choice = readonly string[] | null

const keysOf = (channel: Channel): string[] => Object.keys(channel.offerings.info?.topics ?? {})

export const hasTopics = (channel: Channel): boolean => keysOf(channel).length > 0

/**
 * What a tap on a topic makes of the choice so far, in the order of the channel file: the first topic chosen takes the place of "all", each further one is
 * added. Null if there is no such topic, or if nothing would be left.
 */
export function chosenAfter(
  channel: Channel,
  before: Choice,
  tap: { add: string } | { drop: string },
): string[] | null {
  const keys = keysOf(channel)
  if (!keys.includes('add' in tap ? tap.add : tap.drop)) return null
  const wanted = new Set('add' in tap ? [...(before ?? []), tap.add] : (before ?? keys))
  if ('drop' in tap) wanted.delete(tap.drop)
  const chosen = keys.filter((key) => wanted.has(key))
  return chosen.length > 0 ? chosen : null
}

/** `text` with the list to choose topics from, as this subscriber has them. Towns with more topics than rows get a row that leads on. */
export function topicList(channel: Channel, text: string, chosen: Choice, wantedFrom = 0): MessageBody {
  const { buttons, phrases } = textsOf(channel)
  const labels = channel.offerings.info?.topics ?? {}
  const keys = keysOf(channel)
  const from = wantedFrom < keys.length ? wantedFrom : 0
  const first: ListRow[] =
    from === 0 ? [{ id: BUTTONS.allTopics, ...titled(buttons.allTopics, phrases.everyTopic) }] : []
  const fits = keys.length - from <= MOST_ROWS - first.length
  const shown = keys.slice(from, fits ? undefined : from + MOST_ROWS - first.length - 1)
  const rows = shown.map((key): ListRow => {
    const isChosen = chosen?.includes(key) ?? false
    const others = chosen?.some((one) => one !== key && keys.includes(one)) ?? false
    const id = isChosen && others ? dropTopicButton(key) : topicButton(key)
    const state = isChosen ? (others ? phrases.dropTopic : phrases.onlyTopic) : chosen ? phrases.addTopic : undefined
    return { id, ...titled(labels[key]!, state) }
  })
  const last: ListRow[] = fits ? [] : [{ id: moreTopicsButton(from + shown.length), title: phrases.moreTopics }]
  return listMessage(text, buttons.chooseTopics, [{ rows: [...first, ...rows, ...last] }])
}

/** A label too long for a title stands whole in the description. */
function titled(label: string, state: string | undefined): { title: string; description?: string } {
  const isLong = label.length > LONGEST_TITLE
  const description = [isLong ? label : undefined, state].filter((part) => part !== undefined).join(' – ')
  return {
    title: shortened(label, LONGEST_TITLE),
    ...(description !== '' && { description: shortened(description, LONGEST_DESCRIPTION) }),
  }
}

const shortened = (text: string, most: number) => (text.length > most ? `${text.slice(0, most - 1).trimEnd()}…` : text)
