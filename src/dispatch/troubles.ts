import type { SendResult } from '../whatsapp/answers.ts'
import { Streak } from './streak.ts'

/** What many outcomes in a row say together: nobody answers, or a broadcast meets an error that is about all. */
export class Troubles {
  #unanswered = 0
  readonly #refused = new Streak()

  /**
   * Notes an outcome. Answers with how long broadcasts wait now, in milliseconds, 0 if not at all: while nobody answers, a broadcast must not run into the
   * void, so it waits longer and longer, and tries again with what is then in flight.
   */
  waitMs({ verdict }: SendResult, isBroadcast: boolean): number {
    if (verdict === 'accepted' || verdict === 'held') this.#unanswered = 0
    if (verdict !== 'unknown' && verdict !== 'not-sent' && verdict !== 'retry') return 0
    this.#unanswered += 1
    if (!isBroadcast || this.#unanswered < 10) return 0
    return Math.min(60_000, 1000 * 2 ** Math.min(6, Math.floor(this.#unanswered / 10) - 1))
  }

  /** One code over and over that nobody has explained yet, or that means the country: not these people's fault. */
  isStrange({ verdict, error }: SendResult, isBroadcast: boolean): boolean {
    return isBroadcast && this.#refused.note(verdict === 'recipient' ? error?.code : undefined)
  }
}
