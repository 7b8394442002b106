import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { COMMAND } from '../../src/audit/audit.ts'
import { cancel, pause, resume, retry } from '../../src/broadcasts/running.ts'
import { type DispatchDesk, openDispatchDesk } from '../support/dispatch-desk.ts'
import { eventually } from '../support/stack.ts'

let desk: DispatchDesk
beforeAll(async () => {
  desk = await openDispatchDesk(100)
})
afterAll(() => desk.close())

const act = (verb: Parameters<DispatchDesk['runtime']['act']>[0]) => desk.runtime.act(verb as never)
/** How often WhatsApp took a message for each; on a busy machine it may have refused one before as too fast. */
const takenFor = (phones: readonly string[]) =>
  phones.map((phone) => desk.sendsTo(phone).filter(({ wamid }) => wamid !== '').length)
const moment = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

describe('what becomes of a message', () => {
  test('a status that is faster than the answer counts, and the answer does not take it back', async () => {
    const [phone] = await desk.audience(1)
    desk.emulator.addFault({ kind: 'latency', latencyMs: 500 })
    const id = await desk.publish()
    await eventually(async () => {
      const row = desk.sendsTo(phone!).length === 1 ? await desk.rowOf(id, phone!) : null
      return row !== null && (row.status === 'delivered' || row.status === 'read')
    })
    await moment(600)
    const row = await desk.rowOf(id, phone!)
    expect(['delivered', 'read']).toContain(row.status)
    expect(row.has_wamid).toBe(true)
  })

  test('an answer that is lost leaves the message unknown; it is not repeated, and its status settles it', async () => {
    const phones = await desk.audience(3)
    desk.emulator.addFault({ kind: 'statuses', drop: 1, recipients: [phones[1]!] })
    desk.emulator.addFault({ kind: 'reset', recipients: [phones[1]!] })
    const id = await desk.publish()
    await desk.untilCounts(id, ({ unknown, queued, sending }) => unknown === 1 && queued + sending === 0)
    await desk.untilDone(id)
    await moment(1500)
    expect(desk.sendsTo(phones[1]!)).toHaveLength(1)
    expect((await desk.counts(id)).unknown).toBe(1)

    expect(await desk.report(desk.sendsTo(phones[1]!)[0]!, 'delivered')).toBe(200)
    expect((await desk.counts(id)).unknown).toBe(0)
    expect((await desk.rowOf(id, phones[1]!)).status).toBe('delivered')
  })

  test('a message without any answer becomes unknown as well', async () => {
    const phones = await desk.audience(2)
    desk.emulator.addFault({ kind: 'statuses', drop: 1, recipients: [phones[0]!] })
    desk.emulator.addFault({ kind: 'timeout', recipients: [phones[0]!] })
    const id = await desk.publish()
    await desk.untilCounts(id, ({ unknown }) => unknown === 1)
    expect(desk.sendsTo(phones[0]!)).toHaveLength(1)
  })

  test('what is unknown goes out again only if the office asks for exactly that', async () => {
    const [phone] = await desk.audience(1)
    desk.emulator.addFault({ kind: 'statuses', drop: 1, next: 1 })
    desk.emulator.addFault({ kind: 'reset', next: 1 })
    const id = await desk.publish()
    await desk.untilDone(id)
    await act((deed) => retry(deed, COMMAND, desk.arnsberg(), id))
    await moment(500)
    expect(desk.sendsTo(phone!)).toHaveLength(1)

    await act((deed) => retry(deed, COMMAND, desk.arnsberg(), id, { include: ['unknown'] }))
    await desk.untilCounts(id, ({ delivered, read }) => delivered + read === 1)
    expect(desk.sendsTo(phone!)).toHaveLength(2)
  })

  test('held back for quality assessment is a state of its own, which a later status ends', async () => {
    const phones = await desk.audience(2)
    desk.emulator.addFault({ kind: 'held', recipients: [phones[0]!] })
    const id = await desk.publish()
    await desk.untilCounts(id, ({ held, delivered, read }) => held === 1 && delivered + read === 1)
    desk.emulator.releaseHeld('release')
    await desk.untilCounts(id, ({ held, delivered, read }) => held === 0 && delivered + read === 2)
  })
})

describe('stopping', () => {
  test('after a pause nothing leaves later than one second, and resuming reaches the others once', async () => {
    const phones = await desk.audience(150)
    const since = desk.emulator.sends().length
    const id = await desk.publish()
    await eventually(() => desk.emulator.sends(since).length >= 20)
    await act((deed) => pause(deed, COMMAND, desk.arnsberg(), id))
    const pausedAt = performance.timeOrigin + performance.now()
    await moment(1300)
    const sent = desk.emulator.sends(since)
    expect(sent.length).toBeLessThan(phones.length)
    expect(Math.max(...sent.map(({ at }) => at)) - pausedAt).toBeLessThan(1000)

    await act((deed) => resume(deed, COMMAND, desk.arnsberg(), id))
    await desk.untilDone(id)
    expect(takenFor(phones)).toEqual(phones.map(() => 1))
  })

  test('after a cancel nothing leaves later than one second, and the rest is skipped for good', async () => {
    const phones = await desk.audience(150)
    const since = desk.emulator.sends().length
    const id = await desk.publish()
    await eventually(() => desk.emulator.sends(since).length >= 20)
    await act((deed) => cancel(deed, COMMAND, desk.arnsberg(), id))
    const cancelledAt = performance.timeOrigin + performance.now()
    await moment(1300)
    const sent = desk.emulator.sends(since)
    expect(Math.max(...sent.map(({ at }) => at)) - cancelledAt).toBeLessThan(1000)
    const counts = await desk.counts(id)
    expect(counts.skipped).toBe(phones.length - sent.length)
    expect(counts.queued + counts.sending).toBe(0)
  })

  test('a STOP in the middle of a broadcast: after its 200 nothing of it arrives later than one second', async () => {
    const phones = await desk.audience(150)
    const since = desk.emulator.sends().length
    const id = await desk.publish()
    await eventually(() => desk.emulator.sends(since).length >= 10)
    const leaving = phones.filter((phone) => desk.sendsTo(phone).length === 0).slice(-20)
    const left = await Promise.all(
      leaving.map(async (phone) => {
        const { status } = await desk.emulator.citizenWrites({
          phoneNumberId: desk.numberId,
          from: { phone },
          message: 'STOPP',
        })
        expect(status).toBe(200)
        return { phone, at: performance.timeOrigin + performance.now() }
      }),
    )
    await desk.untilDone(id)
    for (const { phone, at } of left) {
      const late = desk.sendsTo(phone).filter((send) => send.type === 'template' && send.at > at + 1000)
      expect(late).toEqual([])
    }
    expect((await desk.counts(id)).skipped).toBeGreaterThan(0)
  })
})

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
    const { checkNumber } = await import('../../src/channels/number-check.ts')
    await checkNumber(desk.runtime, desk.arnsberg())
    expect((await fetch(`${desk.service.url}/health/ready`)).status).toBe(200)
    await desk.untilDone(id)
    expect(takenFor(phones)).toEqual(phones.map(() => 1))
  })

  test('"too fast" slows everything down for a while; the attempts do not count', async () => {
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

  test('"too much to this one person" delays that person alone', async () => {
    const phones = await desk.audience(30)
    desk.emulator.addFault({ kind: 'error', code: 131056, next: 1, recipients: [phones[3]!] })
    const id = await desk.publish()
    await desk.untilCounts(id, ({ queued }) => queued === 1, 3000)
    await desk.untilDone(id)
    const [first, second] = desk.sendsTo(phones[3]!)
    expect(second!.at - first!.at).toBeGreaterThan(3900)
    expect(Math.max(...phones.filter((_, i) => i !== 3).map((phone) => desk.sendsTo(phone)[0]!.at))).toBeLessThan(
      second!.at,
    )
  })

  test('passing trouble is tried again, but not for ever', async () => {
    const phones = await desk.audience(10)
    desk.emulator.addFault({ kind: 'error', code: 131000, recipients: [phones[2]!] })
    const id = await desk.publish()
    await desk.untilDone(id)
    expect(desk.sendsTo(phones[2]!)).toHaveLength(3)
    expect(await desk.rowOf(id, phones[2]!)).toMatchObject({ status: 'failed', error_code: 131000 })
    expect((await desk.counts(id)).failed).toBe(1)
  })

  test('an error code that nobody knows, over and over, pauses the broadcast', async () => {
    await desk.audience(100)
    desk.emulator.addFault({ kind: 'error', code: 987_654, httpStatus: 400 })
    const id = await desk.publish()
    await eventually(async () => (await desk.broadcast(id)).status === 'paused')
    expect((await desk.counts(id)).queued).toBeGreaterThan(0)
  })
})

describe('fairness', () => {
  test('an answer leaves within a second in the middle of a broadcast', async () => {
    const phones = await desk.audience(200)
    const since = desk.emulator.sends().length
    const id = await desk.publish()
    await eventually(() => desk.emulator.sends(since).length >= 20)
    const asked = performance.timeOrigin + performance.now()
    await desk.emulator.citizenWrites({ phoneNumberId: desk.numberId, from: { phone: phones[0]! }, message: 'HILFE' })
    const answer = await eventually(() => desk.sendsTo(phones[0]!).find(({ type }) => type !== 'template'))
    expect(answer.at - asked).toBeLessThan(1000)
    expect((await desk.counts(id)).queued).toBeGreaterThan(0)
    await desk.untilDone(id)
  })

  test('no more people than the daily limit allows; the rest waits, and the answer says until when', async () => {
    await desk.audience(15)
    await desk.runtime.sql`update outgoing set handed_over_at = handed_over_at - interval '25 hours'`
    await desk.runtime.sql`update channels set daily_limit = 10 where slug = 'arnsberg'`
    await desk.runtime.sql`select pg_notify('whatsup_outgoing', 'arnsberg')`
    await moment(600)
    const id = await desk.publish()
    await desk.untilCounts(id, ({ queued, sending }) => queued === 5 && sending === 0)
    await moment(600)
    expect((await desk.counts(id)).queued).toBe(5)
    const key = await desk.keyFor('editor')
    const { body } = await desk.ask('GET', `/api/v1/channels/arnsberg/broadcasts/${id}`, key)
    expect(new Date(body.waitingUntil).getTime()).toBeGreaterThan(Date.now() + 23 * 3_600_000)

    await desk.runtime.sql`update channels set daily_limit = 100 where slug = 'arnsberg'`
    await desk.untilDone(id)
    expect((await desk.counts(id)).queued).toBe(0)
  })
})
