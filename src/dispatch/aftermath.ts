import type { Channel } from '../channels/channel.ts'
import type { Sql } from '../db/db.ts'
import type { Vault } from '../db/vault.ts'
import type { Logger } from '../log.ts'
import type { Deed } from '../runtime.ts'
import type { SendResult } from '../whatsapp/answers.ts'
import { patienceFor } from '../whatsapp/outcome.ts'
import type { Counting } from './daily-limit.ts'
import type { Settled, Waiting } from './lane.ts'
import { type Consequence, nextStep } from './next-step.ts'
import { Settling } from './settling.ts'
import type { Supply } from './supply.ts'
import { Troubles } from './troubles.ts'

/** What an outcome means for more than its own row; carried out by the folders that own those rows. */
export interface Consequences {
  pauseBroadcast(deed: Deed, broadcastId: string, errorCode: number | undefined): Promise<void>
  stopChannel(deed: Deed, channel: string, errorCode: number | undefined): Promise<void>
  contactLeft(deed: Deed, channel: Pick<Channel, 'slug' | 'privacy'>, contactId: string): Promise<void>
  answerFailed(deed: Deed, outgoingId: number, errorCode: number | undefined): Promise<void>
}

/** A message that WhatsApp was given, or was about to be. */
export type HandedOver = Waiting & {
  handedOverAt: Date
  /** What the daily limit noted for it. */
  counting: Counting | undefined
}

type Outcome = Pick<Settled, 'status' | 'wamidHash' | 'errorCode' | 'notBefore' | 'counted'>

/** No answer came. */
const LOST: Outcome = { status: 'unknown', wamidHash: null, errorCode: null, notBefore: null, counted: true }

export type AftermathParts = {
  channel: Pick<Channel, 'slug' | 'privacy'>
  sql: Sql
  vault: Pick<Vault, 'fingerprint'>
  log: Logger
  now: () => Date
  consequences: Consequences
  /** Opens a transaction for a consequence. */
  inDeed: <T>(act: (deed: Deed) => Promise<T>) => Promise<T>
  supply: Supply
  /** WhatsApp said the number is too fast. @param upToMs the longest pause @param atLeastMs what the answer asked for */
  slowDown: (upToMs: number, atLeastMs: number) => void
  /** The channel's state has changed: look at once. */
  wake: () => void
}

/** What becomes of messages after their hand-over: their own rows, and what else an outcome means. */
export class Aftermath {
  readonly #p: AftermathParts
  readonly #settling: Settling
  readonly #troubles = new Troubles()
  /** Answers whose consequences are being written; their outcomes follow. */
  readonly #carryingOut = new Set<Promise<void>>()

  constructor(parts: AftermathParts) {
    this.#p = parts
    this.#settling = new Settling(parts.sql, parts.log)
  }

  /** Surely not written: back to the queue as if nothing had been. */
  giveBack(id: string, handedOverAt: Date): void {
    const at = this.#p.now()
    const untouched = { status: 'queued', wamidHash: null, errorCode: null, notBefore: at, counted: false } as const
    this.#settling.add({ id, ...untouched, at, handedOverAt })
  }

  /** No answer, and none is waited for any more. */
  lost(entry: HandedOver): void {
    this.#settle(entry, LOST)
  }

  /** Takes an answer, or the word that none will come. */
  take(entry: HandedOver, result: SendResult): void {
    const { vault, now, supply } = this.#p
    const code = result.error?.code
    const kind = entry.kind === 'inbox' ? 'reply' : entry.kind
    const decided = nextStep(result.verdict, code, entry.attempts + 1, kind, Math.random())
    const { step } = decided
    const isAgain = step.become === 'queued'
    if (isAgain || step.become === 'failed') supply.unreserve(entry)
    else supply.reached(entry)
    const outcome = {
      status: step.become,
      wamidHash: result.wamid === undefined ? null : vault.fingerprint('wamid', result.wamid),
      errorCode: isAgain ? null : (code ?? null),
      notBefore: isAgain ? new Date(now().getTime() + Math.max(step.afterMs, result.retryAfterMs ?? 0)) : null,
      counted: !isAgain || step.counted,
    }
    const isBroadcast = entry.broadcastId !== null
    const waitMs = this.#troubles.waitMs(result, isBroadcast)
    if (waitMs > 0) supply.hold(waitMs)
    if (decided.consequence === 'slow-down') this.#p.slowDown(patienceFor(code).pauseMs, result.retryAfterMs ?? 0)
    const consequence = this.#troubles.isStrange(result, isBroadcast) ? 'pause-broadcast' : decided.consequence
    const failedAnswer = entry.kind === 'answer' && step.become === 'failed'
    if ((consequence === 'none' || consequence === 'slow-down') && !failedAnswer) this.#settle(entry, outcome)
    else this.#settleAfter(this.#carryOut(consequence, entry, code, failedAnswer), entry, outcome, consequence)
  }

  /** Resolves when every consequence and outcome is durable, at the latest a second after `deadline` (ms since the epoch). Never rejects. */
  async finish(deadline: number): Promise<void> {
    await Promise.race([Promise.all(this.#carryingOut), latest(Math.max(0, deadline - Date.now()))])
    await this.#settling
      .flush(deadline + 1000)
      .catch((error) => this.#p.log.warn({ err: error }, 'stopped with open outcomes'))
  }

  #settle({ id, handedOverAt }: HandedOver, outcome: Outcome): void {
    const { status, wamidHash, errorCode, notBefore, counted } = outcome
    this.#settling.add({ id, status, wamidHash, errorCode, notBefore, counted, at: this.#p.now(), handedOverAt })
  }

  /** A death in between must leave the row open, or nobody would carry out what its outcome means. */
  #settleAfter(carriedOut: Promise<void>, entry: HandedOver, outcome: Outcome, consequence: Consequence): void {
    const settled = carriedOut
      .catch((error) => this.#p.log.error({ err: error, consequence }, 'a consequence could not be carried out'))
      .finally(() => {
        this.#settle(entry, outcome)
        this.#carryingOut.delete(settled)
      })
    this.#carryingOut.add(settled)
  }

  async #carryOut(
    consequence: Consequence,
    entry: HandedOver,
    code: number | undefined,
    failedAnswer: boolean,
  ): Promise<void> {
    const { consequences, inDeed, channel, supply, wake } = this.#p
    const { broadcastId, contactId } = entry
    if (consequence === 'pause-broadcast' && broadcastId !== null && supply.drop(broadcastId))
      await inDeed((deed) => consequences.pauseBroadcast(deed, broadcastId, code))
    if (consequence === 'stop-channel') {
      supply.hold(1000)
      await inDeed((deed) => consequences.stopChannel(deed, channel.slug, code))
      wake()
    }
    if (consequence === 'contact-left' && contactId !== null)
      await inDeed((deed) => consequences.contactLeft(deed, channel, contactId))
    if (failedAnswer) await inDeed((deed) => consequences.answerFailed(deed, Number(entry.id), code))
  }
}

/** Ends a wait, but keeps no process from ending. */
export const latest = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms).unref())
