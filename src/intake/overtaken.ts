import type { Channel, Offering } from '../channels/channel.ts'
import { normalise } from '../channels/keywords.ts'
import { hashesOf } from '../contacts/enrol.ts'
import type { Identity } from '../contacts/identity.ts'
import { leadingSomewhere } from '../contacts/ids.ts'
import type { Deed } from '../runtime.ts'
import { ERASED_BY_KEYWORD, suppressedAmong } from '../subscriptions/suppressions.ts'
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

/** What somebody told, and when WhatsApp says they did. */
type Told = { from: Identity; at: Date; saysYes?: boolean }

/**
 * Without what was told before its sender was erased, and without another yes to our question right after it: WhatsApp promises no order, and what was erased
 * must not come back by that. Whoever is known by one of their ids, or becomes so by what stands before, is heard.
 */
export async function withoutErased<T>(
  deed: Deed,
  channel: Channel,
  all: readonly T[],
  tellsOf: (one: T) => Told,
): Promise<T[]> {
  const told = all.map(tellsOf)
  const ids = told.map(({ from }) => hashesOf(deed, from))
  const noted = await suppressedAmong(deed, channel.slug, ids.flat())
  const since = new Date(deed.now.getTime() - DELAYED_MS)
  const erased = new Map(
    [...noted].flatMap(([key, { reason, at }]) => (reason === ERASED_BY_KEYWORD && at > since ? [[key, at]] : [])),
  )
  if (erased.size === 0) return [...all]
  const keys = ids.map((own) => own.map((id) => id.toString('hex')))
  const known = await leadingSomewhere(deed, channel.slug, [...new Set(keys.flat())])
  return all.filter((_, i) => {
    const { at, saysYes } = told[i]!
    const own = keys[i]!
    const erasedAt = own.map((key) => erased.get(key)).find((one) => one !== undefined)
    const isOver =
      erasedAt !== undefined &&
      !own.some((key) => known.has(key)) &&
      (isBefore(at, erasedAt) || (saysYes && deed.now.getTime() - erasedAt.getTime() < ERASE_QUESTION_MS))
    if (!isOver) for (const key of own) known.add(key)
    return !isOver
  })
}

/** What a message tells. */
export const toldBy = ({ message: { kind, text, buttonId, from, at } }: { message: MessageEvent }): Told => ({
  from,
  at,
  saysYes:
    buttonId === undefined
      ? kind === 'text' && ERASE_ANSWERS.get(normalise(text ?? '')) === 'erase-confirm'
      : tapOf(buttonId)?.do === 'erase-confirm',
})

/** What this person left after they wrote this message, which therefore brings them back to none of it. */
export const leftSince = (message: MessageEvent, lines: ReadonlyMap<string, Date>): Set<Offering> =>
  new Set(
    (['info', 'chat'] as const).filter((offering) => {
      const no = lines.get(noNotice(offering))
      return no !== undefined && isBefore(message.at, no)
    }),
  )
