import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { COMMAND } from '../../src/audit/audit.ts'
import { handOver, lease } from '../../src/dispatch/lane.ts'
import { readReached } from '../../src/dispatch/reached.ts'
import { OF_OTHERS } from '../../src/jobs/nightly.ts'
import { retain } from '../../src/privacy/retention.ts'
import { csvRecords } from '../../src/subscriptions/csv-lines.ts'
import { importSubscribers } from '../../src/subscriptions/import.ts'
import { takeTurn } from '../../src/subscriptions/suppressions.ts'
import { eventually } from '../support/stack.ts'
import { openWebhookDesk, type Sender, type WebhookDesk } from '../support/webhook-desk.ts'

const PHONE = '+4915112340001'
const NEW_PHONE = '+4915112349999'
const ID = 'DE.10000000000000000001'
const NEW_ID = 'DE.10000000000000000002'
const OTHER_ID = 'DE.30000000000000000003'
const anna = { phone: PHONE, userId: ID, name: 'Anna' }
const DAY = 86_400_000

let desk: WebhookDesk
beforeEach(async () => {
  desk = await openWebhookDesk('arnsberg')
})
afterEach(() => desk.close())

const changed = (own: object) => desk.bodies.system(own)
const newNumber = () =>
  changed({
    from: PHONE.slice(1),
    system: { type: 'user_changed_number', wa_id: NEW_PHONE.slice(1), user_id: NEW_ID, previous_user_id: ID },
  })
async function erases(who: Sender) {
  for (const word of ['LÖSCHEN', 'JA']) {
    await desk.writes(who, word)
    desk.pass(60_000)
  }
}
async function imports({ phone = '', userId = '' }: Sender) {
  const lines = `phone,userId,date,source,wording\n${phone},${userId},2020-01-01,Formular,Ja gern`
  const records = csvRecords(
    (async function* () {
      yield Buffer.from(lines)
    })(),
  )
  await importSubscribers(desk, COMMAND, desk.channel, records, { apply: true, told: () => {} })
}
const preference = (who: Sender, value: 'stop' | 'resume') => {
  const told = { wa_id: who.phone?.slice(1), user_id: who.userId, category: 'marketing_messages', value }
  const timestamp = Math.floor(desk.now().getTime() / 1000)
  const { body, change, around } = desk.bodies
  return body(change('user_preferences', { ...around, user_preferences: [{ ...told, timestamp }] }))
}
const called = (who: Sender) => {
  const { body, change, around } = desk.bodies
  const at = String(Math.floor(desk.now().getTime() / 1000))
  const call = {
    id: randomUUID(),
    event: 'connect',
    from: who.phone?.slice(1),
    from_user_id: who.userId,
    timestamp: at,
  }
  return body(change('calls', { ...around, calls: [call] }))
}
/** Meta's word that an answer reached this contact, who has this user id. */
async function delivered(who: { phone: string }, userId: string) {
  const { id } = (await desk.contactOf(who))!
  const [row] = await desk.sql<{ id: string }[]>`
    insert into outgoing (channel, kind, contact_id, status) values ('arnsberg', 'reply', ${id}, 'sending') returning id`
  const about = { id: 'wamid.OUT', status: 'delivered', biz_opaque_callback_data: `whatsup:${row!.id}` }
  return desk.bodies.statuses({ ...about, recipient_id: who.phone.slice(1), recipient_user_id: userId })
}
/** A broadcast of which these people have a queued row. */
async function queued(category: string, ...contactIds: string[]) {
  const { sql } = desk
  const [row] = await sql<{ id: string }[]>`
    insert into broadcasts (channel, title, template_name, template_language, audience, content_hash, created_by, changed_by, created_at,
      changed_at, status, category)
    values ('arnsberg', 't', 't', 'de', '{}', 'h', 'c', 'c', now(), now(), 'sending', ${category}) returning id`
  for (const id of contactIds)
    await sql`insert into outgoing (channel, kind, broadcast_id, contact_id) values ('arnsberg', 'broadcast', ${row!.id}, ${id})`
  const rows = async () =>
    (
      await sql<
        { id: string; status: string }[]
      >`select contact_id as id, status from outgoing where broadcast_id = ${row!.id} order by id`
    ).map((one) => ({ ...one }))
  return Object.assign(rows, {
    /** What became of one person's row. */
    async become(contactId: string, status: string) {
      const theirs = sql`broadcast_id = ${row!.id} and contact_id = ${contactId}`
      await sql`update outgoing set status = 'sending' where ${theirs}`
      if (status !== 'sending') await sql`update outgoing set status = ${status} where ${theirs}`
    },
  })
}

test('a new number and user id take everything along, with a ledger entry under the same pseudonym', async () => {
  await desk.writes(anna, 'START')
  const before = await desk.contactOf(anna)
  await desk.takes(newNumber())
  const after = await desk.contactOf({ userId: NEW_ID })
  expect(after).toMatchObject({ id: before!.id, phone: NEW_PHONE, userId: NEW_ID, subject: before!.subject })
  expect(await desk.offeringsOf({ phone: NEW_PHONE })).toEqual(['info'])
  expect(await desk.ledger()).toMatchObject([
    { action: 'granted' },
    { action: 'moved', offering: 'info', subject: before!.subject },
  ])
})

test('a message that was read for sending before the change goes to the new number', async () => {
  await desk.writes(anna, 'START')
  const { id } = (await desk.contactOf(anna))!
  await queued('UTILITY', id)
  const [row] = await desk.sql<
    { id: string }[]
  >`select id from outgoing where contact_id = ${id} and kind = 'broadcast'`
  const us = randomUUID()
  await lease(desk.sql, 'arnsberg', us)
  await desk.takes(newNumber())
  const taken = await handOver(desk.sql, 'arnsberg', us, [row!.id], 0, new Date())
  expect(desk.vault.open(taken.get(row!.id)!.phone!)).toBe(NEW_PHONE)
})

test('the same change again, by the same or another message, changes nothing', async () => {
  await desk.writes(anna, 'START')
  const body = newNumber()
  await desk.takes(body, body, newNumber())
  expect((await desk.ledger()).map(({ action }) => action)).toEqual(['granted', 'moved'])
})

test('the classic form without user ids moves by number, and the old user id counts no more', async () => {
  await desk.writes(anna, 'START')
  await desk.takes(
    changed({ from: PHONE.slice(1), system: { type: 'user_changed_number', wa_id: NEW_PHONE.slice(1), body: 'x' } }),
  )
  await desk.writes({ phone: NEW_PHONE, userId: NEW_ID }, 'STATUS')
  const contact = await desk.contactOf({ userId: NEW_ID })
  expect(await desk.offeringsOf({ userId: NEW_ID })).toEqual(['info'])
  expect(contact).toMatchObject({ phone: NEW_PHONE, userId: NEW_ID })
})

test('without a shareable number the old number is forgotten, so that nothing goes to its next owner', async () => {
  await desk.writes(anna, 'START')
  await desk.takes(changed({ system: { type: 'user_changed_user_id', user_id: NEW_ID, previous_user_id: ID } }))
  const contact = await desk.contactOf({ userId: NEW_ID })
  expect(contact).toMatchObject({ userId: NEW_ID })
  expect(contact!.phone).toBeUndefined()
})

test('a STOP from the old number still stops, and says so to whoever wrote it', async () => {
  await desk.writes(anna, 'START')
  await desk.takes(newNumber())
  await desk.writes({ phone: PHONE }, 'STOP')
  expect(await desk.offeringsOf({ userId: NEW_ID })).toEqual([])
  expect((await desk.replies()).at(-1)).toMatch(/keine|abgemeldet/i)
})

test('LÖSCHEN from the old number ends what goes to the new one, as it says', async () => {
  await desk.writes(anna, 'START')
  await desk.writes(anna, 'CHAT')
  await desk.takes(newNumber())
  desk.pass(60_000)
  await erases({ phone: PHONE })
  expect(await desk.offeringsOf({ userId: NEW_ID })).toEqual([])
  expect((await desk.replies()).at(-1)).toContain('Sie bekommen keine Nachrichten mehr')
})

test('a STOP from the old number, when there was nothing to end, keeps lists from the new one', async () => {
  await desk.writes(anna, 'Hallo')
  await desk.takes(newNumber())
  desk.pass(60_000)
  await desk.writes({ phone: PHONE }, 'STOP')
  await imports({ phone: NEW_PHONE, userId: NEW_ID })
  expect(await desk.offeringsOf({ userId: NEW_ID })).toEqual([])
})

test('LÖSCHEN of the number’s next owner, who is subscribed, is theirs alone', async () => {
  await desk.writes(anna, 'START')
  await desk.takes(newNumber())
  const next = { phone: PHONE, userId: OTHER_ID }
  await desk.writes(next, 'START')
  desk.pass(60_000)
  await erases(next)
  expect(await desk.contactOf({ userId: OTHER_ID })).toBeNull()
  expect(await desk.offeringsOf({ userId: NEW_ID })).toEqual(['info'])
})

test('a STOP of the number’s next owner, who is subscribed, is theirs alone', async () => {
  await desk.writes(anna, 'START')
  await desk.takes(newNumber())
  const next = { phone: PHONE, userId: 'DE.30000000000000000003' }
  await desk.writes(next, 'START')
  desk.pass(5000)
  await desk.writes(next, 'STOP')
  expect(await desk.offeringsOf(next)).toEqual([])
  expect(await desk.offeringsOf({ userId: NEW_ID })).toEqual(['info'])
})

test('a known number with another user id is a new person who inherits nothing; the office sees it, without ids', async () => {
  await desk.writes(anna, 'START')
  const former = await desk.contactOf(anna)
  const rows = await queued('UTILITY', former!.id)
  await desk.writes({ phone: PHONE, userId: NEW_ID }, 'Hallo')
  expect(await desk.offeringsOf({ userId: NEW_ID })).toEqual([])
  expect((await desk.contactOf({ userId: ID }))!.phone).toBeUndefined()
  expect(await rows()).toEqual([{ id: former!.id, status: 'skipped' }])
  const events = await desk.events()
  expect(events).toMatchObject([{ kind: 'number-changed-hands' }])
  expect(JSON.stringify(events)).not.toMatch(/DE\.|4915/)
})

test('the new person’s own messages in the same body are theirs', async () => {
  await desk.writes(anna, 'START')
  const { body, change, around, message } = desk.bodies
  const next = { phone: PHONE, userId: NEW_ID }
  await desk.takes(
    body(
      change('messages', {
        ...around,
        messages: [
          message(anna, { type: 'text', text: { body: 'STATUS' } }),
          message(next, { type: 'text', text: { body: 'START' } }),
        ],
      }),
    ),
  )
  expect(await desk.offeringsOf({ userId: ID })).toEqual(['info'])
  expect(await desk.offeringsOf({ userId: NEW_ID })).toEqual(['info'])
})

test('who was known by number and by user id apart is one person once both come together, and stays subscribed', async () => {
  await desk.writes({ phone: PHONE }, 'START')
  const first = await desk.contactOf({ phone: PHONE })
  await desk.writes({ userId: ID }, 'Hallo')
  const rows = await queued('UTILITY', first!.id)
  await desk.writes(anna, 'STATUS')
  const contact = await desk.contactOf(anna)
  expect(contact).toMatchObject({ phone: PHONE, userId: ID })
  expect(await desk.offeringsOf(anna)).toEqual(['info'])
  expect(await rows()).toEqual([{ id: contact!.id, status: 'queued' }])
  expect((await desk.replies()).at(-1)).toContain('Info')
})

test('a STOP by user id alone counts once it turns out whose it was', async () => {
  await desk.writes({ phone: PHONE }, 'START')
  desk.pass(60_000)
  await desk.writes({ userId: ID }, 'STOP')
  const first = await desk.contactOf({ phone: PHONE })
  const rows = await queued('UTILITY', first!.id)
  desk.pass(60_000)
  await desk.writes(anna, 'Hallo')
  expect(await desk.offeringsOf(anna)).toEqual([])
  expect((await rows()).map(({ status }) => status)).toEqual(['skipped'])
  expect((await desk.ledger()).map(({ action }) => action)).toEqual(['granted', 'withdrawn'])
  expect(await desk.events()).toMatchObject([{ kind: 'contacts-united', severity: 'warning' }])
})

test.each<[string, () => Promise<unknown>]>([
  ['a message', () => desk.writes(anna, 'Hallo')],
  ['a call', () => desk.takes(called(anna))],
  ['a delivery', async () => desk.takes(await delivered({ phone: PHONE }, ID))],
])('LÖSCHEN by user id alone counts once %s tells whose it was', async (_, tells) => {
  await desk.writes({ phone: PHONE }, 'START')
  await erases({ userId: ID })
  const first = await desk.contactOf({ phone: PHONE })
  const rows = await queued('UTILITY', first!.id)
  await tells()
  expect(await desk.contactOf({ userId: ID })).toMatchObject({ id: first!.id, phone: PHONE })
  expect(await desk.offeringsOf(anna)).toEqual([])
  expect((await rows()).map(({ status }) => status)).toEqual(['skipped'])
  expect((await desk.ledger()).map(({ action, source }) => [action, source])).toEqual([
    ['granted', 'keyword'],
    ['withdrawn', 'same-person'],
  ])
})

test('whoever erased everything is not subscribed by a list that knows only the number', async () => {
  await erases({ userId: ID })
  await imports({ phone: PHONE })
  expect(await desk.offeringsOf({ phone: PHONE })).toEqual(['info'])
  await desk.writes(anna, 'Hallo')
  expect(await desk.offeringsOf(anna)).toEqual([])
})

test('whoever erases twice is taken at the second word', async () => {
  await erases({ userId: ID })
  await desk.writes({ phone: PHONE }, 'START')
  await erases({ userId: ID })
  await desk.writes(anna, 'Hallo')
  expect(await desk.offeringsOf(anna)).toEqual([])
})

test('a later START outweighs an earlier erasure under the other id', async () => {
  await erases({ userId: ID })
  await desk.writes({ phone: PHONE }, 'START')
  desk.pass(60_000)
  await desk.writes(anna, 'Hallo')
  expect(await desk.offeringsOf(anna)).toEqual(['info'])
})

test('a later START outweighs an earlier STOP under the other id, of which only the hash is left', async () => {
  await desk.writes({ userId: ID }, 'STOP')
  desk.pass(60_000)
  await desk.writes({ phone: PHONE }, 'START')
  await desk.sql`update outgoing set status = 'sent', not_before = null`
  desk.pass(400 * DAY)
  await retain(desk, OF_OTHERS)
  expect(await desk.contactOf({ userId: ID })).toBeNull()
  await desk.writes(anna, 'Hallo')
  expect(await desk.offeringsOf(anna)).toEqual(['info'])
})

test('of two consents the later one stays, so that a no from between them does not end it', async () => {
  await erases({ phone: PHONE })
  await desk.writes({ phone: PHONE }, 'START')
  await imports({ userId: ID })
  desk.pass(60_000)
  await desk.writes(anna, 'Hallo')
  expect(await desk.offeringsOf(anna)).toEqual(['info'])
  const { subject } = (await desk.contactOf(anna))!
  const own = (await desk.ledger()).filter((entry) => entry.subject === subject)
  expect(own.map(({ action, source }) => [action, source])).toEqual([
    ['granted', 'import: Formular'],
    ['moved', 'same-person'],
  ])
})

test('a later START outweighs an earlier STOP under the other id', async () => {
  await desk.writes({ userId: ID }, 'STOP')
  desk.pass(60_000)
  await desk.writes({ phone: PHONE }, 'START')
  await desk.writes(anna, 'Hallo')
  expect(await desk.offeringsOf(anna)).toEqual(['info'])
})

test('nobody gets a broadcast twice because they were two contacts', async () => {
  await desk.writes({ phone: PHONE }, 'START')
  await desk.writes({ userId: ID }, 'START')
  const two = [await desk.contactOf({ phone: PHONE }), await desk.contactOf({ userId: ID })]
  const rows = await queued('UTILITY', ...two.map((contact) => contact!.id))
  await desk.writes(anna, 'STATUS')
  expect((await rows()).map(({ status }) => status).sort()).toEqual(['queued', 'skipped'])
  expect(await desk.offeringsOf(anna)).toEqual(['info'])
})

test.each(['sending', 'accepted', 'unknown'])(
  'whose broadcast is %s under one id does not get it again under the other',
  async (state) => {
    await desk.writes({ phone: PHONE }, 'START')
    await desk.writes({ userId: ID }, 'START')
    const ids = [await desk.contactOf({ phone: PHONE }), await desk.contactOf({ userId: ID })].map((one) => one!.id)
    // Whichever of the two is kept.
    const broadcasts = [await queued('UTILITY', ...ids), await queued('UTILITY', ...ids)]
    for (const [n, rows] of broadcasts.entries()) await rows.become(ids[n]!, state)
    await desk.writes(anna, 'STATUS')
    for (const rows of broadcasts)
      expect((await rows()).map(({ status }) => status).sort()).toEqual([state, 'skipped'].sort())
  },
)

test('whoever was two contacts counts as one person against the daily limit', async () => {
  await desk.writes({ phone: PHONE }, 'START')
  await desk.writes({ userId: ID }, 'START')
  for (const who of [{ phone: PHONE }, { userId: ID }]) {
    const { id } = (await desk.contactOf(who))!
    await desk.database.sql`
      insert into outgoing (channel, kind, status, handed_over_at, counts_as) values ('arnsberg', 'test', 'sent', ${desk.now()}, ${id})`
  }
  await desk.writes(anna, 'STATUS')
  const counted = await readReached(desk.database.sql, 'arnsberg', new Date(desk.now().getTime() - 60_000))
  expect(counted.map(({ person }) => person)).toEqual([(await desk.contactOf(anna))!.id])
})

test('who could not be reached under the id that ends still gets it under the other', async () => {
  await desk.writes({ phone: PHONE }, 'START')
  await desk.writes({ userId: ID }, 'START')
  const ids = [await desk.contactOf({ phone: PHONE }), await desk.contactOf({ userId: ID })].map((one) => one!.id)
  const broadcasts = [await queued('UTILITY', ...ids), await queued('UTILITY', ...ids)]
  for (const [n, rows] of broadcasts.entries()) await rows.become(ids[n]!, 'failed')
  await desk.writes(anna, 'STATUS')
  const kept = (await desk.contactOf(anna))!.id
  const endedFirst = broadcasts[ids.findIndex((id) => id !== kept)]!
  expect((await endedFirst()).find(({ id }) => id === kept)).toEqual({ id: kept, status: 'queued' })
})

test.each(['START', 'Hallo'])('an erasure holds for the number that comes after it, after a %s', async (first) => {
  await desk.writes(anna, first)
  await erases(anna)
  await desk.takes(newNumber())
  await imports({ phone: NEW_PHONE })
  await imports({ userId: NEW_ID })
  expect(await desk.contactOf({ phone: NEW_PHONE })).toBeNull()
  await desk.writes({ phone: NEW_PHONE, userId: NEW_ID }, 'START')
  expect(await desk.offeringsOf({ phone: NEW_PHONE })).toEqual(['info'])
})

test('a change of number tells that somebody on a list had been erased', async () => {
  await erases({ phone: PHONE })
  await imports({ phone: NEW_PHONE })
  expect(await desk.offeringsOf({ phone: NEW_PHONE })).toEqual(['info'])
  await desk.takes(newNumber())
  expect(await desk.offeringsOf({ phone: NEW_PHONE })).toEqual([])
  expect((await desk.ledger()).at(-1)).toMatchObject({ action: 'withdrawn', source: 'identity-change' })
})

test('whoever was erased under their number and listed under their user id gets nothing once WhatsApp says that they are one', async () => {
  await erases({ phone: PHONE })
  await desk.writes({ userId: ID }, 'Hallo')
  await imports({ userId: ID })
  expect(await desk.offeringsOf({ userId: ID })).toEqual(['info'])
  await desk.takes(newNumber())
  expect(await desk.offeringsOf({ userId: NEW_ID })).toEqual([])
})

test.each([
  ['was erased', erases],
  ['said STOP', (who: Sender) => desk.writes(who, 'STOP')],
])('whoever %s is signed up under no id that a list says is theirs', async (_, saysNo) => {
  await saysNo({ phone: PHONE })
  await imports(anna)
  await imports({ userId: ID })
  expect(await desk.offeringsOf({ userId: ID })).toEqual([])
  expect((await desk.ledger()).filter(({ source }) => source.startsWith('import'))).toEqual([])
  await desk.writes({ userId: ID }, 'START')
  expect(await desk.offeringsOf({ userId: ID })).toEqual(['info'])
})

test('that stop ends nothing that they themselves agreed to, chat included', async () => {
  await desk.writes({ userId: ID }, 'START')
  await desk.writes({ userId: ID }, 'CHAT')
  desk.pass(60_000)
  await desk.takes(preference({ phone: PHONE }, 'stop'))
  desk.pass(60_000)
  await desk.writes(anna, 'STATUS')
  expect(await desk.offeringsOf(anna)).toEqual(['chat', 'info'])
})

test('whoever allows advertising again may be signed up by a list, unless they said no otherwise', async () => {
  await desk.takes(preference({ phone: PHONE }, 'stop'))
  await erases({ userId: ID })
  await desk.takes(preference({ userId: ID }, 'stop'))
  desk.pass(60_000)
  for (const who of [{ phone: PHONE }, { userId: ID }]) await desk.takes(preference(who, 'resume'))
  await imports({ phone: PHONE })
  await imports({ userId: ID })
  expect(await desk.offeringsOf({ phone: PHONE })).toEqual(['info'])
  expect(await desk.contactOf({ userId: ID })).toBeNull()
})

describe('a number that was somebody else’s before', () => {
  const bernd = { phone: PHONE, userId: OTHER_ID }
  const berndMoves = () =>
    changed({
      from: PHONE.slice(1),
      system: {
        type: 'user_changed_number',
        wa_id: NEW_PHONE.slice(1),
        user_id: NEW_ID,
        previous_user_id: OTHER_ID,
      },
    })

  test('a no of theirs does not go along with whoever has it now', async () => {
    await desk.writes(anna, 'START')
    await desk.writes(bernd, 'START')
    desk.pass(60_000)
    await erases({ userId: ID })
    await desk.takes(berndMoves())
    expect(await desk.offeringsOf({ userId: NEW_ID })).toEqual(['info'])
  })

  test('the next number of whoever has it now leads nobody to them', async () => {
    await desk.writes(anna, 'START')
    await desk.writes(bernd, 'STATUS')
    await desk.takes(berndMoves())
    await desk.writes({ phone: NEW_PHONE, userId: NEW_ID }, 'STOP')
    expect(await desk.offeringsOf({ userId: ID })).toEqual(['info'])
  })
})

test('what may be the no of somebody in a list waits for the list before it locks anybody', async () => {
  await desk.writes(anna, 'START')
  const { change, around, body } = desk.bodies
  const timestamp = Math.floor(desk.now().getTime() / 1000)
  const stops = [ID, OTHER_ID].map((user_id) => ({ user_id, category: 'marketing_messages', value: 'stop', timestamp }))
  let told: Promise<void> | undefined
  await desk.act(async (list) => {
    await takeTurn(list, 'arnsberg', 'list')
    told = desk.takes(body(change('user_preferences', { ...around, user_preferences: stops })))
    await eventually(async () => {
      const waiting = await desk.sql`
        select from pg_stat_activity where datname = current_database() and wait_event = 'advisory'`
      return waiting.length > 0
    })
    // Would fail if the other had locked her.
    await list.tx.execute(`select from contacts order by id for no key update nowait`)
  })
  await told
  expect((await desk.contactOf(anna))!.marketingStoppedAt).not.toBeNull()
})

test('a no goes along with a number that only a list told', async () => {
  await desk.writes({ userId: ID }, 'STOP')
  await imports(anna)
  const system = { type: 'user_changed_number', wa_id: NEW_PHONE.slice(1) }
  await desk.takes(desk.bodies.system({ from: PHONE.slice(1), system }))
  await imports({ phone: NEW_PHONE })
  expect(await desk.contactOf({ phone: NEW_PHONE })).toBeNull()
})

test('a no stays under every id once its sender is forgotten', async () => {
  await erases({ phone: PHONE })
  await desk.writes(anna, 'STATUS')
  desk.pass(100 * DAY)
  await desk.sql`update outgoing set status = 'sent', not_before = null where kind = 'reply' and status = 'queued'`
  await retain(desk, OF_OTHERS)
  expect(await desk.contactOf(anna)).toBeNull()
  await imports({ userId: ID })
  expect(await desk.contactOf(anna)).toBeNull()
})

test('whoever stopped advertising in WhatsApp before we knew them is signed up by no list', async () => {
  await desk.takes(preference(anna, 'stop'))
  await imports({ phone: PHONE })
  await imports({ userId: ID })
  expect(await desk.contactOf(anna)).toBeNull()
  await desk.writes(anna, 'START')
  expect(await desk.offeringsOf(anna)).toEqual(['info'])
})

test('the new id of a change is known already: its STOP wins, and both proofs are kept', async () => {
  await desk.writes(anna, 'START')
  desk.pass(60_000)
  const late = { phone: NEW_PHONE, userId: NEW_ID }
  await desk.writes(late, 'START')
  desk.pass(60_000)
  await desk.writes(late, 'STOP')
  await desk.takes(newNumber())
  expect(await desk.offeringsOf(late)).toEqual([])
  expect((await desk.ledger()).map(({ action }) => action)).toEqual([
    'granted',
    'granted',
    'withdrawn',
    'moved',
    'withdrawn',
  ])
  expect((await desk.contactOf(late))!.id).toBe((await desk.contactOf(anna))!.id)
})

test('an open chat goes on under the new number, and the inbox learns it', async () => {
  await desk.writes(anna, 'CHAT')
  await desk.writes(anna, 'Wann ist der Markt?')
  await desk.takes(newNumber())
  await desk.writes({ phone: NEW_PHONE, userId: NEW_ID }, 'Und wo?')
  const events = await desk.queue('inbox')
  expect(events.map(({ type }) => type)).toEqual([
    'chat.message.received',
    'chat.contact.changed',
    'chat.message.received',
  ])
  expect(events[1].data.contact).toMatchObject({ phone: NEW_PHONE, userId: NEW_ID })
  expect(events[2].data.chat.id).toBe(events[0].data.chat.id)
})

test('erasing a person erases what they were under other ids', async () => {
  await desk.writes({ phone: PHONE, name: 'Anna' }, 'START')
  await desk.writes({ userId: ID }, 'Hallo')
  await desk.writes(anna, 'LÖSCHEN')
  await desk.writes(anna, 'JA')
  const counts = await desk.sql`
    select (select count(*)::int from contacts) as contacts, (select count(*)::int from former_ids) as former,
      (select count(*)::int from consent_details) as details, (select count(*)::int from subscriptions) as subscriptions`
  expect(counts[0]).toEqual({ contacts: 0, former: 0, details: 0, subscriptions: 0 })
})

test('erasing a person who got a broadcast as two contacts leaves neither in it', async () => {
  await desk.writes({ phone: PHONE }, 'START')
  await desk.writes({ userId: ID }, 'START')
  const two = [await desk.contactOf({ phone: PHONE }), await desk.contactOf({ userId: ID })]
  const rows = await queued('UTILITY', ...two.map((contact) => contact!.id))
  await desk.sql`update outgoing set status = 'sending' where kind = 'broadcast'`
  await desk.sql`update outgoing set status = 'accepted', wamid_hash = decode(md5(id::text), 'hex') where kind = 'broadcast'`
  await desk.sql`insert into outgoing_wamids select wamid_hash, id from outgoing where wamid_hash is not null`
  await desk.writes(anna, 'LÖSCHEN')
  expect(new Set((await rows()).map(({ id }) => id)).size).toBe(2)
  await desk.writes(anna, 'JA')
  expect(await rows()).toEqual([
    { id: null, status: 'accepted' },
    { id: null, status: 'accepted' },
  ])
  const ids = await desk.sql`
    select (select count(*)::int from outgoing where wamid_hash is not null) as rows, (select count(*)::int from outgoing_wamids) as named`
  expect([...ids]).toEqual([{ rows: 0, named: 0 }])
})

test('a change of somebody unknown has no effect', async () => {
  await desk.takes(newNumber())
  expect(await desk.contactOf({ userId: NEW_ID })).toBeNull()
})
