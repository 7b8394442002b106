import { sql } from 'drizzle-orm'
import type { Channel } from '../channels/channel.ts'
import { recordNotices } from '../contacts/notices.ts'
import { outgoing } from '../db/schema.ts'
import { uuids } from '../db/sets.ts'
import { enqueue, type NewMessage } from '../dispatch/queue.ts'
import type { Deed } from '../runtime.ts'
import { HOUR, type Line } from './occasion.ts'

/** Automatic replies to one contact in an hour, before we take them for a robot; the last ones are kept for what they change. */
const REPLIES_PER_HOUR = 15
const KEPT_FOR_CHANGES = 5

/** Queues the answers, but for those that were given a moment ago or to somebody who seems to be a robot. */
export async function speak(deed: Deed, channel: Channel, lines: readonly Line[]): Promise<void> {
  if (lines.length === 0) return
  const counts = await repliesInTheLastHour(
    deed,
    lines.map(({ occasion }) => occasion.contact.id),
  )
  const spoken = new Map<string, number>()
  const given = lines.filter(({ occasion, notice, pauseMs, due }) => {
    const { id } = occasion.contact
    const count = counts.get(id) ?? 0
    if (count >= (due ? REPLIES_PER_HOUR : REPLIES_PER_HOUR - KEPT_FOR_CHANGES)) return false
    const key = `${id} ${notice}`
    const last = spoken.get(key) ?? occasion.lines.get(notice)?.getTime()
    if (!due && pauseMs !== undefined && last !== undefined && deed.now.getTime() - last < pauseMs) return false
    counts.set(id, count + 1)
    spoken.set(key, deed.now.getTime())
    return true
  })
  const messages = given.map(({ occasion, said, farewell }): NewMessage => {
    const { contact } = occasion
    const to = farewell ? { address: { phone: contact.phone, userId: contact.userId } } : { contactId: contact.id }
    return { channel: channel.slug, kind: 'reply', payload: said.body, ...to }
  })
  await enqueue(deed, messages)
  await recordNotices(
    deed,
    given
      .filter(({ farewell }) => !farewell)
      .map(({ occasion, notice }) => ({ contactId: occasion.contact.id, kind: notice })),
  )
}

async function repliesInTheLastHour(deed: Deed, contactIds: readonly string[]): Promise<Map<string, number>> {
  const since = new Date(deed.now.getTime() - HOUR).toISOString()
  const rows = await deed.tx
    .select({ contactId: outgoing.contactId, n: sql<number>`count(*)::int` })
    .from(outgoing)
    .where(
      sql`${outgoing.contactId} = any(${uuids(contactIds)}) and ${outgoing.kind} = 'reply' and ${outgoing.createdAt} > ${since}::timestamptz`,
    )
    .groupBy(outgoing.contactId)
  return new Map(rows.map(({ contactId, n }) => [contactId!, n]))
}
