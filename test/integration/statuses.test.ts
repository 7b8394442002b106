import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { registerChannels } from '../../src/channels/channels.ts'
import { eraseContact } from '../../src/contacts/erase.ts'
import { settle } from '../../src/dispatch/lane.ts'
import { eraseMessages, retryRun } from '../../src/dispatch/queue.ts'
import { callbackDataOf, forgetFormerIds } from '../../src/dispatch/statuses.ts'
import { bodiesOf, openWebhookDesk, type WebhookDesk } from '../support/webhook-desk.ts'

let desk: WebhookDesk
beforeAll(async () => {
  desk = await openWebhookDesk('arnsberg')
})
afterAll(() => desk.close())

let id: number
/** One message of a broadcast that was handed over; Meta's answer is known unless told otherwise. */
async function handedOver(own: { status?: string; wamid?: string | null; kind?: string; channel?: string } = {}) {
  const { status = 'accepted', kind = 'broadcast', channel = 'arnsberg' } = own
  const wamid = own.wamid === undefined ? `wamid.OUT.${Math.random()}` : own.wamid
  const hash = wamid === null ? null : desk.vault.fingerprint('wamid', wamid)
  const [row] = await desk.sql<{ id: string }[]>`
    insert into outgoing (channel, kind, status, wamid_hash) values (${channel}, ${kind}, ${status}, ${hash}) returning id`
  id = Number(row!.id)
  if (hash) await desk.sql`insert into outgoing_wamids (wamid_hash, outgoing_id) values (${hash}, ${id})`
  return {
    id,
    wamid: wamid ?? `wamid.OUT.${id}`,
    says: (state: string, more: object = {}) => ({
      id: wamid ?? `wamid.OUT.${id}`,
      status: state,
      biz_opaque_callback_data: `whatsup:${id}`,
      ...more,
    }),
  }
}
async function stateOf(row = id) {
  const [found] = await desk.sql`
    select status, error_code as "errorCode", pricing_category as category, pricing_type as type, billable from outgoing where id = ${row}`
  return found!
}
const tell = (...statuses: object[]) => desk.takes(desk.bodies.statuses(...statuses))
const error = (code: number) => ({ errors: [{ code, title: 'x' }] })
const pricing = { pricing: { billable: true, pricing_model: 'PMP', type: 'regular', category: 'utility' } }

beforeEach(async () => {
  await desk.sql`delete from stray_statuses`
})

test.each<[string, string[], string]>([
  ['sent, delivered, read in order', ['sent', 'delivered', 'read'], 'read'],
  ['read before delivered and sent', ['read', 'delivered', 'sent'], 'read'],
  ['delivered skipped', ['sent', 'read'], 'read'],
  ['a late sent lowers nothing', ['delivered', 'sent'], 'delivered'],
  ['the same again', ['sent', 'sent', 'sent'], 'sent'],
  ['failed after sent', ['sent', 'failed'], 'failed'],
  ['delivered after failed: the person has it', ['failed', 'delivered'], 'delivered'],
  ['failed after delivered lowers nothing', ['delivered', 'failed'], 'delivered'],
  ['played is read', ['played'], 'read'],
  ['a state of the future changes nothing', ['sent', 'teleported'], 'sent'],
])('%s, one webhook each', async (_, states, end) => {
  const message = await handedOver()
  for (const state of states) await tell(message.says(state, state === 'failed' ? error(131026) : {}))
  expect((await stateOf()).status).toBe(end)
})

test.each<[string, string[], string]>([
  ['all three', ['sent', 'delivered', 'read'], 'read'],
  ['backwards', ['read', 'delivered', 'sent'], 'read'],
  ['failed and delivered', ['delivered', 'failed'], 'delivered'],
])('%s in one body', async (_, states, end) => {
  const message = await handedOver()
  await tell(...states.map((state) => message.says(state, state === 'failed' ? error(131026) : {})))
  expect((await stateOf()).status).toBe(end)
})

test('the first price that is told is kept, also if it comes after the state', async () => {
  const message = await handedOver()
  await tell(message.says('read'))
  await tell(message.says('delivered', pricing))
  await tell(message.says('sent', { pricing: { ...pricing.pricing, category: 'marketing', billable: false } }))
  expect(await stateOf()).toEqual({
    status: 'read',
    errorCode: null,
    category: 'utility',
    type: 'regular',
    billable: true,
  })
})

test('a failure keeps its code; what then arrives after all has none', async () => {
  const message = await handedOver()
  await tell(message.says('failed', error(131026)))
  expect(await stateOf()).toMatchObject({ status: 'failed', errorCode: 131026 })
  await tell(message.says('delivered'))
  expect(await stateOf()).toMatchObject({ status: 'delivered', errorCode: null })
})

test('a status that comes before the answer to the request finds its row by our id', async () => {
  const message = await handedOver({ status: 'sending', wamid: null })
  await tell(message.says('delivered'))
  expect((await stateOf()).status).toBe('delivered')
})

test('a status without our id finds its row by Meta’s', async () => {
  const message = await handedOver()
  await tell({ id: message.wamid, status: 'delivered' })
  expect((await stateOf()).status).toBe('delivered')
})

test('our id with another message’s wamid is somebody else’s: nothing changes', async () => {
  const message = await handedOver()
  await tell({ ...message.says('read'), id: 'wamid.FOREIGN' })
  expect((await stateOf()).status).toBe('accepted')
})

describe('an attempt that the office decided on', () => {
  const [FIRST, SECOND] = ['wamid.FIRST', 'wamid.SECOND']
  let row: number
  let broadcastId: string
  let contactId: string
  let people = 0
  /** The first attempt was taken and dropped later; the office sends what failed once more. */
  beforeEach(async () => {
    people += 1
    const sent = await onItsWayTo(`+491511234${4000 + people}`)
    row = sent.row
    contactId = sent.contactId
    await desk.sql`update outgoing set attempts = 1 where id = ${row}`
    broadcastId = (await desk.sql<{ id: string }[]>`select broadcast_id as id from outgoing where id = ${row}`)[0]!.id
    await answered(FIRST)
    await says('failed', FIRST, error(132015))
    await desk.act((deed) => retryRun(deed, { broadcastId, channel: 'arnsberg', include: ['failed'] }))
    await desk.act((deed) => forgetFormerIds(deed, broadcastId))
  })
  const answered = async (wamid: string | null) => {
    const at = new Date()
    await desk.sql`update outgoing set handed_over_at = ${at} where id = ${row}`
    const wamidHash = wamid === null ? null : desk.vault.fingerprint('wamid', wamid)
    const status = wamid === null ? ('unknown' as const) : ('accepted' as const)
    const outcome = { id: String(row), status, wamidHash, errorCode: null, notBefore: null, counted: true, at }
    await settle(desk.sql, [{ ...outcome, handedOverAt: at }])
  }
  const handOver = () => desk.sql`update outgoing set status = 'sending', attempts = attempts + 1 where id = ${row}`
  const status = (state: string, wamid: string, more: object = {}) => ({
    id: wamid,
    status: state,
    biz_opaque_callback_data: `whatsup:${row}`,
    ...more,
  })
  const says = (state: string, wamid: string, more: object = {}) => tell(status(state, wamid, more))
  const state = async () => (await stateOf(row)).status

  test('whose answer is lost is settled by its status', async () => {
    await handOver()
    await answered(null)
    expect(await state()).toBe('unknown')
    await says('sent', SECOND)
    expect(await state()).toBe('sent')
    await says('delivered', SECOND)
    expect(await state()).toBe('delivered')
  })

  test('fails by its own status, also if that is faster than the answer', async () => {
    await handOver()
    await says('failed', SECOND, error(131026))
    await answered(SECOND)
    expect(await stateOf(row)).toMatchObject({ status: 'failed', errorCode: 131026 })
  })

  test('is not failed by a repeat about the one before, nor does a late "sent" of that take it out of the queue', async () => {
    await says('sent', FIRST, pricing)
    await says('failed', FIRST, { ...error(132015), ...pricing })
    expect(await state()).toBe('queued')
    const [due] = await desk.sql`select not_before is not null as waits from outgoing where id = ${row}`
    expect(due).toEqual({ waits: true })
    await handOver()
    await says('failed', FIRST, error(132015))
    await says('sent', FIRST)
    expect(await state()).toBe('sending')
    await answered(null)
    await says('failed', FIRST, error(132015))
    expect(await state()).toBe('unknown')
  })

  test('is not made if the one before arrived after all', async () => {
    await says('delivered', FIRST)
    expect(await state()).toBe('delivered')
  })

  test.each([[[0, 1]], [[1, 0]]])('told in one body with the one before, it alone counts (order %j)', async (order) => {
    await handOver()
    await answered(null)
    const both = [status('failed', FIRST, error(132015)), status('sent', SECOND)]
    await tell(...order.map((n) => both[n]!))
    expect(await state()).toBe('sent')
  })

  test('is not failed by a late word about one before whose id nobody ever told', async () => {
    const [first, second] = [new Date(desk.now().getTime() - 60_000), desk.now()]
    const { row: lost } = await onItsWayTo('+4915112344900')
    await desk.sql`update outgoing set handed_over_at = ${second}, attempts = 2 where id = ${lost}`
    const fails = (handedOverAt: Date) =>
      tell({
        id: 'wamid.NEVER',
        status: 'failed',
        biz_opaque_callback_data: callbackDataOf(lost, handedOverAt),
        ...error(131026),
      })
    await fails(first)
    expect((await stateOf(lost)).status).toBe('sending')
    await fails(second)
    expect((await stateOf(lost)).status).toBe('failed')
  })

  test('nor when its own answer told no id', async () => {
    const { row: nameless } = await onItsWayTo('+4915112344901')
    const [first, second] = [new Date(desk.now().getTime() - 60_000), desk.now()]
    await desk.sql`update outgoing set status = 'accepted', handed_over_at = ${second} where id = ${nameless}`
    const callbackData = callbackDataOf(nameless, first)
    await tell({ id: 'wamid.NEVER', status: 'failed', biz_opaque_callback_data: callbackData, ...error(131026) })
    expect((await stateOf(nameless)).status).toBe('accepted')
  })

  test('leaves no message id of the one before behind an erasure', async () => {
    await handOver()
    await answered(SECOND)
    await desk.act((deed) => eraseMessages(deed, contactId))
    expect(await tracesOf(row)).toEqual(NOTHING)
  })

  test('nor when the recipients become totals', async () => {
    await handOver()
    await answered(SECOND)
    await desk.sql`delete from outgoing where id = ${row}`
    expect((await tracesOf(row)).named).toBe(0)
  })
})

test('an account that cannot pay stops every town whose message failed for it, and no other', async () => {
  const bodies = ['arnsberg', 'warstein', 'heringen'].map((slug) => bodiesOf(desk.channels.get(slug)!, desk.now))
  const theirs = [
    // Another program sends from Arnsberg's number, too.
    { id: 'wamid.NOT.OURS', status: 'failed' },
    (await handedOver({ channel: 'warstein' })).says('failed'),
    (await handedOver({ channel: 'heringen' })).says('failed'),
  ]
  await desk.act((deed) => registerChannels(deed, desk.channels.values()))
  const entries = bodies.map((of, n) => of.statuses({ ...theirs[n]!, ...error(131042) }).entry)
  await desk.takes({ ...bodies[0]!.statuses(), entry: entries.flat() })
  const stopped =
    await desk.sql`select slug, stopped_reason as reason from channels where stopped_at is not null order by slug`
  expect([...stopped]).toEqual([
    { slug: 'heringen', reason: 'payment' },
    { slug: 'warstein', reason: 'payment' },
  ])
  await desk.sql`update channels set stopped_at = null, stopped_code = null, stopped_reason = null`
})

test('what failed late does not take a message out of the queue that waits for another attempt', async () => {
  const message = await handedOver({ status: 'queued', wamid: null, kind: 'reply' })
  const due = new Date('2026-12-01T09:00:00Z')
  await desk.sql`update outgoing set not_before = ${due}, address_sealed = 'where', payload_sealed = 'what' where id = ${id}`
  await tell(message.says('failed', { ...error(131026), ...pricing }))
  const [row] = await desk.sql`select status, not_before, address_sealed, payload_sealed from outgoing where id = ${id}`
  expect(row).toEqual({ status: 'queued', not_before: due, address_sealed: 'where', payload_sealed: 'what' })
})

test('a status about nothing we sent is kept, costs its neighbours nothing and Meta no repeat', async () => {
  const message = await handedOver()
  await tell({ id: 'wamid.UNKNOWN', status: 'sent' }, message.says('delivered'), { id: 'wamid.ALSO', status: 'read' })
  expect((await stateOf()).status).toBe('delivered')
  const [{ n }] = (await desk.sql`select count(*)::int as n from stray_statuses`) as unknown as [{ n: number }]
  expect(n).toBe(2)
})

test('a status of a group message changes nothing', async () => {
  const message = await handedOver()
  await tell(message.says('read', { recipient_type: 'group', recipient_id: '120363' }))
  expect((await stateOf()).status).toBe('accepted')
})

test('replies are followed like broadcasts', async () => {
  const message = await handedOver({ kind: 'reply' })
  await tell(message.says('sent', pricing))
  await tell(message.says('read'))
  expect(await stateOf()).toMatchObject({ status: 'read', category: 'utility', billable: true })
})

test('an outcome that comes after an erasure brings nothing back', async () => {
  const { id: gone } = await handedOver({ status: 'sending', wamid: null, kind: 'reply' })
  await desk.sql`delete from outgoing where id = ${gone}`
  const at = new Date()
  const outcome = { id: String(gone), status: 'accepted', errorCode: null, notBefore: null, counted: true } as const
  await settle(desk.sql, [{ ...outcome, wamidHash: Buffer.alloc(16, 7), at, handedOverAt: at }])
  expect(await desk.sql`select 1 from outgoing_wamids where outgoing_id = ${gone}`).toHaveLength(0)
})

/** Everything that could tell whom a row went to, or which message of Meta's it was. */
async function tracesOf(row = id) {
  const rows = await desk.sql`
    select wamid_hash, contact_id, address_sealed, payload_sealed from outgoing where id = ${row}`
  const named = await desk.sql`select 1 from outgoing_wamids where outgoing_id = ${row}`
  return { left: Object.values(rows[0] ?? {}).filter((value) => value !== null).length, named: named.length }
}
const NOTHING = { left: 0, named: 0 }

test.each<[string, string, object, string]>([
  ['delivered', 'accepted', {}, 'delivered'],
  ['read', 'sent', pricing, 'read'],
  ['failed', 'accepted', error(131026), 'failed'],
])(
  '%s, told after the person was erased, moves the count and brings no id back',
  async (state, before, more, after) => {
    const message = await handedOver({ status: before, wamid: null })
    await tell(message.says(state, more))
    expect((await stateOf()).status).toBe(after)
    expect(await tracesOf()).toEqual(NOTHING)
  },
)

test('an outcome of somebody erased meanwhile moves the count and brings no id back', async () => {
  const at = new Date()
  for (const status of ['accepted', 'held', 'unknown'] as const) {
    const { id: row } = await handedOver({ status: 'sending', wamid: null })
    await desk.sql`update outgoing set handed_over_at = ${at} where id = ${row}`
    const outcome = { id: String(row), errorCode: null, notBefore: null, counted: true, at, handedOverAt: at }
    await settle(desk.sql, [{ ...outcome, status, wamidHash: Buffer.alloc(16, 8) }])
    expect((await stateOf(row)).status).toBe(status)
    expect(await tracesOf(row)).toEqual(NOTHING)
  }
})

const somebodyWaits = () =>
  expect
    .poll(
      async () =>
        desk.sql`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    )
    .not.toHaveLength(0)

/** A message of a broadcast to somebody who wrote to us by number, handed over and not answered yet. */
async function onItsWayTo(phone: string): Promise<{ contactId: string; row: number }> {
  await desk.writes({ phone }, 'START')
  const { id: contactId } = (await desk.contactOf({ phone }))!
  const [broadcast] = await desk.sql<{ id: string }[]>`
    insert into broadcasts (channel, title, status, content_hash, template_name, template_language, parameters, audience, created_by, changed_by, created_at, changed_at)
    values ('arnsberg', 'Sperrung', 'sending', 'x', 'stadt_meldung', 'de', '{}', '{"offering":"info"}', 'x', 'x', now(), now()) returning id`
  const { id: row } = await handedOver({ status: 'sending', wamid: null })
  await desk.sql`update outgoing set contact_id = ${contactId}, broadcast_id = ${broadcast!.id} where id = ${row}`
  return { contactId, row }
}

test('an erasure in the moment of the outcome leaves no id behind', async () => {
  const { contactId, row } = await onItsWayTo('+4915112340071')
  const hash = Buffer.alloc(16, 9)
  let erasing: Promise<unknown> | undefined
  await desk.sql.begin(async (tx) => {
    await tx`update outgoing set status = 'accepted', wamid_hash = ${hash} where id = ${row}`
    await tx`insert into outgoing_wamids (wamid_hash, outgoing_id) values (${hash}, ${row})`
    erasing = desk.act((deed) => eraseMessages(deed, contactId))
    await somebodyWaits()
  })
  await erasing
  expect(await tracesOf(row)).toEqual(NOTHING)
})

test('a delivery that tells a user id in the moment of the erasure does not create the person anew', async () => {
  const phone = '+4915112340072'
  const { contactId, row } = await onItsWayTo(phone)
  let telling: Promise<unknown> | undefined
  await desk.act(async (deed) => {
    await eraseContact(deed, contactId)
    telling = tell({
      id: 'wamid.LATE',
      status: 'delivered',
      recipient_id: phone.slice(1),
      recipient_user_id: 'DE.7272',
      biz_opaque_callback_data: `whatsup:${row}`,
    })
    await somebodyWaits()
  })
  await telling
  expect(await desk.contactOf({ phone })).toBeNull()
  expect(await desk.contactOf({ userId: 'DE.7272' })).toBeNull()
})

test('a stop of marketing told in the moment of an erasure waits for it before it touches the message', async () => {
  const phone = '+4915112340073'
  const { contactId, row } = await onItsWayTo(phone)
  let telling: Promise<unknown> | undefined
  await desk.act(async (deed) => {
    await eraseContact(deed, contactId)
    telling = tell({
      id: 'wamid.STOPPED',
      status: 'failed',
      recipient_id: phone.slice(1),
      biz_opaque_callback_data: `whatsup:${row}`,
      ...error(131050),
    })
    await somebodyWaits()
    const free = sql`select from outgoing where id = ${row} for update nowait`
    expect(await deed.tx.execute(free), 'or each would wait for the other').toHaveLength(1)
    await eraseMessages(deed, contactId)
  })
  await telling
  expect((await stateOf(row)).status).toBe('failed')
  expect(await tracesOf(row)).toEqual(NOTHING)
})
