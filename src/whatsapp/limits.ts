import { number } from './loose.ts'

const TIER = /^TIER_(\d+)(K|M)?$/

/**
 * How many different people may be written to in 24 hours outside of an open window: a number, `null` for unlimited, `undefined` for
 * what we cannot read (TIER_NOT_SET, a new word): then nobody may assume a limit. Takes Meta's tier words as well as its numbers, -1 = unlimited.
 * @see https://developers.facebook.com/documentation/business-messaging/whatsapp/messaging-limits
 */
export function dailyLimitOf(value: unknown): number | null | undefined {
  if (typeof value === 'string') {
    const word = value.trim().toUpperCase()
    if (word === 'TIER_UNLIMITED' || word === 'UNLIMITED') return null
    const tier = TIER.exec(word)
    if (tier) return Number(tier[1]) * (tier[2] === 'M' ? 1_000_000 : tier[2] === 'K' ? 1000 : 1)
  }
  const count = number(value)
  if (count === undefined) return undefined
  return count === -1 ? null : count >= 0 ? Math.floor(count) : undefined
}
