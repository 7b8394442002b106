import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { everything } from '../support/chat-desk.ts'
import { eventually, openStack, type Stack } from '../support/stack.ts'

let stack: Stack
let inbox: string
let chat: string
beforeAll(async () => {
  stack = await openStack({
    perSecond: 200,
    emulator: { statusDelaysMs: { sent: 10, delivered: 25, read: 40 }, readShare: 1 },
  })
  inbox = await stack.keyFor('inbox')
})
afterAll(() => stack.close())

const anna = { phone: '+4915112340001', name: 'Anna' }
const numberId = () => stack.channel('arnsberg').whatsapp.phoneNumberId
const writes = (message: string) => stack.emulator.citizenWrites({ phoneNumberId: numberId(), from: anna, message })
const phone = () => stack.emulator.messagesOf(anna, numberId())
const fromTown = () => phone().filter(({ from }) => from === 'town')
const said = () => stack.inbox.texts()
const states = (id: string) =>
  stack.inbox
    .taken()
    .flatMap((event) =>
      event.type === 'chat.message.status' && event.data.message.id === id ? [event.data.message.state] : [],
    )
const answer = (body: object) => stack.ask('POST', `/api/v1/chats/${chat}/messages`, inbox, body)

/** A chat from end to end over real HTTP: phone, webhook, service, inbox, and back. */
describe('Anna writes to the mayor’s office', () => {
  test('what she writes arrives in the inbox; the office has read it, which her phone shows', async () => {
    await writes('CHAT')
    await eventually(() => fromTown().length === 1)
    await writes('Die Ampel an der Ruhrbrücke ist aus.')
    await eventually(() => said().length === 1)
    const [event] = stack.inbox.taken()
    if (event?.type !== 'chat.message.received') throw new Error('another event')
    chat = event.data.chat.id
    expect(event.data.chat.replyUrl).toMatch(new RegExp(`/api/v1/chats/${chat}/messages$`))
    expect((await stack.ask('POST', `/api/v1/chats/${chat}/read`, inbox, { typing: true })).status).toBe(200)
    expect(phone().findLast(({ from }) => from !== 'town')).toMatchObject({ state: 'read' })
  })

  test('the answer arrives on her phone, the inbox learns each step, and gets no echo of it', async () => {
    const { status, body } = await answer({ text: 'Der Bauhof ist unterwegs.' })
    expect(status).toBe(202)
    await eventually(() => fromTown().some(({ text }) => text === 'Der Bauhof ist unterwegs.'))
    await eventually(() => states(body.id).includes('read'))
    expect(states(body.id)).toEqual([...new Set(states(body.id))])

    // Meta may tell our own message again: as a message from our own number, and as an echo of another of our apps.
    const { businessAccountId, phoneNumber } = stack.channel('arnsberg').whatsapp
    const display_phone_number = phoneNumber.slice(1)
    const ours = {
      from: display_phone_number,
      to: anna.phone.slice(1),
      id: 'wamid.ECHO',
      timestamp: String(Math.floor(Date.now() / 1000)),
      type: 'text',
      text: { body: 'Der Bauhof ist unterwegs.' },
    }
    const envelope = (field: string, more: object) => ({
      object: 'whatsapp_business_account',
      entry: [
        {
          id: businessAccountId,
          changes: [
            {
              field,
              value: {
                messaging_product: 'whatsapp',
                metadata: { display_phone_number, phone_number_id: numberId() },
                ...more,
              },
            },
          ],
        },
      ],
    })
    for (const body of [
      envelope('messages', { messages: [ours] }),
      envelope('messages', { message_echoes: [{ ...ours, id: 'wamid.ECHO2' }] }),
      envelope('smb_message_echoes', { message_echoes: [{ ...ours, id: 'wamid.ECHO3' }] }),
    ])
      expect(await stack.emulator.postWebhook(body)).toBe(200)
    await writes('Danke!')
    await eventually(() => said().includes('Danke!'))
    expect(said()).toEqual(['Die Ampel an der Ruhrbrücke ist aus.', 'Danke!'])
  })

  test('after 24 hours the answer waits; the template’s button brings it to her by itself', async () => {
    await stack.runtime.sql`update contacts set last_inbound_at = now() - interval '25 hours'`
    const late = await answer({ text: 'Sie leuchtet wieder.' })
    expect([late.status, late.body.code]).toEqual([409, 'window-closed'])
    const count = fromTown().length
    expect((await answer({ text: 'Sie leuchtet wieder.', request: true })).status).toBe(202)
    await eventually(() => fromTown().length === count + 1)
    expect(fromTown().at(-1)!.text).toContain('liegt eine Antwort für Sie bereit')
    const tapped = await stack.emulator.citizenTaps({ phoneNumberId: numberId(), from: anna, action: 'Antwort lesen' })
    expect(tapped.status).toBe(200)
    await eventually(() => fromTown().at(-1)!.text === 'Sie leuchtet wieder.')
    await eventually(() => said().includes('Antwort lesen'))
    expect(fromTown()).toHaveLength(count + 2)
  })

  test('a file that the inbox brings along is on her phone', async () => {
    const body = new FormData()
    body.append('file', new File(['%PDF-1.7 Der Plan'], 'plan.pdf', { type: 'application/pdf' }))
    body.append('caption', 'Der Plan')
    const headers = { authorization: `Bearer ${inbox}` }
    const posted = await fetch(`${stack.service.url}/api/v1/chats/${chat}/messages`, { method: 'POST', headers, body })
    expect(posted.status).toBe(202)
    await eventually(() => fromTown().some(({ text }) => text?.includes('Der Plan')))
  })

  test('how the posts to the inbox went is counted', async () => {
    const metrics = await (await fetch(`${stack.service.url}/metrics`)).text()
    expect(metrics).toMatch(/whatsup_inbox_posts_total\{channel="arnsberg",outcome="delivered"\} \d+/)
  })
})

/** Somebody whose number WhatsApp does not tell us, from the first word to the erasure. */
describe('Cem shows no number', () => {
  const cem = { userId: 'DE.10000000000000000003', name: 'Cem Can' }
  const says = (message: string) => stack.emulator.citizenWrites({ phoneNumberId: numberId(), from: cem, message })
  const heard = () =>
    stack.emulator.messagesOf(cem, numberId()).flatMap(({ from, text }) => (from === 'town' ? [text ?? ''] : []))
  /** He writes, and reads this. */
  const reads = async (message: string, answer: RegExp) => {
    await says(message)
    await eventually(() => heard().some((text) => answer.test(text)))
  }

  test('he subscribes and leaves, is answered in the chat, and nothing of him stays when he has it erased', async () => {
    await reads('START', /Infokanal .* angemeldet/)
    await reads('STOP', /Sie sind abgemeldet/)
    await reads('CHAT', /im Chat mit/)
    await says('Der Brunnen am Alten Markt läuft nicht.')
    await eventually(() => said().includes('Der Brunnen am Alten Markt läuft nicht.'))
    const event = stack.inbox.taken().findLast(({ type }) => type === 'chat.message.received')
    if (event?.type !== 'chat.message.received') throw new Error('another event')
    expect(event.data.contact).toMatchObject({ name: cem.name, phone: null, userId: cem.userId })
    const path = `/api/v1/chats/${event.data.chat.id}/messages`
    expect((await stack.ask('POST', path, inbox, { text: 'Er läuft wieder.' })).status).toBe(202)
    await eventually(() => heard().includes('Er läuft wieder.'))
    await reads('LÖSCHEN', /Sollen wir alles löschen/)
    await reads('JA', /Wir haben gelöscht/)

    expect(
      new Set(stack.emulator.sends().flatMap(({ recipient }) => (recipient.includes('.') ? [recipient] : []))),
    ).toEqual(new Set([cem.userId]))
    await eventually(async () => {
      const rest = await everything(stack.runtime)
      return [cem.userId, cem.name, 'Brunnen', 'läuft wieder'].every((trace) => !rest.includes(trace))
    })
  })
})
