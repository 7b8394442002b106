/**
 * Says when a channel's messages may be written to the wire, at the moment each of them is written. Any `perSecond + 1` messages in a row span more than
 * one second plus two thirds of `slackMs`, so every one-second window keeps the limit at the receiver as long as no message takes that much longer to get there than
 * another. What a short hitch of our own made late is caught up within that rule, at no more than twice the rate; what a longer pause missed is lost.
 * All times are milliseconds by the database's clock, with fractions.
 * @see https://developers.facebook.com/documentation/business-messaging/whatsapp/throughput
 */
export class Pacer {
  /** The latest slots, oldest first from `#oldest`: as many as fit into a window. */
  readonly #slots: Float64Array
  #oldest = 0
  readonly #windowMs: number
  readonly #spacingMs: number
  readonly #lateMs: number
  #lastMs: number
  /** When evenly spaced messages would go on behind everything given away: all that the next process needs to know. */
  #evenMs: number
  /** The same at twice the rate: how far a hitch is caught up. */
  #denseMs: number
  #heldUntilMs = 0
  #factor = 1
  #recoverFromMs = 0
  #pauseMs = 0
  /**
   * @param perSecond the channel's limit, in messages per second
   * @param notBeforeMs `afterLastMs` of whoever sent before
   * @throws RangeError if `perSecond` is below one
   */
  constructor(perSecond: number, notBeforeMs: number) {
    if (!(perSecond >= 1)) throw new RangeError(`perSecond must be at least one, got ${perSecond}`)
    const perWindow = Math.floor(perSecond)
    this.#windowMs = 1000 + slackMs(perSecond)
    this.#spacingMs = this.#windowMs / perWindow
    this.#lateMs = slackMs(perSecond) / 3
    this.#slots = new Float64Array(perWindow)
    this.#evenMs = notBeforeMs
    this.#lastMs = notBeforeMs - this.#spacingMs
    this.#denseMs = this.#lastMs
    this.#asIfEven(notBeforeMs)
  }

  /** The earliest moment for one more message; does not take it. */
  peek(nowMs: number): number {
    return Math.max(nowMs, this.#earliest(nowMs))
  }

  #earliest(nowMs: number): number {
    const pace = this.#pace(nowMs)
    const afterLast = pace < 1 ? this.#lastMs + this.#spacingMs / pace : this.#denseMs - HITCH_MS
    return Math.max(this.#heldUntilMs, this.#slots[this.#oldest]! + this.#windowMs, afterLast)
  }

  /**
   * Takes it, for a message that is written now; `peek` must have allowed it. A little lateness is borne by the slack, or every one would add up. Answers with
   * the ticket for `left`.
   */
  take(nowMs: number): number {
    const slot = Math.max(this.#earliest(nowMs), nowMs - this.#lateMs)
    if (slot > this.#lastMs + this.#spacingMs + CREDIT_MS) this.#asIfEven(slot)
    const ticket = this.#oldest
    this.#slots[ticket] = slot
    this.#oldest = (ticket + 1) % this.#slots.length
    this.#lastMs = slot
    this.#evenMs = Math.max(slot, this.#evenMs) + this.#spacingMs
    this.#denseMs = Math.max(slot, this.#denseMs) + this.#spacingMs / 2
    return ticket
  }

  /**
   * The message of this ticket leaves now. If writing it was held up (a new connection, another process on our core), it counts from here.
   * @param ticket of `take`, within one window: no message may leave later than that, which the sender's lease sees to
   */
  left(ticket: number, nowMs: number): void {
    const slot = nowMs - this.#lateMs
    if (slot <= this.#slots[ticket]!) return
    this.#slots[ticket] = slot
    this.#lastMs = Math.max(this.#lastMs, slot)
    this.#evenMs = Math.max(this.#evenMs, slot + this.#spacingMs)
    this.#denseMs = Math.max(this.#denseMs, slot + this.#spacingMs / 2)
  }

  /**
   * How many messages surely get their moment within so many milliseconds, those that already wait for it included: what is handed over earlier
   * would be too old for the wire.
   */
  within(nowMs: number, ms: number): number {
    const first = this.peek(nowMs)
    return first > nowMs + ms ? 0 : 1 + Math.floor(((nowMs + ms - first) * this.#pace(nowMs)) / this.#spacingMs)
  }

  /**
   * Meta said we are too fast: nothing for a second, then half the rate, which recovers within ten seconds. Said again before that, the pause doubles.
   * @param upToMs the longest pause; a used-up quota needs minutes
   * @param atLeastMs what Meta itself asked for
   */
  slowDown(nowMs: number, upToMs = 1000, atLeastMs = 0): void {
    if (nowMs < this.#heldUntilMs) {
      this.#heldUntilMs = Math.max(this.#heldUntilMs, nowMs + atLeastMs)
      this.#recoverFromMs = this.#heldUntilMs
      return
    }
    const pace = this.#pace(nowMs)
    this.#pauseMs = Math.min(upToMs, pace < 1 ? 2 * this.#pauseMs : 1000)
    this.#factor = Math.max(0.05, pace / 2)
    this.#heldUntilMs = nowMs + Math.max(this.#pauseMs, atLeastMs)
    this.#recoverFromMs = this.#heldUntilMs
  }

  /** The first moment that is surely behind everything given away and `more` messages on top. */
  afterLastMs(nowMs = 0, more = 0): number {
    return Math.max(nowMs, this.#evenMs, this.#heldUntilMs) + more * this.#spacingMs
  }

  /** What was not used by now is gone: the past is taken to have been evenly full, so that it cannot come back as a burst. */
  #asIfEven(nextMs: number): void {
    const { length } = this.#slots
    for (let age = length; age > 0; age--) {
      const at = (this.#oldest + length - age) % length
      this.#slots[at] = Math.max(this.#slots[at]!, nextMs - age * this.#spacingMs)
    }
  }

  #pace(nowMs: number): number {
    if (this.#factor >= 1) return 1
    const recovered = this.#factor + Math.max(0, nowMs - this.#recoverFromMs) / 10_000
    if (recovered >= 1) this.#factor = 1
    return Math.min(1, recovered)
  }
}

/** Timers and loops are this imprecise; messages that became due meanwhile may go together. */
const HITCH_MS = 8
/** How long we may have been unable to send and still catch up. */
const CREDIT_MS = 250

/** How much longer than its neighbours a message may take to the receiver without breaking the limit; it costs 2.5 % of the rate, 4 % of a high one. */
export const slackMs = (perSecond: number) => (perSecond < 200 ? 25 : 42)
