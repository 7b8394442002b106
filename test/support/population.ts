import { readFileSync } from 'node:fs'
import { COMMAND } from '../../src/audit/audit.ts'
import { submit } from '../../src/broadcasts/approval.ts'
import { draft } from '../../src/broadcasts/drafts.ts'
import { storeTemplates } from '../../src/channels/template-store.ts'
import { inDeed, type Runtime } from '../../src/runtime.ts'

/** The address of the n-th subscriber. */
export const phoneOf = (n: number): string => `+49151${String(20_000_000 + n)}`

type Hands = Pick<Runtime, 'db' | 'sql' | 'vault' | 'now' | 'channels'>

/** So many subscribers of a channel, written set-based: a million take half a minute. */
export async function populate({ sql, vault }: Hands, channel: string, people: number, from = 0): Promise<void> {
  const STEP = 5000
  for (let start = from; start < from + people; start += STEP) {
    const phones = Array.from({ length: Math.min(STEP, from + people - start) }, (_, i) => phoneOf(start + i))
    await sql`
      with born as (
        insert into contacts (channel, phone_sealed, phone_hash, created_at)
        select ${channel}, sealed, decode(hash, 'hex'), now() from unnest(
          ${phones.map((phone) => vault.seal(phone))}::text[], ${phones.map((phone) => vault.fingerprint('phone', phone).toString('hex'))}::text[]
        ) as p(sealed, hash)
        returning id)
      insert into subscriptions (channel, contact_id, offering, joined_at) select ${channel}, id, 'info', now() from born`
  }
  await sql`analyze contacts`
  await sql`analyze subscriptions`
}

/** Meta has approved `stadt_meldung`. */
export async function approveTemplate(hands: Hands, channel: string): Promise<void> {
  const file = JSON.parse(readFileSync('templates/stadt_meldung.de.json', 'utf8'))
  await inDeed(hands, (deed) =>
    storeTemplates(deed, channel, [
      {
        id: '300000000001',
        name: file.name,
        language: file.language,
        status: 'APPROVED',
        category: file.category,
        parameterFormat: file.parameter_format,
        components: file.components,
      },
    ]),
  )
}

/** A broadcast to everybody, due at once or at `sendAt`, on a channel that wants no approval. Answers with its id. */
export async function announce(hands: Hands, channel: string, sendAt: Date | null = null): Promise<string> {
  const town = hands.channels.get(channel)!
  return inDeed(hands, async (deed) => {
    const row = await draft(deed, COMMAND, town, {
      title: 'Sperrung Ruhrstraße',
      template: { name: 'stadt_meldung', language: 'de' },
      parameters: {
        header: ['Verkehr'],
        body: ['Sperrung', 'Ruhrstraße ab Montag'],
        buttons: { '0': 'sperrung-ruhrstrasse' },
      },
      audience: { offering: 'info' },
      sendAt,
    })
    await submit(deed, COMMAND, town, row.id)
    return row.id
  })
}
