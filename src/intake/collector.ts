/** Errors of two transactions that met in a bad order: the same batch succeeds when tried again. */
const COLLISIONS = new Set(['40001', '40P01'])

/** Fewer items than these wait for the statement that is running: many small ones cost the database more than one. */
const WORTH_ANOTHER = 16

type Caller = { open: number; error: unknown; settle: (error?: unknown) => void }
type Entry<T> = { item: T; caller: Caller }

export type CollectorOptions<T> = {
  /** Errors that hit every item alike: not tried one by one. */
  isOutage: (error: unknown) => boolean
  /** True for an item that can never be written, so that repeating it for days would help nobody: it counts as done. */
  drop?: (error: unknown) => boolean
  /** Batches written at the same time; a further one only begins when it is worth a statement of its own. */
  parallel?: number
  maxItems?: number
  /**
   * Whose item it is, and how many of one owner a batch takes: a flood of one waits behind itself, not before the others. No two batches that are written
   * at the same time have an owner in common.
   */
  share?: { of: (item: T) => string; max: number }
}

/**
 * Group commit: what arrives while one batch is being written is written together as the next one. Each caller is answered after the commit that holds its
 * items, so nothing is collected by waiting. A batch that fails is tried caller by caller, and then item by item, so that one bad item fails alone.
 */
export class Collector<T> {
  #waiting: Entry<T>[] = []
  #writing = new Set<readonly Entry<T>[]>()
  #scheduled = false
  readonly #write: (items: readonly T[]) => Promise<readonly T[]>
  readonly #options: CollectorOptions<T>
  /** @param write one transaction; answers with the items it left for the next one, in their order */
  constructor(write: (items: readonly T[]) => Promise<readonly T[]>, options: CollectorOptions<T>) {
    this.#write = write
    this.#options = options
  }

  /** Resolves when all items are durable; rejects with the first error of one of them. */
  add(items: readonly T[]): Promise<void> {
    if (items.length === 0) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const settle = (error?: unknown) => (error === undefined ? resolve() : reject(error))
      const caller: Caller = { open: items.length, error: undefined, settle }
      for (const item of items) this.#waiting.push({ item, caller })
      this.#schedule()
    })
  }

  /** Rejects every caller, also those whose batch is being written: it may still be committed, and repeats change nothing. */
  giveUp(error: unknown): void {
    const left = [...this.#waiting.splice(0), ...[...this.#writing].flat()]
    this.#writing.clear() // what hangs holds up nobody who comes later
    for (const { caller } of left) caller.settle(error)
  }

  /** After everything that has arrived by now was read: one statement for ten requests costs hardly more than for one. */
  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#next()
    })
  }

  #next(): void {
    if (this.#writing.size >= (this.#options.parallel ?? 1)) return
    if (this.#waiting.length <= this.#writing.size * WORTH_ANOTHER) return
    const batch = this.#pick()
    if (batch.length === 0) return // all of it belongs to owners of what is being written, whose end comes back here
    this.#writing.add(batch)
    this.#writeBatch(batch).then((left) => {
      this.#writing.delete(batch)
      if (left.length > 0) this.#waiting = left.concat(this.#waiting)
      this.#schedule()
    })
  }

  #pick(): Entry<T>[] {
    const { maxItems = 1000, share } = this.#options
    if (!share) return this.#waiting.splice(0, maxItems)
    const taken = new Map<string, number>()
    for (const other of this.#writing) for (const { item } of other) taken.set(share.of(item), share.max)
    const batch: Entry<T>[] = []
    const rest: Entry<T>[] = []
    for (const [i, entry] of this.#waiting.entries()) {
      if (batch.length >= maxItems) {
        this.#waiting = rest.concat(this.#waiting.slice(i))
        return batch
      }
      const owner = share.of(entry.item)
      const count = taken.get(owner) ?? 0
      if (count < share.max) batch.push(entry)
      else rest.push(entry)
      taken.set(owner, count + 1)
    }
    this.#waiting = rest
    return batch
  }

  /** Never rejects; answers with what is left for the next batch. */
  async #writeBatch(batch: readonly Entry<T>[]): Promise<readonly Entry<T>[]> {
    try {
      return await this.#commit(batch)
    } catch (error) {
      if (this.#options.isOutage(error)) return fail(batch, error)
      const callers = new Map<Caller, Entry<T>[]>()
      for (const entry of batch) callers.set(entry.caller, [...(callers.get(entry.caller) ?? []), entry])
      if (callers.size === 1) return this.#oneByOne(batch)
      const left: Entry<T>[] = []
      for (const entries of callers.values()) {
        const rest = await this.#commit(entries).catch((reason) =>
          this.#options.isOutage(reason) ? fail(entries, reason) : this.#oneByOne(entries),
        )
        left.push(...rest)
      }
      return left
    }
  }

  async #oneByOne(entries: readonly Entry<T>[]): Promise<readonly Entry<T>[]> {
    const left: Entry<T>[] = []
    for (const entry of entries) {
      const rest = await this.#commit([entry]).catch((error) =>
        this.#options.drop?.(error) ? settle([entry]) : fail([entry], error),
      )
      left.push(...rest)
    }
    return left
  }

  async #commit(entries: readonly Entry<T>[]): Promise<readonly Entry<T>[]> {
    for (let round = 1; ; round++) {
      try {
        const left = new Set(await this.#write(entries.map(({ item }) => item)))
        if (left.size === 0) return settle(entries)
        settle(entries.filter(({ item }) => !left.has(item)))
        return entries.filter(({ item }) => left.has(item))
      } catch (error) {
        if (!isCollision(error) || round >= 5) throw error
      }
    }
  }
}

const NONE: readonly never[] = []

function settle<T>(entries: readonly Entry<T>[]): readonly Entry<T>[] {
  for (const { caller } of entries) {
    caller.open -= 1
    if (caller.open === 0) caller.settle(caller.error)
  }
  return NONE
}

function fail<T>(entries: readonly Entry<T>[], error: unknown): readonly Entry<T>[] {
  for (const { caller } of entries) caller.error ??= error
  return settle(entries)
}

function isCollision(error: unknown): boolean {
  for (let e = error; e instanceof Error; e = e.cause) {
    if (COLLISIONS.has(String((e as { code?: unknown }).code))) return true
  }
  return false
}
