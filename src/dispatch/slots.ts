import type { Pacer } from './pace.ts'

/** Lets handed-over messages go, each at the earliest moment that the pace allows; urgent ones first. */
export class Wire<T> {
  readonly #urgent: T[] = []
  readonly #bulk: T[] = []
  /** How many of `#bulk` have left: shifting an array costs its length. */
  #gone = 0
  #timer: NodeJS.Timeout | null = null
  readonly #nowMs: () => number
  readonly #pacer: Pacer
  readonly #isFree: (isUrgent: boolean) => boolean
  readonly #go: (item: T, ticket: number) => void
  /**
   * @param parts.isFree whether there is a connection for one more of this kind; when that changes to true, `run` must be called
   * @param parts.go must not throw; tells the pacer with the ticket when the message really leaves
   */
  constructor(parts: {
    nowMs: () => number
    pacer: Pacer
    isFree: (isUrgent: boolean) => boolean
    go: (item: T, ticket: number) => void
  }) {
    this.#nowMs = parts.nowMs
    this.#pacer = parts.pacer
    this.#isFree = parts.isFree
    this.#go = parts.go
  }

  add(items: readonly T[], isUrgent: (item: T) => boolean): void {
    if (this.#gone > 1000) {
      this.#bulk.splice(0, this.#gone)
      this.#gone = 0
    }
    for (const item of items) (isUrgent(item) ? this.#urgent : this.#bulk).push(item)
    this.run()
  }

  get size(): number {
    return this.#urgent.length + this.#bulk.length - this.#gone
  }

  get urgent(): number {
    return this.#urgent.length
  }

  /** Takes back everything that has not left. */
  clear(): T[] {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    const left = [...this.#urgent.splice(0), ...this.#bulk.splice(0).slice(this.#gone)]
    this.#gone = 0
    return left
  }

  /** Lets go what may go now. */
  run(): void {
    if (this.#timer) return
    for (let nowMs = this.#nowMs(), lookedAt = 0; this.size > 0; ) {
      if (!this.#isFree(this.#urgent.length > 0)) return
      if (this.#pacer.peek(nowMs) > nowMs + EARLY_MS) {
        if (lookedAt === nowMs) {
          this.#later(nowMs)
          return
        }
        lookedAt = nowMs = this.#nowMs()
        continue
      }
      const ticket = this.#pacer.take(nowMs)
      this.#go(this.#urgent.shift() ?? this.#bulk[this.#gone++]!, ticket)
      nowMs = this.#nowMs()
    }
    this.#bulk.length = 0
    this.#gone = 0
  }

  #later(nowMs: number): void {
    this.#timer = setTimeout(
      () => {
        this.#timer = null
        this.run()
      },
      Math.max(0, this.#pacer.peek(nowMs) - nowMs),
    )
  }
}

/** Timers fire a little early, too; waiting once more would cost a whole millisecond. */
const EARLY_MS = 0.3
