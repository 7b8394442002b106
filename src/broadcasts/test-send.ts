import { type Actor, record } from '../audit/audit.ts'
import type { Channel } from '../channels/channel.ts'
import { channelState } from '../channels/channels.ts'
import { readPhone } from '../contacts/phone.ts'
import { enqueue } from '../dispatch/queue.ts'
import { Refusal } from '../refusal.ts'
import type { Deed } from '../runtime.ts'
import { templateBody } from '../whatsapp/templates.ts'
import { contentOf, find } from './broadcasts.ts'
import { checkContent } from './drafts.ts'

/** Sends a broadcast as it stands to one number of the office, in any state, and counts nowhere. */
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
  if ((await channelState(deed, channel.slug))?.stoppedAt) throw new Refusal('channel-stopped')
  const { name, language } = content.template
  const payload = templateBody(name, language, components, content.parameters)
  const [message] = await enqueue(deed, [{ channel: channel.slug, kind: 'test', payload, address: { phone } }])
  await record(deed, actor, { action: 'broadcast.tested', channel: channel.slug, target: row.id })
  return { id: message!.id, state: 'queued' }
}
