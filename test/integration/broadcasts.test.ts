import { randomUUID } from 'node:crypto'
import { sql } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { approve, reject, submit } from '../../src/broadcasts/approval.ts'
import { correction, edit, remove } from '../../src/broadcasts/drafts.ts'
import { failuresOf } from '../../src/broadcasts/failures.ts'
import { limitOutlook } from '../../src/broadcasts/limit-outlook.ts'
import { cancel, pause, pauseForCode, resume, retry, templateBack } from '../../src/broadcasts/running.ts'
import { overdueSeconds, startDue } from '../../src/broadcasts/starting.ts'
import { testSend } from '../../src/broadcasts/test-send.ts'
import { list, recipients } from '../../src/broadcasts/views.ts'
import { stopChannel } from '../../src/channels/channels.ts'
import { storeTemplates } from '../../src/channels/template-store.ts'
import { standing } from '../../src/console/progress.tsx'
import { handOver, lease, readDue, type Settled, settle } from '../../src/dispatch/lane.ts'
import { enqueue, startRun } from '../../src/dispatch/queue.ts'
import { inDeed } from '../../src/runtime.ts'
import { leave } from '../../src/subscriptions/subscriptions.ts'
import { textMessage } from '../../src/whatsapp/messages.ts'
import { anna, bernd, cem, dora, HOUR, listed, type Newsroom, openNewsroom, ROADWORKS } from '../support/newsroom.ts'

let room: Newsroom
beforeEach(async () => {
  room = await openNewsroom()
})
afterEach(() => room.close())

const MINUTE = 60_000
const refused = (code: string, field?: string) =>
  expect.objectContaining({
    code,
    ...(field && { problems: expect.arrayContaining([expect.objectContaining({ field })]) }),
  })
const tolerance = () => room.settings
const templatesAre = (...templates: ReturnType<typeof listed>[]) =>
  room.act((deed) => storeTemplates(deed, 'arnsberg', [...templates, listed('notfall')]))

test('an audience that names somebody twice is an error, and nobody is written to', async () => {
  await room.subscribe(3)
  const twice = sql`select contact_id from subscriptions union all select contact_id from subscriptions limit 4`
  const start = () =>
    room.act((deed) => startRun(deed, { broadcastId: randomUUID(), channel: 'arnsberg', members: twice }))
  await expect(start()).rejects.toMatchObject({ cause: { code: '23505' } })
  expect(await room.sql`select from outgoing`).toHaveLength(0)
})

describe('Anna writes a broadcast', () => {
  test('it is a draft with everything the answer promises', async () => {
    await room.subscribe(3)
    const { id } = await room.draft({ sendAt: new Date('2026-12-03T08:00:00Z') })
    expect(await room.view(id)).toEqual({
      id,
      channel: 'arnsberg',
      title: 'Sperrung Ruhrstraße',
      template: ROADWORKS.template,
      parameters: ROADWORKS.parameters,
      audience: { offering: 'info' },
      sendAt: '2026-12-03T09:00:00+01:00',
      recurrence: null,
      status: 'draft',
      pausedReason: null,
      pausedBecause: null,
      approval: {
        contentHash: expect.stringMatching(/^[0-9a-f]{64}$/),
        submittedBy: null,
        submittedAt: null,
        approvedBy: null,
        approvedAt: null,
        rejectedReason: null,
      },
      counts: {
        recipients: 0,
        queued: 0,
        sending: 0,
        accepted: 0,
        held: 0,
        sent: 0,
        delivered: 0,
        read: 0,
        failed: 0,
        skipped: 0,
        unknown: 0,
      },
      forecast: {
        recipients: 3,
        seconds: 1,
        finishesAt: '2026-12-03T09:00:00.038+01:00',
        fitsDailyLimit: true,
        costEur: '0.34',
        sentence: '3 Empfänger: fertig am Donnerstag, 9:00 Uhr',
      },
      waitingUntil: null,
      waitingFor: null,
      next: [],
      seriesId: null,
      correctionOf: null,
      steps: ['submit', 'edit', 'delete'],
      createdBy: 'staff:anna',
      createdAt: '2026-12-01T09:00:00+01:00',
      changedAt: '2026-12-01T09:00:00+01:00',
      startedAt: null,
      finishedAt: null,
    })
  })

  test.each([
    [
      'an unknown template',
      { template: { name: 'gibt_es_nicht', language: 'de' } },
      'template-not-approved',
      'template',
    ],
    ['another language', { template: { name: 'stadt_meldung', language: 'en' } }, 'template-not-approved', 'template'],
    [
      'a missing parameter',
      { parameters: { ...ROADWORKS.parameters, body: ['Sperrung'] } },
      'invalid-input',
      'parameters.body.1',
    ],
    [
      'a newline',
      { parameters: { ...ROADWORKS.parameters, body: ['Sperrung', 'a\nb'] } },
      'invalid-input',
      'parameters.body.1',
    ],
    ['no title', { title: '  ' }, 'invalid-input', 'title'],
    [
      'an unknown topic',
      { audience: { offering: 'info' as const, topics: ['baustellen', 'wetter'] } },
      'invalid-input',
      'audience.topics.1',
    ],
    ['no topic at all', { audience: { offering: 'info' as const, topics: [] } }, 'invalid-input', 'audience.topics'],
    ['a rhythm nobody can read', { recurrence: { cron: 'freitags' } }, 'invalid-input', 'recurrence.cron'],
    ['a time that is over', { sendAt: new Date('2026-12-01T07:58:59Z') }, 'send-time-passed', 'sendAt'],
  ])('%s is refused with its field', async (_, content, code, field) => {
    await expect(room.draft(content)).rejects.toEqual(refused(code, field))
  })

  test('all problems are told at once', async () => {
    const wrong = {
      title: '',
      audience: { offering: 'info' as const, topics: ['wetter'] },
      recurrence: { cron: '0 9 30 2 *' },
    }
    await expect(room.draft(wrong)).rejects.toMatchObject({
      problems: [{ field: 'title' }, { field: 'audience.topics.0' }, { field: 'recurrence.cron' }],
    })
    const late = { title: '', sendAt: new Date('2026-12-01T07:58:59Z') }
    await expect(room.draft(late)).rejects.toMatchObject({ problems: [{ field: 'title' }, { field: 'sendAt' }] })
  })

  test('a time less than a minute ago still means now', async () => {
    await expect(room.draft({ sendAt: new Date('2026-12-01T07:59:05Z') })).resolves.toMatchObject({ status: 'draft' })
  })

  test('a town without newsletter has no broadcasts', async () => {
    room.channels.set('arnsberg', { ...room.channels.get('warstein')!, slug: 'arnsberg' })
    await expect(room.draft()).rejects.toEqual(refused('no-such-offering'))
  })

  test('another town does not find it', async () => {
    const { id } = await room.draft()
    const warstein = room.channels.get('warstein')!
    await expect(room.act((deed) => submit(deed, anna, warstein, id))).rejects.toEqual(refused('not-found'))
    await expect(room.view('not-an-id')).rejects.toEqual(refused('not-found'))
  })

  test('she can throw it away until it is handed in', async () => {
    const { id } = await room.draft()
    await room.act((deed) => remove(deed, anna, room.channel(), id))
    await expect(room.view(id)).rejects.toEqual(refused('not-found'))
    const approved = await room.approved()
    await expect(room.act((deed) => remove(deed, anna, room.channel(), approved.id))).rejects.toEqual(
      refused('wrong-state'),
    )
  })

  test('a test goes to one number of the office and is no recipient', async () => {
    const { id } = await room.draft()
    await expect(room.act((deed) => testSend(deed, anna, room.channel(), id, 'Anna'))).rejects.toEqual(
      refused('invalid-input', 'to'),
    )
    const sent = await room.act((deed) => testSend(deed, anna, room.channel(), id, '0151 23456789'))
    const [row] = await room.database.sql`select * from outgoing where id = ${sent.id}`
    expect(row).toMatchObject({ kind: 'test', status: 'queued', broadcast_id: null, contact_id: null })
    expect(JSON.parse(room.vault.open(row!.address_sealed))).toEqual({ phone: '+4915123456789' })
    expect(JSON.parse(room.vault.open(row!.payload_sealed))).toMatchObject({
      type: 'template',
      template: { name: 'stadt_meldung' },
    })
    expect((await room.view(id)).counts.recipients).toBe(0)
  })
})

const reworded = (from: string, to: string): unknown[] =>
  JSON.parse(JSON.stringify(listed('stadt_meldung').components).replaceAll(from, to))

describe('four eyes', () => {
  const submitted = async () => {
    const { id } = await room.draft()
    return room.act((deed) => submit(deed, anna, room.channel(), id))
  }
  const approves = (who: typeof anna, id: string, contentHash?: string) =>
    room.act((deed) => approve(deed, who, room.channel(), id, { contentHash, ...tolerance() }))

  test('Bernd approves what Anna wrote, and it is due at once', async () => {
    const { id } = await submitted()
    expect(await approves(bernd, id)).toMatchObject({
      status: 'scheduled',
      approvedBy: 'staff:bernd',
      dueAt: room.now(),
    })
    expect(await room.audited(id)).toEqual(['drafted', 'submitted', 'approved'])
  })

  test('nobody approves their own work: not who wrote it, changed it once, or handed it in', async () => {
    const { id } = await room.draft()
    await room.act((deed) => edit(deed, cem, room.channel(), id, { title: 'Sperrung' }))
    await room.act((deed) => edit(deed, dora, room.channel(), id, { title: 'Vollsperrung' }))
    await room.act((deed) => submit(deed, { ...anna, id: 'key:1' }, room.channel(), id))
    for (const author of [anna, cem, dora, { ...anna, id: 'key:1' }]) {
      await expect(approves(author, id)).rejects.toEqual(refused('own-work'))
    }
    expect(await approves(bernd, id)).toMatchObject({ status: 'scheduled' })
  })

  test('what changed since Bernd looked is not approved', async () => {
    const { id, contentHash } = await submitted()
    await room.act((deed) => edit(deed, anna, room.channel(), id, { title: 'Sperrung Hauptstraße' }))
    await room.act((deed) => submit(deed, anna, room.channel(), id))
    await expect(approves(bernd, id, contentHash)).rejects.toEqual(refused('content-changed'))
    expect(await approves(bernd, id, (await room.view(id)).approval.contentHash)).toMatchObject({ status: 'scheduled' })
  })

  test('a template that Meta changed in between is not approved', async () => {
    const { id } = await submitted()
    await templatesAre(listed('stadt_meldung', { components: reworded('Guten Tag', 'Hallo') }))
    await expect(approves(bernd, id)).rejects.toEqual(refused('template-changed'))
  })

  test('the examples of a template do not matter: those of media have another address at every reading', async () => {
    const { id } = await submitted()
    await templatesAre(listed('stadt_meldung', { components: reworded('Ruhrstraße ab Montag', 'anders') }))
    expect(await approves(bernd, id)).toMatchObject({ status: 'scheduled' })
  })

  test('Bernd sends it back with a reason, Anna changes it and hands it in again', async () => {
    const { id } = await submitted()
    await room.act((deed) => reject(deed, bernd, room.channel(), id, { reason: 'Straße falsch' }))
    expect(await room.view(id)).toMatchObject({ status: 'rejected', approval: { rejectedReason: 'Straße falsch' } })
    await expect(approves(bernd, id)).rejects.toEqual(refused('wrong-state'))
    await room.act((deed) => edit(deed, anna, room.channel(), id, { title: 'Sperrung Hauptstraße' }))
    expect(await room.view(id)).toMatchObject({
      status: 'draft',
      approval: { submittedBy: null, rejectedReason: null },
    })
  })

  test('a change to what was approved voids the approval and nothing leaves', async () => {
    await room.subscribe(2)
    const { id } = await room.approved({ sendAt: new Date('2026-12-01T09:00:00Z') })
    await room.act((deed) => edit(deed, anna, room.channel(), id, { title: 'Sperrung Hauptstraße' }))
    expect(await room.view(id)).toMatchObject({ status: 'draft', approval: { approvedBy: null, submittedBy: null } })
    room.pass(HOUR)
    await room.startDue()
    expect(await room.statesOf(id)).toEqual([])
  })

  test('a town that wants no approval schedules at once', async () => {
    room.info({ approval: 'none' })
    const { id } = await room.draft()
    expect(await room.act((deed) => submit(deed, anna, room.channel(), id))).toMatchObject({
      status: 'scheduled',
      approvedBy: null,
    })
  })

  test.each([
    ['a little after its time', HOUR + MINUTE, 'scheduled'],
    ['long after its time', 4 * HOUR, 'send-time-passed'],
  ])('an approval %s: %s', async (_, waitMs, outcome) => {
    const { id } = await room.draft({ sendAt: new Date(room.now().getTime() + HOUR) })
    await room.act((deed) => submit(deed, anna, room.channel(), id))
    room.pass(waitMs)
    const result = await approves(bernd, id).then(
      (row) => row.status,
      (refusal) => refusal.code,
    )
    expect(result).toBe(outcome)
  })
})

describe('a broadcast is due', () => {
  test('five processes start it once: one row for each subscriber of its topics', async () => {
    await room.subscribe(2, ['baustellen'])
    await room.subscribe(3)
    await room.subscribe(4, ['termine'])
    const [gone] = await room.subscribe(1)
    await room.leaves(gone!)
    const { id } = await room.approved({ audience: { offering: 'info', topics: ['baustellen'] } })
    const begun = await Promise.all(Array.from({ length: 5 }, () => room.startDue()))
    expect(begun.reduce((sum, n) => sum + n, 0)).toBe(1)
    const seen = await room.view(id)
    expect(seen).toMatchObject({
      status: 'sending',
      counts: { recipients: 5, queued: 5 },
      startedAt: '2026-12-01T09:00:00+01:00',
    })
    expect(await room.audited(id)).toEqual(['drafted', 'submitted', 'approved', 'frozen', 'started'])
    expect(await room.startDue()).toBe(0)
  })

  test('not a moment early', async () => {
    const { id } = await room.approved({ sendAt: new Date('2026-12-01T09:00:00Z') })
    room.at('2026-12-01T08:59:59.999Z')
    expect(await room.startDue()).toBe(0)
    expect(await overdueSeconds(room.db, room.now())).toBe(0)
    room.at('2026-12-01T09:00:01Z')
    expect(await overdueSeconds(room.db, room.now())).toBe(1)
    expect(await room.startDue()).toBe(1)
    expect((await room.view(id)).status).toBe('sending')
  })

  test('whoever stopped marketing inside WhatsApp gets no marketing, but an emergency', async () => {
    const [stopped] = await room.subscribe(3)
    await room.database.sql`update contacts set marketing_stopped_at = now() where id = ${stopped!.id}`
    const news = await room.approved()
    const emergency = await room.approved({
      template: { name: 'notfall', language: 'de' },
      parameters: { body: parametersOf('notfall') },
    })
    expect((await room.view(news.id)).forecast.recipients).toBe(2)
    await room.startDue()
    expect((await room.view(news.id)).counts.recipients).toBe(2)
    expect((await room.view(emergency.id)).counts.recipients).toBe(3)
  })

  test('whoever is just leaving while the audience is written is skipped before anything goes', async () => {
    room.at('2026-11-01T08:00:00Z')
    const [leaving, ...staying] = await room.subscribe(3)
    room.at('2026-12-01T08:00:00Z')
    const { id } = await room.approved()
    let commit = () => {}
    const held = new Promise<void>((resolve) => {
      commit = resolve
    })
    let stopped = () => {}
    const isStopped = new Promise<void>((resolve) => {
      stopped = resolve
    })
    // Dated back as far as Meta repeats webhooks: the moment of the STOP is no clue to when we learn of it.
    const wish = { ...room.wishOf(leaving!), at: new Date(room.now().getTime() - 6 * 24 * HOUR) }
    const leaves = room.act(async (deed) => {
      await leave(deed, [wish])
      stopped()
      await held
    })
    await isStopped
    const starts = room.startDue()
    await room.untilSomebodyWaits()
    commit()
    await leaves
    expect(await starts).toBe(1)
    const { counts } = await room.view(id)
    expect(counts).toMatchObject({ recipients: 3, skipped: 1, queued: staying.length })
    const [row] = await room.database.sql`select status from outgoing where contact_id = ${leaving!.id}`
    expect(row!.status).toBe('skipped')
  })

  test('whoever left after the audience was read but before it was written down is skipped as well', async () => {
    const [leaving, stopping] = await room.subscribe(3)
    const emergency = await room.approved({
      template: { name: 'notfall', language: 'de' },
      parameters: { body: parametersOf('notfall') },
    })
    await room.startDue()
    const { id } = await room.approved()
    let starts: Promise<number> | undefined
    await room.database.sql.begin(async (other) => {
      await other`lock table audit in exclusive mode` // the start stops right before its end
      starts = room.startDue()
      await room.untilSomebodyWaits()
      await room.leaves(leaving!)
      await room.database.sql`update contacts set marketing_stopped_at = now() where id = ${stopping!.id}`
    })
    expect(await starts).toBe(1)
    expect((await room.view(id)).counts).toMatchObject({ recipients: 3, queued: 1, skipped: 2 })
    expect((await room.view(emergency.id)).counts, 'the emergency waits on').toMatchObject({ queued: 2, skipped: 1 })
  })

  test('a death between the two halves of a start is made good by the next look, and nobody stands twice', async () => {
    const [leaving] = await room.subscribe(3)
    const { id } = await room.approved()
    let transactions = 0
    const dying = {
      ...room,
      db: new Proxy(room.db, {
        get: (db, name) =>
          name !== 'transaction'
            ? Reflect.get(db, name)
            : (...args: Parameters<typeof db.transaction>) => {
                transactions += 1
                if (transactions === 2) throw new Error('died here')
                return db.transaction(...args)
              },
      }),
    }
    expect(await startDue(dying)).toBe(0)
    expect(await room.database.sql`select status from broadcasts where id = ${id}`).toMatchObject([
      { status: 'starting' },
    ])
    expect((await room.view(id)).status).toBe('sending')
    room.pass(MINUTE)
    await room.leaves(leaving!)
    expect(await room.startDue()).toBe(1)
    expect((await room.view(id)).counts).toMatchObject({ recipients: 3, queued: 2, skipped: 1 })
  })

  test('in quiet hours it waits, and says until when', async () => {
    const { id } = await room.approved({ sendAt: new Date('2026-12-01T20:30:00Z') })
    room.at('2026-12-01T20:30:00Z')
    expect(await room.startDue()).toBe(0)
    const waiting = { status: 'scheduled', waitingUntil: '2026-12-02T07:00:00+01:00', waitingFor: 'quiet-hours' }
    expect(await room.view(id)).toMatchObject(waiting)
    room.at('2026-12-02T05:59:59Z')
    expect(await room.startDue()).toBe(0)
    room.at('2026-12-02T06:00:00Z')
    expect(await room.startDue()).toBe(1)
    expect(await room.view(id)).toMatchObject({ status: 'sending', waitingUntil: null })
  })

  test('after a long standstill the office is asked; going on sends now', async () => {
    await room.subscribe(1)
    const { id } = await room.approved({ sendAt: new Date('2026-12-01T09:00:00Z') })
    room.at('2026-12-01T11:00:01Z')
    expect(await room.startDue()).toBe(0)
    expect(await room.view(id)).toMatchObject({ status: 'paused', pausedReason: 'overdue', counts: { recipients: 0 } })
    await room.act((deed) => resume(deed, anna, room.channel(), id))
    expect(await room.startDue()).toBe(1)
    expect((await room.view(id)).counts.queued).toBe(1)
  })

  test('a standstill within quiet hours is no standstill: it was to leave at their end, and is late from then on', async () => {
    const sendAt = new Date('2026-12-01T20:30:00Z')
    const { id } = await room.approved({ sendAt })
    const other = await room.approved({ sendAt })
    room.at('2026-12-02T07:59:59Z')
    await room.database.sql`update broadcasts set due_at = null where id = ${other.id}`
    expect(await room.startDue()).toBe(1)
    expect((await room.view(id)).status).toBe('sending')
    await room.database.sql`update broadcasts set due_at = ${sendAt} where id = ${other.id}`
    room.at('2026-12-02T08:00:01Z')
    expect(await room.startDue()).toBe(0)
    expect(await room.view(other.id)).toMatchObject({ status: 'paused', pausedReason: 'overdue' })
  })

  test('one that cannot start does not hold up the others', async () => {
    const broken = await room.approved()
    const fine = await room.approved()
    await room.database.sql`update broadcasts set audience = '{"offering":"nonsense"}' where id = ${broken.id}`
    expect(await room.startDue()).toBe(1)
    expect((await room.view(fine.id)).status).toBe('sending')
  })

  test('a stopped channel pauses it', async () => {
    const { id } = await room.approved()
    await room.act((deed) => stopChannel(deed, 'arnsberg', '190', 'token'))
    await room.startDue()
    expect(await room.view(id)).toMatchObject({ status: 'paused', pausedReason: 'channel-stopped' })
    await expect(room.act((deed) => resume(deed, anna, room.channel(), id))).rejects.toEqual(refused('channel-stopped'))
  })
})

/** As many words as a template's body asks for. */
function parametersOf(name: string): string[] {
  const body = (listed(name).components as { type: string; text?: string }[]).find(({ type }) => type === 'BODY')!
  return [...new Set(body.text!.match(/\{\{\d+\}\}/g))].map((_, index) => `Angabe ${index + 1}`)
}

describe('the template', () => {
  const approvedThenTemplate = async (status: string) => {
    await room.subscribe(2)
    const row = await room.approved()
    await templatesAre(listed('stadt_meldung', { status }))
    await room.startDue()
    return row.id
  }

  test.each([
    ['PAUSED', 'template-paused'],
    ['DISABLED', 'template-missing'],
    ['WORD_OF_THE_FUTURE', 'template-paused'],
  ])('is %s before the start: nothing leaves, and it goes on when Meta approves it again', async (status, reason) => {
    const id = await approvedThenTemplate(status)
    expect(await room.view(id)).toMatchObject({ status: 'paused', pausedReason: reason, counts: { recipients: 0 } })
    await expect(room.act((deed) => resume(deed, anna, room.channel(), id))).rejects.toEqual(
      refused('template-not-approved'),
    )
    const [change] = await templatesAre(listed('stadt_meldung'))
    expect(change).toMatchObject({ before: status, after: 'APPROVED' })
    expect(await room.act((deed) => templateBack(deed, room.channel(), 'stadt_meldung', 'de'))).toBe(1)
    expect(await room.startDue()).toBe(1)
    expect((await room.view(id)).counts.queued).toBe(2)
  })

  test('comes back long after the time it was meant for: the office is asked', async () => {
    const id = await approvedThenTemplate('PAUSED')
    room.pass(6 * HOUR)
    await templatesAre(listed('stadt_meldung'))
    await room.act((deed) => templateBack(deed, room.channel(), 'stadt_meldung', 'de'))
    await room.startDue()
    expect(await room.view(id)).toMatchObject({ status: 'paused', pausedReason: 'overdue' })
  })

  test('shows something else than was approved: it must be approved again', async () => {
    const row = await room.approved()
    const components = [{ type: 'BODY', text: 'Neu: {{1}}, {{2}} und mehr.' }]
    await templatesAre(listed('stadt_meldung', { components }))
    await room.startDue()
    expect(await room.view(row.id)).toMatchObject({ status: 'paused', pausedReason: 'template-changed' })
    await expect(room.act((deed) => resume(deed, anna, room.channel(), row.id))).rejects.toEqual(
      refused('template-changed'),
    )
    await room.act((deed) => edit(deed, anna, room.channel(), row.id, { parameters: { body: ['a', 'b'] } }))
    expect((await room.view(row.id)).status).toBe('draft')
  })

  test('is refused by WhatsApp while sending: the rest stays queued until it is approved again', async () => {
    await room.subscribe(3)
    const { id } = await room.approved()
    await room.startDue()
    await room.became(id, 'delivered')
    expect(await room.act((deed) => pauseForCode(deed, id, 132015))).toBe(true)
    expect(await room.act((deed) => pauseForCode(deed, id, 132015))).toBe(false)
    expect(await room.view(id)).toMatchObject({
      status: 'paused',
      pausedReason: 'template-paused',
      counts: { delivered: 1, queued: 2 },
    })
    // The refusal was the first we heard of it, so its approval is news even without any webhook.
    expect(await templatesAre(listed('stadt_meldung'))).toMatchObject([{ before: 'PAUSED', after: 'APPROVED' }])
    await room.act((deed) => templateBack(deed, room.channel(), 'stadt_meldung', 'de'))
    expect(await room.view(id)).toMatchObject({ status: 'sending', counts: { delivered: 1, queued: 2 } })
  })

  test('has another category now: whoever stopped marketing is left out, the rest gets it', async () => {
    const [stopped] = await room.subscribe(2)
    await room.database.sql`update contacts set marketing_stopped_at = now() where id = ${stopped!.id}`
    await templatesAre(listed('stadt_meldung', { category: 'UTILITY' }))
    const { id } = await room.approved()
    expect((await room.view(id)).forecast).toMatchObject({ recipients: 2, costEur: '0.09' })
    await templatesAre(listed('stadt_meldung', { category: 'MARKETING' }))
    await room.startDue()
    expect(await room.view(id)).toMatchObject({ counts: { recipients: 1 }, forecast: { costEur: '0.11' } })
  })
})

describe('a broadcast under way', () => {
  const running = async (people: number) => {
    const contacts = await room.subscribe(people)
    const { id } = await room.approved()
    await room.startDue()
    return { id, contacts }
  }

  test('pausing and going on leaves alone who has it', async () => {
    const { id } = await running(4)
    await room.became(id, 'read', 'unknown')
    await room.act((deed) => pause(deed, anna, room.channel(), id))
    expect(await room.view(id)).toMatchObject({
      status: 'paused',
      pausedReason: 'office',
      steps: ['resume', 'retry', 'cancel'],
    })
    expect(await room.finishDone()).toBe(0)
    await room.act((deed) => resume(deed, bernd, room.channel(), id))
    expect(await room.view(id)).toMatchObject({ status: 'sending', pausedReason: null })
    expect(await room.statesOf(id)).toEqual(['read', 'unknown', 'queued', 'queued'])
  })

  test('what comes back to the queue after a cancel, or after its person left, is skipped', async () => {
    const [leaving] = await room.subscribe(3)
    const back = (id: string) => room.sql`
      update outgoing set status = 'queued', not_before = ${room.now()} where broadcast_id = ${id} and status = 'sending'`
    const { id } = await room.approved()
    await room.startDue()
    await room.became(id, 'sending', 'sending', 'sending')
    await room.leaves(leaving!)
    await back(id)
    await room.finishDone()
    expect((await room.statesOf(id)).sort()).toEqual(['queued', 'queued', 'skipped'])

    await room.became(id, 'sending', 'sending', 'sending')
    await room.act((deed) => cancel(deed, dora, room.channel(), id))
    await back(id)
    await room.finishDone()
    expect(await room.statesOf(id)).toEqual(['skipped', 'skipped', 'skipped'])
  })

  test('whoever leaves during a pause gets nothing after it', async () => {
    const { id, contacts } = await running(2)
    await room.act((deed) => pause(deed, anna, room.channel(), id))
    await room.leaves(contacts[0]!)
    await room.act((deed) => resume(deed, anna, room.channel(), id))
    expect(await room.statesOf(id)).toEqual(expect.arrayContaining(['skipped', 'queued']))
  })

  test('cancelling skips who has not got it, and cannot be undone', async () => {
    const { id } = await running(3)
    await room.became(id, 'delivered')
    await room.act((deed) => cancel(deed, anna, room.channel(), id))
    expect(await room.view(id)).toMatchObject({ status: 'cancelled', counts: { delivered: 1, skipped: 2 }, steps: [] })
    await expect(room.act((deed) => resume(deed, anna, room.channel(), id))).rejects.toEqual(refused('wrong-state'))
  })

  test('a paused one can be stopped between the two halves of its start', async () => {
    await room.subscribe(2)
    const { id } = await room.approved()
    await room.startDue()
    await room.database
      .sql`update broadcasts set status = 'starting', started_at = null, due_at = now() - interval '1 second' where id = ${id}`
    await room.act((deed) => pause(deed, anna, room.channel(), id))
    expect(await room.startDue()).toBe(0)
    await room.act((deed) => resume(deed, anna, room.channel(), id))
    expect(await room.startDue()).toBe(1)
    expect(await room.view(id)).toMatchObject({ status: 'sending', counts: { recipients: 2, queued: 2 } })
  })

  test.each([
    ['a queued one', 'queued', false],
    ['one being handed over', 'sending', false],
    ['an open outcome', 'unknown', true],
    ['a failure', 'failed', true],
  ] as const)('%s at its front: over = %s', async (_, state, over) => {
    const { id } = await running(3)
    await room.became(id, state, 'accepted', 'delivered')
    expect(await room.finishDone()).toBe(over ? 1 : 0)
    expect((await room.view(id)).status).toBe(over ? 'done' : 'sending')
  })

  test('one without anybody to send to is over at once', async () => {
    const { id } = await running(0)
    expect(await room.finishDone()).toBe(1)
    const { status, finishedAt, counts } = await room.view(id)
    expect({ status, finishedAt, recipients: counts.recipients }).toEqual({
      status: 'done',
      finishedAt: '2026-12-01T09:00:00+01:00',
      recipients: 0,
    })
  })

  test('one that waits for its repeat is not over', async () => {
    const { id } = await running(2)
    await room.became(id, 'queued', 'delivered')
    await room.database.sql`update outgoing set not_before = now() + interval '1 hour' where status = 'queued'`
    expect(await room.finishDone()).toBe(0)
  })

  test('what comes back to the queue after its end is still sent', async () => {
    const { id } = await running(2)
    await room.became(id, 'delivered', 'unknown')
    await room.finishDone()
    expect((await room.view(id)).status).toBe('done')
    // A process that was frozen wakes up and finds that it never wrote what another one took for an open outcome.
    await givenBack(id, 1)
    expect(await room.finishDone()).toBe(0)
    expect(await room.view(id)).toMatchObject({ status: 'sending', finishedAt: null, counts: { queued: 1 } })
    expect(await room.audited(id)).toContain('reopened')
  })

  test('two processes finish it once', async () => {
    const { id } = await running(1)
    await room.became(id, 'delivered')
    const finished = await Promise.all([room.finishDone(), room.finishDone(), room.finishDone()])
    expect(finished.reduce((sum, n) => sum + n, 0)).toBe(1)
    expect((await room.audited(id)).filter((action) => action === 'finished')).toHaveLength(1)
  })
})

/** What the sender writes about the n-th recipient, as of the hand-over that `became` noted unless said otherwise. */
const outcome = async (id: string, n: number, own: Partial<Settled>): Promise<void> => {
  const rows = await room.sql<{ id: string; at: Date }[]>`
    select id, handed_over_at as at from outgoing where broadcast_id = ${id} order by id`
  const plain = { status: 'queued', wamidHash: null, errorCode: null, notBefore: room.now(), counted: false } as const
  await settle(room.sql, [{ ...plain, id: rows[n]!.id, at: room.now(), handedOverAt: rows[n]!.at, ...own }])
}
const givenBack = (id: string, n: number) => outcome(id, n, {})

describe('trying again', () => {
  const over = async (failed: readonly (number | null)[] = [131016, 131026, 132015]) => {
    const contacts = await room.subscribe(5)
    const { id } = await room.approved()
    await room.startDue()
    await room.became(id, 'failed', 'failed', 'failed', 'unknown', 'delivered')
    const rows = await room.database.sql`select id, contact_id from outgoing where broadcast_id = ${id} order by id`
    const codes = failed
    for (const [index, code] of codes.entries()) {
      await room.database.sql`update outgoing set error_code = ${code} where id = ${rows[index]!.id}`
    }
    await room.finishDone()
    return { id, contacts: rows.map((row) => contacts.find((contact) => contact.id === row.contact_id)!) }
  }
  const again = (id: string, include?: ('failed' | 'unknown')[]) =>
    room.act((deed) => retry(deed, anna, room.channel(), id, { include }))

  test('takes what failed for a passing reason, not who cannot be reached, nor what may have arrived', async () => {
    const { id } = await over()
    expect(await again(id)).toMatchObject({ status: 'sending', finishedAt: null })
    expect(await room.statesOf(id)).toEqual(['queued', 'failed', 'queued', 'unknown', 'delivered'])
    expect(await room.finishDone()).toBe(0)
  })

  test('open outcomes that leave once more go on counting at the daily limit: they may have arrived', async () => {
    const { id } = await over()
    await room.database.sql`update channels set daily_limit = 100 where slug = 'arnsberg'`
    await room.database.sql`update outgoing set handed_over_at = ${room.now()} where broadcast_id = ${id}`
    const used = async () => (await room.act((deed) => limitOutlook(deed, room.channel())))?.used
    expect(await used()).toBe(2)
    await again(id, ['unknown'])
    expect(await used()).toBe(2)
  })

  test('takes who failed for a barred country, an unexplained code or without any, as the report says', async () => {
    const { id } = await over([130497, 987_654, null])
    const failures = await room.act((deed) => failuresOf(deed, 'arnsberg', id))
    expect(failures.map(({ retryable }) => retryable).reduce((sum, n) => sum + n)).toBe(3)
    await again(id)
    expect(await room.statesOf(id)).toEqual(['queued', 'queued', 'queued', 'unknown', 'delivered'])
  })

  test('lets the former message id of who gets it again lead nowhere, so that none outlives an erasure', async () => {
    const { id } = await over()
    const { sql } = room.database
    await sql`update outgoing set wamid_hash = decode(md5(id::text), 'hex') where broadcast_id = ${id}`
    await sql`insert into outgoing_wamids select wamid_hash, id from outgoing where broadcast_id = ${id}`
    await again(id)
    const named = await sql<{ status: string }[]>`
      select o.status from outgoing o join outgoing_wamids w on w.outgoing_id = o.id where o.broadcast_id = ${id} order by o.id`
    expect(named.map(({ status }) => status)).toEqual(['failed', 'unknown', 'delivered'])
  })

  test('what waits for another moment is not handed over before it, whoever asks', async () => {
    const { id } = await over()
    await again(id, ['failed'])
    const { sql } = room.database
    const rows = await sql<
      { id: string }[]
    >`select id from outgoing where broadcast_id = ${id} and status = 'queued' order by id`
    await sql`update outgoing set not_before = ${new Date(room.now().getTime() + MINUTE)} where id = ${rows[0]!.id}`
    const owner = randomUUID()
    await lease(sql, 'arnsberg', owner)
    const ids = rows.map((row) => row.id)
    const taken = await handOver(sql, 'arnsberg', owner, ids, 0, room.now())
    expect([...taken.keys()]).toEqual(ids.slice(1))
  })

  test('takes open outcomes only if asked for', async () => {
    const { id } = await over()
    await again(id, ['unknown'])
    expect(await room.statesOf(id)).toEqual(['failed', 'failed', 'failed', 'queued', 'delivered'])
  })

  test('an outcome that has been open for a moment only stays open, if that is asked', async () => {
    const { id } = await over()
    await room.sql`update outgoing set status_at = ${room.now()} where broadcast_id = ${id}`
    const decide = () =>
      room.act((deed) => retry(deed, anna, room.channel(), id, { include: ['unknown'], unknownForMs: 2 * MINUTE }))
    await decide()
    expect(await room.statesOf(id)).toEqual(['failed', 'failed', 'failed', 'unknown', 'delivered'])
    room.pass(2 * MINUTE)
    await decide()
    expect(await room.statesOf(id)).toEqual(['failed', 'failed', 'failed', 'queued', 'delivered'])
  })

  test.each(['accepted', 'held', 'unknown', 'failed'] as const)(
    'what was sent back to the queue is not lost when the first attempt turns out as %s after all',
    async (status) => {
      const { id } = await over()
      await again(id, ['unknown'])
      const wamidHash = status === 'accepted' || status === 'held' ? Buffer.alloc(16, 1) : null
      await outcome(id, 3, { status, wamidHash, notBefore: null })
      const due = await readDue(room.sql, 'arnsberg', room.now(), 10, true)
      expect(due.map(({ broadcastId }) => broadcastId)).toEqual([id])
    },
  )

  test('what the first attempt came to says nothing about the second one', async () => {
    const { id } = await over()
    await again(id, ['unknown'])
    const first = room.now()
    room.pass(1000)
    await room.sql`update outgoing set status = 'sending', handed_over_at = ${room.now()} where broadcast_id = ${id} and status = 'queued'`
    await outcome(id, 3, { status: 'failed', errorCode: 131026, handedOverAt: first })
    expect((await room.statesOf(id))[3]).toBe('sending')
    await outcome(id, 3, { status: 'failed', errorCode: 131026 })
    expect((await room.statesOf(id))[3]).toBe('failed')
  })

  test('leaves out who left meanwhile', async () => {
    const { id, contacts } = await over()
    await room.leaves(contacts[0]!)
    await again(id)
    expect(await room.statesOf(id)).toEqual(['skipped', 'failed', 'queued', 'unknown', 'delivered'])
  })

  test('leaves out who stopped marketing inside WhatsApp meanwhile', async () => {
    const { id, contacts } = await over()
    await room.database.sql`update contacts set marketing_stopped_at = now() where id = ${contacts[2]!.id}`
    await again(id)
    expect(await room.statesOf(id)).toEqual(['queued', 'failed', 'skipped', 'unknown', 'delivered'])
  })

  test('whoever stopped marketing still gets the emergency that waits for them while the marketing is tried again', async () => {
    const { id, contacts } = await over()
    const emergency = await room.approved({
      template: { name: 'notfall', language: 'de' },
      parameters: { body: parametersOf('notfall') },
    })
    await room.startDue()
    await room.database.sql`update contacts set marketing_stopped_at = now() where id = ${contacts[2]!.id}`
    await again(id)
    expect(await room.statesOf(id)).toEqual(['queued', 'failed', 'skipped', 'unknown', 'delivered'])
    expect((await room.view(emergency.id)).counts).toMatchObject({ queued: 5, skipped: 0 })
  })

  test('with nobody to try changes nothing', async () => {
    await room.subscribe(1)
    const { id } = await room.approved()
    await room.startDue()
    await room.became(id, 'delivered')
    await room.finishDone()
    expect(await again(id)).toMatchObject({ status: 'done' })
    expect(await room.audited(id)).not.toContain('retried')
  })

  test('does not lift a pause', async () => {
    const { id } = await over()
    await again(id)
    await room.act((deed) => pause(deed, anna, room.channel(), id))
    expect(await again(id, ['unknown'])).toMatchObject({ status: 'paused' })
  })
})

describe('a correction', () => {
  test('goes to whoever may have got the faulty one and is still subscribed', async () => {
    const contacts = await room.subscribe(5)
    const { id } = await room.approved()
    await room.startDue()
    await room.became(id, 'read', 'delivered', 'unknown', 'failed')
    const rows = await room.database.sql`select contact_id from outgoing where broadcast_id = ${id} order by id`
    await room.leaves(contacts.find((contact) => contact.id === rows[1]!.contact_id)!)
    await room.act((deed) => cancel(deed, anna, room.channel(), id))
    await room.subscribe(2)

    const draft = await room.act((deed) =>
      correction(deed, anna, room.channel(), id, {
        parameters: { ...ROADWORKS.parameters, body: ['Sperrung', 'erst ab Dienstag'] },
      }),
    )
    expect(draft).toMatchObject({ title: 'Richtigstellung: Sperrung Ruhrstraße', correctionOf: id, status: 'draft' })
    expect((await room.view(draft.id)).forecast.recipients).toBe(2)
    await room.act((deed) => submit(deed, anna, room.channel(), draft.id))
    await room.act((deed) => approve(deed, bernd, room.channel(), draft.id, tolerance()))
    await room.startDue()
    const got = await room.database
      .sql`select contact_id from outgoing where broadcast_id = ${draft.id} order by contact_id`
    expect(got.map((row) => row.contact_id)).toEqual([rows[0]!.contact_id, rows[2]!.contact_id].sort())
  })

  test('needs something to correct', async () => {
    const { id } = await room.draft()
    await expect(room.act((deed) => correction(deed, anna, room.channel(), id))).rejects.toEqual(refused('wrong-state'))
  })
})

describe('a series', () => {
  const weekly = { cron: '0 9 * * 5', until: '2026-12-18' }
  const datesOf = async (id: string) => {
    const rows = await room.database.sql`
      select send_at, status from broadcasts where series_id = ${id} order by send_at`
    return rows.map((row) => `${row.send_at.toISOString().slice(0, 16)} ${row.status}`)
  }

  test('shows its next dates, and each becomes a broadcast of its own, once', async () => {
    await room.subscribe(2)
    const { id } = await room.approved({ recurrence: { cron: '0 9 * * 5' } })
    expect(await room.view(id)).toMatchObject({
      status: 'scheduled',
      next: ['04', '11', '18', '25'].map((day) => `2026-12-${day}T09:00:00+01:00`).concat('2027-01-01T09:00:00+01:00'),
      forecast: { recipients: 2, finishesAt: '2026-12-04T09:00:00.025+01:00' },
    })
    room.at('2026-12-04T08:00:00.400Z')
    const begun = await Promise.all(Array.from({ length: 4 }, () => room.startDue()))
    expect(begun.reduce((sum, n) => sum + n, 0)).toBe(1)
    expect(await datesOf(id)).toEqual(['2026-12-04T08:00 sending'])
    const [date] = await room.database.sql`select id from broadcasts where series_id = ${id}`
    expect(await room.view(date!.id)).toMatchObject({
      counts: { recipients: 2 },
      recurrence: null,
      seriesId: id,
      approval: { approvedBy: 'staff:bernd' },
    })
    expect(await room.view(id)).toMatchObject({ status: 'scheduled', counts: { recipients: 0 } })
  })

  test('does not begin before sendAt, which may be a date itself', async () => {
    const { id } = await room.approved({ recurrence: weekly, sendAt: new Date('2026-12-11T08:00:00Z') })
    expect((await room.view(id)).next).toEqual(['2026-12-11T09:00:00+01:00', '2026-12-18T09:00:00+01:00'])
    room.at('2026-12-04T08:00:01Z')
    expect(await room.startDue()).toBe(0)
    room.at('2026-12-11T08:00:01Z')
    expect(await room.startDue()).toBe(1)
  })

  test('skips the dates of a standstill, notes them, and ends after its last day', async () => {
    const { id } = await room.approved({ recurrence: weekly })
    room.at('2026-12-14T12:00:00Z')
    expect(await room.startDue()).toBe(0)
    expect(await datesOf(id)).toEqual([])
    const [noted] = await room.database.sql`select detail from audit where action = 'broadcast.continued'`
    expect(noted!.detail).toMatchObject({ missed: 2 })
    room.at('2026-12-18T08:00:00Z')
    expect(await room.startDue()).toBe(1)
    expect(await datesOf(id)).toEqual(['2026-12-18T08:00 sending'])
    expect(await room.view(id)).toMatchObject({ status: 'done', next: [] })
  })

  test('a date in quiet hours waits like any other broadcast', async () => {
    const { id } = await room.approved({ recurrence: { cron: '30 6 * * *' } })
    room.at('2026-12-02T05:30:00Z')
    expect(await room.startDue()).toBe(0)
    expect(await datesOf(id)).toEqual(['2026-12-02T05:30 scheduled'])
    room.at('2026-12-02T06:00:00Z')
    expect(await room.startDue()).toBe(1)
  })

  test('stands still as a whole when its template changed, and is not sent meanwhile', async () => {
    const { id } = await room.approved({ recurrence: weekly })
    await templatesAre(listed('stadt_meldung', { components: [{ type: 'BODY', text: 'Neu: {{1}} und mehr.' }] }))
    room.at('2026-12-04T08:00:00Z')
    await room.startDue()
    expect(await room.view(id)).toMatchObject({ status: 'paused', pausedReason: 'template-changed' })
    expect(await datesOf(id)).toEqual([])
  })

  test('cancelled, it takes its waiting dates along but not those on their way', async () => {
    await room.subscribe(1)
    const { id } = await room.approved({ recurrence: { cron: '0 6,8 * * *' } })
    room.at('2026-12-02T05:00:00Z')
    await room.startDue() // 6:00, quiet
    await room.act((deed) => cancel(deed, anna, room.channel(), id))
    room.at('2026-12-02T07:00:00Z')
    expect(await room.startDue()).toBe(0)
    expect(await datesOf(id)).toEqual(['2026-12-02T05:00 cancelled'])
  })

  test('paused over a date, it goes on with the next one', async () => {
    const { id } = await room.approved({ recurrence: weekly })
    await room.act((deed) => pause(deed, anna, room.channel(), id))
    room.at('2026-12-05T08:00:00Z')
    await room.startDue()
    await room.act((deed) => resume(deed, anna, room.channel(), id))
    expect(await room.startDue()).toBe(0)
    room.at('2026-12-11T08:00:00Z')
    expect(await room.startDue()).toBe(1)
    expect(await datesOf(id)).toEqual(['2026-12-11T08:00 sending'])
  })
})

describe('what the office sees', () => {
  test('the forecast knows the daily limit, who was written to today and that they cost nothing more', async () => {
    room.info({ quietHours: null })
    await room.subscribe(4)
    await room.database.sql`update channels set daily_limit = 5 where slug = 'arnsberg'`
    const first = await room.approved()
    await room.startDue()
    await room.became(first.id, 'delivered', 'delivered', 'delivered', 'failed')
    await room.finishDone()
    room.pass(HOUR)
    const { id } = await room.draft()
    expect((await room.view(id)).forecast).toMatchObject({ recipients: 4, fitsDailyLimit: true })
    await room.subscribe(2)
    expect((await room.view(id)).forecast).toMatchObject({
      recipients: 6,
      fitsDailyLimit: false,
      sentence: expect.stringMatching(/Limit 5 in 24 h, 3 verbraucht/),
    })
  })

  test('the forecast knows who is still to be written to before it: they take room and time, each person once', async () => {
    room.info({ quietHours: null })
    await room.subscribe(4, ['baustellen'])
    await room.subscribe(2, ['termine'])
    const audience = (topic: string) => ({ audience: { offering: 'info' as const, topics: [topic] } })
    const fits = async (id: string) => (await room.view(id)).forecast.fitsDailyLimit
    const other = await room.draft(audience('termine'))
    const same = await room.draft(audience('baustellen'))
    await room.database.sql`update channels set daily_limit = 5 where slug = 'arnsberg'`
    expect(await fits(other.id)).toBe(true)
    const first = await room.approved({ ...audience('baustellen'), sendAt: new Date(room.now().getTime() + HOUR) })
    expect(await fits(other.id), 'it would leave before').toBe(true)
    room.pass(HOUR)
    const tomorrow = await room.approved({ ...audience('termine'), sendAt: new Date(room.now().getTime() + 23 * HOUR) })
    expect(await fits(tomorrow.id)).toBe(false)
    await room.startDue()
    await room.became(first.id, 'delivered')
    expect((await room.view(other.id)).forecast).toMatchObject({
      fitsDailyLimit: false,
      sentence: expect.stringMatching(/^2 Empfänger, Limit 5 in 24 h, 1 verbraucht, 3 in früheren Meldungen: fertig/),
    })
    expect(await fits(same.id), 'the same people').toBe(true)
    expect(await fits(first.id), 'it goes first itself').toBe(true)
    await room.database.sql`update channels set daily_limit = 6 where slug = 'arnsberg'`
    expect(await fits(other.id)).toBe(true)
    await room.database.sql`update channels set daily_limit = 2 where slug = 'arnsberg'`
    const inThirtyHours = new Date(room.now().getTime() + 30 * HOUR)
    const later = await room.draft({ ...audience('termine'), sendAt: inThirtyHours })
    expect(await fits(later.id), 'the first one takes until the next day').toBe(false)
  })

  test('without a daily limit, who is still to be written to before it takes time, each message its own', async () => {
    room.info({ quietHours: null })
    const { whatsapp } = room.channel()
    room.channels.set('arnsberg', { ...room.channel(), whatsapp: { ...whatsapp, messagesPerSecond: 1 } })
    await room.subscribe(40)
    const takes = async (id: string) =>
      (new Date((await room.view(id)).forecast.finishesAt!).getTime() - room.now().getTime()) / 1000
    const { id } = await room.draft()
    expect(await takes(id)).toBe(40)
    const first = await room.approved()
    expect(await takes(id)).toBe(80)
    await room.startDue()
    await room.became(first.id, 'delivered')
    expect(await takes(id)).toBe(79)
  })

  test('one that runs while WhatsApp takes nothing from the number says so, and promises no end', async () => {
    room.info({ quietHours: null })
    await room.subscribe(3)
    const { id } = await room.approved()
    await room.startDue()
    await room.became(id, 'delivered')
    await room.database.sql`update channels set stopped_at = now(), stopped_code = '131031' where slug = 'arnsberg'`
    const view = await room.view(id)
    expect(view).toMatchObject({ status: 'sending', waitingFor: 'channel-stopped', waitingUntil: null })
    expect(view.forecast).toMatchObject({ finishesAt: null, sentence: expect.stringMatching(/^Steht still/) })
    expect(standing(view, 'Europe/Berlin')).toBe(
      'Steht still: WhatsApp nimmt zurzeit nichts von diesem Kanal an. 2 Nachrichten warten und gehen von selbst weiter, sobald er wieder senden darf.',
    )
    await room.became(id, 'delivered', 'delivered', 'delivered')
    expect((await room.view(id)).waitingFor, 'nothing of it waits').toBeNull()
  })

  test('of broadcasts planned for the same minute, the one approved first goes first, and the forecast counts so', async () => {
    room.info({ quietHours: null })
    const { whatsapp } = room.channel()
    room.channels.set('arnsberg', { ...room.channel(), whatsapp: { ...whatsapp, messagesPerSecond: 1 } })
    await room.subscribe(10)
    const sendAt = new Date(room.now().getTime() + HOUR)
    const takes = async (id: string) =>
      (new Date((await room.view(id)).forecast.finishesAt!).getTime() - sendAt.getTime()) / 1000
    const draft = await room.draft({ sendAt })
    const ids: string[] = []
    for (let n = 0; n < 6; n += 1) {
      room.pass(1000)
      ids.push((await room.approved({ sendAt })).id)
    }
    expect(await Promise.all(ids.map(takes))).toEqual([10, 20, 30, 40, 50, 60])
    expect(await takes(draft.id), 'not approved yet').toBe(70)
    room.pass(HOUR)
    await room.startDue()
    const started = await room.database.sql`select id from broadcasts where status = 'sending' order by first_id`
    expect(started.map(({ id }) => id)).toEqual(ids)
  })

  test('the price is that of the day in the town, also in its first hour', async () => {
    room.info({ quietHours: null })
    await room.subscribe(2)
    const rates = [
      { from: '2026-01-01', country: 'DE', marketing: 1 },
      { from: '2027-01-01', country: 'DE', marketing: 2 },
    ]
    room.channels.set('arnsberg', { ...room.channel(), rates })
    const costAt = async (sendAt: string) =>
      (await room.view((await room.draft({ sendAt: new Date(sendAt) })).id)).forecast.costEur
    expect(await costAt('2026-12-31T23:59:00+01:00')).toBe('2.00')
    expect(await costAt('2027-01-01T00:30:00+01:00')).toBe('4.00')
  })

  test('what the coming day needs of the daily limit counts each person once, whatever they get', async () => {
    room.info({ quietHours: null })
    const outlook = () => room.act((deed) => limitOutlook(deed, room.channel()))
    expect(await outlook()).toBeNull()
    await room.database.sql`update channels set daily_limit = 5 where slug = 'arnsberg'`
    await room.subscribe(2, ['baustellen'])
    const first = await room.approved()
    await room.startDue()
    await room.became(first.id, 'delivered', 'delivered')
    await room.finishDone()
    const used = { limit: 5, used: 2, growsAt: new Date(room.now().getTime() + 24 * HOUR) }
    expect(await outlook()).toEqual({ ...used, ahead: 0, room: 3 })
    room.pass(HOUR)
    await room.subscribe(2, ['baustellen'])
    await room.subscribe(2, ['termine'])
    await room.approved({ audience: { offering: 'info', topics: ['baustellen'] } })
    expect(await outlook()).toEqual({ ...used, ahead: 2, room: 3 })
    const inHours = (hours: number) => new Date(room.now().getTime() + hours * HOUR)
    await room.approved({ sendAt: inHours(30), audience: { offering: 'info', topics: ['termine'] } })
    expect(await outlook(), 'the day after tomorrow needs nothing of today').toMatchObject({ ahead: 2 })
    await room.approved({ sendAt: inHours(20) })
    expect(await outlook()).toEqual({ ...used, ahead: 4, room: 3 })
  })

  test('tests count at the daily limit, each person once; when it is used up, only those who count get another', async () => {
    await room.subscribe(3)
    await room.database.sql`update channels set daily_limit = 5 where slug = 'arnsberg'`
    const [subscriber] = await room.database.sql<
      { id: string; phone_sealed: string }[]
    >`select id, phone_sealed from contacts`
    const ours = room.vault.open(subscriber!.phone_sealed)
    const { id } = await room.draft()
    const tests = (to: string) => room.act((deed) => testSend(deed, anna, room.channel(), id, to))
    const used = async () => (await room.act((deed) => limitOutlook(deed, room.channel())))?.used
    const leave = async (status: string) => {
      await room.database
        .sql`update outgoing set status = 'sending', handed_over_at = ${room.now()} where kind = 'test' and status = 'queued'`
      await room.database.sql`update outgoing set status = ${status} where kind = 'test' and status = 'sending'`
    }
    await tests('0151 99000001')
    expect(await used(), 'not handed over yet').toBe(0)
    await leave('failed')
    expect(await used(), 'refused').toBe(0)
    for (const to of ['0151 99000001', '+49 151 99000001', '0151 99000002', ours]) await tests(to)
    await leave('accepted')
    expect(await used()).toBe(3)
    const first = await room.approved()
    await room.startDue()
    await room.became(first.id, 'delivered', 'delivered', 'delivered')
    expect(await used(), 'who got a test and the broadcast is one person').toBe(5)
    await room.database
      .sql`update outgoing set contact_id = null where broadcast_id = ${first.id} and contact_id <> ${subscriber!.id}`
    expect(await used(), 'people who were erased meanwhile').toBe(5)
    await expect(tests('0151 99000003')).rejects.toMatchObject({
      code: 'limit-used-up',
      message: expect.stringMatching(/^Das Tageslimit von WhatsApp ist ausgeschöpft.* ab Mittwoch, 9:00 Uhr\.$/),
    })
    for (const to of ['0151 99000001', ours]) await tests(to)
    await room.database.sql`update channels set daily_limit = 2 where slug = 'arnsberg'`
    await room.database
      .sql`update outgoing set handed_over_at = handed_over_at - interval '2 hours' where broadcast_id = ${first.id} and contact_id is null`
    const lowered = await room.act((deed) => limitOutlook(deed, room.channel()))
    expect(lowered?.growsAt, 'a limit below what is used').toEqual(new Date(room.now().getTime() + 24 * HOUR))
    await expect(tests('0151 99000003')).rejects.toThrow(/ ab Mittwoch, 9:00 Uhr\.$/)
    await room.database.sql`update channels set daily_limit = 5 where slug = 'arnsberg'`
    room.pass(24 * HOUR)
    await tests('0151 99000003')
    expect(await used()).toBe(0)
  })

  test('what nobody asked for is due behind every answer, or answers would wait for the limit, too', async () => {
    const message = (countsAs?: string) => ({
      channel: 'arnsberg',
      kind: 'reply' as const,
      payload: textMessage('Guten Tag'),
      countsAs,
    })
    const ids = await room.act((deed) => enqueue(deed, [message(randomUUID()), message()]))
    const due = await readDue(room.database.sql, 'arnsberg', room.now(), 10, true)
    expect(due.map(({ id }) => Number(id))).toEqual([ids[1]!.id, ids[0]!.id])
  })

  test('while the limit is used up, it says until when', async () => {
    room.info({ quietHours: null })
    room.pass(30_000)
    await room.subscribe(2)
    await room.database.sql`update channels set daily_limit = 2 where slug = 'arnsberg'`
    const first = await room.approved()
    await room.startDue()
    await room.became(first.id, 'delivered', 'delivered')
    await room.finishDone()
    await room.subscribe(1)
    const second = await room.approved({ title: 'Zweite' })
    await room.startDue()
    await room.became(second.id, ...(await room.statesOf(second.id)).map(() => 'queued' as const))
    await room.database.sql`update outgoing o set status = 'sending' from outgoing f
      where o.broadcast_id = ${second.id} and f.broadcast_id = ${first.id} and f.contact_id = o.contact_id`
    await room.database
      .sql`update outgoing set status = 'delivered', handed_over_at = ${room.now()} where status = 'sending'`
    expect(await room.view(second.id)).toMatchObject({
      status: 'sending',
      counts: { queued: 1, delivered: 2 },
      waitingUntil: '2026-12-02T09:00:30+01:00',
      waitingFor: 'daily-limit',
    })
  })

  test('recipients masked, in pages and by state', async () => {
    await room.subscribe(3)
    const { id } = await room.approved()
    expect(await room.act((deed) => recipients(deed, room.channel(), id, { limit: 10 }))).toEqual([])
    await room.startDue()
    await room.became(id, 'failed', 'delivered')
    await room.database.sql`update outgoing set error_code = 131026 where status = 'failed'`
    const first = await room.act((deed) => recipients(deed, room.channel(), id, { limit: 2 }))
    const rest = await room.act((deed) => recipients(deed, room.channel(), id, { limit: 2, after: first[1]!.id }))
    expect([...first, ...rest].map(({ state }) => state)).toEqual(['failed', 'delivered', 'queued'])
    expect(first[0]).toMatchObject({ phone: expect.stringMatching(/^\+49 151 •{5} \d\d$/), error: { code: 131026 } })
    const failed = await room.act((deed) => recipients(deed, room.channel(), id, { limit: 10, state: 'failed' }))
    expect(failed).toHaveLength(1)
  })

  test('all broadcasts, newest first, in pages and by state', async () => {
    const titles: string[] = []
    for (let i = 1; i <= 5; i++) {
      room.pass(i === 3 ? 0 : 1000) // two at the same moment
      titles.push((await room.draft({ title: `Meldung ${i}` })).title)
    }
    const seen: string[] = []
    let before: { createdAt: Date; id: string } | undefined
    for (;;) {
      const page = await room.act((deed) => list(deed, room.channel(), { limit: 2, before }))
      seen.push(...page.map(({ title }) => title))
      const last = page.at(-1)
      if (!last) break
      before = { createdAt: new Date(last.createdAt), id: last.id }
    }
    expect([...seen].sort()).toEqual(titles)
    expect(seen[0]).toBe('Meldung 5')
    expect(await room.act((deed) => list(deed, room.channel(), { limit: 9, status: ['sending'] }))).toEqual([])
  })

  test('every step in the audit, without a word of what was written', async () => {
    await room.subscribe(1)
    const { id } = await room.approved()
    await room.startDue()
    await room.act((deed) => pause(deed, anna, room.channel(), id))
    await room.act((deed) => resume(deed, anna, room.channel(), id))
    await room.act((deed) => testSend(deed, anna, room.channel(), id, '+4915123456789'))
    await room.became(id, 'failed')
    await room.finishDone()
    await room.act((deed) => retry(deed, anna, room.channel(), id))
    await room.act((deed) => cancel(deed, anna, room.channel(), id))
    expect(await room.audited(id)).toEqual([
      ...[
        'drafted',
        'submitted',
        'approved',
        'frozen',
        'started',
        'paused',
        'resumed',
        'tested',
        'finished',
        'retried',
        'cancelled',
      ],
    ])
    const rows = JSON.stringify(await room.database.sql`select detail from audit`)
    expect(rows).not.toMatch(/Ruhrstraße|15123456789/)
  })
})

test('a deed that fails leaves no trace', async () => {
  const { id } = await room.draft()
  const failing = inDeed(room, async (deed) => {
    await submit(deed, anna, room.channel(), id)
    throw new Error('afterwards')
  })
  await expect(failing).rejects.toThrow('afterwards')
  expect(await room.audited(id)).toEqual(['drafted'])
  expect((await room.view(id)).status).toBe('draft')
})
