import type { Rates } from '../channels/channel.ts'

/**
 * What a delivered message to Germany costs unless the channel file knows better, each from its day on. Published rates in EUR; Meta changes
 * them at the start of a quarter only. Source: hello-charles.com (vendor page, 2025); Meta's own list:
 * https://developers.facebook.com/documentation/business-messaging/whatsapp/pricing
 */
const BUILT_IN: Rates = [
  { from: '2025-07-01', country: 'DE', marketing: 0.1131, utility: 0.0456, authentication: 0.0456 },
]

/**
 * The price in EUR of one message of Meta's category on a day (YYYY-MM-DD) to a country: the channel's own rate of that day, else ours; null: nobody
 * knows. Recipients are taken to live in the town's country, since their numbers are sealed.
 */
export function rateOn(day: string, category: string | null, own: Rates = [], country = 'DE'): number | null {
  const name = category?.toLowerCase()
  if (name !== 'marketing' && name !== 'utility' && name !== 'authentication') return null
  const latest = (lists: Rates) =>
    lists.findLast((list) => list.country === country && list.from <= day && list[name] !== undefined)?.[name]
  return latest(own) ?? latest(BUILT_IN) ?? null
}

/** What `people` messages cost at `rate`, in EUR with two decimals, rounded half up. */
export function costOf(people: number, rate: number): string {
  // In millionths of a euro, because 0.1131 has no exact binary value and cents must not depend on it.
  const millionths = BigInt(Math.round(rate * 1_000_000)) * BigInt(people)
  const cents = (millionths + 5_000n) / 10_000n
  return `${cents / 100n}.${String(cents % 100n).padStart(2, '0')}`
}
