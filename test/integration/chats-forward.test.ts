import { eq } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { channelEvents, outgoing } from '../../src/db/schema.ts'
import {
  discardDeadLetters,
  inboxState,
  listDeadLetters,
  resendDeadLetters,
  resumeInbox,
} from '../../src/dispatch/dead-letters.ts'
import { openForwarder } from '../../src/dispatch/forward.ts'
import type { InboxEvent } from '../../src/inbox/contract.ts'
import { anna, bernd, type ChatDesk, cem, OFFICE, openChatDesk } from '../support/chat-desk.ts'
import type { Behaviour } from '../support/inbox-receiver.ts'

const SECOND = 1000
const HOUR = 3_600_000
let desk: ChatDesk
beforeEach(async () => {
  desk = await openChatDesk()
})
afterEach(() => desk.close())

const textOf = (event: InboxEvent) => (event.type === 'chat.message.received' ? event.data.message.text : null)
const postsOf = (text: string) => desk.receiver.posts.filter(({ event }) => textOf(event) === text)
const took = (count: number) => desk.receiver.until((receiver) => receiver.taken().length >= count)
const posted = (count: number) => desk.receiver.until((receiver) => receiver.posts.length >= count)
const rows = () => desk.database.db.select().from(outgoing).where(eq(outgoing.kind, 'inbox')).orderBy(outgoing.id)
const state = (town = 'warstein') => desk.act((deed) => inboxState(deed, town))
/** Until the outcome of what was posted is written. */
async function settled(check: (all: Awaited<ReturnType<typeof rows>>) => boolean) {
  while (!check(await rows())) await new Promise((resolve) => setTimeout(resolve, 10))
}
const noneUnderWay = () => settled((all) => all.every(({ status }) => status !== 'sending'))

describe('an inbox that takes everything', () => {
  test('gets every message once, each chat in order, signed, and nothing of what was said stays here', async () => {
    desk.forwards('warstein')
    const people = [anna, bernd, cem]
    const chatIds = new Map<string, string[]>()
    for (let i = 0; i < 30; i++) {
      const text = `Nachricht ${i}`
      const { chatId } = await desk.writes('warstein', people[i % 3]!, text)
      chatIds.set(chatId, [...(chatIds.get(chatId) ?? []), text])
    }
    await took(30)
    expect(chatIds.size).toBe(3)
    for (const [chatId, texts] of chatIds) expect(desk.receiver.texts(chatId)).toEqual(texts)
    expect(desk.receiver.posts).toHaveLength(30)
    await settled((all) => all.every(({ status }) => status === 'delivered'))
    for (const row of await rows()) expect(row).toMatchObject({ payloadSealed: null, notBefore: null })
    expect(await state()).toEqual({ goneSince: null, waiting: 0, oldestAt: null, dead: 0 })
  })

  test('the three towns do not see each other’s chats', async () => {
    desk.forwards('heringen')
    await desk.writes('warstein', anna, 'nach Warstein')
    await desk.writes('heringen', bernd, 'nach Heringen')
    await took(1)
    expect(desk.receiver.texts()).toEqual(['nach Heringen'])
    expect((await state('warstein')).waiting).toBe(1)
  })
})

describe('an inbox that is down for an hour', () => {
  test('misses nothing and gets each chat in order when it is back, without waiting for the next long pause', async () => {
    await desk.receiver.down()
    const lane = desk.forwards('warstein')
    const said = new Map<string, string[]>()
    for (let minute = 0; minute < 60; minute++) {
      const person = minute % 2 === 0 ? anna : bernd
      const { chatId } = await desk.writes('warstein', person, `Minute ${minute}`)
      said.set(chatId, [...(said.get(chatId) ?? []), `Minute ${minute}`])
      desk.pass(60 * SECOND)
      if (minute % 10 === 0) await noneUnderWay()
    }
    await noneUnderWay()
    expect(desk.receiver.posts).toEqual([])
    expect((await state()).waiting).toBe(60)
    await desk.receiver.up()
    const { chatId } = await desk.writes('warstein', cem, 'Ist da jemand?')
    said.set(chatId, ['Ist da jemand?'])
    lane.wake()
    await took(61)
    for (const [chat, texts] of said) expect(desk.receiver.texts(chat)).toEqual(texts)
  })
})

describe('an inbox that answers 500', () => {
  test('is tried again with growing pauses, and what the citizen wrote after it waits behind', async () => {
    desk.receiver.behave({ do: 'answer', status: 500 })
    desk.forwards('warstein')
    await desk.writes('warstein', anna, 'eins')
    await desk.writes('warstein', anna, 'zwei')
    await posted(1)
    await noneUnderWay()
    for (const [attempts, pause] of [5, 15, 60, 300, 900].entries()) {
      const [first] = await rows()
      expect(first!.attempts).toBe(attempts + 1)
      expect((first!.notBefore!.getTime() - desk.now().getTime()) / SECOND).toBe(pause)
      desk.pass(pause * SECOND - 1)
      desk.pass(1)
      await posted(attempts + 2)
      await noneUnderWay()
    }
    expect(postsOf('zwei')).toEqual([])
    expect(new Set(postsOf('eins').map(({ id }) => id)).size).toBe(1)
    desk.receiver.behave({ do: 'take' })
    desk.pass(HOUR)
    await took(2)
    expect(desk.receiver.texts()).toEqual(['eins', 'zwei'])
  })

  test('to one chat holds up that chat alone', async () => {
    desk.receiver.behave((event) =>
      textOf(event)?.startsWith('Anna') ? { do: 'answer', status: 500 } : { do: 'take' },
    )
    desk.forwards('warstein')
    await desk.writes('warstein', anna, 'Anna 1')
    await desk.writes('warstein', anna, 'Anna 2')
    for (const i of [1, 2, 3, 4, 5]) await desk.writes('warstein', bernd, `Bernd ${i}`)
    await took(5)
    expect(desk.receiver.texts()).toEqual(['Bernd 1', 'Bernd 2', 'Bernd 3', 'Bernd 4', 'Bernd 5'])
    await noneUnderWay()
    expect((await state()).waiting).toBe(2)
  })

  test('for 72 hours leaves a dead letter; the chat goes on, and the office sends it again or gives it up', async () => {
    desk.receiver.behave((event) => (textOf(event) === 'gut' ? { do: 'take' } : { do: 'answer', status: 503 }))
    const outcomes: string[] = []
    desk.forwards('warstein', { onOutcome: (outcome) => outcomes.push(outcome) })
    await desk.writes('warstein', anna, 'verdorben')
    await desk.writes('warstein', bernd, 'auch verdorben')
    await posted(2)
    await noneUnderWay()
    desk.pass(72 * HOUR)
    await posted(4)
    await noneUnderWay()
    const dead = await desk.act((deed) => listDeadLetters(deed, 'warstein', { limit: 10 }))
    expect(dead).toMatchObject([
      { attempts: 2, errorCode: 503, failedAt: desk.now() },
      { attempts: 2, errorCode: 503 },
    ])
    await desk.writes('warstein', anna, 'gut')
    await took(1)
    await noneUnderWay()
    expect(await state()).toMatchObject({ waiting: 0, dead: 2 })

    desk.receiver.behave({ do: 'take' })
    const first = dead[1]!.id
    expect(await desk.act((deed) => resendDeadLetters(deed, OFFICE, 'warstein', first))).toBe(1)
    desk.pass(0)
    await took(2)
    expect(desk.receiver.texts()).toEqual(['gut', 'verdorben'])
    await noneUnderWay()
    expect(await desk.act((deed) => discardDeadLetters(deed, OFFICE, 'warstein', 'all'))).toBe(1)
    expect(await state()).toMatchObject({ waiting: 0, dead: 0 })
    const [, gone] = await rows()
    expect(gone).toMatchObject({ status: 'failed', payloadSealed: null })
    expect(outcomes).toEqual(['retry', 'retry', 'dead', 'dead', 'delivered', 'delivered'])
  })
})

describe('an inbox that is difficult', () => {
  test('answering too late counts as not taken; the repeat carries the same id', async () => {
    desk.receiver.behave({ do: 'take-late', afterMs: 1300 })
    desk.forwards('warstein')
    await desk.writes('warstein', anna, 'eins')
    await posted(1)
    await noneUnderWay()
    await settled(([row]) => row!.status === 'queued')
    desk.receiver.behave({ do: 'take' })
    desk.pass(10 * SECOND)
    await posted(2)
    await settled(([row]) => row!.status === 'delivered')
    const [one, two] = desk.receiver.posts
    expect(one!.id).toBe(two!.id)
    expect(desk.receiver.texts()).toEqual(['eins'])
  })

  test.each([
    ['redirects', { do: 'answer', status: 302, location: '/elsewhere' } as const],
    ['hangs up', { do: 'hang-up' } as const],
    ['refuses the signature', { do: 'answer', status: 401 } as const],
  ])('one that %s is tried again later', async (_, behaviour) => {
    desk.receiver.behave(behaviour)
    desk.forwards('warstein')
    await desk.writes('warstein', anna, 'eins')
    await posted(1)
    await settled(([row]) => row!.status === 'queued' && row!.attempts === 1)
    expect(desk.receiver.posts).toHaveLength(1)
  })

  test('410 Gone stops everything to it and raises an alarm, until the office resumes it', async () => {
    desk.receiver.behave({ do: 'answer', status: 410 })
    const lane = desk.forwards('warstein')
    await desk.writes('warstein', anna, 'eins')
    await desk.writes('warstein', bernd, 'zwei')
    await posted(1)
    await noneUnderWay()
    while ((await state()).goneSince === null) await new Promise((resolve) => setTimeout(resolve, 10))
    const [alarm] = await desk.database.db.select().from(channelEvents).where(eq(channelEvents.channel, 'warstein'))
    expect(alarm).toMatchObject({ kind: 'inbox-gone', severity: 'critical' })
    const before = desk.receiver.posts.length
    desk.receiver.behave({ do: 'take' })
    desk.pass(HOUR)
    await lane.stop()
    const next = openForwarder({ runtime: desk.runtime, channel: desk.channels.get('warstein')! })
    next.start()
    await desk.writes('warstein', cem, 'drei')
    next.wake()
    await next.stop()
    expect(desk.receiver.posts).toHaveLength(before)
    expect(await state()).toMatchObject({ goneSince: expect.any(Date), waiting: 3 })

    await desk.act((deed) => resumeInbox(deed, OFFICE, 'warstein'))
    desk.forwards('warstein')
    await took(3)
    expect((await state()).goneSince).toBeNull()
  })
})

describe('an hour in which everything goes wrong', () => {
  test('slow, failing, late, hanging up, down and restarted: its own record is complete, each chat in order, each message once', async () => {
    const lane = desk.forwards('warstein')
    const phases: (Behaviour | 'down' | 'up')[] = [
      { do: 'take-late', afterMs: 40 },
      { do: 'answer', status: 500 },
      'down',
      'up',
      { do: 'take-late', afterMs: 1100 },
      { do: 'hang-up' },
      { do: 'take' },
      'down',
      'up',
      { do: 'answer', status: 503 },
    ]
    const said = new Map<string, string[]>()
    const people = [anna, bernd, cem]
    for (const [phase, what] of phases.entries()) {
      if (what === 'down') await desk.receiver.down()
      else if (what === 'up') await desk.receiver.up()
      else desk.receiver.behave(what)
      for (let minute = 0; minute < 6; minute++) {
        const text = `Minute ${phase * 6 + minute}`
        const { chatId } = await desk.writes('warstein', people[minute % 3]!, text)
        said.set(chatId, [...(said.get(chatId) ?? []), text])
        desk.pass(60 * SECOND)
      }
      await noneUnderWay()
    }
    desk.receiver.behave({ do: 'take' })
    while ((await state()).waiting > 0) {
      desk.pass(HOUR)
      lane.wake()
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    expect(said.size).toBe(3)
    for (const [chatId, texts] of said) expect(desk.receiver.texts(chatId)).toEqual(texts)
    expect(desk.receiver.texts()).toHaveLength(60)
    expect(desk.receiver.posts.length).toBeGreaterThan(60) // it was not spared
    expect(await state()).toMatchObject({ waiting: 0, dead: 0, goneSince: null })
  })

  test('an inbox that is slow with one chat is not slow with the others', async () => {
    desk.receiver.behave((event) =>
      textOf(event)?.startsWith('Anna') ? { do: 'take-late', afterMs: 400 } : { do: 'take' },
    )
    for (const i of [1, 2, 3]) await desk.writes('warstein', anna, `Anna ${i}`)
    for (const i of [1, 2, 3, 4]) await desk.writes('warstein', bernd, `Bernd ${i}`)
    desk.forwards('warstein')
    await took(7)
    const order = desk.receiver.texts()
    expect(order.indexOf('Bernd 4')).toBeLessThan(order.indexOf('Anna 2'))
    expect(order.filter((text) => text!.startsWith('Anna'))).toEqual(['Anna 1', 'Anna 2', 'Anna 3'])
  })
})

describe('the service is stopped', () => {
  test('what is on its way arrives, the rest goes out after the next start', async () => {
    desk.receiver.behave({ do: 'take-late', afterMs: 150 })
    for (const i of [1, 2, 3, 4, 5, 6]) await desk.writes('warstein', anna, `Nummer ${i}`)
    const lane = desk.forwards('warstein')
    await posted(2)
    await lane.stop()
    const sent = desk.receiver.taken().length
    expect(sent).toBeLessThan(6)
    expect((await rows()).filter(({ status }) => status === 'sending')).toEqual([])
    desk.receiver.behave({ do: 'take' })
    desk.forwards('warstein')
    await took(6)
    expect(desk.receiver.texts()).toEqual([1, 2, 3, 4, 5, 6].map((i) => `Nummer ${i}`))
    expect(desk.receiver.posts).toHaveLength(6)
  })

  test('what was on its way when a process died goes out again', async () => {
    await desk.writes('warstein', anna, 'eins')
    await desk.writes('warstein', anna, 'zwei')
    await desk.database.sql`update outgoing set status = 'sending', attempts = 1 where kind = 'inbox'`
    desk.forwards('warstein')
    await took(2)
    expect(desk.receiver.texts()).toEqual(['eins', 'zwei'])
  })
})
