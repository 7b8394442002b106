/** One POST to /messages that was no read receipt. `code` 0 = accepted, else the error answered; -1 = no readable answer was given. */
export type Send = {
  index: number
  /** Arrival, ms since the epoch with fractions: performance.timeOrigin + performance.now(). */
  at: number
  phoneNumberId: string
  /** Digits, or a user id. */
  recipient: string
  /** `biz_opaque_callback_data`, or ''. */
  callbackData: string
  /** Message id if the send was taken, or ''. */
  wamid: string
  type: string
  code: number
}

/** Proof of what a service sent; see stats(). */
export type SendStats = {
  posts: number
  accepted: number
  refused: Record<number, number>
  /** Most POSTs in any window of one second, by phone number id, refused ones included. */
  worstSecond: Record<string, number>
  /** Accepted messages that share a callback data with an earlier one. */
  duplicatesByCallbackData: number
  /** Accepted messages that share recipient and content with an earlier one. */
  duplicatesByContent: number
  recipients: number
}

/** An append-only log in columns: about 150 bytes a message, so that a million fit. */
export class SendLog {
  #at = new Float64Array(1024)
  #digest = new Float64Array(1024)
  #code = new Int32Array(1024)
  #size = 0
  #numbers: string[] = []
  #recipients: string[] = []
  #callbackData: string[] = []
  #wamids: string[] = []
  #types: string[] = []

  /** @param digest number that is equal for equal recipient and content */
  add(send: Omit<Send, 'index'>, digest: number): void {
    if (this.#size === this.#at.length) this.#grow()
    this.#at[this.#size] = send.at
    this.#digest[this.#size] = digest
    this.#code[this.#size] = send.code
    this.#size++
    this.#numbers.push(send.phoneNumberId)
    this.#recipients.push(send.recipient)
    this.#callbackData.push(send.callbackData)
    this.#wamids.push(send.wamid)
    this.#types.push(send.type)
  }

  get size(): number {
    return this.#size
  }

  /** Sends from index `since`, at most `limit`. */
  list(since = 0, limit = Number.POSITIVE_INFINITY): Send[] {
    const sends: Send[] = []
    for (let index = Math.max(0, since); index < this.#size && sends.length < limit; index++)
      sends.push({
        index,
        at: this.#at[index]!,
        phoneNumberId: this.#numbers[index]!,
        recipient: this.#recipients[index]!,
        callbackData: this.#callbackData[index]!,
        wamid: this.#wamids[index]!,
        type: this.#types[index]!,
        code: this.#code[index]!,
      })
    return sends
  }

  /** Counted afresh at each call, from index `since` on. */
  stats(since = 0): SendStats {
    const seen = { data: new Set<string>(), content: new Set<number>(), recipients: new Set<string>() }
    const times = new Map<string, number[]>()
    const stats: SendStats = {
      posts: 0,
      accepted: 0,
      refused: {},
      worstSecond: {},
      duplicatesByCallbackData: 0,
      duplicatesByContent: 0,
      recipients: 0,
    }
    for (let index = since; index < this.#size; index++) {
      stats.posts++
      const number = this.#numbers[index]!
      if (!times.has(number)) times.set(number, [])
      times.get(number)!.push(this.#at[index]!)
      if (!this.#wamids[index]) {
        stats.refused[this.#code[index]!] = (stats.refused[this.#code[index]!] ?? 0) + 1
        continue
      }
      stats.accepted++
      seen.recipients.add(this.#recipients[index]!)
      const data = this.#callbackData[index]!
      if (data && seen.data.has(data)) stats.duplicatesByCallbackData++
      if (data) seen.data.add(data)
      if (seen.content.has(this.#digest[index]!)) stats.duplicatesByContent++
      seen.content.add(this.#digest[index]!)
    }
    stats.recipients = seen.recipients.size
    for (const [number, at] of times) stats.worstSecond[number] = worstWindow(at, 1000)
    return stats
  }

  clear(): void {
    this.#size = 0
    for (const column of [this.#numbers, this.#recipients, this.#callbackData, this.#wamids, this.#types])
      column.length = 0
  }

  #grow(): void {
    const twice = <T extends Float64Array | Int32Array>(from: T, to: T): T => {
      to.set(from)
      return to
    }
    this.#at = twice(this.#at, new Float64Array(this.#size * 2))
    this.#digest = twice(this.#digest, new Float64Array(this.#size * 2))
    this.#code = twice(this.#code, new Int32Array(this.#size * 2))
  }
}

/** The largest number of instants within any half-open window [t, t + lengthMs). The instants need not be sorted. */
export function worstWindow(instants: number[], lengthMs: number): number {
  const sorted = Float64Array.from(instants).sort()
  let worst = 0
  for (let last = 0, first = 0; last < sorted.length; last++) {
    while (sorted[last]! - sorted[first]! >= lengthMs) first++
    worst = Math.max(worst, last - first + 1)
  }
  return worst
}

/** 53 bits of a text; equal texts give equal numbers, different ones practically never. */
export function digest(text: string): number {
  let [high, low] = [0xdeadbeef, 0x41c6ce57]
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    high = Math.imul(high ^ unit, 2654435761)
    low = Math.imul(low ^ unit, 1597334677)
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909)
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909)
  return 4294967296 * (2097151 & low) + (high >>> 0)
}
