import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { COMMAND } from '../../src/audit/audit.ts'
import { BUTTONS } from '../../src/intake/buttons.ts'
import { signOff } from '../../src/subscriptions/sign-off.ts'
import { openWebhookDesk, type Sender, type WebhookDesk } from '../support/webhook-desk.ts'

/** WhatsApp promises no order: what was written first may be told last. */
const anna = { phone: '+4915112340001', userId: 'DE.10000000000000000001', name: 'Anna' }
const MINUTE = 60_000
const DAY = 86_400_000

let desk: WebhookDesk
afterEach(() => desk.close())

const at = (agoMs: number) => String(Math.floor((desk.now().getTime() - agoMs) / 1000))
const words = (text: string, agoMs = 0) => ({ type: 'text', timestamp: at(agoMs), text: { body: text } })
const yes = () => ({
  type: 'interactive',
  timestamp: at(0),
  interactive: { type: 'button_reply', button_reply: { id: BUTTONS.eraseYes, title: 'Ja, alles löschen' } },
})
const delayed = (from: Sender, text: string, agoMs: number) =>
  desk.takes(desk.bodies.messages(from, words(text, agoMs)))

async function erases(who: Sender) {
  for (const word of ['LÖSCHEN', 'JA']) {
    await desk.writes(who, word)
    desk.pass(MINUTE)
  }
}

describe('Arnsberg', () => {
  beforeEach(async () => {
    desk = await openWebhookDesk('arnsberg')
  })

  test.each([
    ['STOP', 'START', 'info'],
    ['STOP ALLES', 'START', 'info'],
    ['STOP ALLES', 'CHAT', 'chat'],
    ['STOP CHAT', 'CHAT', 'chat'],
  ])('after a %s, a %s that was written before it changes nothing and is not answered', async (no, join, offering) => {
    await desk.writes(anna, join)
    desk.pass(10 * MINUTE)
    await desk.writes(anna, no)
    const answers = await desk.replies()
    await delayed(anna, join, 5 * MINUTE)
    expect(await desk.offeringsOf(anna)).toEqual([])
    expect(await desk.replies()).toEqual(answers)
    expect((await desk.ledger()).map(({ action }) => action)).toEqual(['granted', 'withdrawn'])
    desk.pass(MINUTE)
    await desk.writes(anna, join)
    expect(await desk.offeringsOf(anna)).toEqual([offering])
  })

  test('the same when both are told in one piece', async () => {
    await desk.takes(desk.bodies.messages(anna, words('STOP'), words('START', MINUTE)))
    expect(await desk.offeringsOf(anna)).toEqual([])
  })

  test('a no to the chat says nothing about a delayed START', async () => {
    await desk.writes(anna, 'STOP CHAT')
    await delayed(anna, 'START', 5 * MINUTE)
    expect(await desk.offeringsOf(anna)).toEqual(['info'])
  })

  test('within one second what arrives later counts, and a time of long ago is not believed', async () => {
    await desk.writes(anna, 'STOP')
    await desk.writes(anna, 'START')
    expect(await desk.offeringsOf(anna)).toEqual(['info'])
    await desk.writes(anna, 'STOP')
    await delayed(anna, 'START', 30 * DAY)
    expect(await desk.offeringsOf(anna)).toEqual(['info'])
  })

  test.each(['START', 'Hallo, eine Frage', 'LÖSCHEN'])(
    'a "%s" from before the erasure brings nobody back',
    async (text) => {
      await erases(anna)
      const answers = await desk.replies()
      await delayed(anna, text, 5 * MINUTE)
      await delayed({ userId: anna.userId }, text, 5 * MINUTE)
      expect(await desk.contactOf(anna)).toBeNull()
      expect(await desk.replies()).toEqual(answers)
      await desk.writes(anna, 'START')
      expect(await desk.offeringsOf(anna)).toEqual(['info'])
    },
  )

  test('the same where the office had noted a no before', async () => {
    const { phone } = anna
    await desk.act((deed) => signOff(deed, COMMAND, desk.channel, { phone }))
    desk.pass(MINUTE)
    await erases({ phone })
    await delayed({ phone }, 'START', 5 * MINUTE)
    expect(await desk.contactOf({ phone })).toBeNull()
  })

  test('a second yes, by tap or in words, stores nobody anew and is not answered', async () => {
    await erases(anna)
    const answers = await desk.replies()
    await desk.takes(desk.bodies.messages(anna, yes(), words('JA')))
    await desk.writes(anna, 'Ja, alles löschen')
    expect(await desk.contactOf(anna)).toBeNull()
    expect(await desk.replies()).toEqual(answers)
    expect(answers.filter((answer) => answer.startsWith('Wir haben'))).toHaveLength(1)
  })

  test('several yeses told in one piece erase once', async () => {
    await desk.writes(anna, 'START')
    await desk.writes(anna, 'LÖSCHEN')
    await desk.takes(desk.bodies.messages(anna, words('JA'), yes(), words('ja')))
    expect(await desk.contactOf(anna)).toBeNull()
    expect((await desk.ledger()).map(({ action }) => action)).toEqual(['granted', 'withdrawn'])
    expect((await desk.replies()).filter((answer) => answer.startsWith('Wir haben'))).toHaveLength(1)
  })

  test('whoever is known by one of the ids is heard, whatever became of the other', async () => {
    await desk.writes({ phone: anna.phone }, 'START')
    desk.pass(10 * MINUTE)
    await erases({ userId: anna.userId })
    await delayed(anna, 'STOP', 5 * MINUTE)
    expect(await desk.offeringsOf({ phone: anna.phone })).toEqual([])
  })

  test('whoever comes back and is erased again is heard, told in one piece or by different ids', async () => {
    await erases(anna)
    await desk.takes(desk.bodies.messages(anna, words('START'), words('LÖSCHEN'), words('Ja, alles löschen')))
    expect(await desk.contactOf(anna)).toBeNull()
    await desk.writes({ userId: anna.userId }, 'START')
    await desk.writes({ userId: anna.userId }, 'LÖSCHEN')
    await desk.writes(anna, 'Ja, alles löschen')
    expect(await desk.contactOf(anna)).toBeNull()
  })

  test('a call from before the erasure stores nobody anew', async () => {
    await erases(anna)
    const { body, change, around } = desk.bodies
    const who = { from: anna.phone.slice(1), from_user_id: anna.userId }
    const call = { id: 'wacid.1', event: 'connect', ...who, timestamp: at(5 * MINUTE) }
    await desk.takes(body(change('calls', { ...around, calls: [call] })))
    expect(await desk.contactOf(anna)).toBeNull()
  })

  test('a no that the office noted while the yes was on its way takes nothing from the erasure', async () => {
    await desk.writes(anna, 'LÖSCHEN')
    const confirmed = desk.bodies.messages(anna, words('JA'))
    desk.pass(MINUTE)
    await desk.act((deed) => signOff(deed, COMMAND, desk.channel, { phone: anna.phone }))
    await desk.takes(confirmed)
    await delayed(anna, 'START', 5 * MINUTE)
    expect(await desk.contactOf(anna)).toBeNull()
  })

  test('whoever came back after an erasure can be erased again at once', async () => {
    await erases(anna)
    await desk.writes(anna, 'START')
    await erases(anna)
    expect(await desk.contactOf(anna)).toBeNull()
  })

  test('an hour after the erasure a yes is asked about as from anybody', async () => {
    await erases(anna)
    desk.pass(60 * MINUTE)
    await desk.takes(desk.bodies.messages(anna, yes()))
    expect((await desk.replies()).at(-1)).toMatch(/^Sollen wir alles löschen/)
  })
})

test('where any message opens a chat, one from before the erasure opens none', async () => {
  desk = await openWebhookDesk('warstein')
  await desk.writes(anna, 'Die Laterne ist kaputt')
  await erases(anna)
  const told = await desk.queue('inbox')
  await delayed(anna, 'Noch ein Foto', 5 * MINUTE)
  expect(await desk.contactOf(anna)).toBeNull()
  expect(await desk.queue('inbox')).toEqual(told)
})
