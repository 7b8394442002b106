import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { recognise } from '../../src/contacts/contacts.ts'
import { join } from '../../src/subscriptions/subscriptions.ts'
import { anna, approvedTemplates, bernd, cem, crowd, joins, leaves } from '../support/citizens.ts'
import { type Json, openDoors, openTestRuntime, type TestRuntime } from '../support/runtime.ts'

let runtime: TestRuntime
let doors: ReturnType<typeof openDoors>
let key: string
let annaId: string

beforeAll(async () => {
  runtime = await openTestRuntime()
  doors = openDoors(runtime)
  key = await doors.keyFor('editor', 'arnsberg')
  annaId = (await joins(runtime, 'arnsberg', anna, { topics: ['baustellen'] })).id
  runtime.pass(60_000)
  await joins(runtime, 'arnsberg', anna, { offering: 'chat' })
  const contact = await joins(runtime, 'arnsberg', bernd)
  runtime.pass(60_000)
  await leaves(runtime, contact)
  await joins(runtime, 'arnsberg', cem)
  await joins(runtime, 'warstein', anna, { offering: 'chat' })
  await crowd(runtime, 'arnsberg', 7)
})
afterAll(() => runtime.close())

const get = (path: string, by = key) => doors.ask('GET', `/api/v1/channels/arnsberg${path}`, { key: by })
const lookup = (body: unknown, channel = 'arnsberg', by = key) =>
  doors.ask('POST', `/api/v1/channels/${channel}/subscribers/lookup`, { key: by, body })

async function everyPage(path: string, limit: number): Promise<Json[]> {
  const items: Json[] = []
  let cursor: string | null = null
  do {
    const { body }: Json = await get(
      `${path}${path.includes('?') ? '&' : '?'}limit=${limit}${cursor ? `&cursor=${cursor}` : ''}`,
    )
    expect(body.items.length).toBeLessThanOrEqual(limit)
    items.push(...body.items)
    cursor = body.nextCursor
  } while (cursor !== null)
  return items
}

describe('subscribers', () => {
  test('are listed once each, masked, page by page', async () => {
    const people = await everyPage('/subscribers', 2)
    expect(people).toHaveLength(9)
    expect(new Set(people.map(({ id }) => id)).size).toBe(9)
    const first = people.find(({ id }) => id === annaId)
    expect(first).toMatchObject({ phone: '+49 151 ••••• 01', userId: 'DE.100 ••••• 01' })
    expect(first.offerings.map((o: Json) => [o.offering, o.topics]).toSorted()).toEqual([
      ['chat', null],
      ['info', ['baustellen']],
    ])
    expect(JSON.stringify(people)).not.toMatch(/15112340|Anna|00000000000001/)
  })

  test('can be narrowed to an offering or a topic; who chose none gets every topic', async () => {
    expect(await everyPage('/subscribers?offering=chat', 50)).toHaveLength(1)
    expect(await everyPage('/subscribers?topic=baustellen', 3)).toHaveLength(9)
    expect((await everyPage('/subscribers?topic=termine', 50)).map(({ id }) => id)).not.toContain(annaId)
    expect((await get('/subscribers?topic=mondfahrt')).body.errors[0].field).toBe('topic')
  })

  test('are counted by offering and topic', async () => {
    expect((await get('/subscribers/summary')).body).toEqual({
      subscribers: 9,
      offerings: { info: 9, chat: 1 },
      topics: { baustellen: 9, termine: 8 },
      allTopics: 8,
    })
  })
})

describe('looking somebody up', () => {
  test('shows number, name, offerings and consents of one person, and is written down', async () => {
    const { status, body } = await lookup({ phone: '+49 151 12340001' })
    expect(status).toBe(200)
    expect(body).toMatchObject({ id: annaId, name: 'Anna', phone: anna.phone, userId: anna.userId })
    expect(body.offerings).toEqual([
      { offering: 'info', subscribed: true, since: '2026-11-23T09:00:00.000Z', topics: ['baustellen'] },
      { offering: 'chat', subscribed: true, since: '2026-11-23T09:01:00.000Z', topics: null },
    ])
    expect(body.consents).toEqual([
      { offering: 'chat', action: 'granted', at: '2026-11-23T09:01:00.000Z', source: 'keyword' },
      { offering: 'info', action: 'granted', at: '2026-11-23T09:00:00.000Z', source: 'keyword' },
    ])
    const [entry] = await runtime.sql`select actor, action, target, detail::text from audit order by id desc limit 1`
    expect(entry).toMatchObject({ action: 'subscriber.looked-up', target: annaId })
    expect(entry!.detail).not.toContain('15112340001')
  })

  test('works by user id, and shows who has left', async () => {
    expect((await lookup({ userId: cem.userId })).body).toMatchObject({ name: 'Cem', phone: null })
    const left = (await lookup({ phone: bernd.phone })).body
    expect(left.offerings[0]).toMatchObject({ offering: 'info', subscribed: false, since: '2026-11-23T09:02:00.000Z' })
    expect(left.consents.map((c: Json) => c.action)).toEqual(['withdrawn', 'granted'])
  })

  test('in vain is a 404, and is written down as well', async () => {
    const before = await runtime.sql`select count(*)::int as n from audit`
    expect((await lookup({ phone: '+4915100000000' })).body.code).toBe('not-found')
    const after = await runtime.sql`select count(*)::int as n from audit`
    expect(after[0]!.n).toBe(before[0]!.n + 1)
  })

  test('stays within the town', async () => {
    expect((await lookup({ phone: bernd.phone }, 'warstein', await doors.keyFor('admin'))).status).toBe(404)
  })

  test.each([
    [{}],
    [{ phone: '+4915112340001', userId: 'DE.1' }],
    [{ phone: 'Rathaus' }],
    [{ phone: 7 }],
    [{ number: '1' }],
  ])('%j is refused with the field', async (body) => expect((await lookup(body)).status).toBe(422))

  test('leaves nothing readable behind in the database', async () => {
    const tables = await runtime.sql`select tablename from pg_tables where schemaname = 'public'`
    for (const { tablename } of tables) {
      const rows = JSON.stringify(await runtime.sql`select t::text from ${runtime.sql(tablename)} t`)
      expect([tablename, /15112340001|10000000000000000001|Anna/.test(rows)]).toEqual([tablename, false])
    }
  })
})

describe('the consent ledger', () => {
  test('is read newest first, with its proof and a pseudonym', async () => {
    const entries = await everyPage('/consents', 4)
    expect(entries).toHaveLength(12)
    expect(entries.at(-1)).toEqual({
      offering: 'info',
      action: 'granted',
      topics: ['baustellen'],
      at: '2026-11-23T09:00:00.000Z',
      source: 'keyword',
      messageId: `wamid.${annaId}.info.start`,
      noticeVersion: '2026-11',
      wording: 'Sie bekommen jetzt Meldungen der Stadt.',
      subject: expect.stringMatching(/^[0-9a-f-]{36}$/),
    })
    expect(entries.at(-1).subject).not.toBe(annaId)
    expect(entries.filter(({ action }) => action === 'withdrawn')).toHaveLength(1)
  })
})

test('a consent given earlier elsewhere stands where it was given, on whatever page', async () => {
  await runtime.act(async (deed) => {
    const days = [3, 1, 2].map((ago) => new Date(deed.now.getTime() - ago * 86_400_000))
    for (const [index, at] of days.entries()) {
      const [contact] = await recognise(deed, 'warstein', [{ identity: { phone: `+491511234008${index}` }, at }])
      const { id: contactId, subject } = contact!
      await join(deed, [
        { channel: 'warstein', contactId, subject, offering: 'info', at, source: 'import', noticeVersion: '2026-11' },
      ])
    }
  })
  const key = await doors.keyFor('admin')
  const seen: string[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const { body }: { body: any } = await doors.ask(
      'GET',
      `/api/v1/channels/warstein/consents?limit=2&cursor=${cursor}`,
      { key },
    )
    seen.push(...body.items.map(({ at }: { at: string }) => at))
    cursor = body.nextCursor
  }
  expect(seen.length).toBeGreaterThanOrEqual(3)
  expect(seen).toEqual([...seen].sort().reverse())
})

test('whoever forgets what for they want to see somebody is told so, in words and by the name of the field', async () => {
  const path = `/api/v1/channels/arnsberg/subscribers/${annaId}`
  const told = async (method: 'GET' | 'POST', what: string, body?: object) => {
    const { status, body: problem } = await doors.ask(method, `${path}/${what}`, { key, body })
    return [status, problem.errors]
  }
  const proof = 'Bitte geben Sie an, wofür Sie den Nachweis brauchen (reason).'
  expect(await told('GET', 'proof')).toEqual([422, [{ field: 'reason', message: proof }]])
  expect(await told('POST', 'proof', {})).toEqual([422, [{ field: 'reason', message: proof }]])
  const reveal = 'Bitte geben Sie an, wofür Sie Nummer und Namen brauchen (reason).'
  expect(await told('POST', 'reveal', {})).toEqual([422, [{ field: 'reason', message: reveal }]])
  expect(await told('POST', 'reveal', { reason: 7 })).toEqual([
    422,
    [{ field: 'reason', message: 'Erwartet wird ein Text.' }],
  ])
})

test('a message id that tells the number is a fingerprint in the ledger, and itself in the proof of that person', async () => {
  const wamid = `wamid.${Buffer.from('\x1c\x18\x0d4915112340077\x15\x02\x00\x12\x18\x143A5F0C\x00', 'latin1').toString('base64')}`
  const id = await runtime.act(async (deed) => {
    const [contact] = await recognise(deed, 'heringen', [{ identity: { phone: '+4915112340077' }, at: deed.now }])
    const { id: contactId, subject } = contact!
    const wish = { channel: 'heringen', contactId, subject, offering: 'chat', at: deed.now, source: 'keyword' } as const
    await join(deed, [{ ...wish, messageId: wamid, noticeVersion: '2026-11' }])
    return contactId
  })
  const key = await doors.keyFor('editor', 'heringen')
  const ask = async (path: string) => (await doors.ask('GET', `/api/v1/channels/heringen${path}`, { key })).body
  const shown = (await ask('/consents')).items[0].messageId
  expect(shown).toMatch(/^fp_[0-9a-f]{32}$/)
  expect((await ask(`/subscribers/${id}/proof?reason=Nachweis`)).entries[0].messageId).toBe(wamid)
})

describe('channels and templates', () => {
  test('a channel shows what it offers and how it is', async () => {
    const { body } = await get('')
    expect(body).toMatchObject({
      slug: 'arnsberg',
      state: 'ok',
      stopped: null,
      limits: { messagesPerSecond: 80, daily: null, dailyUnlimited: false },
      health: { ok: true, tokenRefused: false },
      offerings: {
        info: { approval: 'four-eyes', quietHours: { from: '21:00', to: '07:00' } },
        chat: { optInRequired: true },
      },
    })
    expect(JSON.stringify(body)).not.toMatch(/token-of|whsec/)
  })

  test('templates come page by page', async () => {
    await approvedTemplates(runtime, 'arnsberg')
    const names = (await everyPage('/templates', 3)).map(({ name }) => name)
    expect(names).toEqual(['antwort_bereit', 'notfall', 'stadt_meldung', 'strassensperrung', 'veranstaltung'])
  })

  test('reading them while WhatsApp is away is a 503 that says so', async () => {
    const { status, body } = await doors.ask('POST', '/api/v1/channels/arnsberg/templates/sync', { key })
    expect([status, body.code]).toEqual([503, 'meta-away'])
  })
})
