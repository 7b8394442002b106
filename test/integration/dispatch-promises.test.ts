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

  test('a message without any answer becomes unknown as well, until a status says that it failed', async () => {
    const phones = await desk.audience(2)
    desk.emulator.addFault({ kind: 'statuses', drop: 1, recipients: [phones[0]!] })
    desk.emulator.addFault({ kind: 'timeout', recipients: [phones[0]!] })
    const id = await desk.publish()
    await desk.untilCounts(id, ({ unknown }) => unknown === 1)
    const [send, ...more] = desk.sendsTo(phones[0]!)
    expect(more).toEqual([])
    expect(await desk.report({ ...send!, wamid: 'wamid.LATE' }, 'failed')).toBe(200)
    expect((await desk.rowOf(id, phones[0]!)).status).toBe('failed')
  })

  test('of the last word to whoever was erased neither number nor text stays, also when the answer to it is lost', async () => {
    const anna = { phone: '+4915112340091' }
    const writes = (message: string) =>
      desk.emulator.citizenWrites({ phoneNumberId: desk.numberId, from: anna, message })
    await writes('LÖSCHEN')
    await eventually(() => desk.sendsTo(anna.phone).length === 1)
    desk.emulator.addFault({ kind: 'statuses', drop: 1, recipients: [anna.phone] })
    desk.emulator.addFault({ kind: 'reset', recipients: [anna.phone] })
    await writes('Ja')
    const farewell = async () => {
      const [row] = await desk.runtime.sql`
        select status, address_sealed, payload_sealed from outgoing where kind = 'reply' and contact_id is null`
      return row
    }
    await eventually(async () => (await farewell())?.status === 'unknown')
    expect(await farewell()).toEqual({ status: 'unknown', address_sealed: null, payload_sealed: null })
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

  test('what WhatsApp drops after holding it back is failed, and is not sent again by itself', async () => {
    const [phone] = await desk.audience(1)
    desk.emulator.addFault({ kind: 'held', recipients: [phone!] })
    const id = await desk.publish()
    await desk.untilCounts(id, ({ held }) => held === 1)
    desk.emulator.releaseHeld('drop')
    await desk.untilCounts(id, ({ held, failed }) => held === 0 && failed === 1)
    expect(desk.sendsTo(phone!)).toHaveLength(1)

    await desk.emulator.changeTemplate('stadt_meldung', { status: 'APPROVED', title: 'UNPAUSE' })
    await eventually(async () => {
      const [template] = await desk.runtime.sql`
        select from templates where channel = 'arnsberg' and name = 'stadt_meldung' and status = 'APPROVED'`
      return template
    })
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
