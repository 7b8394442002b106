import { afterEach, beforeEach, expect, test } from 'vitest'
import { registerChannels } from '../../src/channels/channels.ts'
import { type Refused, takeStatuses } from '../../src/intake/outcomes.ts'
import type { StatusEvent } from '../../src/whatsapp/webhook-events.ts'
import { openTestRuntime, type TestRuntime } from '../support/runtime.ts'

const PEOPLE = 45

let runtime: TestRuntime
let broadcast: string
let ids: string[]
let refused: Refused
beforeEach(async () => {
  runtime = await openTestRuntime()
  await runtime.act((deed) => registerChannels(deed, runtime.channels.values()))
  const [row] = await runtime.sql<{ id: string }[]>`
    insert into broadcasts (channel, title, template_name, template_language, audience, status, body, content_hash, created_by, changed_by,
      created_at, changed_at, started_at)
    values ('arnsberg', 'Sturm', 'stadt_meldung', 'de', '{}', 'sending', '{}', '', 'anna', 'anna', now(), now(), now()) returning id`
  broadcast = row!.id
  const rows = await runtime.sql<{ id: string }[]>`
    insert into outgoing (channel, kind, broadcast_id, contact_id, status, handed_over_at)
    select 'arnsberg', 'broadcast', ${broadcast}, gen_random_uuid(), 'sending', now() from generate_series(1, ${PEOPLE}) returning id`
  ids = rows.map(({ id }) => id)
  refused = new Map()
})
afterEach(() => runtime.close())

/** WhatsApp tells this of the n-th recipient; by default an error that nobody has explained. */
const tell = (n: number, state: 'failed' | 'delivered' = 'failed') => {
  const id = ids[n]!
  const error = state === 'failed' ? { code: 987_654 } : undefined
  const status = { type: 'status', wamid: `wamid.${id}`, state, at: runtime.now(), callbackData: `whatsup:${id}` }
  return takeStatuses(
    runtime,
    [{ channel: 'arnsberg', status: { ...status, recipient: {}, error } as StatusEvent }],
    refused,
  )
}
const standing = async () => {
  const [row] = await runtime.sql`select status, paused_reason as reason from broadcasts where id = ${broadcast}`
  return `${row!.status} ${row!.reason}`
}

test('the twentieth person in a row whom an unknown error met pauses the broadcast', async () => {
  for (let n = 0; n < 19; n++) await tell(n)
  expect(await standing()).toBe('sending null')
  await tell(19)
  expect(await standing()).toBe('paused other')
})

test('one person told again and again is one person, and a delivery begins the count anew', async () => {
  for (let times = 0; times < 25; times++) await tell(0)
  for (let n = 1; n < 19; n++) await tell(n)
  await tell(40, 'delivered')
  for (let n = 20; n < 39; n++) await tell(n)
  expect(await standing()).toBe('sending null')
})

test('after the office let it go on, twenty more are needed', async () => {
  for (let n = 0; n < 20; n++) await tell(n)
  await runtime.sql`update broadcasts set status = 'sending', paused_reason = null`
  for (let n = 20; n < 39; n++) await tell(n)
  expect(await standing()).toBe('sending null')
})
