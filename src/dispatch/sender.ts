import type { Channel } from '../channels/channel.ts'
import type { Vault } from '../db/vault.ts'
import type { SendResult } from '../whatsapp/answers.ts'
import { BROADCASTS_AT_ONCE, REPLIES_AT_ONCE, type WhatsappClient } from '../whatsapp/client.ts'
import { Aftermath, type AftermathParts, latest } from './aftermath.ts'
import { Bell } from './bell.ts'
import type { Counting } from './daily-limit.ts'
import { bodyOf, type Entry, isLate, isUrgent, placeOf } from './entry.ts'
import { handOver, LEASE_MS, lease, recoverChannel, release, type Sealed, type Waiting } from './lane.ts'
import { Pacer } from './pace.ts'
import { ReadAhead } from './read-ahead.ts'
import { Wire } from './slots.ts'
import { Supply } from './supply.ts'

export type SenderParts = Omit<AftermathParts, 'supply' | 'slowDown' | 'wake'> & {
  channel: Channel
  /** This process. */
  owner: string
  vault: Vault
  whatsapp: Pick<WhatsappClient, 'send'>
  /** Told when this process becomes the channel's sender, and when it no longer is. */
  onLease?: (held: boolean) => void
  /** Messages of broadcasts on the wire without an answer at any time, besides `REPLIES_AT_ONCE`, which leave also when nobody answers the others. */
  maxInFlight?: number
  /** Counted per verdict for the metrics. */
  onVerdict?: (verdict: SendResult['verdict']) => void
}

type Picked = { row: Waiting; at: Date; counting: Counting | undefined }

/** How often the queue is looked at when nobody wakes us. */
const LOOK_MS = 250
/** How often, and for how long, what a lost statement may still mark is given back. */
const UNSURE_EACH_MS = 500
const UNSURE_FOR_MS = 120_000
/** How often somebody else's lease is tried. */
const TRY_MS = 100
/** From hand-over to the wire; what is left of the lease then is the margin for clocks and pauses. */
const WRITE_WITHIN_MS = LEASE_MS - 600
/** What is handed over gets its moment within this, whatever the rate: the rest of `WRITE_WITHIN_MS` is for hitches. */
const SLOT_WITHIN_MS = 600

/**
 * Sends one channel's messages while it holds the channel's lease: replies first, then broadcasts. A row is marked right before it is written to the wire,
 * a few hundredths of a second of messages ahead; what is marked when this process dies is what was in flight.
 */
export class ChannelSender {
  readonly #p: SenderParts
  readonly #supply: Supply
  readonly #aftermath: Aftermath
  readonly #ahead: ReadAhead
  readonly #target: { phoneNumberId: string; accessToken: string }
  readonly #perSecond: number
  readonly #maxInFlight: number
  #pacer: Pacer | null = null
  #wire: Wire<Entry> | null = null
  /** database clock − performance.now() */
  #offsetMs = 0
  /** Handed over and not yet answered, those on the way to the wire included. */
  readonly #out = new Map<string, Entry>()
  /** Hand-overs whose answer was lost: nothing of them was written, but the database may carry them out even now. */
  #unsure: { ids: readonly string[]; at: Date; untilMs: number }[] = []
  #unsureAtMs = 0
  #renewAtMs = 0
  #lookAtMs = 0
  #woken = true
  #stopping = false
  #abandoned = false
  #loop: Promise<void> | null = null
  readonly #wakeUp = new Bell()
  readonly #roomMade = new Bell()

  constructor(parts: SenderParts) {
    this.#p = parts
    this.#supply = new Supply(parts)
    this.#aftermath = new Aftermath({
      ...parts,
      supply: this.#supply,
      slowDown: (upToMs, atLeastMs) => {
        this.#pacer?.slowDown(this.#nowMs(), upToMs, atLeastMs)
        this.#clearWire() // it would be too old when its moment comes
      },
      wake: () => this.wake(),
    })
    const { phoneNumberId, accessToken, messagesPerSecond } = parts.channel.whatsapp
    this.#target = { phoneNumberId, accessToken: accessToken.reveal() }
    this.#perSecond = messagesPerSecond
    this.#ahead = new ReadAhead(messagesPerSecond)
    this.#maxInFlight = parts.maxInFlight ?? BROADCASTS_AT_ONCE
  }

  start(): void {
    this.#loop ??= this.#run()
  }

  /** There may be something new: looks at once. */
  wake(): void {
    this.#woken = true
    this.#wakeUp.ring()
  }

  /**
   * Hands over nothing more, waits for the answers that are out (at most `graceMs`; later ones leave their messages `unknown`), returns the rest to the
   * queue and gives the lease back.
   */
  async stop(graceMs = 7000): Promise<void> {
    this.#stopping = true
    this.#wakeUp.ring()
    this.#roomMade.ring()
    const deadline = Date.now() + graceMs
    await Promise.race([this.#loop, latest(graceMs)])
    this.#clearWire()
    while (this.#out.size > 0 && Date.now() < deadline) await pause(5)
    this.#abandoned = true
    for (const entry of this.#out.values()) {
      if (entry.hasStarted) this.#aftermath.lost(entry)
      else this.#aftermath.giveBack(entry.id, entry.handedOverAt) // it waited for a connection and may no longer begin
    }
    await this.#aftermath.finish(deadline)
    if (!this.#pacer) return
    await Promise.race([
      release(this.#p.sql, this.#p.channel.slug, this.#p.owner, this.#pacer.afterLastMs()).catch(() => {}),
      latest(1000),
    ])
    this.#lose()
  }

  #nowMs = () => performance.now() + this.#offsetMs

  async #run(): Promise<void> {
    while (!this.#stopping) {
      try {
        this.#giveBackUnsure()
        if (!this.#pacer && !(await this.#take())) {
          await this.#idle(TRY_MS)
          continue
        }
        await this.#keepLease()
        await this.#look()
        await this.#feed()
      } catch (error) {
        this.#p.log.warn({ err: error, channel: this.#p.channel.slug }, 'sending interrupted')
        this.#lose()
        await this.#idle(LOOK_MS)
      }
    }
  }

  async #take(): Promise<boolean> {
    const { sql, channel, owner, now, log } = this.#p
    const askedAt = performance.now()
    const got = await lease(sql, channel.slug, owner)
    if (!got) return false
    const answeredAt = performance.now()
    this.#offsetMs = got.databaseMs - (askedAt + answeredAt) / 2
    const renewing = setInterval(() => void lease(sql, channel.slug, owner).catch(() => {}), LEASE_MS / 3)
    // A long broadcast is looked through for longer than a lease lasts.
    const unknown = await recoverChannel(sql, channel.slug, now()).finally(() => clearInterval(renewing))
    this.#renewAtMs = 0
    if (unknown > 0) log.warn({ channel: channel.slug, unknown }, 'messages of a stopped sender have an open outcome')
    // Two processes know the database's clock no better than a statement takes.
    this.#pacer = new Pacer(this.#perSecond, Math.max(got.slotMs + answeredAt - askedAt, got.databaseMs))
    this.#wire = new Wire({
      nowMs: this.#nowMs,
      pacer: this.#pacer,
      isFree: (isUrgent) => this.#onWire < this.#maxInFlight + (isUrgent ? REPLIES_AT_ONCE : 0),
      go: (entry, ticket) => this.#write(entry, ticket),
    })
    this.#woken = true
    this.#p.onLease?.(true)
    return true
  }

  #lose(): void {
    if (!this.#pacer) return
    this.#pacer = null
    this.#clearWire()
    this.#wire = null
    this.#supply.forget()
    this.#p.onLease?.(false)
  }

  /** Each hand-over renews the lease; without one we do it here. */
  async #keepLease(): Promise<void> {
    if (performance.now() < this.#renewAtMs) return
    const askedAt = performance.now()
    const got = await lease(this.#p.sql, this.#p.channel.slug, this.#p.owner)
    if (!got) throw new Error('the lease went to another process')
    this.#renewAtMs = askedAt + LEASE_MS / 3
  }

  async #look(): Promise<void> {
    const nowMs = performance.now()
    if (this.#woken || this.#supply.wantsLook || nowMs >= this.#lookAtMs) {
      this.#woken = false
      this.#lookAtMs = nowMs + LOOK_MS
      await this.#supply.look()
    }
    await this.#supply.readOn()
  }

  get #onWire(): number {
    return this.#out.size - (this.#wire?.size ?? 0)
  }

  /** Hands over what the wire can take; waits for room, or for something to send. */
  async #feed(): Promise<void> {
    this.#ahead.measure(performance.now())
    const wire = this.#wire!
    const slots = this.#pacer!.within(this.#nowMs(), SLOT_WITHIN_MS) - wire.size
    const room = Math.min(slots, this.#ahead.room(wire.size))
    const picked =
      room > 0
        ? this.#pick(room, () => this.#supply.next())
        : this.#pick(Math.min(slots, REPLIES_AT_ONCE - wire.urgent), () => this.#supply.nextUrgent())
    if (picked.length > 0) await this.#putOnWire(picked)
    else if (room > 0) await this.#idle(Math.max(1, this.#lookAtMs - performance.now()))
    else await this.#untilRoom()
  }

  #pick(atMost: number, next: () => Waiting | undefined): Picked[] {
    const at = this.#p.now()
    const picked: Picked[] = []
    while (picked.length < atMost) {
      const row = next()
      if (!row) break
      picked.push({ row, at, counting: this.#supply.reserve(row, at) })
    }
    return picked
  }

  async #putOnWire(picked: readonly Picked[]): Promise<void> {
    const handedOverAt = picked[0]!.at
    const wallMs = Date.now()
    const startedMs = performance.now()
    const taken = await this.#handOver(picked, handedOverAt)
    this.#ahead.took(performance.now() - startedMs)
    const writeBefore = { atMs: startedMs + WRITE_WITHIN_MS, wallMs: wallMs + WRITE_WITHIN_MS }
    const entries: Entry[] = []
    for (const { row, counting } of picked) {
      const sealed = taken.get(row.id)
      if (sealed) {
        taken.delete(row.id) // nothing is written twice, even if it was picked twice
        const { id, kind, contactId, broadcastId, countsAs, attempts } = row
        // Written out: a spread makes objects that are slow to make and to read, 5 µs a message.
        entries.push({
          id,
          kind,
          contactId,
          broadcastId,
          countsAs,
          attempts,
          counting,
          handedOverAt,
          sealed,
          opened: null,
          hasStarted: false,
          writeBefore,
        })
      } else {
        this.#supply.notTaken(row)
        this.#supply.unreserve({ ...row, counting })
      }
    }
    const opened = this.#p.vault.openAll(entries.map(({ sealed }) => placeOf(sealed) ?? ''))
    entries.forEach((entry, i) => {
      entry.opened = opened[i]!
      this.#out.set(entry.id, entry)
    })
    if (entries.length > 0) this.#renewAtMs = startedMs + LEASE_MS / 3
    else this.#renewAtMs = 0 // nobody answered for the lease: ask
    // Meanwhile WhatsApp may have asked for a pause, or we for an end.
    if (this.#abandoned || this.#pacer?.within(this.#nowMs(), SLOT_WITHIN_MS) === 0)
      for (const entry of entries) this.#giveBack(entry)
    else this.#wire!.add(entries, isUrgent)
    if (entries.length < picked.length) {
      this.#woken = true
      if (entries.length === 0) await this.#idle(50)
    }
  }

  async #handOver(picked: readonly Picked[], at: Date): Promise<Map<string, Sealed>> {
    const { sql, channel, owner } = this.#p
    const ids = picked.map(({ row }) => row.id)
    const slotMs = this.#pacer!.afterLastMs(this.#nowMs() + this.#ahead.statementMs, this.#wire!.size + ids.length)
    try {
      return await handOver(sql, channel.slug, owner, ids, slotMs, at)
    } catch (error) {
      // The statement may have been carried out although its answer was lost: then they are marked, but surely not written.
      for (const { row, counting } of picked) {
        this.#supply.unreserve({ ...row, counting })
        this.#aftermath.giveBack(row.id, at)
      }
      this.#unsure.push({ ids, at, untilMs: performance.now() + UNSURE_FOR_MS })
      throw error
    }
  }

  /** A statement whose connection was cut may wait in the database, for a disk or a replica, and mark its rows when they were given back already. */
  #giveBackUnsure(): void {
    const nowMs = performance.now()
    if (this.#unsure.length === 0 || nowMs < this.#unsureAtMs) return
    this.#unsureAtMs = nowMs + UNSURE_EACH_MS
    this.#unsure = this.#unsure.filter(({ untilMs }) => nowMs < untilMs)
    for (const { ids, at } of this.#unsure) for (const id of ids) this.#aftermath.giveBack(id, at)
  }

  #write(entry: Entry, ticket: number): void {
    this.#ahead.wrote()
    if (this.#roomMade.isAwaited && this.#ahead.room(this.#wire?.size ?? 0) > 0) this.#roomMade.ring()
    // A broadcast that was stopped meanwhile: what is not on the wire yet stays here.
    const isStopped = entry.sealed.payload === null && !this.#supply.renderOf(entry.broadcastId!)
    if (isLate(entry) || isStopped) {
      this.#giveBack(entry)
      return
    }
    let json: string | null = null
    try {
      json = bodyOf(entry, this.#p.vault, (id) => this.#supply.renderOf(id))
    } catch (error) {
      this.#p.log.error({ err: error, outgoing: entry.id }, 'a message cannot be read')
    }
    if (json === null) {
      this.#done(entry, { verdict: 'recipient', sentBytes: false })
      return
    }
    const pacer = this.#pacer
    this.#p.whatsapp
      .send(this.#target, json, entry.writeBefore.atMs, () => {
        if (this.#abandoned || isLate(entry)) return false
        entry.hasStarted = true
        pacer?.left(ticket, this.#nowMs())
        return true
      })
      .then(
        (result) => this.#done(entry, result),
        (error) => {
          this.#p.log.error({ err: error }, 'the client rejected, which it never should')
          this.#done(entry, { verdict: 'unknown', sentBytes: true })
        },
      )
  }

  /** What is not on the wire yet goes back. */
  #clearWire(): void {
    for (const entry of this.#wire?.clear() ?? []) this.#giveBack(entry)
  }

  /** Surely not written: back to the queue as if nothing had been. */
  #giveBack(entry: Entry): void {
    this.#free(entry)
    this.#supply.unreserve(entry)
    this.#aftermath.giveBack(entry.id, entry.handedOverAt)
  }

  #free(entry: Entry): void {
    this.#out.delete(entry.id)
    if (entry.broadcastId === null && entry.contactId !== null) {
      this.#supply.busy.delete(entry.contactId)
      this.#wakeUp.ring() // the next one to this person may go
    }
    this.#wire?.run()
  }

  #done(entry: Entry, result: SendResult): void {
    if (this.#abandoned) return // settled as unknown when we stopped
    this.#free(entry)
    this.#p.onVerdict?.(result.verdict)
    this.#aftermath.take(entry, result)
  }

  /** Until there is room or the lease wants us. A new single message waits no longer than this: it goes before all others. */
  async #untilRoom(): Promise<void> {
    if (!this.#stopping) await this.#roomMade.wait(100)
  }

  async #idle(ms: number): Promise<void> {
    if (this.#stopping || (this.#woken && this.#pacer && ms > 50)) return
    await this.#wakeUp.wait(ms)
  }
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
