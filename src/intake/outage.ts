/** While nothing is finished for this long, the database is asked whether it still answers; with the look and the probe under a second. */
const PATIENCE_MS = 150
const LOOK_MS = 100
const PROBE_MS = 650
/** A probe that hangs on a dead connection must not keep us from seeing that another one works. */
const PROBE_FORGOTTEN_MS = 5000

/** The database does not answer; its code is that of a connection that cannot be made, see `isDatabaseAway`. */
export class NoAnswer extends Error {
  readonly code = 'CONNECT_TIMEOUT'
}

/**
 * Tells a database that hangs from one that is busy: if work takes long, a trivial query is asked beside it. If that does not come back either, everything
 * that waits is given up, so that Meta repeats it later, and what comes is turned away until a probe succeeds.
 */
export class OutageWatch {
  readonly #probe: () => PromiseLike<unknown>
  readonly #giveUp: (error: Error) => void
  #away = false
  #watching = 0
  #timer: NodeJS.Timeout | null = null
  #asked: { atMs: number; answer: Promise<boolean> } | null = null
  /** While something is finished now and then, nothing hangs. */
  #finishedAtMs = 0
  constructor(options: { probe: () => PromiseLike<unknown>; giveUp: (error: Error) => void }) {
    this.#probe = options.probe
    this.#giveUp = options.giveUp
  }

  /** @throws NoAnswer while the database is known to be away */
  async clear(): Promise<void> {
    if (this.#away && !(await this.#answers())) throw new NoAnswer('the database does not answer')
    this.#away = false
  }

  /** The same promise, under watch. */
  async watch<T>(work: Promise<T>): Promise<T> {
    if (this.#watching === 0) this.#finishedAtMs = performance.now()
    this.#watching += 1
    this.#timer ??= this.#later()
    try {
      return await work
    } finally {
      this.#watching -= 1
      this.#finishedAtMs = performance.now()
    }
  }

  #later(): NodeJS.Timeout {
    return setTimeout(() => void this.#look(), LOOK_MS).unref()
  }

  async #look(): Promise<void> {
    if (performance.now() - this.#finishedAtMs >= PATIENCE_MS && !(await this.#answers())) {
      this.#away = true
      this.#giveUp(new NoAnswer('the database does not answer'))
    }
    this.#timer = this.#watching > 0 ? this.#later() : null
  }

  #answers(): Promise<boolean> {
    const nowMs = performance.now()
    if (!this.#asked || nowMs - this.#asked.atMs > PROBE_FORGOTTEN_MS) {
      const asked = {
        atMs: nowMs,
        answer: Promise.resolve(this.#probe()).then(
          () => true,
          () => false,
        ),
      }
      this.#asked = asked
      void asked.answer.finally(() => {
        if (this.#asked === asked) this.#asked = null
      })
    }
    // When this process itself was held up, the answer may lie unread behind the timer: it is read before we conclude anything.
    const tooLate = new Promise<boolean>((resolve) => {
      setTimeout(() => setImmediate(() => setImmediate(() => setImmediate(resolve, false))), PROBE_MS)
    })
    return Promise.race([this.#asked.answer, tooLate])
  }
}
