import { patienceFor, type Verdict } from '../whatsapp/outcome.ts'

/** What becomes of a row after its message was handed over. */
export type NextStep =
  | { become: 'accepted' | 'held' | 'unknown' | 'failed' }
  /** Surely not sent: waits for another attempt. `counted` false = the attempt was not this message's fault. */
  | { become: 'queued'; afterMs: number; counted: boolean }

/** Side effects on more than this row. */
export type Consequence = 'none' | 'slow-down' | 'pause-broadcast' | 'stop-channel' | 'contact-left'

const MAX_ATTEMPTS = 5

/**
 * The step after an outcome. Only what WhatsApp surely did not take is tried again, a bounded number of times; an open outcome is never repeated.
 * @param code Meta's error code, if there was one
 * @param attempts how often the message was handed over, this time included
 * @param chance a number in [0, 1) for the jitter
 */
export function nextStep(
  verdict: Verdict,
  code: number | undefined,
  attempts: number,
  kind: 'broadcast' | 'reply' | 'answer' | 'test',
  chance: number,
): { step: NextStep; consequence: Consequence } {
  const again = (afterMs: number, counted: boolean, consequence: Consequence = 'none') => ({
    step: { become: 'queued', afterMs, counted } as const,
    consequence,
  })
  const become = (state: 'accepted' | 'held' | 'unknown' | 'failed', consequence: Consequence = 'none') => ({
    step: { become: state } as const,
    consequence,
  })
  switch (verdict) {
    case 'accepted':
    case 'held':
    case 'unknown':
      return become(verdict)
    case 'retry': {
      const patience = patienceFor(code)
      return attempts >= patience.attempts
        ? become('failed')
        : again(backoffMs(patience.pauseMs, attempts, chance), true)
    }
    case 'not-sent':
      return again(backoffMs(1000, attempts, chance), false)
    case 'slow-down':
      return again(1000 + 1000 * chance, false, 'slow-down')
    case 'pair-later':
      return attempts >= 2 * MAX_ATTEMPTS
        ? become('failed')
        : again(4 ** Math.min(attempts - 1, 6) * 1000 * (1 + chance / 4), true)
    case 'broadcast':
    case 'payload':
      return kind === 'broadcast' ? again(0, false, 'pause-broadcast') : become('failed')
    case 'channel':
      return again(0, false, 'stop-channel')
    case 'contact-left':
      return become('failed', 'contact-left')
    case 'recipient':
    case 'window-closed':
      return become('failed')
  }
}

/** Doubles from `firstMs` up to a minute (or `firstMs`, if longer), up to half of it more by chance, so that many do not come back at once. */
export function backoffMs(firstMs: number, attempts: number, chance: number): number {
  return Math.min(Math.max(60_000, firstMs), firstMs * 2 ** Math.max(0, attempts - 1)) * (1 + chance / 2)
}
