import { createHmac } from 'node:crypto'
import { Pool } from 'undici'
import type { Json } from './json.ts'
import type { Account } from './state.ts'

/** How webhooks are posted. Pauses between attempts double from `firstMs` to `maxMs`; after `attempts` the post is given up. */
export type WebhookOptions = {
  url: string
  appSecret: string
  connections?: number
  /** Most statuses in one body; more than one only while all connections are busy. Default 20. */
  statusBatch?: number
  retry?: { firstMs?: number; maxMs?: number; attempts?: number }
  /** `escaped` as Meta does it (\u00e4, \/), the default, or `plain` UTF-8. */
  encoding?: 'escaped' | 'plain'
}

/** One envelope around one change, as Meta posts it. `time` only for account fields, seconds. */
export const envelope = (businessAccountId: string, field: string, value: Json, time?: number): Json => ({
  object: 'whatsapp_business_account',
  entry: [{ id: businessAccountId, ...(time === undefined ? {} : { time }), changes: [{ field, value }] }],
})

/** The value of a `messages`, `user_preferences` or `calls` change of this number. */
export const numberValue = (account: Account, content: Json): Json => ({
  messaging_product: 'whatsapp',
  metadata: { display_phone_number: account.digits, phone_number_id: account.phoneNumberId },
  ...content,
})

/** The value of X-Hub-Signature-256 for these bytes. */
export const signature = (body: string | Buffer, appSecret: string): string =>
  `sha256=${createHmac('sha256', appSecret).update(body).digest('hex')}`

/** JSON the way Meta writes it on the wire: non-ASCII and slashes escaped. */
export const escaped = (body: string): string =>
  body.replace(/[/\u007f-\uffff]/g, (unit) =>
    unit === '/' ? '\\/' : `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

type QueuedStatus = { account: Account; status: Json; contact: Json | null }

/** Posts signed webhooks to the service, and again until it answers 200. */
export class Webhooks {
  readonly #options: Required<Omit<WebhookOptions, 'retry'>> & {
    retry: { firstMs: number; maxMs: number; attempts: number }
  }
  #pool: Pool | null = null
  #path = '/'
  #queue: QueuedStatus[] = []
  #taken = 0
  #posting = 0
  #busy = 0
  #stopped = false
  #idle: (() => void)[] = []
  #timers = new Set<NodeJS.Timeout>()
  /** Posts by answered status; 0 = no answer. */
  readonly answers: Record<number, number> = {}
  givenUp = 0

  constructor({ retry, ...options }: WebhookOptions) {
    this.#options = {
      connections: 32,
      statusBatch: 20,
      encoding: 'escaped',
      ...options,
      retry: { firstMs: 250, maxMs: 30_000, attempts: 100, ...retry },
    }
    this.setUrl(options.url)
  }

  get url(): string {
    return this.#options.url
  }

  /** Where to post from now on, retries included; '' posts nothing. */
  setUrl(url: string): void {
    const old = this.#pool
    this.#options.url = url
    this.#pool = null
    if (url) {
      const { origin, pathname, search } = new URL(url)
      this.#path = pathname + search
      this.#pool = new Pool(origin, {
        connections: this.#options.connections,
        pipelining: 1,
        headersTimeout: 30_000,
        bodyTimeout: 30_000,
      })
    }
    old?.destroy().catch(() => {})
  }

  /**
   * Posts one envelope now. Answers the status of the first attempt, 0 if there was none; anything but 200 is repeated in the
   * background. `heard` gets the status of every attempt.
   */
  async post(body: Json, heard?: (status: number) => void): Promise<number> {
    return this.postBytes(this.#encode(body), this.#options.appSecret, true, heard)
  }

  /** The same for a body as it is, signed with `secret` or not at all (null), for tests of the signature check. */
  async postBytes(
    body: string,
    secret: string | null = this.#options.appSecret,
    again = true,
    heard?: (status: number) => void,
  ): Promise<number> {
    if (!this.#pool || this.#stopped) return 0
    this.hold()
    try {
      const status = await this.#attempt(body, secret)
      heard?.(status)
      if (status !== 200 && again) this.#repeat(body, secret, 1, heard)
      return status
    } finally {
      this.release()
    }
  }

  /** Meta's GET verification. True if the service answered 200 with exactly our challenge. */
  async verify(verifyToken: string): Promise<boolean> {
    if (!this.#pool) return false
    const challenge = String(1_000_000 + Math.floor(Math.random() * 1_000_000))
    const query = { 'hub.mode': 'subscribe', 'hub.challenge': challenge, 'hub.verify_token': verifyToken }
    try {
      const answer = await this.#pool.request({ path: this.#path, method: 'GET', query })
      return (await answer.body.text()) === challenge && answer.statusCode === 200
    } catch {
      return false
    }
  }

  /** Queues one status; waiting ones of the same number share a body while all connections are busy. */
  status(account: Account, status: Json, contact: Json | null): void {
    if (!this.#pool || this.#stopped) return
    this.hold()
    this.#queue.push({ account, status, contact })
    this.#pump()
  }

  /** Work that is still to end in a webhook; pairs with release(). */
  hold(): void {
    this.#busy++
  }

  release(): void {
    if (--this.#busy > 0) return
    for (const wake of this.#idle.splice(0)) wake()
  }

  /** Resolves when nothing is scheduled, queued, on its way or waiting for another attempt. */
  idle(): Promise<void> {
    return this.#busy === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve))
  }

  async stop(): Promise<void> {
    this.#stopped = true
    for (const timer of this.#timers) clearTimeout(timer)
    for (const wake of this.#idle.splice(0)) wake()
    await this.#pool?.destroy()
  }

  #pump(): void {
    while (this.#posting < this.#options.connections && this.#taken < this.#queue.length) {
      const first = this.#queue[this.#taken]!
      const batch = [first]
      this.#taken++
      // only neighbours of the same number: order within a number is kept, and taking stays cheap
      while (
        batch.length < this.#options.statusBatch &&
        this.#queue[this.#taken]?.account === first.account &&
        this.#backlog()
      )
        batch.push(this.#queue[this.#taken++]!)
      if (this.#taken > 1000) this.#taken -= this.#queue.splice(0, this.#taken).length
      this.#postStatuses(first.account, batch)
    }
  }

  #backlog(): boolean {
    return this.#queue.length - this.#taken > this.#options.connections - this.#posting
  }

  async #postStatuses(account: Account, batch: QueuedStatus[]): Promise<void> {
    this.#posting++
    const contacts = new Map(batch.flatMap(({ contact }) => (contact ? [[contact.user_id, contact] as const] : [])))
    const content = {
      ...(contacts.size > 0 ? { contacts: [...contacts.values()] } : {}),
      statuses: batch.map(({ status }) => status),
    }
    const body = this.#encode(envelope(account.businessAccountId, 'messages', numberValue(account, content)))
    const status = await this.#attempt(body, this.#options.appSecret)
    if (status !== 200) this.#repeat(body, this.#options.appSecret, 1)
    this.#posting--
    for (let released = 0; released < batch.length; released++) this.release()
    this.#pump()
  }

  #repeat(body: string, secret: string | null, attempt: number, heard?: (status: number) => void): void {
    const { firstMs, maxMs, attempts } = this.#options.retry
    if (this.#stopped) return
    if (attempt >= attempts) {
      this.givenUp++
      return
    }
    this.hold()
    const timer = setTimeout(
      async () => {
        this.#timers.delete(timer)
        const status = await this.#attempt(body, secret)
        heard?.(status)
        if (status !== 200) this.#repeat(body, secret, attempt + 1, heard)
        this.release()
      },
      Math.min(maxMs, firstMs * 2 ** (attempt - 1)),
    )
    this.#timers.add(timer)
  }

  async #attempt(body: string, secret: string | null): Promise<number> {
    let status = 0
    try {
      const bytes = Buffer.from(body)
      const headers: Record<string, string> = {
        'content-type': 'application/json',
        'user-agent': 'facebookexternalua',
        accept: '*/*',
      }
      if (secret !== null) headers['x-hub-signature-256'] = signature(bytes, secret)
      const answer = await this.#pool!.request({ path: this.#path, method: 'POST', headers, body: bytes })
      await answer.body.dump()
      status = answer.statusCode
    } catch {
      status = 0 // refused, reset or timed out: Meta repeats those like any other failure
    }
    this.answers[status] = (this.answers[status] ?? 0) + 1
    return status
  }

  #encode(body: Json): string {
    const plain = JSON.stringify(body)
    return this.#options.encoding === 'escaped' ? escaped(plain) : plain
  }
}
