import { and, desc, eq, inArray } from 'drizzle-orm'
import type { Db, Tx } from '../db/db.ts'
import { channelEvents } from '../db/schema.ts'
import type { Deed } from '../runtime.ts'
import { noteEvent } from './channels.ts'

const GONE = 'inbox-gone'
const RESUMED = 'inbox-resumed'

/** Since when nothing is forwarded to this channel's inbox because it answered 410 Gone; null while it is forwarded to. */
export async function inboxGoneSince(db: Db | Tx, channel: string): Promise<Date | null> {
  const [latest] = await db
    .select({ kind: channelEvents.kind, at: channelEvents.at })
    .from(channelEvents)
    .where(and(eq(channelEvents.channel, channel), inArray(channelEvents.kind, [GONE, RESUMED])))
    .orderBy(desc(channelEvents.id))
    .limit(1)
  return latest?.kind === GONE ? latest.at : null
}

/** The inbox wants nothing any more: an alarm for the office. What waits for it stays. */
export async function noteInboxGone(deed: Deed, channel: string): Promise<void> {
  if ((await inboxGoneSince(deed.tx, channel)) !== null) return
  await noteEvent(deed, channel, { kind: GONE, severity: 'critical', detail: { status: 410 } })
}

/** The office says that the inbox is there again. */
export async function noteInboxResumed(deed: Deed, channel: string): Promise<void> {
  await noteEvent(deed, channel, { kind: RESUMED, severity: 'info' })
}
