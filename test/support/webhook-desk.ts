import { readFileSync } from 'node:fs'
import type { Channel } from '../../src/channels/channel.ts'
import { findContact } from '../../src/contacts/contacts.ts'
import { isDatabaseAway } from '../../src/db/db.ts'
import { receive, type WebhookDoor } from '../../src/http/whatsapp-webhook.ts'
import { type IntakeOptions, openIntake } from '../../src/intake/open.ts'
import { activeOfferings } from '../../src/subscriptions/subscriptions.ts'
import { signatureOf } from '../../src/whatsapp/signature.ts'
import { openTestRuntime, type TestOptions, type TestRuntime } from './runtime.ts'

export type Sender = { phone?: string; userId?: string; name?: string }

let ids = 0
const nextId = () => {
  ids += 1
  return `wamid.${ids}`
}

/** Webhook bodies as Meta posts them, for one channel. */
export function bodiesOf(channel: Channel, now: () => Date) {
  const { businessAccountId, phoneNumberId, phoneNumber } = channel.whatsapp
  const seconds = () => String(Math.floor(now().getTime() / 1000))
  const change = (field: string, value: object) => ({ field, value })
  const body = (...changes: object[]) => ({
    object: 'whatsapp_business_account',
    entry: [{ id: businessAccountId, changes }],
  })
  const metadata = { display_phone_number: phoneNumber.slice(1), phone_number_id: phoneNumberId }
  const around = { messaging_product: 'whatsapp', metadata }
  const contactOf = ({ phone, userId, name }: Sender) => ({
    profile: { name },
    wa_id: phone?.slice(1),
    user_id: userId,
  })
  const message = (from: Sender, own: object) => ({
    from: from.phone?.slice(1),
    from_user_id: from.userId,
    id: nextId(),
    timestamp: seconds(),
    ...own,
  })
  return {
    body,
    change,
    around,
    message,
    messages: (from: Sender, ...own: object[]) =>
      body(
        change('messages', {
          ...around,
          contacts: [contactOf(from)],
          messages: own.map((one) => message(from, one)),
        }),
      ),
    text: (from: Sender, text: string) =>
      body(
        change('messages', {
          ...around,
          contacts: [contactOf(from)],
          messages: [message(from, { type: 'text', text: { body: text } })],
        }),
      ),
    system: (own: object) =>
      body(
        change('messages', { ...around, messages: [{ id: nextId(), timestamp: seconds(), type: 'system', ...own }] }),
      ),
    statuses: (...own: object[]) =>
      body(change('messages', { ...around, statuses: own.map((one) => ({ timestamp: seconds(), ...one })) })),
    account: (field: string, value: object) => body(change(field, value)),
  }
}

/** A body of `test/fixtures/whatsapp`, addressed to this channel and, unless told otherwise, sent just now. */
export function fixture(name: string, channel: Channel, now: Date | null): object {
  const { businessAccountId, phoneNumberId, phoneNumber } = channel.whatsapp
  const text = readFileSync(`test/fixtures/whatsapp/${name}.json`, 'utf8')
    .replaceAll('100000000000001', businessAccountId)
    .replaceAll('200000000000002', phoneNumberId)
    .replaceAll('492931555000', phoneNumber.slice(1))
  const seconds = now === null ? null : Math.floor(now.getTime() / 1000)
  return JSON.parse(text, (key, value) =>
    seconds !== null && key === 'timestamp' ? (typeof value === 'string' ? String(seconds) : seconds) : value,
  )
}

/** The door for Meta of one town on a database of its own, without a network; every answer is a status code. */
export async function openWebhookDesk(
  slug: 'arnsberg' | 'warstein' | 'heringen' = 'arnsberg',
  options: TestOptions & { intake?: IntakeOptions; channel?: (channel: Channel) => Channel } = {},
) {
  const runtime: TestRuntime = await openTestRuntime(options)
  const own = runtime.channels.get(slug)!
  const channel = options.channel?.(own) ?? own
  const channels = new Map([...runtime.channels, [slug, channel]])
  const counted: string[] = []
  const door: WebhookDoor = {
    appSecrets: ['app-secret'],
    verifyToken: 'verify-token',
    intake: openIntake(
      { ...runtime, channels },
      {
        count: (what, n) => counted.push(...Array<string>(n).fill(what)),
        ...options.intake,
      },
    ),
    log: runtime.log,
    isDatabaseAway,
    count: (what) => counted.push(what),
  }
  const post = (body: object | string) => {
    const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
    return receive(door, bytes, signatureOf(bytes, 'app-secret'))
  }
  /** Repeats, as Meta does, what a busy machine had no time for. */
  const tell = async (body: object) => {
    for (let attempt = 1; ; attempt++) {
      const status = await post(body)
      if (status !== 503 || attempt === 20) return status
    }
  }
  const bodies = bodiesOf(channel, runtime.now)
  const { vault, database } = runtime
  return {
    ...runtime,
    channel,
    door,
    bodies,
    counted,
    post,
    /** Expects 200. */
    async takes(...all: object[]) {
      for (const body of all) {
        const status = await tell(body)
        if (status !== 200) throw new Error(`answered ${status}`)
      }
    },
    async writes(from: Sender, text: string) {
      const status = await tell(bodies.text(from, text))
      if (status >= 500) throw new Error(`answered ${status}`)
      return status
    },
    contactOf: (who: Sender) => runtime.act((deed) => findContact(deed, slug, who)),
    /** What this person gets right now. */
    async offeringsOf(who: Sender): Promise<string[]> {
      return runtime.act(async (deed) => {
        const contact = await findContact(deed, slug, who)
        if (!contact) return []
        const active = await activeOfferings(deed, [contact.id])
        return (active.get(contact.id) ?? []).map(({ offering }) => offering).sort()
      })
    },
    /** Everything queued and not sent, opened, oldest first. */
    async queue(kind: 'reply' | 'inbox'): Promise<any[]> {
      const rows = await database.sql<{ payload: string }[]>`
        select payload_sealed as payload from outgoing where kind = ${kind} and status = 'queued' order by id`
      return rows.map(({ payload }) => JSON.parse(vault.open(payload)))
    },
    /** The words of the automatic answers queued. */
    async replies(): Promise<string[]> {
      return (await this.queue('reply')).map((body) => body.text?.body ?? body.interactive?.body.text)
    },
    async ledger(): Promise<{ offering: string; action: string; source: string; subject: string }[]> {
      return database.sql`select offering, action, source, subject from consents where channel = ${slug} order by seq`
    },
    async events(): Promise<{ kind: string; severity: string; detail: any }[]> {
      return database.sql`select kind, severity, detail from channel_events where channel = ${slug} order by id`
    },
  }
}
export type WebhookDesk = Awaited<ReturnType<typeof openWebhookDesk>>
