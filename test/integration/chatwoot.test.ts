import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ne } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { COMMAND } from '../../src/audit/audit.ts'
import { answered, reply } from '../../src/chats/answers.ts'
import { chatById } from '../../src/chats/chats.ts'
import { chatwootPost } from '../../src/chats/chatwoot.ts'
import { outgoing } from '../../src/db/schema.ts'
import { chatwootPlace } from '../../src/inbox/chatwoot.ts'
import { readChatwootCallback } from '../../src/inbox/chatwoot-callback.ts'
import { eraseByIds } from '../../src/privacy/erase.ts'
import { retain } from '../../src/privacy/retention.ts'
import { Secret } from '../../src/secret.ts'
import { anna, type ChatDesk, OFFICE, openChatDesk } from '../support/chat-desk.ts'
import { openFakeChatwoot, TOKEN } from '../support/chatwoot.ts'
import { openDoors } from '../support/runtime.ts'
import { eventually } from '../support/stack.ts'

let desk: ChatDesk
let chatwoot: Awaited<ReturnType<typeof openFakeChatwoot>>
beforeEach(async () => {
  desk = await openChatDesk()
  chatwoot = await openFakeChatwoot()
  for (const slug of ['warstein', 'heringen']) {
    const channel = desk.channels.get(slug)!
    const chat = channel.offerings.chat!
    const inbox = { ...chat.inbox, kind: 'chatwoot' as const, url: chatwoot.url, secret: new Secret(TOKEN) }
    desk.channels.set(slug, { ...channel, offerings: { ...channel.offerings, chat: { ...chat, inbox } } })
  }
})
afterEach(async () => {
  await desk.close()
  await chatwoot.close()
})

const forwards = (slug: string) => desk.forwards(slug, { post: chatwootPost(desk.runtime, desk.channels.get(slug)!) })
const conversation = () => [...chatwoot.conversations.values()][0]
const fixture = (name: string, chatId: string) =>
  JSON.parse(readFileSync(`test/fixtures/chatwoot/${name}.json`, 'utf8').replace('"CHAT"', JSON.stringify(chatId)))
const answers = () => desk.database.db.select().from(outgoing).where(ne(outgoing.kind, 'inbox')).orderBy(outgoing.id)

describe('a citizen writes to a town with Chatwoot', () => {
  test('one contact, one conversation, the messages in order', async () => {
    forwards('warstein')
    const { chatId, contact } = await desk.writes('warstein', anna, 'Die Laterne ist aus')
    await desk.writes('warstein', anna, 'vor dem Haus 12')
    await eventually(() => conversation()?.messages.length === 2)
    expect([...chatwoot.contacts.values()]).toMatchObject([
      { identifier: contact.id, name: 'Anna Ahrens', phone_number: '+4915112340001' },
    ])
    expect(chatwoot.conversations.size).toBe(1)
    expect(conversation()).toMatchObject({ source_id: chatId, status: 'open' })
    expect(conversation()!.messages.map(({ content }) => content)).toEqual(['Die Laterne ist aus', 'vor dem Haus 12'])
  })

  test('a message that arrived although Chatwoot answered with an error is not written twice', async () => {
    const lane = forwards('warstein')
    await desk.writes('warstein', anna, 'eins')
    await eventually(() => conversation()?.messages.length === 1)
    chatwoot.fail(502, true)
    await desk.writes('warstein', anna, 'zwei')
    await eventually(async () =>
      (await desk.database.db.select().from(outgoing)).some(({ errorCode }) => errorCode === 502),
    )
    desk.pass(10_000)
    lane.wake()
    await desk.writes('warstein', anna, 'drei')
    await eventually(() => conversation()!.messages.some(({ content }) => content === 'drei'))
    expect(conversation()!.messages.map(({ content }) => content)).toEqual(['eins', 'zwei', 'drei'])
  })

  test('a photo is passed on as a file', async () => {
    const door = createServer((_, response) =>
      response.writeHead(200, { 'content-type': 'image/jpeg' }).end('jpeg bytes'),
    )
    await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve))
    const publicUrl = `http://127.0.0.1:${(door.address() as AddressInfo).port}`
    const runtime = { ...desk.runtime, settings: { ...desk.runtime.settings, publicUrl } }
    desk.forwards('warstein', { runtime, post: chatwootPost(runtime, desk.channels.get('warstein')!) })
    const media = { id: '9000001', mimeType: 'image/jpeg', caption: 'Schlagloch' }
    await desk.writes('warstein', anna, { kind: 'image', rawType: 'image', text: undefined, media })
    await eventually(() => conversation()?.messages.length === 1)
    expect(conversation()!.messages[0]).toMatchObject({
      content: 'Schlagloch',
      file: { type: 'image/jpeg', bytes: 10 },
    })
    door.close()
    door.closeAllConnections()
  })

  test('a second matter is a second conversation of the same contact', async () => {
    forwards('warstein')
    const first = await desk.writes('warstein', anna, 'eins')
    await eventually(() => chatwoot.conversations.size === 1)
    const doors = openDoors(desk.runtime as never)
    const key = await doors.keyFor('inbox')
    await doors.ask('POST', `/api/v1/chats/${first.chatId}/close`, { key })
    await desk.writes('warstein', anna, 'zwei')
    await eventually(() => chatwoot.conversations.size === 2)
    expect(chatwoot.contacts.size).toBe(1)
    expect([...chatwoot.conversations.values()].map(({ status }) => status)).toEqual(['resolved', 'open'])
  })
})

describe('an agent works in Chatwoot', () => {
  let doors: ReturnType<typeof openDoors>
  let key: string
  const posts = (slug: string, body: unknown, given = key) =>
    doors.ask('POST', `/api/v1/channels/${slug}/chatwoot?key=${given}`, { body })
  beforeEach(async () => {
    doors = openDoors(desk.runtime as never)
    key = await doors.keyFor('inbox', 'warstein')
  })

  test('an answer goes to the citizen, once, and Chatwoot learns how it fares', async () => {
    forwards('warstein')
    const { chatId } = await desk.writes('warstein', anna, 'Hallo')
    await eventually(() => conversation()?.messages.length === 1)
    const event = fixture('message-created', chatId)
    conversation()!.messages.push({ id: event.id, source_id: null, content: event.content })
    expect((await posts('warstein', event)).status).toBe(200)
    expect((await posts('warstein', event)).status).toBe(200)
    const rows = await answers()
    expect(rows).toHaveLength(1)
    expect(JSON.parse(desk.vault.open(rows[0]!.payloadSealed!))).toMatchObject({ text: { body: event.content } })
    await desk.act((deed) =>
      answered(deed, [{ id: rows[0]!.id, kind: 'answer', status: 'delivered', errorCode: null }]),
    )
    desk.pass(0)
    await eventually(() => conversation()!.messages.find(({ id }) => id === 118)?.status === 'delivered')
  })

  test('private notes, automatic texts and our own messages stay where they are', async () => {
    const { chatId } = await desk.writes('warstein', anna, 'Hallo')
    const event = fixture('message-created', chatId)
    for (const change of [
      { private: true },
      { message_type: 'incoming' },
      { message_type: 'template' },
      { event: 'message_updated' },
      { content: null },
    ]) {
      expect((await posts('warstein', { ...event, ...change })).status).toBe(200)
    }
    expect(await answers()).toEqual([])
  })

  test('a picture takes the words along as its caption', async () => {
    const { chatId } = await desk.writes('warstein', anna, 'Hallo')
    const attachments = [{ id: 1, file_type: 'image', data_url: 'https://chatwoot.example/blobs/1/plan.jpg' }]
    await posts('warstein', { ...fixture('message-created', chatId), attachments })
    const [row] = await answers()
    expect(JSON.parse(desk.vault.open(row!.payloadSealed!))).toMatchObject({
      type: 'image',
      image: { link: attachments[0]!.data_url, caption: 'Guten Tag, wir kümmern uns darum.' },
    })
  })

  test('resolving closes the chat', async () => {
    const { chatId } = await desk.writes('warstein', anna, 'Hallo')
    expect((await posts('warstein', fixture('conversation-status-changed', chatId))).status).toBe(200)
    expect((await desk.act((deed) => chatById(deed, OFFICE, chatId))).closedAt).toEqual(desk.now())
  })

  test('after 24 hours the agent is told that it is too late', async () => {
    const { chatId } = await desk.writes('warstein', anna, 'Hallo')
    desk.pass(25 * 3_600_000)
    const answer = await posts('warstein', fixture('message-created', chatId))
    expect([answer.status, answer.body.code]).toEqual([409, 'window-closed'])
  })

  test('without a key, with a wrong one, or for another town nothing happens', async () => {
    const { chatId } = await desk.writes('heringen', anna, 'Hallo')
    const event = fixture('message-created', chatId)
    expect((await posts('warstein', event)).status).toBe(404)
    expect((await posts('heringen', event)).status).toBe(403)
    expect((await posts('warstein', event, 'wrong')).status).toBe(401)
    expect(await answers()).toEqual([])
  })
})

test('when Heringen settles a matter, Chatwoot forgets the citizen too', async () => {
  forwards('heringen')
  const { chatId } = await desk.writes('heringen', anna, 'Hallo')
  await eventually(() => conversation()?.messages.length === 1)
  await desk.act((deed) => reply(deed, OFFICE, chatId, { text: 'Erledigt' }))
  const doors = openDoors(desk.runtime as never)
  await doors.ask('POST', `/api/v1/chats/${chatId}/close`, { key: await doors.keyFor('inbox') })
  desk.pass(0)
  await eventually(() => chatwoot.contacts.size === 0)
  expect(chatwoot.conversations.size).toBe(0)
  await eventually(async () => (await desk.act((deed) => chatById(deed, OFFICE, chatId))).external === null)
})

test('whoever asks to be erased is forgotten in Chatwoot too, when the matter has long been emptied here', async () => {
  forwards('warstein')
  const { chatId } = await desk.writes('warstein', anna, 'Hallo')
  await eventually(() => conversation()?.messages.length === 1)
  const doors = openDoors(desk.runtime)
  await doors.ask('POST', `/api/v1/chats/${chatId}/close`, { key: await doors.keyFor('inbox') })
  await eventually(() => conversation()?.status === 'resolved')
  desk.pass(31 * 86_400_000)
  await retain(desk.runtime)
  expect((await desk.act((deed) => chatById(deed, OFFICE, chatId))).erased).toMatchObject({ messages: 1 })
  await desk.act((deed) => eraseByIds(deed, COMMAND, desk.channels.get('warstein')!, { phone: anna.phone! }))
  desk.pass(0)
  await eventually(() => chatwoot.contacts.size === 0)
  expect(chatwoot.conversations.size).toBe(0)
  await eventually(async () => (await desk.act((deed) => chatById(deed, OFFICE, chatId))).external === null)
})

test('the address of a Chatwoot inbox names account and inbox', () => {
  expect(chatwootPlace('https://chat.stadt.de/api/v1/accounts/1/inboxes/5')).toEqual({
    account: 'https://chat.stadt.de/api/v1/accounts/1',
    inboxId: 5,
  })
  for (const url of [
    'https://chat.stadt.de',
    'https://chat.stadt.de/app/accounts/1/inboxes/5',
    'https://x/api/v1/accounts/a/inboxes/5',
  ]) {
    expect(chatwootPlace(url)).toBeNull()
  }
})

test.each([
  null,
  7,
  'x',
  [],
  {},
  { event: 'message_created' },
  { event: 'message_created', conversation: null, message_type: 'outgoing' },
])('whatever else is posted (%j) asks for nothing', (json) =>
  expect(readChatwootCallback(json)).toEqual({ do: 'nothing' }),
)
