import { errorItem } from './codes.ts'
import type { Faults } from './faults.ts'
import type { Json } from './json.ts'
import type { Account, Bubble, Citizen, Progress, State } from './state.ts'
import type { Webhooks } from './webhooks.ts'

/** When the statuses of a message follow its acceptance, ms each. */
export type StatusDelays = { sent: number; delivered: number; read: number }

/** An accepted message on its way to a phone. `pricing` null for reactions. */
export type Journey = {
  account: Account
  citizen: Citizen
  bubble: Bubble
  callbackData: string
  byPhone: boolean
  onlySent: boolean
  pricing: Json | null
}

const TICK_MS = 5 // messages that are due together share a timer: 3,000 statuses a second need 200 timers

/** Walks accepted messages through sent, delivered and read, and reports each step by webhook. */
export class Journeys {
  readonly #state: State
  readonly #webhooks: Webhooks
  readonly #faults: Faults
  readonly #delays: StatusDelays | null
  readonly #changed: (journey: Journey) => void
  #readShare: number
  #held: Journey[] = []
  #due = new Map<number, (() => void)[]>()
  #timers = new Set<NodeJS.Timeout>()

  constructor(
    parts: { state: State; webhooks: Webhooks; faults: Faults; changed: (journey: Journey) => void },
    delays: StatusDelays | null,
    readShare: number,
  ) {
    this.#state = parts.state
    this.#webhooks = parts.webhooks
    this.#faults = parts.faults
    this.#changed = parts.changed
    this.#delays = delays
    this.#readShare = readShare
  }

  /** @param failCode ends the journey with status `failed` instead */
  start(journey: Journey, failCode: number | null, details?: string): void {
    const delays = this.#delays
    if (!delays) return
    if (failCode !== null) {
      this.#later(delays.sent, () => this.#report(journey, 'failed', failCode, details))
      return
    }
    const disturbed = this.#faults.strike(
      ['statuses'],
      journey.account.phoneNumberId,
      journey.citizen.phone ?? journey.citizen.userId,
    )
    const reads = journey.citizen.readReceipts && this.#state.random() < this.#readShare
    const steps: Progress[] = journey.onlySent
      ? ['sent']
      : reads
        ? ['sent', 'delivered', 'read']
        : ['sent', 'delivered']
    const waits = steps.map((step) => delays[step as keyof StatusDelays])
    if (disturbed?.shuffle) waits.sort(() => this.#state.random() - 0.5)
    for (const [index, step] of steps.entries()) {
      if (disturbed?.drop && this.#state.random() < disturbed.drop) continue
      const copies = disturbed?.duplicate && this.#state.random() < disturbed.duplicate ? 2 : 1
      for (let copy = 0; copy < copies; copy++)
        this.#later(waits[index]! + copy * TICK_MS, () => this.#report(journey, step))
    }
  }

  /** Keeps a message back for quality assessment. */
  hold(journey: Journey): void {
    this.#held.push(journey)
  }

  /** Lets all held messages go, or drops them with 132015. Answers how many. */
  releaseHeld(outcome: 'release' | 'drop'): number {
    const held = this.#held.splice(0)
    for (const journey of held) this.start(journey, outcome === 'drop' ? 132015 : null)
    return held.length
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer)
    this.#due.clear()
  }

  #later(delayMs: number, act: () => void): void {
    this.#webhooks.hold()
    const slot = Math.ceil((performance.now() + delayMs) / TICK_MS)
    const waiting = this.#due.get(slot)
    if (waiting) {
      waiting.push(act)
      return
    }
    this.#due.set(slot, [act])
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer)
        const acts = this.#due.get(slot) ?? []
        this.#due.delete(slot)
        for (const each of acts) {
          each()
          this.#webhooks.release()
        }
      },
      Math.max(0, slot * TICK_MS - performance.now()),
    )
    this.#timers.add(timer)
  }

  #report(journey: Journey, step: Progress, code?: number, details?: string): void {
    const { account, citizen, bubble, callbackData, byPhone, pricing } = journey
    if (ORDER.indexOf(step) > ORDER.indexOf(bubble.state)) bubble.state = step
    if (code !== undefined) bubble.error = code
    const showsPhone = citizen.phone !== null && (byPhone || !citizen.hidesPhone)
    const status: Json = {
      id: bubble.id,
      status: step,
      timestamp: String(Math.floor(this.#state.now() / 1000)),
      ...(showsPhone ? { recipient_id: citizen.phone } : {}),
      ...(code !== undefined && byPhone ? {} : { recipient_user_id: citizen.userId }),
      ...(callbackData ? { biz_opaque_callback_data: callbackData } : {}),
      ...(pricing && (step === 'sent' || step === 'delivered') ? { pricing } : {}),
      ...(code === undefined ? {} : { errors: [errorItem(code, details)] }),
    }
    const profile = {
      name: citizen.name,
      ...(citizen.username && step !== 'sent' ? { username: citizen.username } : {}),
    }
    const contact = { profile, ...(showsPhone ? { wa_id: citizen.phone } : {}), user_id: citizen.userId }
    this.#webhooks.status(account, status, code === undefined ? contact : null)
    this.#changed(journey)
  }
}

const ORDER: Progress[] = ['accepted', 'held', 'sent', 'failed', 'delivered', 'read']
