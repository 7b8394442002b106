import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { registerChannels } from '../../src/channels/channels.ts'
import { Supply } from '../../src/dispatch/supply.ts'
import { openTestRuntime, type TestRuntime } from '../support/runtime.ts'

const RUN = randomUUID()

let runtime: TestRuntime
beforeEach(async () => {
  runtime = await openTestRuntime()
  await runtime.act((deed) => registerChannels(deed, runtime.channels.values()))
  await runtime.sql`
    insert into broadcasts (id, channel, title, template_name, template_language, audience, status, body, content_hash, created_by, changed_by,
      first_id, last_id, created_at, changed_at, started_at)
    values (${RUN}, 'arnsberg', 'Sturm', 'stadt_meldung', 'de', '{}', 'sending', '{}', '', 'anna', 'anna', 1, 9, now(), now(), now())`
  await runtime.sql`
    insert into outgoing (channel, kind, broadcast_id, contact_id) values ('arnsberg', 'broadcast', ${RUN}, ${randomUUID()})`
})
afterEach(() => runtime.close())

/** Whether a broadcast that runs is handed out at this time of the town, in which it is quiet from 21:00 to 7:00. */
async function handsOutAt(time: string): Promise<boolean> {
  const channel = runtime.channels.get('arnsberg')!
  const quietHours = { fromMinute: 21 * 60, toMinute: 7 * 60 }
  const offerings = { ...channel.offerings, info: { ...channel.offerings.info!, quietHours } }
  const now = () => new Date(`2026-12-01T${time}+01:00`)
  const { sql, log } = runtime
  const supply = new Supply({ channel: { ...channel, offerings }, sql, now, log })
  await supply.look()
  await supply.readOn()
  return supply.next() !== undefined
}

test.each([
  ['20:59:57.900', true],
  // What is handed out now may be on the wire only after a moment.
  ['20:59:58.100', false],
  ['21:00:00.000', false],
  ['06:59:59.999', false],
  ['07:00:00.000', true],
])('at %s a broadcast with quiet hours from 21:00 to 7:00 is handed out: %s', async (time, expected) => {
  expect(await handsOutAt(time)).toBe(expected)
})
