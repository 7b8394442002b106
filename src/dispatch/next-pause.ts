const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** Pause after the first, second, … failed attempt; the last one repeats. */
const PAUSES_MS = [5 * SECOND, 15 * SECOND, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR]

/** How long the inbox is tried before a message becomes a dead letter. */
export const GIVE_UP_MS = 72 * HOUR

/**
 * When a message that the inbox did not take is tried again; null = no more, it becomes a dead letter.
 * The last attempt is made right before the end, so that the 72 hours are used in full.
 * @param attempts made so far, at least 1
 * @param since when it was written, or when the office asked for it to be sent again
 * @param chance 0 ≤ chance < 1: pauses vary by ±20 %, so that chats that failed together do not come back together
 */
export function nextAttempt(attempts: number, since: Date, now: Date, chance: number): Date | null {
  const endMs = since.getTime() + GIVE_UP_MS
  const pauseMs = PAUSES_MS[Math.min(Math.max(attempts, 1), PAUSES_MS.length) - 1]!
  const nextMs = now.getTime() + Math.round(pauseMs * (0.8 + 0.4 * chance))
  if (nextMs <= endMs) return new Date(nextMs)
  return endMs - now.getTime() > MINUTE ? new Date(endMs) : null
}
