import type { SendResult } from '../whatsapp/answers.ts'
import { isAboutAll } from '../whatsapp/outcome.ts'

/** So many equal errors in a row stop a broadcast, if they may be about all. */
const STRANGE_ERRORS = 20

/** What many outcomes in a row say together: nobody answers, or a broadcast meets an error that is about all. */
export class Troubles {
  #unanswered = 0
  #strange = { code: 0, times: 0 }

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
    const code = error?.code
    if (!isBroadcast) return false
    if (verdict !== 'recipient' || code === undefined || !isAboutAll(code)) {
      this.#strange.times = 0
      return false
    }
    this.#strange = { code, times: this.#strange.code === code ? this.#strange.times + 1 : 1 }
    return this.#strange.times >= STRANGE_ERRORS
  }
}
