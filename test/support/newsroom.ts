import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { sql } from 'drizzle-orm'
import { vi } from 'vitest'
import type { Actor } from '../../src/audit/audit.ts'
import { approve, submit } from '../../src/broadcasts/approval.ts'
import type { Row } from '../../src/broadcasts/broadcasts.ts'
import { draft, type NewContent } from '../../src/broadcasts/drafts.ts'
import { finishDone } from '../../src/broadcasts/finishing.ts'
import { startDue } from '../../src/broadcasts/starting.ts'
import { view } from '../../src/broadcasts/views.ts'
import type { Channel, InfoOffering } from '../../src/channels/channel.ts'
import { registerChannels } from '../../src/channels/channels.ts'
import { storeTemplates } from '../../src/channels/template-store.ts'
import { type Contact, recognise } from '../../src/contacts/contacts.ts'
import { openVault } from '../../src/db/vault.ts'
import type { OutgoingStatus } from '../../src/dispatch/queue.ts'
import { openLog } from '../../src/log.ts'
import { type Deed, inDeed } from '../../src/runtime.ts'
import { join, leave, type Wish } from '../../src/subscriptions/subscriptions.ts'
import type { RemoteTemplate } from '../../src/whatsapp/management.ts'
import { freshDatabase } from './database.ts'
import { towns } from './towns.ts'

const person = (name: string, role: Actor['role']): Actor => ({ id: `staff:${name}`, name, role, channel: null })
/** Anna writes, Bernd approves, Cem does either, Dora runs the channel. */
export const anna = person('anna', 'editor')
export const bernd = person('bernd', 'approver')
export const cem = person('cem', 'approver')
export const dora = person('dora', 'admin')

export const HOUR = 3_600_000
export const OVERDUE_TOLERANCE_MS = 2 * HOUR

/** A template of `templates/` as Meta would list it. */
export function listed(name: string, own: Partial<RemoteTemplate> = {}): RemoteTemplate {
  const file = JSON.parse(readFileSync(`templates/${name}.de.json`, 'utf8'))
  return {
    id: `30000000000${name.length}`,
    name,
    language: 'de',
    status: 'APPROVED',
    category: file.category,
    parameterFormat: file.parameter_format,
    components: file.components,
    ...own,
  }
}

export const ROADWORKS: NewContent = {
  title: 'Sperrung Ruhrstraße',
  template: { name: 'stadt_meldung', language: 'de' },
  parameters: {
    header: ['Verkehr'],
    body: ['Sperrung', 'Ruhrstraße ab Montag'],
    buttons: { '0': 'sperrung-ruhrstrasse' },
  },
  audience: { offering: 'info' },
}

/**
 * The office of Arnsberg on a database of its own, with a clock to set. Tuesday, 1 December 2026, 9:00 in Arnsberg unless said otherwise; the templates
 * are approved.
 */
export async function openNewsroom({ clockAt = '2026-12-01T08:00:00Z' } = {}) {
  const database = await freshDatabase({ max: 8 })
  let now = new Date(clockAt)
  const channels = new Map(towns())
  const runtime = {
    ...database,
    channels,
    vault: openVault([{ id: 'test', key: randomBytes(32) }], randomBytes(32)),
    log: openLog('silent'),
    now: () => now,
    settings: { overdueToleranceMs: OVERDUE_TOLERANCE_MS },
  }
  const act = <T>(verb: (deed: Deed) => Promise<T>): Promise<T> => inDeed(runtime, verb)
  await act(async (deed) => {
    await registerChannels(deed, channels.values())
    await storeTemplates(deed, 'arnsberg', [listed('stadt_meldung'), listed('notfall')])
  })
  const arnsberg = () => channels.get('arnsberg')!
  let citizens = 0

  const wishOf = (contact: Contact, topics: string[] | null = null): Wish => ({
    channel: contact.channel,
    contactId: contact.id,
    subject: contact.subject,
    offering: 'info',
    at: now,
    source: 'keyword',
    messageId: `wamid.${contact.id}`,
    noticeVersion: '2026-11',
    topics,
  })

  return {
    ...runtime,
    database,
    act,
    channel: arnsberg,
    wishOf,
    at: (iso: string) => {
      now = new Date(iso)
    },
    pass: (ms: number) => {
      now = new Date(now.getTime() + ms)
    },
    /** Changes what Arnsberg's file says about its newsletter. */
    info(own: Partial<InfoOffering>) {
      const channel = arnsberg()
      channels.set('arnsberg', {
        ...channel,
        offerings: { ...channel.offerings, info: { ...channel.offerings.info!, ...own } },
      } satisfies Channel)
    },
    /** So many citizens subscribe. */
    subscribe: (count: number, topics: string[] | null = null) =>
      act(async (deed) => {
        const people = Array.from({ length: count }, () => {
          citizens += 1
          const phone = `+49151${String(10_000_000 + citizens)}`
          return { identity: { phone, name: `Bürgerin ${citizens}` }, at: now }
        })
        const contacts = await recognise(deed, 'arnsberg', people)
        await join(
          deed,
          contacts.map((contact) => wishOf(contact, topics)),
        )
        return contacts
      }),
    leaves: (contact: Contact) => act((deed) => leave(deed, [wishOf(contact)])),
    draft: (own: Partial<NewContent> = {}) => act((deed) => draft(deed, anna, arnsberg(), { ...ROADWORKS, ...own })),
    /** Written by Anna, approved by Bernd. */
    async approved(own: Partial<NewContent> = {}): Promise<Row> {
      const { id } = await act((deed) => draft(deed, anna, arnsberg(), { ...ROADWORKS, ...own }))
      await act((deed) => submit(deed, anna, arnsberg(), id))
      return act((deed) => approve(deed, bernd, arnsberg(), id, runtime.settings))
    },
    view: (id: string) => act((deed) => view(deed, arnsberg(), id)),
    startDue: () => startDue(runtime),
    finishDone: () => finishDone(runtime),
    /** What became of its recipients, in their order, as the sender and WhatsApp's statuses would write it. */
    async became(id: string, ...states: OutgoingStatus[]) {
      const rows = await database.sql<{ id: string }[]>`
        select id from outgoing where broadcast_id = ${id} order by id limit ${states.length}`
      for (const [index, state] of states.entries()) {
        const row = rows[index]!.id
        if (state === 'queued') continue
        await database.sql`update outgoing set status = 'sending', handed_over_at = ${now} where id = ${row} and status = 'queued'`
        if (state !== 'sending') await database.sql`update outgoing set status = ${state} where id = ${row}`
      }
    },
    async statesOf(id: string): Promise<string[]> {
      const rows = await database.sql<{ status: string }[]>`
        select status from outgoing where broadcast_id = ${id} order by id`
      return rows.map(({ status }) => status)
    },
    audited: async (target: string) => {
      const rows = await database.sql<
        { action: string }[]
      >`select action from audit where target = ${target} order by id`
      return rows.map(({ action }) => action.replace('broadcast.', ''))
    },
    /** Waits until some transaction waits for a lock of another. */
    untilSomebodyWaits: () =>
      vi.waitFor(async () => {
        const [found] = await database.db.execute<{ n: number }>(
          sql`select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
        )
        if (found!.n === 0) throw new Error('nobody waits yet')
      }, 5000),
    close: () => database.drop(),
  }
}

export type Newsroom = Awaited<ReturnType<typeof openNewsroom>>
