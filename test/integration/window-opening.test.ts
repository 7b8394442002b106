import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { reply } from '../../src/chats/answers.ts'
import { OFFICE } from '../support/chat-desk.ts'
import { approvedTemplates } from '../support/citizens.ts'
import { openWebhookDesk, type WebhookDesk } from '../support/webhook-desk.ts'

const HOUR = 3_600_000
let desk: WebhookDesk
beforeAll(async () => {
  desk = await openWebhookDesk('warstein', {
    channel: (channel) => {
      const chat = channel.offerings.chat!
      return { ...channel, offerings: { chat: { ...chat, accepts: [...chat.accepts, 'reaction'] } } }
    },
  })
  await approvedTemplates(desk, 'warstein')
})
afterAll(() => desk.close())

let people = 0
let anna: { phone: string }
let chat: string
let waiting: number
/** Anna wrote more than a day ago, and an answer waits for her to write again. */
beforeEach(async () => {
  people += 1
  anna = { phone: `+49151123400${10 + people}` }
  await desk.writes(anna, 'Die Laterne ist aus.')
  desk.pass(25 * HOUR)
  chat = (await desk.queue('inbox')).at(-1).data.chat.id
  const { id } = await desk.act((deed) =>
    reply(deed, OFFICE, chat, { text: 'Sie leuchtet wieder.' }, undefined, { request: true }),
  )
  const [row] = await desk.sql<
    { outgoing: string }[]
  >`select outgoing_id as outgoing from chat_messages where id = ${id}`
  waiting = Number(row!.outgoing)
})

const goesOut = async () => {
  const [row] = await desk.sql<{ due: Date }[]>`select not_before as due from outgoing where id = ${waiting}`
  return row!.due <= desk.now()
}
const sends = (own: object) => desk.takes(desk.bodies.messages(anna, own))

describe('a waiting answer goes out as soon as the citizen writes anything', () => {
  const content: [what: string, own: object][] = [
    ['a tap on the button', { type: 'button', button: { payload: 'Antwort lesen', text: 'Antwort lesen' } }],
    ['a word of ours', { type: 'text', text: { body: 'HILFE' } }],
    ['a voice message, which is refused', { type: 'audio', audio: { id: '9', mime_type: 'audio/ogg', voice: true } }],
    ['something nobody knows', { type: 'hologram', hologram: {} }],
  ]
  test.each(content)('%s', async (_, own) => {
    expect(await goesOut()).toBe(false)
    await sends(own)
    expect(await goesOut()).toBe(true)
  })

  test('or calls', async () => {
    const { body, change, around } = desk.bodies
    const timestamp = String(Math.floor(desk.now().getTime() / 1000))
    await desk.takes(
      body(
        change('calls', {
          ...around,
          calls: [{ id: 'wacid.1', from: anna.phone.slice(1), event: 'connect', timestamp }],
        }),
      ),
    )
    expect(await goesOut()).toBe(true)
  })
})

describe('what nobody writes anew opens no window: WhatsApp would refuse the answer', () => {
  const content: [what: string, own: object][] = [
    ['a reaction', { type: 'reaction', reaction: { message_id: 'wamid.X', emoji: '👍' } }],
    [
      'an edit',
      { type: 'edit', edit: { original_message_id: 'wamid.X', message: { type: 'text', text: { body: 'x' } } } },
    ],
    ['a revocation', { type: 'revoke', revoke: { original_message_id: 'wamid.X' } }],
    ['a system notice', { type: 'system', system: { type: 'customer_identity_changed', body: 'x' } }],
    ['the withdrawn first-contact event', { type: 'request_welcome' }],
  ]
  test.each(content)('%s', async (_, own) => {
    const before = (await desk.contactOf(anna))!.lastInboundAt
    await sends(own)
    expect(await goesOut()).toBe(false)
    expect((await desk.contactOf(anna))!.lastInboundAt).toEqual(before)
    const last = (await desk.queue('inbox')).at(-1)
    expect(new Date(last.data.chat.replyUntil) < desk.now()).toBe(true)
  })
})
