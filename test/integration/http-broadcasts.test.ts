import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startDue } from '../../src/broadcasts/starting.ts'
import { approvedTemplates, crowd } from '../support/citizens.ts'
import { type Json, openDoors, openTestRuntime, type TestRuntime } from '../support/runtime.ts'

const ROOT = '/api/v1/channels/arnsberg/broadcasts'
const COUNTED = ['queued', 'sending', 'accepted', 'held', 'sent', 'delivered', 'read', 'failed', 'skipped', 'unknown']

let runtime: TestRuntime
let doors: ReturnType<typeof openDoors>
let editor: string
let approver: string

beforeAll(async () => {
  runtime = await openTestRuntime()
  doors = openDoors(runtime)
  editor = await doors.keyFor('editor', 'arnsberg')
  approver = await doors.keyFor('approver')
  await approvedTemplates(runtime, 'arnsberg')
  await approvedTemplates(runtime, 'warstein')
  await crowd(runtime, 'arnsberg', 5)
})
afterAll(() => runtime.close())

const closure = (change: object = {}) => ({
  title: 'Sperrung Ruhrstraße',
  template: { name: 'stadt_meldung', language: 'de' },
  parameters: {
    header: ['Verkehr'],
    body: ['Sperrung', 'Ruhrstraße ab Montag'],
    buttons: { '0': 'sperrung-ruhrstrasse' },
  },
  audience: { offering: 'info' },
  ...change,
})
const post = (path: string, key: string, body?: unknown, headers?: Record<string, string>) =>
  doors.ask('POST', `${ROOT}${path}`, { key, body, headers })
const drafted = async (change: object = {}): Promise<Json> => {
  const { status, body } = await post('', editor, closure(change))
  expect([status, body.errors]).toEqual([201, undefined])
  return body
}

describe('a broadcast from the idea to the start', () => {
  test('characters that nothing can store are refused, each with its field', async () => {
    const refused = await post('', editor, { ...closure(), title: 'a\u0000b', parameters: { body: ['a\ud800', 'b'] } })
    expect(refused.status).toBe(422)
    expect(refused.body.errors.map(({ field }: { field: string }) => field)).toEqual(['title', 'parameters.body.0'])
  })

  test('written, handed in, approved by somebody else, started: the answers show each state', async () => {
    const made = await post('', editor, closure({ sendAt: '2026-12-01T09:00:00+01:00' }))
    expect(made.status).toBe(201)
    expect(made.headers.get('location')).toBe(`${ROOT}/${made.body.id}`)
    expect(made.body).toMatchObject({
      ...closure(),
      channel: 'arnsberg',
      status: 'draft',
      sendAt: '2026-12-01T09:00:00+01:00',
    })
    expect(made.body.counts.recipients).toBe(0)
    expect(made.body.forecast).toMatchObject({ recipients: 5, seconds: 1, fitsDailyLimit: true })
    const { id } = made.body

    const submitted = await post(`/${id}/submit`, editor)
    expect([submitted.status, submitted.body.status]).toEqual([200, 'awaiting-approval'])
    const own = await post(`/${id}/approve`, editor)
    expect([own.status, own.body.code]).toEqual([403, 'role-too-low'])
    const approved = await post(`/${id}/approve`, approver, { contentHash: submitted.body.approval.contentHash })
    expect([approved.status, approved.body.status]).toEqual([200, 'scheduled'])
    expect(approved.body.approval.approvedBy).toMatch(/^key:/)

    const edited = await doors.ask('PATCH', `${ROOT}/${id}`, {
      key: editor,
      body: { title: 'Sperrung verschoben', sendAt: null },
    })
    expect([edited.status, edited.body.status, edited.body.title]).toEqual([200, 'draft', 'Sperrung verschoben'])
    expect(edited.body.approval.approvedBy).toBeNull()
    expect((await doors.ask('GET', `${ROOT}/${id}`, { key: editor })).body.parameters).toEqual(closure().parameters)

    await post(`/${id}/submit`, editor)
    await post(`/${id}/approve`, approver)
    await startDue(runtime)
    const running = (await doors.ask('GET', `${ROOT}/${id}`, { key: editor })).body
    expect([running.status, running.counts.recipients]).toEqual(['sending', 5])
    expect(COUNTED.reduce((sum, state) => sum + running.counts[state], 0)).toBe(5)

    const page = await doors.ask('GET', `${ROOT}/${id}/recipients?state=queued&limit=3`, { key: editor })
    expect(page.body.items).toHaveLength(3)
    for (const { phone } of page.body.items) expect(phone).toMatch(/^\+49 160 ••••• \d\d$/)
    const rest = await doors.ask('GET', `${ROOT}/${id}/recipients?limit=3&cursor=${page.body.nextCursor}`, {
      key: editor,
    })
    expect([rest.body.items.length, rest.body.nextCursor]).toEqual([2, null])
    expect((await doors.ask('GET', `${ROOT}/${id}/recipients?state=read`, { key: editor })).body.items).toEqual([])

    expect((await post(`/${id}/pause`, editor)).body.status).toBe('paused')
    expect((await post(`/${id}/resume`, editor)).body.status).toBe('sending')
    expect((await post(`/${id}/retry`, editor, { include: ['unknown'] })).status).toBe(200)
    const cancelled = await post(`/${id}/cancel`, editor)
    expect([cancelled.body.status, cancelled.body.counts.skipped]).toEqual(['cancelled', 5])
  })

  test('whoever wrote it cannot approve it, with any role', async () => {
    const { body } = await post('', approver, closure())
    await post(`/${body.id}/submit`, approver)
    const own = await post(`/${body.id}/approve`, approver)
    expect([own.status, own.body.code]).toEqual([403, 'own-work'])
  })

  test('what the state does not allow is a conflict', async () => {
    const { id } = await drafted()
    for (const step of ['approve', 'reject', 'pause', 'resume', 'cancel', 'retry']) {
      const { status, body } = await post(`/${id}/${step}`, approver)
      expect([step, status, body.code]).toEqual([step, 409, 'wrong-state'])
    }
  })

  test('a rejected one goes back with the reason; a deleted one is gone', async () => {
    const { id } = await drafted()
    await post(`/${id}/submit`, editor)
    const rejected = await post(`/${id}/reject`, approver, { reason: 'Bitte mit Datum.' })
    expect([rejected.body.status, rejected.body.approval.rejectedReason]).toEqual(['rejected', 'Bitte mit Datum.'])
    expect((await doors.ask('DELETE', `${ROOT}/${id}`, { key: editor })).status).toBe(204)
    expect((await doors.ask('GET', `${ROOT}/${id}`, { key: editor })).status).toBe(404)
  })

  test('an approval for what has changed meanwhile does not count', async () => {
    const { id } = await drafted()
    await post(`/${id}/submit`, editor)
    const { status, body } = await post(`/${id}/approve`, approver, { contentHash: 'something else' })
    expect([status, body.code]).toEqual([409, 'content-changed'])
  })

  test('a weekly one shows its next five dates', async () => {
    const { next } = await drafted({ recurrence: { cron: '0 9 * * 5', until: '2027-06-30' } })
    expect(next[0]).toBe('2026-11-27T09:00:00+01:00')
    expect(next.length).toBeGreaterThanOrEqual(5)
  })

  test('a test send goes to a number of the office, and its answer does not repeat the number', async () => {
    const { id } = await drafted()
    const sent = await post(`/${id}/test`, editor, { to: '+49 151 99887766' })
    expect([sent.status, sent.body.state]).toEqual([202, 'queued'])
    const [row] = await runtime.sql`select kind from outgoing where id = ${sent.body.id}`
    expect(row!.kind).toBe('test')
    const wrong = await post(`/${id}/test`, editor, { to: 'Rathaus' })
    expect([wrong.status, wrong.body.errors[0].field]).toEqual([422, 'to'])
  })

  test('a town without newsletter has no broadcasts to write', async () => {
    const { status, body } = await doors.ask('POST', '/api/v1/channels/warstein/broadcasts', {
      key: approver,
      body: closure(),
    })
    expect([status, body.code]).toEqual([422, 'no-such-offering'])
  })
})

describe('what is wrong is said for every field at once', () => {
  const refused = async (body: unknown) => {
    const answer = await post('', editor, body)
    return {
      status: answer.status,
      code: answer.body.code,
      fields: answer.body.errors?.map((e: Json) => e.field),
      ...answer.body,
    }
  }

  test('an empty object lists everything that is missing', async () => {
    expect(await refused({})).toMatchObject({
      status: 422,
      code: 'invalid-input',
      fields: ['title', 'template', 'audience'],
    })
  })

  test('types, unknown fields and times', async () => {
    const { status, fields, errors } = await refused({
      ...closure({
        title: 7,
        sendAt: 'morgen',
        sendat: '2026-12-01T09:00:00+01:00',
        audience: { offering: 'chat', topic: 'x' },
      }),
      template: { name: 'stadt_meldung' },
    })
    expect(status).toBe(422)
    expect(fields.toSorted()).toEqual([
      'audience.offering',
      'audience.topic',
      'sendAt',
      'sendat',
      'template.language',
      'title',
    ])
    expect(errors.find((e: Json) => e.field === 'template.language').message).toBe('Diese Angabe fehlt.')
    for (const { message } of errors) expect(message).toMatch(/^[A-ZÄÖÜ].*\.$/)
  })

  test('parameters by field, together with title and topics', async () => {
    const { status, fields } = await refused(
      closure({
        title: ' ',
        parameters: { header: ['Verkehr'], body: ['Zeile\nZeile'], buttons: { '0': 'zwei Wörter' } },
        audience: { offering: 'info', topics: ['mondfahrt'] },
      }),
    )
    expect([status, fields.toSorted()]).toEqual([
      422,
      ['audience.topics.0', 'parameters.body.0', 'parameters.body.1', 'parameters.buttons.0', 'title'],
    ])
  })

  test('a template that is not approved, and a time that is over', async () => {
    expect(await refused(closure({ template: { name: 'unbekannt', language: 'de' } }))).toMatchObject({
      status: 422,
      code: 'template-not-approved',
    })
    expect(await refused(closure({ sendAt: '2026-01-01T09:00:00+01:00' }))).toMatchObject({
      status: 422,
      code: 'send-time-passed',
    })
  })

  test('no JSON, another kind of content, too much of it', async () => {
    expect((await post('', editor, '{"title":')).body.code).toBe('malformed-request')
    expect((await post('', editor, 'title=x', { 'content-type': 'application/x-www-form-urlencoded' })).body.code).toBe(
      'unsupported-media-type',
    )
    expect((await post('', editor, JSON.stringify(closure({ title: 'x'.repeat(1024 * 1024) })))).body.code).toBe(
      'too-large',
    )
  })

  test('a step may come with an empty body, announced as JSON or not', async () => {
    const { id } = await drafted()
    expect((await post(`/${id}/submit`, editor, '')).status).toBe(200)
    expect((await post(`/${id}/reject`, approver, {})).status).toBe(200)
  })
})

describe('lists go page by page', () => {
  test('newest first, without a gap or a double, also while new ones come in', async () => {
    const ids: string[] = []
    for (let i = 0; i < 5; i++) {
      runtime.pass(1000)
      ids.unshift((await drafted({ title: `Meldung ${i}` })).id)
    }
    const seen: string[] = []
    let cursor: string | null = ''
    do {
      const { body }: Json = await doors.ask('GET', `${ROOT}?limit=2&status=draft${cursor && `&cursor=${cursor}`}`, {
        key: editor,
      })
      seen.push(...body.items.map((one: Json) => one.id))
      cursor = body.nextCursor
      if (seen.length === 2) await drafted({ title: 'Dazwischen' })
    } while (cursor !== null)
    expect(seen.slice(0, 5)).toEqual(ids)
    expect(new Set(seen).size).toBe(seen.length)
  })

  test.each([
    'limit=0',
    'limit=201',
    'limit=viele',
    'limit=1.5',
    'cursor=Unsinn',
    `cursor=${btoa('["x","y"]')}`,
    'status=fertig',
  ])('?%s is refused with the field', async (query) => {
    const { status, body } = await doors.ask('GET', `${ROOT}?${query}`, { key: editor })
    expect([status, body.code, body.errors.map((e: Json) => e.field)]).toEqual([
      422,
      'invalid-input',
      [query.split('=')[0]],
    ])
  })
})

describe('Idempotency-Key', () => {
  const count = async () => (await doors.ask('GET', `${ROOT}?limit=200`, { key: editor })).body.items.length
  const withKey = (key: string, body: object = closure(), by = editor) => post('', by, body, { 'idempotency-key': key })

  test('a repeat gets the same answer, and nothing is made twice', async () => {
    const before = await count()
    const first = await withKey('repeat-1')
    const again = await withKey('repeat-1')
    expect([again.status, again.body]).toEqual([201, first.body])
    expect(again.headers.get('location')).toBe(first.headers.get('location'))
    expect([first.headers.get('idempotent-replayed'), again.headers.get('idempotent-replayed')]).toEqual([null, 'true'])
    expect(await count()).toBe(before + 1)
  })

  test('repeats at the same moment: one makes it, all get its answer', async () => {
    const before = await count()
    const answers = await Promise.all(Array.from({ length: 5 }, () => withKey('at-once')))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]))
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1)
    expect(await count()).toBe(before + 1)
  })

  test('the same key for something else is refused', async () => {
    await withKey('other')
    const { status, body } = await withKey('other', closure({ title: 'Etwas anderes' }))
    expect([status, body.code]).toEqual([422, 'idempotency-conflict'])
  })

  test('the same key of somebody else is another key', async () => {
    const first = await withKey('shared')
    const second = await withKey('shared', closure(), approver)
    expect(second.status).toBe(201)
    expect(second.body.id).not.toBe(first.body.id)
  })

  test('a refused request may be mended and sent again with the same key', async () => {
    expect((await withKey('mended', closure({ title: '' }))).status).toBe(422)
    expect((await withKey('mended')).status).toBe(201)
  })

  test('a step repeated with its key answers as before instead of refusing', async () => {
    const { id } = await drafted()
    const first = await post(`/${id}/submit`, editor, undefined, { 'idempotency-key': 'hand-in' })
    const again = await post(`/${id}/submit`, editor, undefined, { 'idempotency-key': 'hand-in' })
    expect([again.status, again.body]).toEqual([200, first.body])
    expect((await post(`/${id}/submit`, editor)).status).toBe(409)
  })

  test('what is kept of a test send does not show the number', async () => {
    const { id } = await drafted()
    await post(`/${id}/test`, editor, { to: '+4915199887766' }, { 'idempotency-key': 'test-1' })
    const rows =
      await runtime.sql`select encode(key, 'hex') as key, encode(body_hash, 'hex') as body_hash, answer::text from idempotency`
    expect(JSON.stringify(rows)).not.toContain('99887766')
    expect(rows.length).toBeGreaterThan(5)
  })
})
