import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { settle } from '../../src/dispatch/lane.ts'
import { openWebhookDesk, type WebhookDesk } from '../support/webhook-desk.ts'

let desk: WebhookDesk
beforeAll(async () => {
  desk = await openWebhookDesk('arnsberg')
})
afterAll(() => desk.close())

let id: number
/** One message of a broadcast that was handed over; Meta's answer is known unless told otherwise. */
async function handedOver(own: { status?: string; wamid?: string | null; kind?: string } = {}) {
  const { status = 'accepted', kind = 'broadcast' } = own
  const wamid = own.wamid === undefined ? `wamid.OUT.${Math.random()}` : own.wamid
  const hash = wamid === null ? null : desk.vault.fingerprint('wamid', wamid)
  const [row] = await desk.sql<{ id: string }[]>`
    insert into outgoing (channel, kind, status, wamid_hash) values ('arnsberg', ${kind}, ${status}, ${hash}) returning id`
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
