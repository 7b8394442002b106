import { afterEach, beforeEach, expect, test } from 'vitest'
import { BUTTONS, dropTopicButton, topicButton } from '../../src/intake/buttons.ts'
import { countSubscribers } from '../../src/subscriptions/subscribers.ts'
import { verifyChain } from '../../src/subscriptions/verify.ts'
import { openWebhookDesk, type WebhookDesk } from '../support/webhook-desk.ts'

const anna = { phone: '+4915112340001', userId: 'DE.10000000000000000001', name: 'Anna' }

let desk: WebhookDesk
beforeEach(async () => {
  desk = await openWebhookDesk('arnsberg')
})
afterEach(() => desk.close())

const taps = (id: string) =>
  desk.takes(
    desk.bodies.messages(anna, {
      type: 'interactive',
      interactive: { type: 'list_reply', list_reply: { id, title: 'Thema' } },
    }),
  )
const last = async () => (await desk.queue('reply')).at(-1)
const rows = (body: any): string[] => body.interactive.action.sections[0].rows.map((row: { id: string }) => row.id)
const chosen = () =>
  desk.sql<{ topics: string[] | null }[]>`select topics from subscriptions`.then(([row]) => row!.topics)

test('the welcome is one message with the list of topics, and what it says is what the ledger keeps', async () => {
  await desk.writes(anna, 'START')
  const replies = await desk.queue('reply')
  expect(replies).toHaveLength(1)
  expect(rows(replies[0])).toEqual(['topic:all', 'topic:baustellen', 'topic:termine'])
  const [entry] = await desk.sql`select wording from consents`
  expect(entry!.wording).toBe(replies[0].interactive.body.text)
})

test('each choice is in force at once, in the ledger with its wording, and answered in one line', async () => {
  await desk.writes(anna, 'START')
  await taps(topicButton('termine'))
  expect(await chosen()).toEqual(['termine'])
  await taps(topicButton('baustellen'))
  expect(await chosen()).toEqual(['baustellen', 'termine'])
  await taps(dropTopicButton('termine'))
  expect(await chosen()).toEqual(['baustellen'])
  const has = { offerings: ['info'] as const, topics: ['baustellen', 'termine'] }
  const totals = await desk.act((deed) => countSubscribers(deed, 'arnsberg', has))
  expect(totals.topics).toEqual({ baustellen: 1, termine: 0 })
  await taps(BUTTONS.allTopics)
  expect(await chosen()).toBeNull()
  const entries = await desk.sql`select action, source, topics, wording from consents order by seq`
  const replies = await desk.replies()
  expect(entries.map(({ topics }) => topics)).toEqual([
    null,
    ['termine'],
    ['baustellen', 'termine'],
    ['baustellen'],
    null,
  ])
  expect(entries.map(({ wording }) => wording)).toEqual(replies)
  expect(entries.slice(1).every(({ action, source }) => action === 'granted' && source === 'button')).toBe(true)
  expect(replies.slice(1).every((words) => !words.includes('\n'))).toBe(true)
  expect((await verifyChain(desk, 'arnsberg')).broken).toBeNull()
})

test('the same choice again writes nothing and is not answered again within a minute', async () => {
  await desk.writes(anna, 'START')
  await taps(topicButton('termine'))
  await taps(topicButton('termine'))
  expect(await desk.ledger()).toHaveLength(2)
  expect(await desk.replies()).toHaveLength(2)
})

test('THEMEN asks with the choice as it is, STATUS names it', async () => {
  await desk.writes(anna, 'START')
  await taps(topicButton('termine'))
  await desk.writes(anna, 'Themen, bitte!')
  expect((await last()).interactive.body.text).toContain('Veranstaltungen')
  await desk.writes(anna, 'STATUS')
  expect((await last()).text.body).toContain('(Themen: Veranstaltungen)')
})

test('THEMEN of somebody who is not subscribed says how to subscribe, and subscribes nobody', async () => {
  await desk.writes(anna, 'THEMEN')
  const { interactive } = await last()
  expect(interactive.body.text).toContain('START')
  expect(interactive.action.buttons[0].reply.id).toBe(BUTTONS.joinInfo)
  await taps(topicButton('termine'))
  expect(await desk.ledger()).toEqual([])
})

test('a forwarded choice is nobody’s wish', async () => {
  await desk.writes(anna, 'START')
  await desk.takes(desk.bodies.messages(anna, { type: 'text', text: { body: 'THEMEN' }, context: { forwarded: true } }))
  expect((await desk.replies()).at(-1)).toContain('Guten Tag')
})
