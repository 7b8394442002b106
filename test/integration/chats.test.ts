import { readdirSync, readFileSync } from 'node:fs'
import { eq, ne } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { storeTemplates } from '../../src/channels/template-store.ts'
import { answered, reply } from '../../src/chats/answers.ts'
import { chatById, mediaOf } from '../../src/chats/chats.ts'
import { close } from '../../src/chats/closing.ts'
import { contactChanged, takeIn } from '../../src/chats/take-in.ts'
import { recognise } from '../../src/contacts/contacts.ts'
import { chatMessages, chats, outgoing } from '../../src/db/schema.ts'
import { withBase } from '../../src/dispatch/forward.ts'
import { recordStatuses } from '../../src/dispatch/statuses.ts'
import { type InboxEventOf, inboxEvent } from '../../src/inbox/contract.ts'
import { readWebhook } from '../../src/whatsapp/webhook.ts'
import {
  ANSWER_READY,
  anna,
  bernd,
  type ChatDesk,
  cem,
  everything,
  OFFICE,
  openChatDesk,
  written,
} from '../support/chat-desk.ts'

const HOUR = 3_600_000
let desk: ChatDesk
beforeEach(async () => {
  desk = await openChatDesk()
})
afterEach(() => desk.close())

/** What waits for the inbox, as it will be posted. */
async function waiting() {
  const rows = await desk.database.db.select().from(outgoing).where(eq(outgoing.kind, 'inbox')).orderBy(outgoing.id)
  return rows.map((row) =>
    inboxEvent.parse(JSON.parse(withBase(desk.vault.open(row.payloadSealed!), 'https://whatsup.example'))),
  )
}
const receivedOnes = async () =>
  (await waiting()).filter(
    (event): event is InboxEventOf<'chat.message.received'> => event.type === 'chat.message.received',
  )

describe('a citizen writes', () => {
  test('the first message opens a chat, the next one belongs to it, and somebody else has their own', async () => {
    const first = await desk.writes('warstein', anna, 'Die Laterne ist aus')
    const second = await desk.writes('warstein', anna, 'vor dem Haus 12')
    const other = await desk.writes('warstein', bernd, 'Guten Tag')
    expect([first.opened, second.opened, other.opened]).toEqual([true, false, true])
    expect(second.chatId).toBe(first.chatId)
    expect(other.chatId).not.toBe(first.chatId)
  })

  test('the inbox gets who wrote, what, when, and where and until when to answer', async () => {
    const { chatId, contact } = await desk.writes('warstein', anna, 'Die Laterne ist aus')
    const [event] = await receivedOnes()
    expect(event).toEqual({
      type: 'chat.message.received',
      timestamp: '2026-11-23T09:00:00.000Z',
      data: {
        channel: 'warstein',
        chat: {
          id: chatId,
          openedAt: '2026-11-23T09:00:00.000Z',
          replyUntil: '2026-11-24T09:00:00.000Z',
          replyUrl: `https://whatsup.example/api/v1/chats/${chatId}/messages`,
        },
        contact: { id: contact.id, name: 'Anna Ahrens', phone: '+4915112340001', userId: 'DE.10000000000000000001' },
        message: {
          id: expect.any(String),
          at: '2026-11-23T09:00:00.000Z',
          type: 'text',
          text: 'Die Laterne ist aus',
          replyTo: null,
          media: null,
        },
      },
    })
  })

  test('a photo arrives with its caption and an address of ours, and Meta’s id stays here', async () => {
    const media = { id: '9000001', mimeType: 'image/jpeg', sha256: 'c2hh', caption: 'Schlagloch' }
    const { chatId } = await desk.writes('warstein', anna, { kind: 'image', rawType: 'image', text: undefined, media })
    const [event] = await receivedOnes()
    const { message } = event!.data
    expect(message).toMatchObject({
      type: 'image',
      text: 'Schlagloch',
      media: { mimeType: 'image/jpeg', filename: null },
    })
    expect(message.media!.url).toMatch(
      new RegExp(
        `^https://whatsup.example/api/v1/chats/${chatId}/media/${message.id}\\?expires=\\d+&signature=[\\w-]+$`,
      ),
    )
    expect(JSON.stringify(event)).not.toContain('9000001')
    const medium = await desk.act((deed) => mediaOf(deed, chatId, message.id))
    expect(medium).toEqual({ metaId: '9000001', mimeType: 'image/jpeg', filename: null, channel: 'warstein' })
    await expect(desk.act((deed) => mediaOf(deed, message.id, message.id))).rejects.toMatchObject({ code: 'not-found' })
  })

  test('a quote names the message it quotes, also one of the same moment and an answer of the office', async () => {
    const { chatId, wamid, contact } = await desk.writes('warstein', anna, 'Wann kommt der Bagger?')
    const { id } = await desk.act((deed) => reply(deed, OFFICE, chatId, { text: 'Am Montag.' }))
    const hash = desk.vault.fingerprint('wamid', 'wamid.answer')
    await desk.database.sql`insert into outgoing_wamids select ${hash}, id from outgoing where kind = 'answer'`
    const one = written(anna, { text: 'Danke', replyTo: 'wamid.answer' }, desk.now())
    const two = written(anna, { text: 'wirklich', replyTo: one.id }, desk.now())
    const three = written(
      anna,
      { kind: 'reaction', rawType: 'reaction', reaction: { messageId: wamid, emoji: '👍' } },
      desk.now(),
    )
    const four = written(anna, { text: 'Und das?', replyTo: 'wamid.of-a-broadcast' }, desk.now())
    const channel = desk.channels.get('warstein')!
    await desk.act((deed) =>
      takeIn(
        deed,
        [one, two, three, four].map((message) => ({ channel, contact, message })),
      ),
    )
    const [first, second, third, fourth, fifth] = (await receivedOnes()).map((event) => event.data.message)
    expect([second!.replyTo, third!.replyTo, fourth!.replyTo, fifth!.replyTo]).toEqual([
      id,
      second!.id,
      first!.id,
      null,
    ])
    expect(fourth).toMatchObject({ type: 'reaction', text: '👍' })
  })

  test('the same message taken in twice is one message', async () => {
    const { contact } = await desk.writes('warstein', anna, 'Hallo')
    const channel = desk.channels.get('warstein')!
    const message = written(anna, 'doppelt', desk.now())
    await desk.act((deed) => takeIn(deed, [{ channel, contact, message }]))
    await desk.act((deed) => takeIn(deed, [{ channel, contact, message }]))
    expect((await receivedOnes()).map((event) => event.data.message.text)).toEqual(['Hallo', 'doppelt'])
    expect(await desk.database.db.select().from(chatMessages)).toHaveLength(2)
  })

  test('many citizens of several towns are taken in at once', async () => {
    const people = Array.from({ length: 200 }, (_, i) => ({ phone: `+49151123${String(i).padStart(5, '0')}` }))
    const at = desk.now()
    const taken = await desk.act(async (deed) => {
      const contacts = await recognise(
        deed,
        'heringen',
        people.map((identity) => ({ identity, at })),
      )
      const channel = desk.channels.get('heringen')!
      return takeIn(
        deed,
        contacts.flatMap((contact) => [
          { channel, contact, message: written(contact, 'eins', at) },
          { channel, contact, message: written(contact, 'zwei', at) },
        ]),
      )
    })
    expect(taken.filter(({ opened }) => opened)).toHaveLength(200)
    expect(await desk.database.db.select().from(chats)).toHaveLength(200)
    expect(await receivedOnes()).toHaveLength(400)
  })

  test('every kind of message that Meta documents arrives as the contract describes it, and never empty', async () => {
    const folder = 'test/fixtures/whatsapp'
    const events = readdirSync(folder).flatMap((file) =>
      readWebhook(JSON.parse(readFileSync(`${folder}/${file}`, 'utf8'))),
    )
    const messages = events.filter((event) => event.type === 'message' && event.groupId === undefined)
    const channel = desk.channels.get('heringen')!
    await desk.act(async (deed) => {
      for (const message of messages) {
        if (message.type !== 'message') continue
        const [contact] = await recognise(deed, 'heringen', [{ identity: message.from, at: message.at }])
        await takeIn(deed, [{ channel, contact: contact!, message }])
      }
    })
    const said = (await receivedOnes()).map(({ data }) => data.message)
    expect(said.length).toBeGreaterThan(25)
    const empty = said.filter(({ type, text, media }) => text === null && media === null && type !== 'reaction')
    expect(empty).toEqual([])
    expect(new Set(said.map(({ type }) => type))).toEqual(
      new Set(['text', 'image', 'video', 'audio', 'document', 'sticker', 'location', 'contacts', 'reaction']),
    )
    expect(said.find(({ type }) => type === 'location')!.text).toMatch(/\d+\.\d+, \d+\.\d+/)
  })
})

describe('the office answers', () => {
  test('within 24 hours, ahead of broadcasts', async () => {
    const { chatId } = await desk.writes('warstein', anna, 'Hallo')
    desk.pass(24 * HOUR - 1)
    const { id, state } = await desk.act((deed) => reply(deed, OFFICE, chatId, { text: 'Guten Tag' }))
    expect(state).toBe('queued')
    const [row] = await desk.database.db.select().from(outgoing).where(eq(outgoing.kind, 'answer'))
    expect(row).toMatchObject({ urgency: 0, chatId, channel: 'warstein' })
    expect(JSON.parse(desk.vault.open(row!.payloadSealed!))).toMatchObject({
      type: 'text',
      text: { body: 'Guten Tag' },
    })
    const [message] = await desk.database.db.select().from(chatMessages).where(eq(chatMessages.id, id))
    expect(message).toMatchObject({ inbound: false, author: OFFICE.id, outgoingId: row!.id })
  })

  test('after 24 hours no more, with what is possible instead', async () => {
    const { chatId } = await desk.writes('warstein', anna, 'Hallo')
    desk.pass(24 * HOUR)
    const answer = desk.act((deed) => reply(deed, OFFICE, chatId, { text: 'zu spät' }))
    await expect(answer).rejects.toMatchObject({ code: 'window-closed', status: 409 })
    const refusal = await answer.catch((error) => error)
    expect(refusal.problems.map((problem: { message: string }) => problem.message).join(' ')).toContain('Möglich ist')
    await desk.writes('warstein', anna, 'Sind Sie noch da?')
    await expect(desk.act((deed) => reply(deed, OFFICE, chatId, { text: 'Ja' }))).resolves.toMatchObject({
      state: 'queued',
    })
  })

  test('after 24 hours an answer can wait: the citizen is told once, and gets it when they tap', async () => {
    const { chatId } = await desk.writes('warstein', anna, 'Hallo')
    desk.pass(25 * HOUR)
    const asks = (text: string) =>
      desk.act((deed) => reply(deed, OFFICE, chatId, { text }, undefined, { request: true }))
    await expect(asks('noch ohne Vorlage')).rejects.toMatchObject({ code: 'window-closed' })
    await desk.act((deed) => storeTemplates(deed, 'warstein', [ANSWER_READY]))
    await asks('Die Laterne brennt wieder')
    await asks('und die daneben auch')
    const leaving = async () => {
      const rows = await desk.database.db.select().from(outgoing).where(ne(outgoing.kind, 'inbox')).orderBy(outgoing.id)
      const due = rows.filter(({ notBefore }) => notBefore! <= desk.now())
      return due.map((row) => JSON.parse(desk.vault.open(row.payloadSealed!)))
    }
    expect(await leaving()).toMatchObject([{ type: 'template', template: { name: 'antwort_bereit' } }])
    desk.pass(HOUR)
    await desk.writes('warstein', anna, {
      kind: 'button',
      rawType: 'button',
      text: 'Antwort lesen',
      buttonId: 'Antwort lesen',
    })
    expect((await leaving()).slice(1)).toMatchObject([
      { text: { body: 'Die Laterne brennt wieder' } },
      { text: { body: 'und die daneben auch' } },
    ])
    expect((await receivedOnes()).at(-1)!.data.message.text).toBe('Antwort lesen')
  })

  test('an answer that waits for a tap is dropped when the matter is closed', async () => {
    const { chatId } = await desk.writes('heringen', anna, 'Hallo')
    desk.pass(25 * HOUR)
    await desk.act((deed) => storeTemplates(deed, 'heringen', [ANSWER_READY]))
    await desk.act((deed) =>
      reply(deed, OFFICE, chatId, { text: 'Die Laterne brennt wieder' }, undefined, { request: true }),
    )
    await desk.act((deed) => close(deed, OFFICE, chatId, desk.channels))
    expect(await everything(desk)).not.toContain('Die Laterne brennt wieder')
  })

  test('the 24 hours count from the citizen’s own time stamp, not from when it reached us', async () => {
    const wrote = desk.now()
    desk.pass(20 * HOUR)
    const { chatId } = await desk.writes('warstein', anna, { text: 'spät zugestellt', at: wrote })
    desk.pass(4 * HOUR)
    await expect(desk.act((deed) => reply(deed, OFFICE, chatId, { text: 'x' }))).rejects.toMatchObject({
      code: 'window-closed',
    })
  })

  test('a repeat with the same key answers the same and sends once', async () => {
    const { chatId } = await desk.writes('warstein', anna, 'Hallo')
    const one = await desk.act((deed) => reply(deed, OFFICE, chatId, { text: 'Guten Tag' }, 'key-1'))
    const two = await desk.act((deed) => reply(deed, OFFICE, chatId, { text: 'Guten Tag' }, 'key-1'))
    expect(two).toEqual(one)
    expect(await desk.database.db.select().from(outgoing).where(eq(outgoing.kind, 'answer'))).toHaveLength(1)
  })

  test('a picture with a caption, by its address', async () => {
    const { chatId } = await desk.writes('warstein', anna, 'Hallo')
    const media = { type: 'image', link: 'https://warstein.example/plan.jpg', caption: 'Der Plan' } as const
    await desk.act((deed) => reply(deed, OFFICE, chatId, { media }))
    const [row] = await desk.database.db.select().from(outgoing).where(eq(outgoing.kind, 'answer'))
    expect(JSON.parse(desk.vault.open(row!.payloadSealed!))).toMatchObject({
      type: 'image',
      image: { link: media.link, caption: 'Der Plan' },
    })
  })

  test('another town’s office finds no such chat', async () => {
    const { chatId } = await desk.writes('warstein', anna, 'Hallo')
    const heringen = { ...OFFICE, channel: 'heringen' }
    await expect(desk.act((deed) => reply(deed, heringen, chatId, { text: 'x' }))).rejects.toMatchObject({
      code: 'not-found',
    })
    await expect(desk.act((deed) => chatById(deed, heringen, chatId))).rejects.toMatchObject({ code: 'not-found' })
    await expect(desk.act((deed) => chatById(deed, OFFICE, 'no-uuid'))).rejects.toMatchObject({ code: 'not-found' })
  })

  test('the inbox learns how the answer fares, each step once', async () => {
    const { chatId } = await desk.writes('warstein', anna, 'Hallo')
    const { id } = await desk.act((deed) => reply(deed, OFFICE, chatId, { text: 'Guten Tag' }))
    const [row] = await desk.database.db.select().from(outgoing).where(eq(outgoing.kind, 'answer'))
    const arrives = (state: 'sent' | 'delivered' | 'read') =>
      desk.act(async (deed) => {
        const report = { channel: 'warstein', wamidHash: Buffer.from('w'), outgoingId: row!.id, state, at: deed.now }
        await answered(deed, await recordStatuses(deed, [report]))
      })
    await desk.database.db.update(outgoing).set({ status: 'sending' }).where(eq(outgoing.id, row!.id))
    await arrives('sent')
    await arrives('read')
    await arrives('delivered')
    const told = (await waiting()).filter((event) => event.type === 'chat.message.status').map(({ data }) => data)
    const state = (now: string) => ({
      channel: 'warstein',
      chat: { id: chatId },
      message: { id, state: now, error: null },
    })
    expect(told).toEqual([state('sent'), state('read')])
  })

  test('and why it could not be sent', async () => {
    const { chatId } = await desk.writes('warstein', anna, 'Hallo')
    const { id } = await desk.act((deed) => reply(deed, OFFICE, chatId, { text: 'Guten Tag' }))
    const [row] = await desk.database.db.select().from(outgoing).where(eq(outgoing.kind, 'answer'))
    await desk.act((deed) => answered(deed, [{ id: row!.id, kind: 'answer', status: 'failed', errorCode: 131047 }]))
    const [, status] = await waiting()
    expect(status!.data).toMatchObject({
      message: { id, state: 'failed', error: { code: 131047, title: expect.any(String) } },
    })
  })
})

test('a new number or name reaches the inbox while a chat is open, and only then', async () => {
  const { contact } = await desk.writes('warstein', anna, 'Hallo')
  const other = await desk.act((deed) => recognise(deed, 'warstein', [{ identity: cem, at: desk.now() }]))
  await desk.act((deed) => contactChanged(deed, [{ ...contact, phone: '+4915199990001' }, other[0]!]))
  const changes = (await waiting()).filter((event) => event.type === 'chat.contact.changed')
  expect(changes.map(({ data }) => data)).toEqual([
    {
      channel: 'warstein',
      contact: { id: contact.id, name: 'Anna Ahrens', phone: '+4915199990001', userId: 'DE.10000000000000000001' },
    },
  ])
})
