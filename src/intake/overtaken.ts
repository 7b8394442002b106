import type { Channel, Offering } from '../channels/channel.ts'
import { normalise } from '../channels/keywords.ts'
import { keysOf } from '../contacts/ids.ts'
import type { Deed } from '../runtime.ts'
import { erasedThemselves } from '../subscriptions/suppressions.ts'
import { noNotice } from '../subscriptions/unite.ts'
import type { MessageEvent } from '../whatsapp/webhook-events.ts'
import { tapOf } from './buttons.ts'
import { ERASE_ANSWERS } from './decide.ts'
import { ERASE_QUESTION_MS } from './occasion.ts'

/** WhatsApp repeats for seven days. What is told to be older was not delayed: its time is not one to rely on. */
const DELAYED_MS = 8 * 86_400_000

/** WhatsApp tells times in whole seconds; within one, what arrives later counts as later. */
const isBefore = (one: Date, other: Date): boolean =>
  Math.floor(one.getTime() / 1000) < Math.floor(other.getTime() / 1000) && other.getTime() - one.getTime() < DELAYED_MS

/**
 * Without what was written before its sender was erased, and without another yes to our question right after it: WhatsApp promises no order, and what was
 * erased must not come back by that.
 */
export async function withoutErased<Arrival extends { message: MessageEvent }>(
  deed: Deed,
  channel: Channel,
  arrivals: readonly Arrival[],
): Promise<Arrival[]> {
  const keys = arrivals.map(({ message }) => {
    const { phoneKey, userIdKey } = keysOf(deed.vault, message.from)
    return [phoneKey, userIdKey].filter((key) => key !== undefined)
  })
  const since = new Date(deed.now.getTime() - DELAYED_MS)
  const erased = await erasedThemselves(deed, channel.slug, [...new Set(keys.flat())], since)
  if (erased.size === 0) return [...arrivals]
  return arrivals.filter(({ message }, i) => {
    const at = keys[i]!.map((key) => erased.get(key)).find((one) => one !== undefined)
    if (!at) return true
    const isDone = saysYes(message) && deed.now.getTime() - at.getTime() < ERASE_QUESTION_MS
    return !isDone && !isBefore(message.at, at)
  })
}

const saysYes = ({ kind, text, buttonId }: MessageEvent): boolean =>
  buttonId === undefined
    ? kind === 'text' && ERASE_ANSWERS.get(normalise(text ?? '')) === 'erase-confirm'
    : tapOf(buttonId)?.do === 'erase-confirm'

/** What this person left after they wrote this message, which therefore brings them back to none of it. */
export const leftSince = (message: MessageEvent, lines: ReadonlyMap<string, Date>): Set<Offering> =>
  new Set(
    (['info', 'chat'] as const).filter((offering) => {
      const no = lines.get(noNotice(offering))
      return no !== undefined && isBefore(message.at, no)
    }),
  )
