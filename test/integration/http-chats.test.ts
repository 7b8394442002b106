import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { noteInboxGone } from '../../src/channels/inbox-state.ts'
import { targetOf } from '../../src/channels/template-sync.ts'
import { mediaLink } from '../../src/chats/media-link.ts'
import { takeIn } from '../../src/chats/take-in.ts'
import { recognise } from '../../src/contacts/contacts.ts'
import { inboxState } from '../../src/dispatch/dead-letters.ts'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'
import type { MessageEvent } from '../../src/whatsapp/webhook-events.ts'
import { anna, bernd, everything, written } from '../support/chat-desk.ts'
import { type Json, openDoors, openTestRuntime, type TestRuntime } from '../support/runtime.ts'
import { towns } from '../support/towns.ts'

const HOUR = 3_600_000
const PHOTO = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')

let emulator: Emulator
let runtime: TestRuntime
let doors: ReturnType<typeof openDoors>
let inbox: string
let inboxOfArnsberg: string

beforeAll(async () => {
  emulator = await startEmulator({
    appSecret: 'app-secret',
    accounts: [...towns().values()].map(({ name, whatsapp }) => ({
      name,
      businessAccountId: whatsapp.businessAccountId,
      phoneNumberId: whatsapp.phoneNumberId,
      displayPhoneNumber: whatsapp.phoneNumber,
      accessToken: whatsapp.accessToken.reveal(),
    })),
  })
  runtime = await openTestRuntime({ env: { WHATSAPP_API_URL: emulator.url } })
  doors = openDoors(runtime)
  inbox = await doors.keyFor('inbox')
  inboxOfArnsberg = await doors.keyFor('inbox', 'arnsberg')
})
afterAll(async () => {
  await runtime.close()
  await emulator.stop()
})

async function writes(town: string, from: typeof anna, what: string | Partial<MessageEvent>) {
  return runtime.act(async (deed) => {
    const message = written(from, what, runtime.now())
    const [contact] = await recognise(deed, town, [{ identity: from, at: message.at }])
    const [taken] = await takeIn(deed, [{ channel: runtime.channels.get(town)!, contact: contact!, message }])
    return taken!.chatId
  })
}
const answer = (chatId: string, body: unknown, key = inbox, headers?: Record<string, string>) =>
  doors.ask('POST', `/api/v1/chats/${chatId}/messages`, { key, body, headers })
const close = (chatId: string, key = inbox) => doors.ask('POST', `/api/v1/chats/${chatId}/close`, { key })
const queued = async () =>
  (await runtime.sql`select count(*)::int as n from outgoing where kind = 'answer'`)[0]!.n as number

describe('the inbox answers', () => {
  test('words and pictures are queued once, however often the inbox asks', async () => {
    const chat = await writes('warstein', anna, 'Die Laterne ist aus')
    const before = await queued()
    const first = await answer(chat, { text: ' Wir kümmern uns. ' }, inbox, { 'idempotency-key': 'a-1' })
    expect([first.status, first.body]).toEqual([202, { id: expect.any(String), state: 'queued' }])
    const again = await answer(chat, { text: ' Wir kümmern uns. ' }, inbox, { 'idempotency-key': 'a-1' })
    expect([again.status, again.body]).toEqual([202, first.body])
    const picture = { media: { type: 'image', link: 'https://www.warstein.example/plan.jpg', caption: 'Der Plan' } }
    expect((await answer(chat, picture)).status).toBe(202)
    expect(await queued()).toBe(before + 2)
  })

  test('the key of a repeat, into which a program may put a number, is not stored as it is', async () => {
    const chat = await writes('warstein', anna, 'Die Laterne ist aus')
    const key = { 'idempotency-key': 'answer-to-+4915199998888' }
    const first = await answer(chat, { text: 'Wir kümmern uns.' }, inbox, key)
    expect((await answer(chat, { text: 'Wir kümmern uns.' }, inbox, key)).body).toEqual(first.body)
    expect(await everything(runtime)).not.toContain('15199998888')
    // Whoever has the database alone could try all numbers.
    const keys = await runtime.sql<{ id: string }[]>`select id from api_keys`
    const path = `/api/v1/chats/${chat}/messages`
    const guesses = keys.map(({ id }) =>
      createHash('sha256')
        .update(JSON.stringify([`key:${id}`, 'POST', path, key['idempotency-key']]))
        .digest('hex'),
    )
    const kept = await runtime.sql<{ key: string }[]>`select encode(key, 'hex') as key from idempotency`
    expect(kept.filter((row) => guesses.includes(row.key))).toEqual([])
  })

  test('24 hours after the citizen’s message it is too late', async () => {
    const chat = await writes('warstein', bernd, 'Guten Tag')
    runtime.pass(24 * HOUR)
    const late = await answer(chat, { text: 'Guten Morgen' })
    expect([late.status, late.body.code]).toEqual([409, 'window-closed'])
    await writes('warstein', bernd, 'Hallo?')
    expect((await answer(chat, { text: 'Guten Morgen' })).status).toBe(202)
  })

  test.each<[string, unknown, string[]]>([
    ['nothing', {}, ['text']],
    ['blanks', { text: '  ' }, ['text']],
    ['both', { text: 'x', media: { type: 'image', link: 'https://x.example/a.jpg' } }, ['text']],
    ['too much', { text: 'x'.repeat(4097) }, ['text']],
    ['no address', { media: { type: 'image', link: 'plan.jpg' } }, ['media.link']],
    ['a script as address', { media: { type: 'image', link: 'javascript:alert(1)' } }, ['media.link']],
    [
      'words under a sound',
      { media: { type: 'audio', link: 'https://x.example/a.mp3', caption: 'x' } },
      ['media.caption'],
    ],
    ['another kind', { media: { type: 'sticker', link: 'https://x.example/a' } }, ['media.type']],
  ])('%s is refused with the field', async (_, body, fields) => {
    const chat = await writes('warstein', anna, 'Noch etwas')
    const { status, body: problem } = await answer(chat, body)
    expect([status, problem.errors.map((e: { field: string }) => e.field)]).toEqual([422, fields])
  })

  test('a chat of another town, an unknown one and no id at all do not exist', async () => {
    const chat = await writes('warstein', anna, 'Noch etwas')
    expect((await answer(chat, { text: 'x' }, inboxOfArnsberg)).body.code).toBe('not-found')
    expect((await close(chat, inboxOfArnsberg)).body.code).toBe('not-found')
    expect((await answer('00000000-0000-4000-8000-000000000000', { text: 'x' })).status).toBe(404)
    expect((await answer('7', { text: 'x' })).status).toBe(404)
  })
})

describe('the inbox answers with a file that it brings along', () => {
  const PLAN = 'Der Plan, Zeile für Zeile'
  function form(file: { bytes?: Buffer | string; type?: string; name?: string }, more: Record<string, string> = {}) {
    const { bytes = PLAN, type = 'application/pdf', name = 'plan.pdf' } = file
    const body = new FormData()
    body.append('file', new File([bytes], name, { type }))
    for (const [field, value] of Object.entries(more)) body.append(field, value)
    return body
  }
  async function posts(chatId: string, body: FormData, headers: Record<string, string> = {}, key = inbox) {
    const given = { authorization: `Bearer ${key}`, ...headers }
    const answer = await doors.app.request(`/api/v1/chats/${chatId}/messages`, { method: 'POST', headers: given, body })
    return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Json }
  }
  const lastPayload = async () => {
    const [row] = await runtime.sql`select payload_sealed from outgoing where kind = 'answer' order by id desc limit 1`
    return JSON.parse(runtime.vault.open(row!.payload_sealed))
  }

  test('WhatsApp gets the file, the answer names it, and nothing of it is stored here', async () => {
    const chat = await writes('warstein', anna, 'Wo wird gesperrt?')
    const { status, body } = await posts(chat, form({}, { caption: 'Der Plan' }))
    expect([status, body]).toEqual([202, { id: expect.any(String), state: 'queued' }])
    const { type, document } = await lastPayload()
    expect([type, document]).toEqual([
      'document',
      { id: expect.any(String), caption: 'Der Plan', filename: 'plan.pdf' },
    ])
    expect(emulator.state.media.get(document.id)).toMatchObject({
      mimeType: 'application/pdf',
      bytes: Buffer.from(PLAN),
    })
    expect(await everything(runtime)).not.toContain(PLAN)
  })

  test.each([
    ['image/jpeg', 'image'],
    ['image/png', 'image'],
    ['video/mp4', 'video'],
    ['audio/ogg', 'audio'],
    ['text/plain;charset=utf-8', 'document'],
  ])('%s goes out as %s', async (type, kind) => {
    const chat = await writes('warstein', anna, 'Noch etwas')
    expect((await posts(chat, form({ type, bytes: PHOTO }))).status).toBe(202)
    expect((await lastPayload()).type).toBe(kind)
  })

  test('a repeat with the same key uploads and sends once; the same key with another file is refused', async () => {
    const chat = await writes('warstein', anna, 'Und noch etwas')
    const [media, before] = [emulator.state.media.size, await queued()]
    const key = { 'idempotency-key': 'file-1' }
    const first = await posts(chat, form({}), key)
    const again = await posts(chat, form({}), key)
    expect([again.status, again.body, again.headers.get('idempotent-replayed')]).toEqual([202, first.body, 'true'])
    expect([emulator.state.media.size, await queued()]).toEqual([media + 1, before + 1])
    const other = await posts(chat, form({ bytes: 'ein anderer Plan' }), key)
    expect([other.status, other.body.code]).toEqual([422, 'idempotency-conflict'])
    expect(emulator.state.media.size).toBe(media + 1)
  })

  test.each<[string, () => FormData, number, string]>([
    ['a photo above 5 MB', () => form({ type: 'image/png', bytes: Buffer.alloc(5 * 2 ** 20 + 1) }), 413, 'too-large'],
    ['a video above 16 MB', () => form({ type: 'video/mp4', bytes: Buffer.alloc(16 * 2 ** 20 + 1) }), 413, 'too-large'],
    ['a kind that WhatsApp does not take', () => form({ type: 'text/html' }), 422, 'invalid-input'],
    ['an empty file', () => form({ bytes: '' }), 422, 'invalid-input'],
    ['words under a sound', () => form({ type: 'audio/ogg' }, { caption: 'Hören Sie' }), 422, 'invalid-input'],
    ['a field nobody knows', () => form({}, { to: '+49151' }), 422, 'invalid-input'],
    ['no file', () => new FormData(), 422, 'invalid-input'],
  ])('%s is refused, and nothing is uploaded', async (_, make, status, code) => {
    const chat = await writes('warstein', anna, 'Noch etwas')
    const media = emulator.state.media.size
    const body = make()
    if (code === 'invalid-input' && !body.has('file')) body.append('caption', 'ohne Datei')
    const answered = await posts(chat, body)
    expect([answered.status, answered.body.code]).toEqual([status, code])
    expect(emulator.state.media.size).toBe(media)
  })

  test('too late, settled, another town’s or unknown: nothing is uploaded either', async () => {
    const media = emulator.state.media.size
    const settled = await writes('heringen', bernd, 'Hallo')
    await close(settled)
    expect((await posts(settled, form({}))).body.code).toBe('chat-closed')
    const chat = await writes('warstein', bernd, 'Hallo')
    expect((await posts(chat, form({}), {}, inboxOfArnsberg)).body.code).toBe('not-found')
    runtime.pass(24 * HOUR)
    expect((await posts(chat, form({}))).body.code).toBe('window-closed')
    expect((await posts(chat, form({}, { request: 'true' }))).body.code).toBe('window-closed') // no template approved
    expect(emulator.state.media.size).toBe(media)
  })

  test('another route takes no file, and this one nothing larger than WhatsApp does', async () => {
    const chat = await writes('warstein', anna, 'Noch etwas')
    const headers = { authorization: `Bearer ${inbox}` }
    const elsewhere = await doors.app.request(`/api/v1/chats/${chat}/close`, {
      method: 'POST',
      headers,
      body: form({}),
    })
    expect(elsewhere.status).toBe(415)
    const huge = await posts(chat, form({}), { 'content-length': String(200 * 2 ** 20) })
    expect([huge.status, huge.body.code]).toEqual([413, 'too-large'])
  })

  test('while WhatsApp is away it says so, and the same key works later', async () => {
    const chat = await writes('warstein', anna, 'Noch etwas')
    const target = targetOf(runtime.channels.get('warstein')!)
    const { accessToken } = target
    emulator.changeAccount(target.phoneNumberId, { accessToken: 'another' })
    const key = { 'idempotency-key': 'file-2' }
    expect((await posts(chat, form({}), key)).body.code).toBe('meta-refused')
    emulator.changeAccount(target.phoneNumberId, { accessToken })
    expect((await posts(chat, form({}), key)).status).toBe(202)
  })
})

describe('the inbox shows that it has read', () => {
  const reads = (chatId: string, body?: unknown, key = inbox) =>
    doors.ask('POST', `/api/v1/chats/${chatId}/read`, { key, body })
  const { phoneNumberId } = towns().get('heringen')!.whatsapp
  /** A citizen writes on their phone; the webhook is carried by hand. */
  async function phoneWrites(text: string) {
    const { id } = await emulator.citizenWrites({ phoneNumberId, from: anna as { phone: string }, message: text })
    return writes('heringen', anna, { id, text })
  }
  const bubbles = () =>
    emulator.messagesOf(anna as { phone: string }, phoneNumberId).filter(({ from }) => from !== 'town')

  test('the citizen sees the ticks, and the typing if it asks for that; nothing is queued or counted', async () => {
    const chat = await phoneWrites('Guten Tag')
    const [before, sends] = [await queued(), emulator.sends().length]
    const first = await reads(chat)
    expect([first.status, first.body]).toEqual([200, { messageId: expect.any(String) }])
    expect(bubbles().at(-1)).toMatchObject({ state: 'read' })
    expect((await reads(chat, { typing: true })).body).toEqual(first.body)
    expect([await queued(), emulator.sends().length]).toEqual([before, sends])
    await close(chat)
  })

  test('it is the latest message that is marked', async () => {
    const chat = await phoneWrites('eins')
    const one = (await reads(chat)).body.messageId
    runtime.pass(1000)
    await phoneWrites('zwei')
    expect((await reads(chat)).body.messageId).not.toBe(one)
    await close(chat)
  })

  test('an erased chat has nothing to mark; another town’s does not exist; nonsense is refused', async () => {
    const chat = await writes('heringen', bernd, 'Hallo')
    expect((await reads(chat, undefined, inboxOfArnsberg)).status).toBe(404)
    expect((await reads(chat, { typing: 'yes' })).body.errors[0].field).toBe('typing')
    await close(chat)
    expect((await reads(chat)).body).toEqual({ messageId: null })
  })
})

describe('settling a matter', () => {
  test('Warstein keeps, Heringen erases, and doing it twice answers the same', async () => {
    const kept = await close(await writes('warstein', anna, 'Danke'))
    expect(kept.body).toEqual({
      closedAt: runtime.now().toISOString(),
      erased: { messages: 0, phone: false },
      eraseAt: null,
    })
    const chat = await writes('heringen', anna, 'Danke')
    const erased = await close(chat)
    expect([erased.status, erased.body.erased]).toEqual([200, { messages: 1, phone: true }])
    runtime.pass(HOUR)
    expect((await close(chat)).body).toEqual(erased.body)
    expect((await answer(chat, { text: 'x' })).body.code).toBe('chat-closed')
  })
})

describe('a close taken back', () => {
  const reopen = (chatId: string) => doors.ask('POST', `/api/v1/chats/${chatId}/reopen`, { key: inbox })

  test('opens the matter again; one that is open, erased or followed by another stays as it is', async () => {
    const chat = await writes('warstein', anna, 'Danke')
    expect((await reopen(chat)).body.code).toBe('wrong-state')
    await close(chat)
    const opened = await reopen(chat)
    expect([opened.status, opened.body]).toEqual([200, { openedAt: expect.any(String) }])
    expect((await answer(chat, { text: 'Gern' })).status).toBe(202)
    await close(chat)
    await writes('warstein', anna, 'Noch etwas')
    expect((await reopen(chat)).body.code).toBe('wrong-state')
    const erased = await writes('heringen', anna, 'Danke')
    await close(erased)
    expect((await reopen(erased)).body.code).toBe('already-erased')
  })
})

describe('what the inbox did not take for 72 hours', () => {
  const path = '/api/v1/channels/arnsberg/dead-letters'
  let admin: string
  /** Dead letters of one chat: as the forwarder leaves them. */
  async function letters(count: number) {
    const chat = await writes('arnsberg', anna, 'Nachricht 0')
    for (let i = 1; i < count; i++) await writes('arnsberg', anna, `Nachricht ${i}`)
    const waiting = runtime.sql`update outgoing set status = 'sending' where chat_id = ${chat} and status = 'queued'`
    await waiting
    await runtime.sql`update outgoing set status = 'failed', error_code = 503, attempts = 40, status_at = ${runtime.now()}
      where chat_id = ${chat} and status = 'sending'`
    return chat
  }
  const seen = async () => (await doors.ask('GET', path, { key: admin })).body.items as { id: number }[]
  beforeAll(async () => {
    admin = await doors.keyFor('admin')
  })

  test('is listed by pages, says nothing of what was written, and can be sent again or given up, singly or all', async () => {
    const chatId = await letters(4)
    const first = (await doors.ask('GET', `${path}?limit=3`, { key: admin })).body
    expect(first.items).toHaveLength(3)
    expect(first.items[0]).toEqual({
      id: expect.any(Number),
      chatId,
      writtenAt: expect.any(String),
      failedAt: runtime.now().toISOString(),
      attempts: 40,
      lastStatus: 503,
    })
    const rest = (await doors.ask('GET', `${path}?limit=3&cursor=${first.nextCursor}`, { key: admin })).body
    expect([rest.items.length, rest.nextCursor]).toEqual([1, null])

    const post = async (what: string, body: unknown) =>
      (await doors.ask('POST', `${path}/${what}`, { key: admin, body })).body
    expect(await post('resend', { id: rest.items[0].id })).toEqual({ events: 1 })
    expect(await post('resend', { id: rest.items[0].id })).toEqual({ events: 0 })
    expect(await post('discard', { id: first.items[0].id })).toEqual({ events: 1 })
    expect(await seen()).toHaveLength(2)
    expect(await post('resend', { all: true })).toEqual({ events: 2 })
    expect(await seen()).toEqual([])
    const rows = await runtime.sql`select status from outgoing where chat_id = ${chatId} order by id`
    expect(rows.map(({ status }) => status)).toEqual(['queued', 'queued', 'queued', 'failed'])
  })

  test.each([{}, { id: 1, all: true }, { all: false }, { id: 'all' }])('%j is no choice', async (body) =>
    expect((await doors.ask('POST', `${path}/discard`, { key: admin, body })).status).toBe(422),
  )

  test('after 410 Gone the office resumes it', async () => {
    await runtime.act((deed) => noteInboxGone(deed, 'arnsberg'))
    expect((await runtime.act((deed) => inboxState(deed, 'arnsberg'))).goneSince).toEqual(runtime.now())
    expect((await doors.ask('POST', '/api/v1/channels/arnsberg/inbox/resume', { key: admin })).status).toBe(200)
    expect((await runtime.act((deed) => inboxState(deed, 'arnsberg'))).goneSince).toBeNull()
  })
})

describe('a citizen’s photo', () => {
  async function photo(change: { mimeType?: string; filename?: string } = {}) {
    runtime.pass(1000)
    const target = targetOf(runtime.channels.get('heringen')!)
    const mimeType = change.mimeType ?? 'image/png'
    const uploaded = await runtime.whatsapp.uploadMedia(target, {
      data: PHOTO,
      mimeType: 'image/png',
      filename: 'x.png',
    })
    if (!uploaded.ok) throw new Error('not uploaded')
    const media = { id: uploaded.value.id, mimeType, sha256: 'x', filename: change.filename }
    const chatId = await writes('heringen', anna, {
      kind: 'image',
      rawType: 'image',
      text: undefined,
      media,
    } as Partial<MessageEvent>)
    const [row] =
      await runtime.sql`select id from chat_messages where chat_id = ${chatId} and media_sealed is not null order by at desc, id limit 1`
    return { chatId, mediaId: row!.id as string, path: `/api/v1/chats/${chatId}/media/${row!.id}` }
  }
  const open = (path: string, headers: Record<string, string> = {}) => doors.app.request(path, { headers })
  const withKey = { authorization: '' }
  beforeAll(() => {
    withKey.authorization = `Bearer ${inbox}`
  })

  test('is streamed from WhatsApp, for who has the key', async () => {
    const { path } = await photo()
    const answer = await open(path, withKey)
    expect(answer.status).toBe(200)
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(PHOTO)
    expect(answer.headers.get('content-type')).toBe('image/png')
    expect(answer.headers.get('content-disposition')).toMatch(/^inline; /)
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect((await open(path)).status).toBe(401)
    expect((await open(path, { authorization: `Bearer ${inboxOfArnsberg}` })).status).toBe(404)
  })

  test('or for who has our link, until it expires, and for nothing else', async () => {
    const medium = await photo()
    const link = mediaLink(runtime.vault, medium, new Date(runtime.now().getTime() + HOUR))
    expect((await open(link)).status).toBe(200)
    expect((await open(link.replace('expires=1', 'expires=2'))).status).toBe(401)
    const other = await photo()
    expect((await open(link.replace(medium.mediaId, other.mediaId))).status).toBe(401)
    expect((await doors.ask('POST', `/api/v1/chats/${medium.chatId}/close?${link.split('?')[1]}`)).status).toBe(401)
    runtime.pass(HOUR)
    expect((await open(link)).status).toBe(401)
  })

  test('in parts, as a player asks for them; a part that there is not is no part', async () => {
    const { path } = await photo()
    const part = await open(path, { ...withKey, range: 'bytes=4-7' })
    expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes 4-7/${PHOTO.length}`])
    expect(Buffer.from(await part.arrayBuffer())).toEqual(PHOTO.subarray(4, 8))
    const beyond = await doors.ask('GET', path, { key: inbox, headers: { range: 'bytes=4000-' } })
    expect([beyond.status, beyond.body.code]).toEqual([416, 'no-such-range'])
  })

  test('whoever looked at it stands in the audit log, once for all parts of it within the hour', async () => {
    const { chatId, mediaId, path } = await photo()
    const link = mediaLink(runtime.vault, { chatId, mediaId }, new Date(runtime.now().getTime() + 2 * HOUR))
    await open(path, { authorization: `Bearer ${inboxOfArnsberg}` })
    for (const range of ['bytes=0-3', 'bytes=4-7', 'bytes=0-']) await open(path, { ...withKey, range })
    await open(link)
    runtime.pass(HOUR)
    await open(path, withKey)
    const entries = await runtime.sql`
      select left(actor, 4) as by, channel, target from audit
      where action = 'chat.medium-read' and detail->>'medium' = ${mediaId} order by id`
    expect(entries.map(({ by, channel, target }) => [by, channel, target])).toEqual(
      ['key:', 'link', 'key:'].map((by) => [by, 'heringen', chatId]),
    )
  })

  test('what might be a page is saved, not shown', async () => {
    const { path } = await photo({ mimeType: 'text/html', filename: 'Gruß "Sonne".html' })
    const answer = await open(path, withKey)
    expect(answer.headers.get('content-disposition')).toBe(
      `attachment; filename="Gru_ _Sonne_.html"; filename*=UTF-8''Gru%C3%9F%20%22Sonne%22.html`,
    )
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'")
  })

  test('that WhatsApp no longer has is gone, and says so', async () => {
    const { path } = await photo()
    emulator.state.media.clear()
    const answer = await doors.ask('GET', path, { key: inbox })
    expect([answer.status, answer.body.code]).toEqual([410, 'medium-gone'])
  })
})
