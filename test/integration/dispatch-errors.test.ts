import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { latestEvents } from '../../src/channels/channel-health.ts'
import { checkNumber } from '../../src/channels/number-check.ts'
import { eventWords } from '../../src/console/channel-events.ts'
import { enqueue } from '../../src/dispatch/queue.ts'
import { strangerOf } from '../../src/dispatch/reached.ts'
import { envelope } from '../../src/emulator/webhooks.ts'
import { textMessage } from '../../src/whatsapp/messages.ts'
import { type DispatchDesk, openDispatchDesk } from '../support/dispatch-desk.ts'
import { eventually } from '../support/stack.ts'

const PER_SECOND = 100
let desk: DispatchDesk
beforeAll(async () => {
  desk = await openDispatchDesk(PER_SECOND)
})
afterAll(() => desk.close())

/** How often WhatsApp took a message for each; on a busy machine it may have refused one before as too fast. */
const takenFor = (phones: readonly string[]) =>
  phones.map((phone) => desk.sendsTo(phone).filter(({ wamid }) => wamid !== '').length)
const moment = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

describe('errors of WhatsApp', () => {
  test('the first error of the template pauses the broadcast with the rest queued; its approval lets it go on', async () => {
    const phones = await desk.audience(120)
    const since = desk.emulator.sends().length
    const id = await desk.publish()
    await eventually(() => desk.emulator.sends(since).length >= 5)
    await desk.emulator.changeTemplate('stadt_meldung', { status: 'PAUSED', title: 'FIRST_PAUSE' })
    await eventually(async () => (await desk.broadcast(id)).status === 'paused')
    expect((await desk.broadcast(id)).paused_reason).toBe('template-paused')
    await desk.untilCounts(id, ({ sending }) => sending === 0)
    const counts = await desk.counts(id)
    expect(counts.queued).toBeGreaterThan(0)
    expect(counts.failed).toBe(0)

    await desk.emulator.changeTemplate('stadt_meldung', { status: 'APPROVED', title: 'UNPAUSE' })
    await desk.untilDone(id)
    expect(takenFor(phones)).toEqual(phones.map(() => 1))
  })

  test('a refused token stops the channel and makes the service unready; a good one lets everything go on', async () => {
    const phones = await desk.audience(60)
    const { accessToken } = desk.arnsberg().whatsapp
    desk.emulator.changeAccount(desk.numberId, { accessToken: 'another one' })
    const id = await desk.publish()
    await eventually(async () => (await fetch(`${desk.service.url}/health/ready`)).status === 503)
    const tried = desk.emulator.sends().length
    await moment(700)
    expect(desk.emulator.sends().length - tried).toBeLessThan(10) // what was on its way to the wire
    expect((await desk.counts(id)).failed).toBe(0)

    desk.emulator.changeAccount(desk.numberId, { accessToken: accessToken.reveal() })
    await checkNumber(desk.runtime, desk.arnsberg())
    expect((await fetch(`${desk.service.url}/health/ready`)).status).toBe(200)
    await desk.untilDone(id)
    expect(takenFor(phones)).toEqual(phones.map(() => 1))
  })

  test('so does a 401 that names no code: it lifts itself when WhatsApp takes the token', async () => {
    const phones = await desk.audience(20)
    desk.emulator.addFault({ kind: 'html502', httpStatus: 401 })
    const id = await desk.publish()
    const ready = async () => (await fetch(`${desk.service.url}/health/ready`)).status
    await eventually(async () => (await desk.runtime.sql`select from channels where stopped_at is not null`).length > 0)
    expect(await ready()).toBe(503)
    desk.emulator.clearFaults()
    await checkNumber(desk.runtime, desk.arnsberg())
    expect(await ready()).toBe(200)
    await desk.untilDone(id)
    expect(takenFor(phones)).toEqual(phones.map(() => 1))
  })

  test('of the daily limits that stand among the events of the channel the last one holds, whether WhatsApp told it or was asked', async () => {
    const told = async () => {
      const events = await desk.runtime.act((deed) => latestEvents(deed.tx, 'arnsberg', 50))
      return events.map(eventWords).filter((words) => words.includes('Neues Limit'))
    }
    await desk.limitTo('TIER_100K')
    const said = { max_daily_conversations_per_business: 1000 }
    const { businessAccountId } = desk.arnsberg().whatsapp
    await desk.emulator.postWebhook(envelope(businessAccountId, 'business_capability_update', said))
    const before = await told()
    expect(before[0]).toBe('WhatsApp hat das Tageslimit geändert. Neues Limit: 1.000.')
    for (let times = 0; times < 2; times++) await desk.limitTo('TIER_100K')
    const found = 'Die Prüfung der Rufnummer ergab ein anderes Tageslimit. Neues Limit: 100.000.'
    expect(await told()).toEqual([found, ...before])
  })

  describe('about single people in the middle of many', () => {
    let phones: string[]
    let id: string
    beforeAll(async () => {
      phones = await desk.audience(30)
      desk.emulator.addFault({ kind: 'error', code: 131000, recipients: [phones[2]!] })
      desk.emulator.addFault({ kind: 'error', code: 131056, next: 2, recipients: [phones[3]!] })
      id = await desk.publish()
      await desk.untilDone(id)
    })

    test('"too much to this one person" delays that person alone', () => {
      const [first, second, third] = desk.sendsTo(phones[3]!)
      expect(second!.at - first!.at).toBeGreaterThan(900)
      expect(third!.at - second!.at).toBeGreaterThan(3900)
      const others = phones.filter((_, i) => i !== 2 && i !== 3)
      expect(takenFor(others)).toEqual(others.map(() => 1))
      expect(Math.max(...others.map((phone) => desk.sendsTo(phone)[0]!.at))).toBeLessThan(third!.at)
    })

    test('passing trouble is tried again, but not for ever', async () => {
      expect(desk.sendsTo(phones[2]!)).toHaveLength(3)
      expect(await desk.rowOf(id, phones[2]!)).toMatchObject({ status: 'failed', error_code: 131000 })
      expect((await desk.counts(id)).failed).toBe(1)
    })
  })

  test('whoever leaves while WhatsApp refuses their message gets no second attempt', async () => {
    const phones = await desk.audience(5)
    desk.emulator.addFault({ kind: 'error', code: 131000, latencyMs: 700, next: 1, recipients: [phones[3]!] })
    const id = await desk.publish()
    await desk.untilCounts(id, ({ queued, sending }) => queued === 0 && sending === 1)
    await desk.emulator.citizenWrites({
      phoneNumberId: desk.numberId,
      from: { phone: phones[3]! },
      message: 'STOPP ALLES',
    })
    await desk.untilDone(id)
    expect(desk.sendsTo(phones[3]!).filter(({ type }) => type === 'template')).toHaveLength(1)
    expect((await desk.rowOf(id, phones[3]!)).status).toBe('skipped')
  })

  test('a number that cannot be opened fails alone; everybody else gets theirs', async () => {
    const phones = await desk.audience(30)
    const damaged = phones[7]!
    const { sql, vault } = desk.runtime
    await sql`update contacts set phone_sealed = 'lost' || phone_sealed where phone_hash = ${vault.fingerprint('phone', damaged)}`
    const id = await desk.publish()
    await desk.untilDone(id)
    expect(takenFor(phones)).toEqual(phones.map((phone) => (phone === damaged ? 0 : 1)))
    expect((await desk.rowOf(id, damaged)).status).toBe('failed')
    expect((await desk.counts(id)).failed).toBe(1)
  })

  test('an answer whose own address is none fails alone; the next one to this person leaves', async () => {
    const phones = await desk.audience(2)
    const { sql, vault } = desk.runtime
    const contacts = await sql<{ id: string }[]>`
      select id from contacts where phone_hash in ${sql(phones.map((phone) => vault.fingerprint('phone', phone)))}`
    const say = (text: string, contactId: string, address?: object) =>
      desk.runtime.act((deed) =>
        enqueue(deed, [{ channel: 'arnsberg', kind: 'reply', contactId, payload: textMessage(text), address }]),
      )
    const [odd, plain] = [contacts[0]!.id, contacts[1]!.id]
    const since = desk.emulator.sends().length
    const [[broken]] = await Promise.all([say('odd', odd, {}), say('plain', plain)])
    await say('later', odd)
    await eventually(() => desk.emulator.sends(since).length === 2)
    const statusOf = async () => (await sql`select status from outgoing where id = ${broken!.id}`)[0]!.status
    await eventually(async () => (await statusOf()) !== 'sending')
    expect(await statusOf()).toBe('failed')
  })

  test.each([
    ['an error code that nobody knows', 987_654, 400, 'other'],
    ['a whole country that our account may not write to', 130497, 403, 'country'],
  ])('%s, over and over, pauses the broadcast', async (_what, code, httpStatus, reason) => {
    await desk.audience(100)
    desk.emulator.addFault({ kind: 'error', code, httpStatus })
    const id = await desk.publish()
    await eventually(async () => (await desk.broadcast(id)).status === 'paused')
    expect((await desk.broadcast(id)).paused_reason).toBe(reason)
    expect((await desk.counts(id)).queued).toBeGreaterThan(0)
  })

  test.each([
    ['an error code that nobody knows', 987_654, 'other'],
    ['a whole country that our account may not write to', 130497, 'country'],
    ['a wrong message', 131009, 'request'],
  ])('%s, told only after WhatsApp took the messages, pauses the broadcast', async (_what, code, reason) => {
    await desk.audience(200)
    desk.emulator.addFault({ kind: 'failed', code })
    const id = await desk.publish()
    await eventually(async () => (await desk.broadcast(id)).status === 'paused')
    expect((await desk.broadcast(id)).paused_reason).toBe(reason)
    expect((await desk.counts(id)).queued).toBeGreaterThan(0)
  })
})

describe('fairness', () => {
  test('an answer leaves within a second in the middle of a broadcast', async () => {
    const phones = await desk.audience(200)
    const since = desk.emulator.sends().length
    const id = await desk.publish()
    await eventually(() => desk.emulator.sends(since).length >= 20)
    await desk.emulator.citizenWrites({ phoneNumberId: desk.numberId, from: { phone: phones[0]! }, message: 'HILFE' })
    const asked = desk.emulator.sends().length
    const answer = await eventually(() => desk.sendsTo(phones[0]!).find(({ type }) => type !== 'template'))
    // In messages, so that a busy machine, on which everything takes longer, is no excuse and no reproach.
    expect(answer.index - asked).toBeLessThan(PER_SECOND)
    expect((await desk.counts(id)).queued).toBeGreaterThan(0)
    await desk.untilDone(id)
  })

  test('no more people than the daily limit allows; the rest waits, and the answer says until when', async () => {
    const phones = await desk.audience(15)
    await desk.runtime.sql`update outgoing set handed_over_at = handed_over_at - interval '25 hours'`
    await desk.limitTo('TIER_10')
    const id = await desk.publish()
    await desk.untilCounts(id, ({ queued, sending }) => queued === 5 && sending === 0)
    await desk.emulator.citizenWrites({ phoneNumberId: desk.numberId, from: { phone: phones[0]! }, message: 'HILFE' })
    await eventually(() => desk.sendsTo(phones[0]!).find(({ type }) => type !== 'template')) // so the queue was looked at
    expect((await desk.counts(id)).queued).toBe(5)
    const key = await desk.keyFor('editor')
    const { body } = await desk.ask('GET', `/api/v1/channels/arnsberg/broadcasts/${id}`, key)
    expect(new Date(body.waitingUntil).getTime()).toBeGreaterThan(Date.now() + 23 * 3_600_000)

    await desk.limitTo('TIER_100')
    await desk.untilDone(id)
    expect((await desk.counts(id)).queued).toBe(0)
  })
})

describe('single messages that nobody asked for', () => {
  const stranger = (n: number) => `+4915199000${String(n).padStart(3, '0')}`
  const testedTimes = (n: number, times: number) =>
    eventually(() => desk.sendsTo(stranger(n)).filter(({ wamid }) => wamid !== '').length === times)

  test('take room of the daily limit, each person once, and wait for it behind all answers', async () => {
    const phones = await desk.audience(15)
    await desk.runtime.sql`update outgoing set handed_over_at = handed_over_at - interval '25 hours'`
    const drafted = await desk.drafted()
    await desk.testTo(drafted, stranger(1))
    await desk.testTo(drafted, stranger(1))
    await testedTimes(1, 2)
    await desk.limitTo('TIER_10') // what left before is read from the rows, the rest noted while sending
    await desk.testTo(drafted, stranger(2))
    await testedTimes(2, 1)
    const id = await desk.publish()
    await desk.untilCounts(id, ({ queued, sending }) => queued === 7 && sending === 0)

    const waits = { address: { phone: stranger(3) }, countsAs: strangerOf(desk.runtime.vault, stranger(3)) }
    await desk.runtime.act((deed) =>
      enqueue(deed, [{ channel: 'arnsberg', kind: 'test', payload: textMessage('Test'), ...waits }]),
    )
    await desk.emulator.citizenWrites({ phoneNumberId: desk.numberId, from: { phone: phones[0]! }, message: 'HILFE' })
    await eventually(() => desk.sendsTo(phones[0]!).find(({ type }) => type !== 'template'))
    expect(desk.sendsTo(stranger(3))).toEqual([])
    expect((await desk.counts(id)).queued).toBe(7)

    await desk.limitTo('TIER_100')
    await eventually(() => desk.sendsTo(stranger(3)).length > 0)
    await desk.untilDone(id)
  })
})

/** Comes last: the channel is slower for a while after it. */
describe('"too fast"', () => {
  test('slows everything down for a while; the attempts do not count', async () => {
    const phones = await desk.audience(40)
    desk.emulator.addFault({ kind: 'error', code: 130429, next: 3 })
    const since = desk.emulator.sends().length
    const id = await desk.publish()
    await desk.untilDone(id)
    const refused = desk.emulator.sends(since).filter(({ code }) => code === 130429)
    expect(refused).toHaveLength(3)
    for (const { recipient } of refused) {
      const row = await desk.rowOf(id, `+${recipient}`)
      expect([row.status === 'failed', row.attempts]).toEqual([false, 1])
    }
    const counts = await desk.counts(id)
    expect(counts.failed + counts.unknown).toBe(0)
    expect(phones).toHaveLength(counts.recipients)
  })
})
