import { afterEach, beforeEach, expect, test } from 'vitest'
import { COMMAND } from '../../src/audit/audit.ts'
import { eventWords } from '../../src/console/channel-events.ts'
import { exportSubscribers } from '../../src/subscriptions/export.ts'
import { approvedTemplates } from '../support/citizens.ts'
import { openDoors } from '../support/runtime.ts'
import { openWebhookDesk, type WebhookDesk } from '../support/webhook-desk.ts'

const anna = { phone: '+4915112340001', userId: 'DE.10000000000000000001', name: 'Anna' }
const seconds = () => Math.floor(desk.now().getTime() / 1000)

let desk: WebhookDesk
beforeEach(async () => {
  desk = await openWebhookDesk('arnsberg')
  await approvedTemplates(desk, 'arnsberg')
})
afterEach(() => desk.close())

/** A broadcast that is being sent, with one queued row for Anna. */
async function sending(category: string, name = 'stadt_meldung') {
  const contact = await desk.contactOf(anna)
  const [row] = await desk.sql<{ id: string }[]>`
    insert into broadcasts (channel, title, template_name, template_language, audience, content_hash, created_by, changed_by, created_at,
      changed_at, started_at, status, category, first_id, last_id)
    values ('arnsberg', 't', ${name}, 'de', '{"offering":"info"}', 'h', 'c', 'c', now(), now(), now(), 'sending', ${category}, 0, 1000000)
    returning id`
  const [message] = await desk.sql<{ id: string }[]>`
    insert into outgoing (channel, kind, broadcast_id, contact_id) values ('arnsberg', 'broadcast', ${row!.id}, ${contact!.id}) returning id`
  return {
    id: row!.id,
    outgoingId: Number(message!.id),
    state: async () => {
      const [one] = await desk.sql`
        select b.status as broadcast, b.paused_reason as reason, o.status as message
        from broadcasts b join outgoing o on o.broadcast_id = b.id where b.id = ${row!.id}`
      return { ...one }
    },
  }
}
const preference = (value: 'stop' | 'resume', at = seconds()) =>
  desk.bodies.body(
    desk.bodies.change('user_preferences', {
      ...desk.bodies.around,
      user_preferences: [
        { wa_id: anna.phone.slice(1), user_id: anna.userId, category: 'marketing_messages', value, timestamp: at },
      ],
    }),
  )
const template = (event: string) =>
  desk.bodies.account('message_template_status_update', {
    event,
    message_template_id: 1000,
    message_template_name: 'stadt_meldung',
    message_template_language: 'de',
    reason: 'NONE',
  })

test('stopping marketing inside WhatsApp skips what is queued of that category, and nothing else', async () => {
  await desk.writes(anna, 'START')
  const [marketing, utility] = [await sending('MARKETING'), await sending('UTILITY')]
  await desk.takes(preference('stop'))
  expect((await marketing.state()).message).toBe('skipped')
  expect((await utility.state()).message).toBe('queued')
  expect(await desk.offeringsOf(anna)).toEqual(['info'])
})

test('allowing it again clears the mark, and never undoes a STOP', async () => {
  await desk.writes(anna, 'START')
  await desk.takes(preference('stop'))
  await desk.writes(anna, 'STOP')
  desk.pass(5000)
  await desk.takes(preference('resume'))
  expect((await desk.contactOf(anna))!.marketingStoppedAt).toBeNull()
  expect(await desk.offeringsOf(anna)).toEqual([])
})

const ofPreferences = async () =>
  (await desk.ledger()).flatMap(({ offering, action, source }) =>
    source === 'user-preferences' ? [`${offering} ${action}`] : [],
  )

test('that she stopped advertising and allowed it again can be proved, once each, and is not her consent', async () => {
  await desk.writes(anna, 'START')
  await desk.takes(preference('stop'))
  await desk.takes(preference('stop'), preference('stop', seconds() + 3))
  expect(await ofPreferences()).toEqual(['info withdrawn'])
  desk.pass(60_000)
  await desk.takes(preference('resume', seconds() - 600), preference('resume'), preference('resume'))
  await desk.takes(preference('stop', seconds() - 30))
  expect(await ofPreferences()).toEqual(['info withdrawn', 'info granted'])
  const entries = await desk.sql`
    select wording, notice_version as notice, at from consents where source = 'user-preferences' order by seq`
  expect(entries.map(({ wording, notice }) => [wording, notice])).toEqual([
    [
      'Werbliche Meldungen in WhatsApp abgestellt. Andere Meldungen des Infokanals bleiben bestellt.',
      desk.channel.privacy.noticeVersion,
    ],
    ['Werbliche Meldungen in WhatsApp wieder zugelassen.', desk.channel.privacy.noticeVersion],
  ])
  expect(entries[1]!.at).toEqual(desk.now())
  const { ask, keyFor } = openDoors(desk)
  const { body } = await ask('POST', '/api/v1/channels/arnsberg/subscribers/lookup', {
    key: await keyFor('editor'),
    body: { phone: anna.phone },
  })
  expect(body.offerings[0]).toMatchObject({ offering: 'info', subscribed: true, since: '2026-11-23T09:00:00.000Z' })
  expect(body.consents.map(({ action, source }: Record<string, string>) => `${action} ${source}`)).toEqual([
    'granted user-preferences',
    'withdrawn user-preferences',
    'granted keyword',
  ])
})

test('whoever is not subscribed has nothing to stop, and the ledger says nothing', async () => {
  await desk.writes(anna, 'Guten Tag')
  await desk.takes(preference('stop'))
  expect((await desk.contactOf(anna))!.marketingStoppedAt).not.toBeNull()
  await desk.writes(anna, 'START')
  await desk.writes(anna, 'STOP')
  desk.pass(5000)
  await desk.takes(preference('resume'))
  expect(await ofPreferences()).toEqual([])
})

test('the evidence of her consent stays what she wrote, whatever she sets inside WhatsApp and however she writes', async () => {
  const byNumber = { phone: anna.phone }
  await desk.writes(byNumber, 'START')
  const [start] = await desk.sql`select wording from consents`
  const stopsAndResumes = async () => {
    await desk.takes(preference('stop'))
    desk.pass(5000)
    await desk.takes(preference('resume'))
    desk.pass(5000)
  }
  await stopsAndResumes()
  await desk.writes({ userId: anna.userId }, 'Guten Tag')
  await desk.writes(anna, 'Guten Abend')
  const moved = await desk.sql`select wording from consents where action = 'moved' and wording is not null`
  expect(moved.map(({ wording }) => wording)).toEqual([start!.wording])
  await stopsAndResumes()
  const lines: string[][] = []
  for await (const page of exportSubscribers(desk, COMMAND, 'arnsberg')) lines.push(...page)
  expect(lines[1]!.slice(5, 7)).toEqual(['same-person', start!.wording])
})

test('an older stop that comes after the resume is no news', async () => {
  await desk.writes(anna, 'START')
  await desk.takes(preference('resume'), preference('stop', seconds() - 60))
  expect((await desk.contactOf(anna))!.marketingStoppedAt).toBeNull()
})

test('a message refused because she stopped marketing counts as her stop', async () => {
  await desk.writes(anna, 'START')
  const one = await sending('MARKETING')
  const two = await sending('MARKETING')
  const report = (status: string, more = {}) => ({
    id: 'wamid.OUT',
    status,
    biz_opaque_callback_data: `whatsup:${one.outgoingId}`,
    ...more,
  })
  await desk.sql`update outgoing set status = 'sending' where id = ${one.outgoingId}`
  await desk.takes(desk.bodies.statuses(report('failed', { errors: [{ code: 131050, title: 'x' }] })))
  expect((await desk.contactOf(anna))!.marketingStoppedAt).not.toBeNull()
  expect((await two.state()).message).toBe('skipped')
  expect(await ofPreferences()).toEqual(['info withdrawn'])
  await desk.takes(preference('stop'))
  const three = await sending('MARKETING')
  await desk.sql`update outgoing set status = 'sending' where id = ${three.outgoingId}`
  const again = { id: 'wamid.OUT3', status: 'failed', biz_opaque_callback_data: `whatsup:${three.outgoingId}` }
  await desk.takes(desk.bodies.statuses({ ...again, errors: [{ code: 131050, title: 'x' }] }))
  expect((await three.state()).message).toBe('failed')
  expect(await ofPreferences()).toEqual(['info withdrawn'])
})

test('a refusal from before she allowed it again, told late, takes nothing back', async () => {
  await desk.writes(anna, 'START')
  await desk.takes(preference('stop'))
  const one = await sending('MARKETING')
  await desk.sql`update outgoing set status = 'sending' where id = ${one.outgoingId}`
  desk.pass(60_000)
  await desk.takes(preference('resume'))
  const late = { id: 'wamid.OUT', status: 'failed', biz_opaque_callback_data: `whatsup:${one.outgoingId}` }
  await desk.takes(
    desk.bodies.statuses({ ...late, timestamp: String(seconds() - 30), errors: [{ code: 131050, title: 'x' }] }),
  )
  expect((await one.state()).message).toBe('failed')
  expect((await desk.contactOf(anna))!.marketingStoppedAt).toBeNull()
  expect(await ofPreferences()).toEqual(['info withdrawn', 'info granted'])
})

test.each([
  ['PAUSED', 'template-paused'],
  ['DISABLED', 'template-disabled'],
])('a template that Meta calls %s pauses what is being sent with it', async (event, reason) => {
  await desk.writes(anna, 'START')
  const broadcast = await sending('UTILITY')
  await desk.takes(template(event))
  expect(await broadcast.state()).toEqual({ broadcast: 'paused', reason, message: 'queued' })
})

test('the office sees through the API why a channel stands still, and what Meta told', async () => {
  const { ask, keyFor } = openDoors(desk)
  const key = await keyFor('editor')
  await desk.takes(
    template('PAUSED'),
    desk.bodies.account('account_update', {
      event: 'ACCOUNT_RESTRICTION',
      restriction_info: [{ restriction_type: 'RESTRICTED_BIZ_INITIATED_MESSAGING', expiration: 1795860000 }],
    }),
  )
  const { body } = await ask('GET', '/api/v1/channels/arnsberg', { key })
  expect(body).toMatchObject({ state: 'stopped', stopped: { reason: 'account' } })
  expect(body.events.map((event: { kind: string }) => event.kind)).toEqual([
    'account-update',
    'channel-stopped',
    'template-status',
  ])
  expect(body.events[0].detail).toMatchObject({ event: 'ACCOUNT_RESTRICTION' })
})

test.each([
  [131048, 'spam', /^WhatsApp bremst uns, weil zu viele .* senden Sie vorerst keine Meldungen/],
  [131064, 'category', /^WhatsApp hat den Versand begrenzt, weil Vorlagen falsch .* endet von selbst/],
])(
  'a limit on the whole number (%i) pauses the broadcast, and the office reads it among what happened to the channel',
  async (code, reason, sentence) => {
    await desk.writes(anna, 'START')
    const broadcast = await sending('UTILITY')
    await desk.sql`update outgoing set status = 'sending' where id = ${broadcast.outgoingId}`
    const failed = { id: 'wamid.OUT', status: 'failed', errors: [{ code, title: 'x' }] }
    await desk.takes(desk.bodies.statuses({ ...failed, biz_opaque_callback_data: `whatsup:${broadcast.outgoingId}` }))
    expect(await broadcast.state()).toMatchObject({ broadcast: 'paused', reason })
    const { ask, keyFor } = openDoors(desk)
    const { body } = await ask('GET', '/api/v1/channels/arnsberg', { key: await keyFor('editor') })
    expect(body.state).not.toBe('stopped')
    expect(body.events).toMatchObject([{ kind: 'sending-limited', severity: 'critical' }])
    expect(eventWords(body.events[0])).toMatch(sentence)
  },
)

test('a recipient shows the code, what it means and what to do, in German', async () => {
  await desk.writes(anna, 'START')
  const { id, outgoingId } = await sending('UTILITY')
  await desk.sql`update outgoing set status = 'sent' where id = ${outgoingId}`
  await desk.takes(
    desk.bodies.statuses({
      id: 'wamid.OUT',
      status: 'failed',
      biz_opaque_callback_data: `whatsup:${outgoingId}`,
      errors: [{ code: 131026, title: 'Message undeliverable' }],
    }),
  )
  const { ask, keyFor } = openDoors(desk)
  const answer = await ask('GET', `/api/v1/channels/arnsberg/broadcasts/${id}/recipients`, {
    key: await keyFor('editor'),
  })
  expect(answer.status).toBe(200)
  const [recipient] = answer.body.items
  expect(recipient).toMatchObject({ state: 'failed', error: { code: 131026 } })
  expect(recipient.error.what).toMatch(/[a-zäöü]/)
  expect(JSON.stringify(recipient)).not.toContain('15112340001')
})

test('a delivery tells the user id of a silent subscriber, whose later STOP by user id alone then counts', async () => {
  await desk.writes({ phone: anna.phone }, 'START')
  const { outgoingId } = await sending('UTILITY')
  await desk.sql`update outgoing set status = 'sent' where id = ${outgoingId}`
  const report = (state: string, recipient: object) =>
    desk.bodies.statuses({
      id: 'wamid.OUT',
      status: state,
      biz_opaque_callback_data: `whatsup:${outgoingId}`,
      ...recipient,
    })
  // Another number than that of our contact: whoever it is, it is not proven to be them.
  await desk.takes(report('delivered', { recipient_id: '4915199999999', recipient_user_id: 'DE.777' }))
  expect((await desk.contactOf(anna))!.userId).toBeUndefined()
  const again = await sending('UTILITY')
  await desk.sql`update outgoing set status = 'sending' where id = ${again.outgoingId}`
  const [before] = await desk.sql`select last_inbound_at from contacts`
  desk.pass(60_000)
  await desk.takes(
    desk.bodies.statuses({
      id: 'wamid.OUT2',
      status: 'delivered',
      biz_opaque_callback_data: `whatsup:${again.outgoingId}`,
      recipient_id: anna.phone.slice(1),
      recipient_user_id: anna.userId,
    }),
  )
  expect(await desk.contactOf({ userId: anna.userId })).toMatchObject({ phone: anna.phone, userId: anna.userId })
  const [after] = await desk.sql`select last_inbound_at from contacts`
  expect(after).toEqual(before)
  await desk.writes({ userId: anna.userId }, 'STOP')
  expect(await desk.offeringsOf({ phone: anna.phone })).toEqual([])
})
