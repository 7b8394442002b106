import type { Actor } from '../../src/audit/audit.ts'
import type { Channel } from '../../src/channels/channel.ts'
import { takeIn } from '../../src/chats/take-in.ts'
import { type Contact, recognise } from '../../src/contacts/contacts.ts'
import type { ForwarderOptions } from '../../src/dispatch/forward.ts'
import { openForwarder } from '../../src/dispatch/forward.ts'
import { Secret } from '../../src/secret.ts'
import type { MessageEvent, Person } from '../../src/whatsapp/webhook-events.ts'
import { type InboxReceiver, openInboxReceiver } from './inbox-receiver.ts'
import { openTestRuntime } from './runtime.ts'
import { towns } from './towns.ts'

export const OFFICE: Actor = { id: 'key:office', name: 'Posteingang', role: 'inbox', channel: null }

export const anna: Person = { phone: '+4915112340001', userId: 'DE.10000000000000000001', name: 'Anna Ahrens' }
export const bernd: Person = { phone: '+4915112340002', userId: 'DE.10000000000000000002', name: 'Bernd Brandt' }
export const cem: Person = { userId: 'DE.10000000000000000003', name: 'Cem Can' }

/** The template that says that an answer waits, as WhatsApp lists it. */
export const ANSWER_READY = {
  id: '1',
  name: 'antwort_bereit',
  language: 'de',
  status: 'APPROVED',
  category: 'UTILITY',
  parameterFormat: 'positional' as const,
  components: [
    { type: 'BODY', text: 'Wir haben eine Antwort für Sie.' },
    { type: 'BUTTONS', buttons: [{ type: 'QUICK_REPLY', text: 'Antwort lesen' }] },
  ],
}

let wamids = 0
/** A message as the webhook reader hands it over. */
export function written(from: Person, what: string | Partial<MessageEvent>, at: Date): MessageEvent {
  wamids += 1
  const content = typeof what === 'string' ? { text: what } : what
  return {
    type: 'message',
    id: `wamid.${wamids}`,
    from,
    at,
    kind: 'text',
    rawType: 'text',
    forwarded: false,
    ...content,
  }
}

/** The three towns with their chats on a database of their own, a clock to set, and one inbox that records what it gets from all of them. */
export async function openChatDesk(clockAt?: string) {
  const receiver: InboxReceiver = await openInboxReceiver()
  const channels = new Map(
    [...towns()].map(([slug, channel]) => [slug, withInbox(channel, receiver)] as [string, Channel]),
  )
  const runtime = await openTestRuntime({ channels, clockAt })
  const { act, database, vault, now } = runtime
  const lanes: ReturnType<typeof openForwarder>[] = []
  return {
    database,
    runtime,
    vault,
    receiver,
    channels,
    act,
    now,
    /** Sets the clock forward. */
    pass(ms: number) {
      runtime.pass(ms)
      for (const lane of lanes) lane.wake()
    },
    /** A citizen writes; the message goes through recognition into the chat. */
    async writes(town: string, from: Person, what: string | Partial<MessageEvent>) {
      return act(async (deed) => {
        const message = written(from, what, now())
        const [contact] = await recognise(deed, town, [{ identity: from, at: message.at }])
        const [taken] = await takeIn(deed, [{ channel: channels.get(town)!, contact: contact!, message }])
        return { ...taken!, contact: contact as Contact, wamid: message.id }
      }).finally(() => {
        for (const lane of lanes) lane.wake()
      })
    },
    /** Starts forwarding a town's chats to the inbox. */
    forwards(town: string, options: Partial<ForwarderOptions> = {}) {
      const lane = openForwarder({ runtime, channel: channels.get(town)!, chance: () => 0.5, ...options })
      lane.start()
      lanes.push(lane)
      return lane
    },
    async close() {
      await Promise.all(lanes.map((lane) => lane.stop()))
      await receiver.close()
      await runtime.close()
    },
  }
}
export type ChatDesk = Awaited<ReturnType<typeof openChatDesk>>

function withInbox(channel: Channel, { url, secret }: InboxReceiver): Channel {
  const chat = channel.offerings.chat!
  const inbox = { ...chat.inbox, url, secret: new Secret(secret) }
  return { ...channel, offerings: { ...channel.offerings, chat: { ...chat, inbox } } }
}

/** Every row of every table as text, with everything sealed opened: what somebody finds who has the database and the keys. */
export async function everything({ database, vault }: Pick<ChatDesk, 'database' | 'vault'>): Promise<string> {
  const tables = await database.sql<{ name: string }[]>`
    select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`
  const lines: string[] = []
  for (const { name } of tables) {
    const rows = await database.sql<{ row: string }[]>`select row_to_json(t)::text as row from ${database.sql(name)} t`
    for (const { row } of rows) {
      lines.push(`${name}: ${row}`)
      for (const [key, value] of Object.entries(JSON.parse(row) as Record<string, unknown>)) {
        if (key.endsWith('_sealed') && typeof value === 'string') lines.push(`${name}.${key}: ${vault.open(value)}`)
      }
    }
  }
  return lines.join('\n')
}
