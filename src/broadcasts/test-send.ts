import { sql } from 'drizzle-orm'
import { type Actor, record } from '../audit/audit.ts'
import type { Channel } from '../channels/channel.ts'
import { channelState } from '../channels/channels.ts'
import { findContact } from '../contacts/contacts.ts'
import { readPhone } from '../contacts/phone.ts'
import { enqueue } from '../dispatch/queue.ts'
import { lastToGo, reachedSince, strangerOf } from '../dispatch/reached.ts'
import { isLimited, LIMIT_WINDOW_MS } from '../dispatch/windows.ts'
import { Refusal, refusals } from '../refusal.ts'
import type { Deed } from '../runtime.ts'
import { templateBody } from '../whatsapp/templates.ts'
import { contentOf, find } from './broadcasts.ts'
import { spoken } from './calendar.ts'
import { checkContent } from './drafts.ts'

/**
 * Sends a broadcast as it stands to one number of the office, in any state. It is in none of the broadcast's figures, but WhatsApp's daily limit counts it.
 * @throws Refusal invalid-input; channel-stopped; limit-used-up with the time from which a test may go again
 */
export async function testSend(
  deed: Deed,
  actor: Actor,
  channel: Channel,
  id: string,
  to: string,
): Promise<{ id: number; state: 'queued' }> {
  const row = await find(deed, channel.slug, id)
  const phone = readPhone(to)
  if (phone === null) {
    throw new Refusal('invalid-input', [
      { field: 'to', message: 'Bitte geben Sie eine Rufnummer wie +49 151 23456789 an.' },
    ])
  }
  const content = { ...contentOf(row), sendAt: null, recurrence: null }
  const { components } = await checkContent(deed, channel, content)
  const state = await channelState(deed, channel.slug)
  if (state?.stoppedAt) throw new Refusal('channel-stopped')
  const countsAs = (await findContact(deed, channel.slug, { phone }))?.id ?? strangerOf(deed.vault, phone)
  await checkRoom(deed, channel, state?.dailyLimit ?? null, countsAs)
  const { name, language } = content.template
  const payload = templateBody(name, language, components, content.parameters)
  const [message] = await enqueue(deed, [
    { channel: channel.slug, kind: 'test', payload, address: { phone }, countsAs },
  ])
  await record(deed, actor, { action: 'broadcast.tested', channel: channel.slug, target: row.id })
  return { id: message!.id, state: 'queued' }
}

/** A test is for now: rather none than one that arrives tomorrow. */
async function checkRoom(deed: Deed, channel: Channel, limit: number | null, countsAs: string): Promise<void> {
  if (!isLimited(limit)) return
  const { tx, now } = deed
  const [found] = await tx.execute<{ people: number; known: boolean | null; last_ms: number | null }>(sql`
    select count(*)::int as people, bool_or(contact_id = ${countsAs}::uuid) as known, ${lastToGo(limit)} as last_ms
    from (${reachedSince(channel.slug, new Date(now.getTime() - LIMIT_WINDOW_MS))}) r`)
  const { people, known, last_ms } = found!
  if (known || people < limit) return
  const again = last_ms === null ? null : new Date(last_ms + LIMIT_WINDOW_MS)
  const then = again && ` Eine Testnachricht an diese Nummer geht wieder ab ${spoken(again, now, channel.timezone)}.`
  throw new Refusal('limit-used-up', [], { detail: `${refusals['limit-used-up'][1]}${then ?? ''}` })
}
