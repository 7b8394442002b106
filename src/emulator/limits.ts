import type { Json } from './json.ts'
import type { Account, Talk } from './state.ts'
import type { Template } from './templates.ts'

/** Since October 2026 free-form messages cost the utility rate after 1,000 free ones a month and number. */
export function pricing(account: Account, template: Template | null): Json {
  if (template)
    return { billable: true, pricing_model: 'PMP', type: 'regular', category: template.category.toLowerCase() }
  const free = account.freeServiceLeft > 0
  if (free) account.freeServiceLeft--
  return {
    billable: !free,
    pricing_model: 'PMP',
    type: free ? 'free_customer_service' : 'regular',
    category: 'service',
  }
}

/** Counts the send unless the last second is full. A refused one does not count, as a caller that backs off must get through. */
export function tooFast(account: Account, at: number): boolean {
  const { recent } = account
  while (account.recentFrom < recent.length && at - recent[account.recentFrom]! >= 1000) account.recentFrom++
  if (account.recentFrom > 4096) {
    recent.splice(0, account.recentFrom)
    account.recentFrom = 0
  }
  if (recent.length - account.recentFrom >= account.messagesPerSecond) return true
  recent.push(at)
  return false
}

/** 1 message per 6 s with a burst of 45 borrowed from the time to come. */
export function pairTooFast(talk: Talk, now: number): boolean {
  const next = Math.max(now, talk.pairAt) + 6000
  if (next - now > 45 * 6000) return true
  talk.pairAt = next
  return false
}
