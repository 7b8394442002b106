/** Nothing is marked longer than this before it leaves. */
const MOST_MS = 100

/** How many handed-over messages may wait for the wire: enough to bridge a statement and a hitch, few enough that a death leaves little open. */
export class ReadAhead {
  readonly #perSecond: number
  /** What a hand-over lately took at worst: the wire must not run dry meanwhile. */
  #statementMs = 8
  /** Messages written to the wire, and how many a millisecond lately: a slow receiver or few connections bound us below the limit. */
  #written = 0
  #perMs = 0
  #measured = { atMs: 0, written: 0 }

  /** @param perSecond the channel's limit */
  constructor(perSecond: number) {
    this.#perSecond = perSecond
  }

  /** What a hand-over takes, in milliseconds. */
  get statementMs(): number {
    return this.#statementMs
  }

  /** One more was written to the wire. */
  wrote(): void {
    this.#written += 1
  }

  /** A hand-over took so long. */
  took(ms: number): void {
    this.#statementMs = Math.max(Math.min(100, ms), 0.95 * this.#statementMs)
  }

  /** Looks at what was written lately. */
  measure(nowMs: number): void {
    const { atMs, written } = this.#measured
    if (nowMs - atMs < 20) return
    const perMs = (this.#written - written) / (nowMs - atMs)
    this.#perMs = nowMs - atMs > 1000 ? perMs : Math.max(perMs, 0.8 * this.#perMs)
    this.#measured = { atMs: nowMs, written: this.#written }
  }

  /** How many more may be handed over while so many wait; 0 until it is worth a statement. */
  room(waiting: number): number {
    const depth = this.#depth()
    const room = depth - waiting
    return room >= depth / 2 ? room : 0
  }

  #depth(): number {
    const perMs = Math.min(this.#perSecond / 1000, Math.max(0.1, 1.5 * this.#perMs))
    // Above WhatsApp's own thousand a second answers come in waves of all connections at once, and a wave must not find the wire dry.
    const leastMs = perMs > 1 ? MOST_MS : 20
    const aheadMs = Math.min(MOST_MS, Math.max(leastMs, 8 + 1.5 * this.#statementMs))
    return Math.max(2, Math.ceil(perMs * aheadMs))
  }
}
