import { and, eq, inArray, isNull } from 'drizzle-orm'
import type { Channel } from '../channels/channel.ts'
import { recordPreference } from '../contacts/contacts.ts'
import { noticesOf, recordNotices } from '../contacts/notices.ts'
import { contacts, subscriptions } from '../db/schema.ts'
import { skipQueued } from '../dispatch/queue.ts'
import type { Deed } from '../runtime.ts'
import { recordConsents } from './consents.ts'
import { PREFERENCE } from './source.ts'

const CHANGES = {
  stop: {
    action: 'withdrawn',
    wording: 'Werbliche Meldungen in WhatsApp abgestellt. Andere Meldungen des Infokanals bleiben bestellt.',
  },
  resume: { action: 'granted', wording: 'Werbliche Meldungen in WhatsApp wieder zugelassen.' },
} as const

/**
 * These contacts of a channel stopped advertising inside WhatsApp, or allow it again: nothing of it is sent to them meanwhile, queued or new, and the ledger
 * notes each change of a subscriber of `info`, whose subscription stays. Older time stamps and repeats change nothing and write nothing.
 * @param told contact → when
 */
export async function followPreference(
  deed: Deed,
  { slug, privacy }: Pick<Channel, 'slug' | 'privacy'>,
  told: ReadonlyMap<string, Date>,
  value: 'stop' | 'resume',
): Promise<void> {
  const resumed = value === 'stop' ? await noticesOf(deed, [...told.keys()]) : new Map()
  const isOver = (id: string) => (resumed.get(id)?.get(RESUMED) ?? new Date(0)) >= told.get(id)!
  const contactIds = [...told.keys()].filter((id) => !isOver(id)).sort()
  if (contactIds.length === 0) return
  if (value === 'resume')
    await recordNotices(
      deed,
      contactIds.map((contactId) => ({ contactId, kind: RESUMED, at: told.get(contactId)! })),
    )
  const changed = await recordPreference(deed, contactIds, { value, at: told })
  if (value === 'stop') await skipQueued(deed, { contactIds, marketing: true })
  const subscribers = await deed.tx
    .select({ id: contacts.id, subject: contacts.subject })
    .from(contacts)
    .innerJoin(
      subscriptions,
      and(eq(subscriptions.contactId, contacts.id), eq(subscriptions.offering, 'info'), isNull(subscriptions.leftAt)),
    )
    .where(inArray(contacts.id, changed))
  const change = {
    ...CHANGES[value],
    offering: 'info',
    source: PREFERENCE,
    noticeVersion: privacy.noticeVersion,
  } as const
  await recordConsents(
    deed,
    slug,
    subscribers.map(({ id, subject }) => ({ ...change, subject, at: told.get(id)! })),
  )
}

/** The latest permission: a word from before it, such as a late refusal, changes nothing. */
const RESUMED = 'marketing-resumed'
