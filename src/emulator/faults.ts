/**
 * A disturbance to inject. Without `next` it stays until cleared; `share` (0–1) hits at random by the seed; `recipients` (digits or
 * user ids) and `phoneNumberId` narrow it.
 * - error: synchronous error `code` (default 131000) after latencyMs ± jitterMs, nothing is sent · failed: 200, then status `failed` with `code` (default 131026)
 * - reset, timeout: socket destroyed, or never answered; the message is taken all the same unless `accept` is false
 * - html502: a gateway's HTML page (with `httpStatus`, if not 502), nothing is sent · held: held_for_quality_assessment until releaseHeld()
 * - latency: the answer waits latencyMs ± jitterMs (statuses do not wait for it: they may arrive before the answer)
 * - statuses: shuffle, or repeat / drop a share of the status webhooks
 */
export type FaultOptions = {
  kind: 'error' | 'failed' | 'reset' | 'timeout' | 'html502' | 'held' | 'latency' | 'statuses'
  next?: number
  share?: number
  recipients?: string[]
  phoneNumberId?: string
  code?: number
  httpStatus?: number
  details?: string
  accept?: boolean
  latencyMs?: number
  jitterMs?: number
  shuffle?: boolean
  duplicate?: number
  drop?: number
}

/** A fault with its number and how often it struck. */
export type Fault = FaultOptions & { id: number; hits: number }

const KINDS = ['error', 'failed', 'reset', 'timeout', 'html502', 'held', 'latency', 'statuses']

/** The faults in force, oldest first. */
export class Faults {
  #list: Fault[] = []
  #ids = 0
  readonly #random: () => number

  constructor(random: () => number) {
    this.#random = random
  }

  /** @throws RangeError if the kind is unknown */
  add(options: FaultOptions): Fault {
    if (!KINDS.includes(options.kind)) throw new RangeError(`kind must be one of ${KINDS.join(', ')}`)
    const fault = { ...options, id: ++this.#ids, hits: 0 }
    this.#list.push(fault)
    return fault
  }

  list(): Fault[] {
    return this.#list
  }

  /** Lifts one fault, or all. */
  clear(id?: number): void {
    this.#list = id === undefined ? [] : this.#list.filter((fault) => fault.id !== id)
  }

  /** The first fault of these kinds that strikes this send; counts as used. */
  strike(kinds: readonly FaultOptions['kind'][], phoneNumberId: string, recipient: string): Fault | null {
    for (const fault of this.#list) {
      if (!kinds.includes(fault.kind)) continue
      if (fault.phoneNumberId !== undefined && fault.phoneNumberId !== phoneNumberId) continue
      if (fault.recipients && !fault.recipients.some((each) => each.replace(/^\+/, '') === recipient)) continue
      if (fault.share !== undefined && this.#random() >= fault.share) continue
      fault.hits++
      if (fault.next !== undefined && --fault.next <= 0) this.clear(fault.id)
      return fault
    }
    return null
  }
}
