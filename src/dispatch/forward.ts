import type { Channel } from '../channels/channel.ts'
import { inboxGoneSince, noteInboxGone } from '../channels/inbox-state.ts'
import type { InboxPost, InboxResult } from '../inbox/client.ts'
import { inDeed, type Runtime } from '../runtime.ts'
import {
  claimForwards,
  type Forward,
  type ForwardSettled,
  hastenForwards,
  recoverForwards,
  settleForwards,
} from './forward-queue.ts'
import { nextAttempt } from './next-pause.ts'

/** How many chats are served at once, and how many events of one chat are taken in one go. */
const CHATS = 32
const PER_CHAT = 8
/** How often the queue is looked at when nobody wakes us: the precision of the pauses. */
const POLL_MS = 1000
/** A look at the queue that finds nothing and takes longer than this is followed by a rest of four times as long. */
const DEAR_MS = 10
/** What is on its way when we stop has this long to arrive; after that it goes out again from the next process. */
const STOP_MS = 5000
/** So many failures in a row without any success mean that the inbox is away, not that a single event is bad. */
const AWAY_AFTER = 5
/** At most so often the queue is written and looked at: what happens meanwhile is done together, which spares the database for the broadcasts. */
const GATHER_MS = 8
const FIRST_CHAT = '00000000-0000-0000-0000-000000000000'

export interface Forwarder {
  /** Begins forwarding; only while this process sends for the channel. */
  start(): void
  /** Ends after what is on its way has arrived, at most five seconds later. May be started again. */
  stop(): Promise<void>
  /** There may be something new. */
  wake(): void
}

export type ForwarderOptions = {
  runtime: Pick<Runtime, 'settings' | 'db' | 'sql' | 'vault' | 'inbox' | 'log' | 'now'>
  channel: Channel
  /** Between 0 and 1, for the jitter of the pauses. */
  chance?: () => number
  /** How an event reaches the inbox, if not as a signed post of the event itself. */
  post?: (post: InboxPost & { chatId: string; attempts: number }) => Promise<InboxResult>
  /** Told once per attempt, for the metrics. */
  onOutcome?: (outcome: 'delivered' | 'retry' | 'dead' | 'gone') => void
}

/** Forwards a channel's chats to its inbox: at least once, in order within a chat, and no chat waits for another. Does nothing until started. */
export function openForwarder(options: ForwarderOptions): Forwarder {
  let current: Lane | null = null
  let ended = Promise.resolve()
  return {
    // A lease that is lost and won again must not make two lanes: the next one begins when the last has ended.
    start: () => {
      current ??= new Lane(options, ended)
    },
    stop: async () => {
      const lane = current
      current = null
      if (lane) ended = lane.stop()
      await ended
    },
    wake: () => current?.wake(),
  }
}

class Lane {
  readonly #options: ForwarderOptions
  readonly #busy = new Set<string>()
  readonly #finished: string[] = []
  #outcomes: ForwardSettled[] = []
  #after = FIRST_CHAT
  #failuresInARow = 0
  #hasten = false
  #gone = false
  #recovered = false
  #stopping = false
  #restUntil = 0
  #lookedAt = 0
  #awake: (() => void) | null = null
  #woken = false
  readonly #ended: Promise<void>

  constructor(options: ForwarderOptions, previous: Promise<void>) {
    this.#options = options
    this.#ended = previous.then(() => this.#run())
  }

  wake(): void {
    this.#woken = true
    this.#awake?.()
  }

  async stop(): Promise<void> {
    this.#stopping = true
    this.wake()
    let timer: NodeJS.Timeout | undefined
    const deadline = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, STOP_MS)
    })
    await Promise.race([this.#ended, deadline])
    clearTimeout(timer)
  }

  async #run(): Promise<void> {
    const { runtime, channel } = this.#options
    while (!this.#stopping || this.#busy.size > 0 || this.#outcomes.length > 0) {
      try {
        await this.#gather()
        this.#woken = false
        await this.#settle()
        if (this.#stopping || performance.now() < this.#restUntil) await this.#sleep()
        else await this.#look()
      } catch (error) {
        runtime.log.error({ err: error, channel: channel.slug }, 'forwarding to the inbox is interrupted')
        if (this.#stopping) return
        await this.#sleep({ deep: true })
      }
    }
  }

  async #gather(): Promise<void> {
    const restMs = this.#lookedAt + GATHER_MS - performance.now()
    if (restMs > 0) await new Promise((resolve) => setTimeout(resolve, restMs))
    this.#lookedAt = performance.now()
  }

  /** Takes what is due; if that is nothing, sleeps. With thousands of chats waiting for another attempt a look is dear, and not every wake is worth one. */
  async #look(): Promise<void> {
    const began = performance.now()
    if ((await this.#claim()) > 0) return
    const tookMs = performance.now() - began
    if (tookMs > DEAR_MS) this.#restUntil = performance.now() + Math.min(4 * tookMs, POLL_MS)
    await this.#sleep()
  }

  /** Until somebody wakes us. Deep: for a whole second whatever happens, so that an outage of the database is not hammered. */
  async #sleep({ deep = false } = {}): Promise<void> {
    if (this.#woken && !deep) return
    await new Promise<void>((resolve) => {
      const restMs = deep ? 0 : this.#restUntil - performance.now()
      const timer = setTimeout(resolve, restMs > 0 ? restMs : POLL_MS)
      if (deep) return
      this.#awake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.#awake = null
  }

  async #claim(): Promise<number> {
    const { sql, db, now } = this.#options.runtime
    const { slug } = this.#options.channel
    if (!this.#recovered) {
      await recoverForwards(sql, slug)
      this.#gone = (await inboxGoneSince(db, slug)) !== null
      this.#recovered = true
    }
    if (this.#gone) this.#gone = (await inboxGoneSince(db, slug)) !== null
    if (this.#gone || this.#busy.size >= CHATS) return 0
    if (this.#hasten) {
      this.#hasten = false
      await hastenForwards(sql, slug, now())
    }
    const chats = CHATS - this.#busy.size
    const rows = await claimForwards(sql, slug, now(), {
      chats,
      perChat: PER_CHAT,
      after: this.#after,
      busy: [...this.#busy],
    })
    const byChat = new Map<string, Forward[]>()
    for (const row of rows) byChat.set(row.chatId, [...(byChat.get(row.chatId) ?? []), row])
    // Behind the last chat it goes on with the first: once more around before anybody sleeps.
    const wrapped = this.#after !== FIRST_CHAT && byChat.size < chats
    this.#after = wrapped ? FIRST_CHAT : ([...byChat.keys()].sort().at(-1) ?? FIRST_CHAT)
    for (const [chatId, events] of byChat) {
      this.#busy.add(chatId)
      void this.#forward(chatId, events)
    }
    return wrapped ? 1 : rows.length
  }

  /** The events of one chat, one after the other; what comes behind one that did not arrive goes back to the queue. */
  async #forward(chatId: string, events: readonly Forward[]): Promise<void> {
    let blocked = false
    for (const event of events) {
      const outcome: ForwardSettled =
        blocked || this.#gone || this.#stopping ? this.#notYet(event) : await this.#post(event)
      blocked ||= outcome.status === 'queued'
      this.#outcomes.push(outcome)
      this.wake()
    }
    this.#finished.push(chatId)
    this.wake()
  }

  #notYet({ id }: Forward): ForwardSettled {
    const at = this.#options.runtime.now()
    return { id, status: 'queued', at, notBefore: null, errorCode: null, counted: false }
  }

  async #post(event: Forward): Promise<ForwardSettled> {
    const { runtime, channel, chance = Math.random } = this.#options
    const { id, attempts, since } = event
    const result = await this.#attempt(event)
    const at = runtime.now()
    const next = result.verdict === 'retry' ? nextAttempt(attempts, since, at, chance()) : null
    this.#options.onOutcome?.(result.verdict === 'retry' && !next ? 'dead' : result.verdict)
    if (result.verdict === 'delivered') {
      if (this.#failuresInARow >= AWAY_AFTER) this.#hasten = true
      this.#failuresInARow = 0
      return { id, status: 'delivered', at, notBefore: null, errorCode: null, counted: true }
    }
    const errorCode = result.status ?? null
    if (result.verdict === 'gone') {
      await this.#stopAtGone()
      return { id, status: 'queued', at, notBefore: at, errorCode, counted: true }
    }
    this.#failuresInARow += 1
    const about = { channel: channel.slug, outgoing: id, attempts, reason: result.reason }
    if (next) runtime.log.warn(about, 'the inbox did not take an event')
    else runtime.log.error(about, 'an event is a dead letter: the inbox did not take it for 72 hours')
    return { id, status: next ? 'queued' : 'failed', at, notBefore: next, errorCode, counted: true }
  }

  async #attempt({ id, chatId, attempts, payloadSealed }: Forward): Promise<InboxResult> {
    const { runtime, channel } = this.#options
    const post: NonNullable<ForwarderOptions['post']> = this.#options.post ?? runtime.inbox.post
    const { url, secret } = channel.offerings.chat?.inbox ?? {}
    if (!url || !secret) return { verdict: 'retry', reason: 'the channel file names no inbox' }
    try {
      const body = withBase(runtime.vault.open(payloadSealed!), runtime.settings.publicUrl)
      const timestamp = runtime.now()
      return await post({ url, secret: secret.reveal(), id: `event_${id}`, timestamp, body, chatId, attempts })
    } catch (error) {
      runtime.log.error({ err: error, channel: channel.slug, outgoing: id }, 'an event cannot be posted')
      return { verdict: 'retry', reason: 'unreadable' }
    }
  }

  async #stopAtGone(): Promise<void> {
    const { runtime, channel } = this.#options
    this.#gone = true
    runtime.log.error(
      { channel: channel.slug },
      'the inbox answered 410 Gone: nothing is forwarded until the office resumes it',
    )
    await inDeed(runtime, (deed) => noteInboxGone(deed, channel.slug)).catch((error: unknown) => {
      this.#gone = false // tried again with the next event
      runtime.log.error({ err: error, channel: channel.slug }, 'the alarm about the inbox could not be stored')
    })
  }

  async #settle(): Promise<void> {
    const outcomes = this.#outcomes
    const finished = this.#finished.splice(0)
    if (outcomes.length > 0) {
      this.#outcomes = []
      try {
        await settleForwards(this.#options.runtime.sql, outcomes)
      } catch (error) {
        this.#outcomes = [...outcomes, ...this.#outcomes]
        this.#finished.unshift(...finished)
        throw error
      }
    }
    for (const chatId of finished) this.#busy.delete(chatId)
  }
}

/** The event with its paths made addresses. Quotes within a text are escaped, so these keys are only ever found as keys. */
export const withBase = (payload: string, publicUrl: string): string =>
  payload.replaceAll(/"(replyUrl|url)":"\//g, (_, key: string) => `"${key}":${JSON.stringify(publicUrl).slice(0, -1)}/`)
