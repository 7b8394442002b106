import { afterEach, beforeEach, expect, test } from 'vitest'
import { openWebhookDesk, type WebhookDesk } from '../support/webhook-desk.ts'

const HOUR = 3_600_000
const robot = { phone: '+4915112340066', name: 'Cem' }
const dora = { phone: '+4915112340004', name: 'Dora' }

let desk: WebhookDesk
beforeEach(async () => {
  desk = await openWebhookDesk('arnsberg')
})
afterEach(() => desk.close())

test.each([
  ['says the same to every message', () => 'Ich bin zurzeit nicht im Büro.'],
  ['repeats what it is told', (last: string | undefined) => last ?? 'Hallo'],
  ['asks for help again and again', () => 'HILFE'],
  ['joins and leaves in turn', (_: string | undefined, n: number) => (n % 2 ? 'STOP' : 'START')],
  ['slips in its STOP', () => 'STOPO'],
])('a machine that %s gets at most fifteen answers an hour', async (_, answer) => {
  await desk.writes(robot, 'START')
  let last: string | undefined
  for (let n = 0; n < 60; n++) {
    await desk.writes(robot, answer(last, n))
    last = (await desk.replies()).at(-1)
    desk.pass(20_000)
  }
  expect((await desk.replies()).length).toBeLessThanOrEqual(15)
})

test('after an hour a person is answered again, and a STOP is confirmed even after much chatter', async () => {
  await desk.writes(robot, 'START')
  for (let n = 0; n < 30; n++) await desk.writes(robot, 'HILFE')
  const before = (await desk.replies()).length
  await desk.writes(robot, 'STOP')
  expect((await desk.replies()).length).toBe(before + 1)
  expect(await desk.offeringsOf(robot)).toEqual([])
  desk.pass(HOUR + 1000)
  await desk.writes(robot, 'HILFE')
  expect((await desk.replies()).length).toBe(before + 2)
})

test('many messages of one body are answered like one after the other', async () => {
  const help = { type: 'text', text: { body: 'HILFE' } }
  await desk.takes(desk.bodies.messages(robot, ...Array.from({ length: 50 }, () => help)))
  expect((await desk.replies()).length).toBeLessThanOrEqual(15)
})

test.each([
  ['chats', 1000, (n: number) => `Nachricht ${n}`, ['START', 'CHAT']],
  ['joins and leaves', 200, (n: number) => (n % 2 ? 'STOP' : 'START'), []],
])('one who %s %d times at once delays nobody else, and nothing of it is lost', async (what, times, words, first) => {
  for (const word of first) await desk.writes(robot, word)
  const flood = Array.from({ length: times }, (_, n) => desk.writes(robot, words(n)))
  let done = false
  const all = Promise.all(flood).finally(() => {
    done = true
  })
  const waits: number[] = []
  for (let n = 0; n < 5; n++) {
    const startedAt = performance.now()
    expect(await desk.writes({ ...dora, phone: `+49151123401${10 + n}` }, 'START')).toBe(200)
    waits.push(performance.now() - startedAt)
  }
  const overtook = !done
  const floodStartedAt = performance.now()
  expect(new Set(await all)).toEqual(new Set([200]))
  // Chatter is taken together and may be through already; what changes something each time takes long, and the others must not wait for it.
  if (what !== 'chats') expect(overtook).toBe(true)
  expect(Math.max(...waits)).toBeLessThan(Math.max(1000, (performance.now() - floodStartedAt) / 2))
  if (what === 'chats') {
    const texts = (await desk.queue('inbox')).map((event) => event.data.message.text)
    expect(texts).toEqual(Array.from({ length: times }, (_, n) => words(n)))
  } else {
    expect(await desk.offeringsOf(robot)).toEqual([])
    expect((await desk.ledger()).filter(({ action }) => action === 'withdrawn')).toHaveLength(times / 2)
  }
})

test('a call is answered once a day, however often it rings', async () => {
  const call = (n: number) =>
    desk.bodies.body(
      desk.bodies.change('calls', {
        ...desk.bodies.around,
        calls: [
          {
            id: `wacid.${n}`,
            from: dora.phone.slice(1),
            event: n % 2 ? 'terminate' : 'connect',
            timestamp: String(Math.floor(desk.now().getTime() / 1000)),
          },
        ],
      }),
    )
  await desk.takes(...[1, 2, 3].map(call))
  expect(await desk.replies()).toHaveLength(1)
  desk.pass(25 * HOUR)
  await desk.takes(call(4))
  expect(await desk.replies()).toHaveLength(2)
})
