import { and, eq, inArray, isNull } from 'drizzle-orm'
import type { Channel } from '../channels/channel.ts'
import { recordPreference } from '../contacts/contacts.ts'
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
 */
export async function followPreference(
  deed: Deed,
  { slug, privacy }: Pick<Channel, 'slug' | 'privacy'>,
  contactIds: readonly string[],
  { value, at }: { value: 'stop' | 'resume'; at: Date },
): Promise<void> {
  if (contactIds.length === 0) return
  const changed = await recordPreference(deed, contactIds, { value, at })
  if (value === 'stop') await skipQueued(deed, { contactIds, marketing: true })
  const subscribers = await deed.tx
    .select({ subject: contacts.subject })
    .from(contacts)
    .innerJoin(
      subscriptions,
      and(eq(subscriptions.contactId, contacts.id), eq(subscriptions.offering, 'info'), isNull(subscriptions.leftAt)),
    )
    .where(inArray(contacts.id, changed))
  const change = { ...CHANGES[value], offering: 'info', at, source: PREFERENCE } as const
  await recordConsents(
    deed,
    slug,
    subscribers.map(({ subject }) => ({ ...change, subject, noticeVersion: privacy.noticeVersion })),
  )
}
