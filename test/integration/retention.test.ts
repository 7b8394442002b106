import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createKey, revokeKey } from '../../src/access/keys.ts'
import { forgetAnswers } from '../../src/access/repeats.ts'
import { disableStaff } from '../../src/access/staff.ts'
import { linkAuth } from '../../src/access/staff-auth.ts'
import { COMMAND } from '../../src/audit/audit.ts'
import { pause } from '../../src/broadcasts/running.ts'
import { dropHeldExpired } from '../../src/chats/held.ts'
import { countStates } from '../../src/dispatch/queue.ts'
import { OF_OTHERS } from '../../src/jobs/nightly.ts'
import { openLog } from '../../src/log.ts'
import { latestDue } from '../../src/privacy/once-a-night.ts'
import { retain, retainNightly } from '../../src/privacy/retention.ts'
import type { Deed } from '../../src/runtime.ts'
import { verifyChain } from '../../src/subscriptions/verify.ts'
import { HOUR, type Newsroom, openNewsroom } from '../support/newsroom.ts'

const DAY = 24 * HOUR

let room: Newsroom
beforeEach(async () => {
  room = await openNewsroom()
})
afterEach(() => room.close())

const night = async () => (await retain(room, { ...OF_OTHERS, limit: 3 })).get('arnsberg')!
const one = async <T>(query: Promise<readonly T[]>): Promise<T> => (await query)[0]!

/** A broadcast that went to everybody subscribed; the n-th recipient ends in the n-th state. */
async function broadcast(...states: Parameters<Newsroom['became']> extends [string, ...infer S] ? S : never) {
  const { id } = await room.approved()
  await room.startDue()
  await room.startDue()
  await room.became(id, ...states)
  await room.finishDone()
  return id
}

const undeliverable = (id: string) =>
  room.sql`update outgoing set error_code = 131026 where broadcast_id = ${id} and status = 'failed'`

describe('every kind of data has its end', () => {
  test('recipients become totals: the counts stay the same, the rows are gone', async () => {
    await room.subscribe(7)
    const id = await broadcast('delivered', 'read', 'failed', 'unknown', 'sent', 'delivered', 'delivered')
    const before = (await room.act((deed) => countStates(deed, [id]))).get(id)
    room.pass(29 * DAY)
    expect((await night()).recipients).toBe(0)
    room.pass(2 * DAY)
    expect((await night()).recipients).toBe(7 - 2) // failed and unknown go with the totals
    expect((await room.view(id)).counts).toEqual(before)
    expect(await room.statesOf(id)).toEqual([])
    expect((await night()).recipients).toBe(0)
  })

  test('a broadcast that is not over keeps its recipients', async () => {
    await room.subscribe(2)
    const id = await broadcast('delivered')
    room.pass(90 * DAY)
    await night()
    expect(await room.statesOf(id)).toEqual(['delivered', 'queued'])
  })

  test('a broadcast paused for longer than recipients are kept is cancelled, which is logged; then they go as well', async () => {
    await room.subscribe(3)
    const { id } = await room.approved()
    await room.startDue()
    await room.startDue()
    await room.became(id, 'delivered')
    room.pass(20 * DAY)
    await room.act((deed) => pause(deed, COMMAND, room.channels.get('arnsberg')!, id))
    room.pass(29 * DAY)
    expect((await night()).pausedForGood).toBe(0)
    room.pass(2 * DAY)
    expect((await night()).pausedForGood).toBe(1)
    expect((await room.view(id)).status).toBe('cancelled')
    expect(await room.statesOf(id)).toEqual(['delivered', 'skipped', 'skipped'])
    const logged = await one(room.sql`select actor, detail from audit where action = 'broadcast.cancelled'`)
    expect(logged).toEqual({ actor: 'system', detail: { from: 'paused', skipped: 2, reason: 'paused-too-long' } })
    room.pass(31 * DAY)
    await night()
    expect(await room.statesOf(id)).toEqual([])
    expect((await room.view(id)).counts).toMatchObject({ recipients: 3, delivered: 1, skipped: 2 })
  })

  test('whoever lost access loses the password at once, and is forgotten when the audit log forgets what they did, as is a key', async () => {
    const invite = (email: string) =>
      room.act((deed) => linkAuth.invite(deed, COMMAND, { email, role: 'editor', channel: 'arnsberg' }))
    const { staffId: gone } = await invite('gone@town.example')
    const { staffId: stays } = await invite('stays@town.example')
    for (const id of [gone, stays])
      await room.sql`insert into staff_credentials (staff_id, password_hash, totp_sealed, changed_at) values (${id}, 'x', 'x', ${room.now()})`
    await room.act((deed) => disableStaff(deed, COMMAND, gone))
    const make = (name: string) =>
      room.act((deed) => createKey(deed, COMMAND, { name, role: 'inbox', channel: 'arnsberg' }))
    const [ended, inUse] = [await make('old inbox'), await make('inbox')]
    await room.act((deed) => revokeKey(deed, COMMAND, ended.id))
    expect(await room.sql`select staff_id from staff_credentials`).toEqual([{ staff_id: stays }])
    room.pass(364 * DAY)
    await night()
    expect(await room.sql`select id from staff union all select id from api_keys`).toHaveLength(4)
    room.pass(2 * DAY)
    await night()
    expect(await room.sql`select id from staff`).toEqual([{ id: stays }])
    expect(await room.sql`select id from api_keys`).toEqual([{ id: inUse.id }])
  })

  test('ids of received messages, replies, events, audit entries and sign-ins go in small batches; what waits for the inbox stays', async () => {
    await room.sql`insert into received (channel, key, at) select 'arnsberg', decode(md5(i::text), 'hex'), ${room.now()} from generate_series(1, 8) i`
    await room.sql`insert into outgoing (channel, kind, status, created_at) select 'arnsberg', 'reply', 'skipped', ${room.now()} from generate_series(1, 5)`
    await room.sql`insert into outgoing (channel, kind, contact_id, status, not_before, created_at) values ('arnsberg', 'inbox', gen_random_uuid(), 'queued', now(), ${room.now()})`
    await room.sql`insert into audit (at, channel, actor, actor_name, action) values (${room.now()}, 'arnsberg', 'x', 'x', 'old'), (${room.now()}, null, 'x', 'x', 'old')`
    await room.sql`insert into sign_in_links (hash, staff_id, expires_at) values ('\\x01', gen_random_uuid(), ${room.now()})`
    await room.sql`insert into sessions (hash, staff_id, created_at, seen_at, expires_at) values ('\\x01', gen_random_uuid(), ${room.now()}, ${room.now()}, ${room.now()})`
    await room.sql`insert into idempotency (key, body_hash, at) values ('\\x01', '\\x01', ${room.now()})`
    await room.sql`insert into disclosure_links (hash, channel, contact_id, expires_at) values ('\\x01', 'arnsberg', gen_random_uuid(), ${room.now()})`
    room.pass(7 * DAY)
    expect((await night()).inboundIds).toBe(0)
    room.pass(2 * DAY)
    const nine = await retain(room, { ...OF_OTHERS, limit: 3 })
    expect(nine.get('arnsberg')).toMatchObject({ inboundIds: 8, replies: 0 })
    room.pass(30 * DAY)
    expect((await night()).replies).toBe(5)
    room.pass(330 * DAY)
    expect((await night()).audit).toBeGreaterThanOrEqual(1)
    const left = await one(room.sql`select
      (select count(*) from received)::int as received, (select count(*) from outgoing)::int as outgoing,
      (select count(*) from audit where action = 'old')::int as audit, (select count(*) from sign_in_links)::int as links,
      (select count(*) from sessions)::int as sessions, (select count(*) from idempotency)::int as answers,
      (select count(*) from disclosure_links)::int as disclosures`)
    expect(left).toEqual({ received: 0, outgoing: 1, audit: 0, links: 0, sessions: 0, answers: 0, disclosures: 0 })
  })

  test('answers to repeats and messages that nobody may read go in small batches too, so that nothing waits for the night', async () => {
    await room.sql`insert into idempotency (key, body_hash, at) select decode(md5(i::text), 'hex'), '\\x01', ${room.now()} from generate_series(1, 5) i`
    await room.sql`insert into held_messages (contact_id, at, keep_until, message_sealed)
      select gen_random_uuid(), ${room.now()}, ${room.now()}, 'x' from generate_series(1, 5)`
    room.pass(HOUR)
    const twice = async (drop: (deed: Deed) => Promise<number>) => [await room.act(drop), await room.act(drop)]
    expect(await twice((deed) => forgetAnswers(deed, room.now(), 3))).toEqual([3, 2])
    expect(await twice((deed) => dropHeldExpired(deed, 3))).toEqual([3, 2])
  })

  test('whoever has nothing with us any more is erased, and a no of theirs still holds against imports', async () => {
    const [stays, left] = await room.subscribe(2)
    await room.leaves(left!)
    room.pass(89 * DAY)
    expect((await night()).contacts).toBe(0)
    room.pass(2 * DAY)
    expect((await night()).contacts).toBe(1)
    const rows = await room.sql<{ id: string }[]>`select id from contacts`
    expect(rows.map(({ id }) => id)).toEqual([stays!.id])
    const kept = await room.sql`select reason from suppressions`
    expect(kept).toEqual([{ reason: 'left' }])
    expect((await verifyChain(room, 'arnsberg')).broken).toBeNull()
  })

  test('an answer that a stopped channel cannot send ends with the others, and keeps nobody for ever', async () => {
    const [, left] = await room.subscribe(2)
    await room.leaves(left!)
    await room.sql`insert into outgoing (channel, kind, contact_id, status, not_before, created_at)
      values ('arnsberg', 'reply', ${left!.id}, 'queued', ${room.now()}, ${room.now()}), ('arnsberg', 'reply', ${left!.id}, 'sending', ${room.now()}, ${room.now()})`
    room.pass(29 * DAY)
    expect((await night()).replies).toBe(0)
    room.pass(2 * DAY)
    expect((await night()).replies).toBe(1) // what is on its way is settled first
    await room.sql`update outgoing set status = 'failed', not_before = null`
    room.pass(90 * DAY)
    expect(await night()).toMatchObject({ replies: 1, contacts: 1 })
  })

  test('whoever WhatsApp cannot reach for weeks is dropped without a word; one arrival begins anew', async () => {
    await room.subscribe(2)
    room.pass(HOUR)
    let [gone, back]: { id: string; subject: string }[] = []
    for (let i = 0; i < 6; i++) {
      const id = await broadcast('failed', i === 3 ? 'delivered' : 'failed')
      await undeliverable(id)
      const rows = await room.sql<{ id: string; subject: string }[]>`
        select c.id, c.subject from outgoing o join contacts c on c.id = o.contact_id where o.broadcast_id = ${id} order by o.id`
      ;[gone, back] = i === 0 ? rows : [gone, back]
      expect(rows.map((row) => row.id)).toEqual([gone!.id, back!.id])
      room.pass(2 * DAY)
      await night()
    }
    const counted = await room.sql<{ id: string; unreachable: number }[]>`select id, unreachable from contacts`
    expect(new Map(counted.map(({ id, unreachable }) => [id, unreachable]))).toEqual(
      new Map([
        [gone!.id, 6],
        [back!.id, 2],
      ]),
    )
    expect((await night()).unreachableDropped).toBe(0)
    room.pass(60 * DAY)
    expect((await night()).unreachableDropped).toBe(1)
    const entries = await room.sql`select action, source, subject from consents order by seq desc limit 1`
    expect(entries).toEqual([{ action: 'expired', source: 'unreachable', subject: gone!.subject }])
    const spoken = await one(room.sql`select count(*)::int as n from outgoing where kind = 'reply'`)
    expect(spoken.n).toBe(0)
    expect((await night()).unreachableDropped).toBe(0)
  })
})

describe('the nightly run', () => {
  test.each([
    ['2026-12-01T02:09:59Z', '2026-11-30T02:10:00Z'],
    ['2026-12-01T02:10:00Z', '2026-12-01T02:10:00Z'],
    ['2026-12-01T23:00:00Z', '2026-12-01T02:10:00Z'],
  ])('at %s it was last due at %s', (now, due) => expect(latestDue(new Date(now))).toEqual(new Date(due)))

  test('is done once for all processes, and made up for when a night was missed', async () => {
    const both = await Promise.all([retainNightly(room), retainNightly(room)])
    expect(both.toSorted()).toEqual([false, true])
    expect(await retainNightly(room)).toBe(false)
    room.pass(DAY)
    expect(await retainNightly(room)).toBe(true)
    room.pass(40 * DAY)
    expect(await retainNightly(room)).toBe(true)
    expect(await retainNightly(room)).toBe(false)
  })

  test('leaves an entry with counts only for every channel', async () => {
    await room.subscribe(1)
    await retainNightly(room, OF_OTHERS)
    const entries = await room.sql<{ channel: string | null; detail: Record<string, unknown> }[]>`
      select channel, detail from audit where action = 'retention.run' order by channel nulls last`
    expect(entries.map(({ channel }) => channel)).toEqual(['arnsberg', 'heringen', 'warstein', null])
    for (const { detail } of entries) expect(Object.values(detail).every((value) => Number.isInteger(value))).toBe(true)
  })

  test('a step that fails does not hold up the others', async () => {
    await room.sql`insert into received (channel, key, at) values ('arnsberg', '\\x01', ${room.now()})`
    room.pass(30 * DAY)
    const broken = {
      name: 'broken',
      run: () => Promise.reject(new Error('no')),
    }
    const report = await retain(room, { ofChannel: [broken, ...OF_OTHERS.ofChannel!] })
    expect(report.get('arnsberg')).toMatchObject({ broken: 0, inboundIds: 1 })
  })
})

describe('a channel whose file is gone', () => {
  /** Arnsberg's file is removed; the nightly run tells what it logs. */
  async function withoutArnsberg() {
    room.channels.delete('arnsberg')
    const lines: string[] = []
    const log = openLog('info', { write: (line) => lines.push(line) })
    const counts = (await retain({ ...room, log }, { ...OF_OTHERS, limit: 3 })).get('arnsberg')
    return { counts, lines }
  }
  const told = () =>
    room.sql<{ detail: Record<string, number> }[]>`
      select detail from audit where action = 'retention.run' and channel = 'arnsberg' order by id desc limit 1`

  test('loses nothing for two weeks, in case it comes back', async () => {
    await room.subscribe(3)
    const id = await broadcast('delivered', 'read', 'sent')
    room.pass(300 * DAY)
    expect((await withoutArnsberg()).counts).toEqual({ daysWithoutFile: 0 })
    room.pass(13 * DAY)
    expect((await withoutArnsberg()).counts).toEqual({ daysWithoutFile: 13 })
    expect(await room.statesOf(id)).toHaveLength(3)
    room.pass(DAY)
    expect((await withoutArnsberg()).counts).toMatchObject({ recipients: 3, daysWithoutFile: 14 })
  })

  test('is none while another process sends for it, which has its file', async () => {
    await room.subscribe(1)
    await room.sql`update senders set owner = gen_random_uuid(), leased_until = clock_timestamp() where channel = 'arnsberg'`
    room.pass(300 * DAY)
    expect((await withoutArnsberg()).counts).toBeUndefined()
    expect(await room.sql`select id from contacts`).toHaveLength(1)
  })

  test('then loses what is over by the default periods, which one line of the log and the entry say', async () => {
    await room.subscribe(3)
    const id = await broadcast('delivered', 'read', 'sent')
    await room.sql`insert into received (channel, key, at) values ('arnsberg', '\\x01', ${room.now()})`
    await room.sql`insert into audit (at, channel, actor, actor_name, action) values (${room.now()}, 'arnsberg', 'x', 'x', 'old')`
    room.pass(15 * DAY)
    await withoutArnsberg()
    room.pass(14 * DAY)
    expect((await withoutArnsberg()).counts).toMatchObject({ inboundIds: 1, recipients: 0, audit: 0 })
    room.pass(2 * DAY)
    const { counts, lines } = await withoutArnsberg()
    expect(counts).toMatchObject({ recipients: 3, contacts: 0, daysWithoutFile: 16 })
    expect(await room.statesOf(id)).toEqual([])
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({
        level: 'warn',
        channels: ['arnsberg'],
        msg: expect.stringContaining('without a file'),
      }),
    ])
    expect((await one(told())).detail).toEqual(counts)
    room.pass(335 * DAY)
    await withoutArnsberg()
    expect(await room.sql`select id from audit where action = 'old'`).toEqual([])
  })

  test('keeps its subscribers for ninety days without it, so that a file lost by mistake costs nobody the subscription', async () => {
    await room.subscribe(3)
    const file = room.channel()
    room.pass(100 * DAY)
    await withoutArnsberg()
    room.pass(89 * DAY)
    expect((await withoutArnsberg()).counts).toMatchObject({ contacts: 0, daysWithoutFile: 89 })
    room.channels.set('arnsberg', file)
    room.pass(DAY)
    expect(await night()).not.toHaveProperty('daysWithoutFile')
    room.pass(DAY)
    expect((await withoutArnsberg()).counts).toMatchObject({ daysWithoutFile: 0 })
    expect(await room.sql`select id from contacts`).toHaveLength(3)
  })

  test('then forgets its people and what still waited, notes their consents as expired, and proves the rest', async () => {
    await room.subscribe(3)
    await room.approved()
    await room.startDue()
    await room.startDue()
    const [contact] = await room.sql<{ id: string }[]>`select id from contacts limit 1`
    await room.sql`insert into chats (channel, contact_id, opened_at) values ('arnsberg', ${contact!.id}, ${room.now()})`
    await room.sql`insert into outgoing (channel, kind, contact_id, status, not_before, created_at)
      select channel, 'inbox', gen_random_uuid(), 'queued', now(), ${room.now()} from unnest(array['arnsberg', 'warstein']) as channel`
    await withoutArnsberg()
    room.pass(90 * DAY)
    expect((await withoutArnsberg()).counts).toMatchObject({ abandoned: 3, daysWithoutFile: 90 })
    const left = await one(room.sql`select
      (select count(*) from contacts)::int as contacts, (select count(*) from subscriptions)::int as subscriptions,
      (select count(*) from chats where closed_at is null or erased is null)::int as chats,
      (select count(*) from outgoing where kind = 'broadcast' and contact_id is not null)::int as recipients,
      (select array_agg(distinct channel) from outgoing where kind <> 'broadcast') as "stillSending",
      (select array_agg(distinct action::text || ' ' || source) from consents where action <> 'granted') as "saidToTheLedger"`)
    expect(left).toEqual({
      contacts: 0,
      subscriptions: 0,
      chats: 0,
      recipients: 0,
      stillSending: ['warstein'],
      saidToTheLedger: ['expired channel-ended'],
    })
    expect((await verifyChain(room, 'arnsberg')).broken).toBeNull()
  })
})
