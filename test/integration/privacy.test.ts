import { randomBytes, randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { COMMAND, record } from '../../src/audit/audit.ts'
import { reply } from '../../src/chats/answers.ts'
import { close } from '../../src/chats/closing.ts'
import { findContact } from '../../src/contacts/contacts.ts'
import { reseal, SEALED } from '../../src/db/rotate.ts'
import { openVault } from '../../src/db/vault.ts'
import { handOver, lease, recoverChannel } from '../../src/dispatch/lane.ts'
import { enqueue } from '../../src/dispatch/queue.ts'
import { strangerOf } from '../../src/dispatch/reached.ts'
import { BUTTONS } from '../../src/intake/buttons.ts'
import { takeMessages } from '../../src/intake/intake.ts'
import { openLog } from '../../src/log.ts'
import { eraseByIds } from '../../src/privacy/erase.ts'
import { retain } from '../../src/privacy/retention.ts'
import { exportSubscribers } from '../../src/subscriptions/export.ts'
import { verifyChain } from '../../src/subscriptions/verify.ts'
import type { MessageEvent, Person } from '../../src/whatsapp/webhook-events.ts'
import { anna, bernd, type ChatDesk, cem, everything, OFFICE, openChatDesk, written } from '../support/chat-desk.ts'
import { type Json, openDoors } from '../support/runtime.ts'

const DAY = 86_400_000
const PLACE = { publicUrl: 'https://whatsup.example' }

let desk: ChatDesk
let doors: ReturnType<typeof openDoors>
beforeEach(async () => {
  desk = await openChatDesk()
  doors = openDoors(desk.runtime)
})
afterEach(() => desk.close())

async function writes(who: Person, what: string | Partial<MessageEvent>, town = 'arnsberg') {
  const message = written(who, what, desk.now())
  await desk.act((deed) => takeMessages(deed, [{ channel: desk.channels.get(town)!, message }], PLACE))
  desk.pass(61_000)
}

/** What was said to citizens, oldest first. */
async function said(): Promise<string[]> {
  const rows = await desk.database.sql<{ sealed: string }[]>`
    select payload_sealed as sealed from outgoing where kind = 'reply' and payload_sealed is not null order by id`
  return rows.map(({ sealed }) => {
    const body = JSON.parse(desk.vault.open(sealed))
    return body.text?.body ?? body.interactive.body.text
  })
}

const linkIn = (text: string) => new URL(/https:\S+/.exec(text)![0]).pathname

describe('auskunft', () => {
  test('answers in plain words what is stored, why and how long, with a link', async () => {
    await writes(anna, 'START')
    await writes(anna, 'Auskunft bitte')
    const answer = (await said()).at(-1)!
    expect(answer).toContain('+49 151 ••••• 01')
    expect(answer).toMatch(/Infokanal: angemeldet seit 23. November 2026/)
    expect(answer).toMatch(/30 Tage.*\n?/)
    expect(answer).toContain('https://whatsup.example/arnsberg/auskunft/')
    expect(answer).not.toContain(anna.phone!)
    expect(answer.length).toBeLessThan(4096)
  })

  test('the link is used up by the button, not by looking; it shows and gives everything', async () => {
    await writes(anna, 'START')
    await writes(anna, 'CHAT')
    await writes(anna, 'Die Laterne ist kaputt')
    await writes(anna, 'AUSKUNFT')
    const link = linkIn((await said()).at(-1)!)
    for (let i = 0; i < 2; i++) {
      const look = await doors.ask('GET', link)
      expect(look.status).toBe(200)
      expect(look.body).not.toContain(anna.phone)
      expect(look.headers.get('cache-control')).toBe('no-store')
    }
    const { status, body, headers } = await doors.ask('POST', link)
    expect(status).toBe(200)
    for (const part of [
      anna.phone!,
      'Anna Ahrens',
      anna.userId!,
      'zugesagt',
      'Sie sind jetzt beim Infokanal',
      'von Ihnen, Text',
      '>zum Infokanal</td>',
    ])
      expect(body).toContain(part)
    expect(headers.get('content-security-policy')).toContain("default-src 'none'")
    const file = JSON.parse(Buffer.from(/base64,([^"]+)/.exec(body)![1]!, 'base64').toString())
    expect(file.identity).toMatchObject({ phone: anna.phone, name: 'Anna Ahrens' })
    expect(file.consents).toHaveLength(2)
    expect(file.chats[0].messages).toHaveLength(1)
    expect(file.purposes.every((one: Json) => one.purpose && one.ground && one.kept)).toBe(true)
    expect((await doors.ask('POST', link)).status).toBe(410)
    expect((await doors.ask('GET', link)).status).toBe(410)
  })

  test('tells whoever was erased and came back what was kept, and every access: to them, their matters, their place on a list', async () => {
    const key = await doors.keyFor('admin')
    const list = async () => {
      for await (const page of exportSubscribers(desk.runtime, COMMAND, 'arnsberg')) expect(page).toBeDefined()
      desk.pass(1000)
    }
    for (const text of ['START', 'LÖSCHEN', 'Ja']) await writes(anna, text)
    const erasedAt = new Date(desk.now().getTime() - 61_000).toISOString()
    await list()
    await writes(anna, 'START')
    await list()
    await writes(anna, 'STOP')
    await list()
    for (const text of ['CHAT', 'Die Laterne ist kaputt']) await writes(anna, text)
    const [chat] = await desk.database.sql`select id from chats`
    await doors.ask('POST', `/api/v1/chats/${chat!.id}/close`, { key })
    const person = (await desk.act((deed) => findContact(deed, 'arnsberg', anna)))!
    const signedOff = { action: 'subscriber.signed-off', channel: 'arnsberg', target: person.id }
    await desk.act((deed) => record(deed, COMMAND, signedOff))
    const lookup = '/api/v1/channels/arnsberg/subscribers/lookup'
    for (const reason of ['Ist das Anna?', 'Rückfrage'])
      await doors.ask('POST', lookup, { key, body: { phone: anna.phone, reason } })
    await writes(bernd, 'CHAT')
    await writes(bernd, 'Moin')

    await writes(anna, 'AUSKUNFT')
    const { body } = await doors.ask('POST', linkIn((await said()).at(-1)!))
    const file = JSON.parse(Buffer.from(/base64,([^"]+)/.exec(body)![1]!, 'base64').toString())
    expect(file.suppressions).toEqual([{ at: erasedAt, reason: 'keyword' }])
    expect(file.accesses.map((one: Json) => [one.action, one.refused])).toEqual([
      ['subscribers.export-begun', false],
      ['chat.closed', false],
      ['subscriber.signed-off', false],
      ['subscriber.looked-up', true],
      ['subscriber.looked-up', false],
      ['person.disclosed', false],
    ])
    for (const words of [
      'Liste mit Ihrer Nummer ausgegeben',
      'Anliegen abgeschlossen',
      'vom Infokanal abgemeldet',
      'Nummer und Name eingesehen (abgelehnt)',
      'Vermerk, dass keine Liste Sie zurückbringt',
      'gelöscht (Stichwort)',
    ])
      expect(body).toContain(words)
    const purposes = file.purposes.map((one: Json) => `${one.data}: ${one.purpose}`).join()
    expect(purposes).toMatch(/Werbung in WhatsApp.*keine Liste Sie zurückbringt/)
  })

  test.each([
    [['START', 'STOP'], true],
    [['STOP'], true],
    [['START'], false],
    [['STOP', 'START'], false],
  ])('says that a no keeps lists away to whoever has one: %j', async (texts, says) => {
    for (const text of [...texts, 'AUSKUNFT']) await writes(anna, text)
    const { body } = await doors.ask('POST', linkIn((await said()).at(-1)!))
    expect(body.includes('Ihr Nein oben hält jede Liste davon ab')).toBe(says)
  })

  test.each(['arnsberg', 'heringen'])(
    'says of every kind of data in it what it is for and when it ends: %s',
    async (town) => {
      await writes(anna, 'HILFE', town)
      if (town === 'heringen') await writes(anna, 'Die Laterne ist kaputt', town)
      await writes(anna, 'AUSKUNFT', town)
      const short = (await said()).at(-1)!
      expect(short.length).toBeLessThan(4096)
      const { body } = await doors.ask('POST', linkIn(short))
      const file = JSON.parse(Buffer.from(/base64,([^"]+)/.exec(body)![1]!, 'base64').toString())
      const kinds: Record<string, RegExp> = {
        identity: /Nummer, Kennung und Name.*(sonst|danach|keines,) 90 Tage/,
        formerIds: /frühere Nummern und Kennungen/,
        chats: /Ihre Anliegen/,
        consents: /Nachweis Ihrer Zu- und Absagen/,
        messages: /unsere automatischen Antworten.*30 Tage/,
        automaticLines: /wann Sie Nein sagten.*bis Ihre Nummer gelöscht wird/,
        suppressions: /Prüfwert der Nummer/,
        accesses: /wer in der Verwaltung/,
        ...(town === 'arnsberg' && {
          subscriptions: /Anmeldung und gewählte Themen.*wann das war, bis Ihre Nummer gelöscht wird/,
          marketingStoppedAt: /Werbung in WhatsApp/,
          unreachable: /nicht erreichten/,
          waiting: /bevor Sie dem Chat zustimmen.*24 Stunden/,
        }),
      }
      const told = file.purposes.map((one: Json) => `${one.data}: ${one.purpose}, ${one.ground}, ${one.kept}`)
      for (const [kind, words] of Object.entries(kinds))
        expect([kind, told.some((one: string) => words.test(one))]).toEqual([kind, true])
    },
  )

  test('tells the automatic lines in words and in the order in which they came', async () => {
    for (const text of ['START', 'HILFE', 'LÖSCHEN', 'Nein', 'START', 'AUSKUNFT']) await writes(anna, text)
    const { body } = await doors.ask('POST', linkIn((await said()).at(-1)!))
    const file = JSON.parse(Buffer.from(/base64,([^"]+)/.exec(body)![1]!, 'base64').toString())
    expect(file.automaticLines.map(({ kind }: Json) => kind)).toEqual([
      'help',
      'erase-cancel',
      'about info',
      'disclose',
    ])
    expect(body).toContain('nichts gelöscht, wie Sie wollten')
    expect(body).toContain(`<span class="whole">${anna.phone}</span>`)
  })

  test('the link is the file itself for whoever wants it so, ends after a day, and with the next one', async () => {
    await writes(anna, 'AUSKUNFT')
    const first = linkIn((await said()).at(-1)!)
    await writes(anna, 'AUSKUNFT')
    const second = linkIn((await said()).at(-1)!)
    expect((await doors.ask('POST', first)).status).toBe(410)
    expect((await doors.ask('GET', second.replace('arnsberg', 'warstein'))).status).toBe(410)
    const asFile = await doors.app.request(second, { method: 'POST', body: new URLSearchParams({ format: 'json' }) })
    expect(asFile.headers.get('content-disposition')).toContain('auskunft-arnsberg.json')
    expect(((await asFile.json()) as Json).identity.phone).toBe(anna.phone)
    await writes(anna, 'AUSKUNFT')
    desk.pass(DAY)
    expect((await doors.ask('GET', linkIn((await said()).at(-1)!))).status).toBe(410)
  })
})

/** A matter of Anna's that the office has settled. */
async function settledMatter(): Promise<string> {
  await writes(anna, 'CHAT')
  await writes(anna, 'Die Laterne ist kaputt')
  const [chat] = await desk.database.sql<{ id: string }[]>`select id from chats where closed_at is null`
  await desk.act((deed) => close(deed, OFFICE, chat!.id, desk.channels))
  return chat!.id
}

test('an old matter that is emptied takes nothing along of whoever writes again: not the link, not the message that waits', async () => {
  await settledMatter()
  await writes(anna, 'STOP CHAT')
  desk.pass(31 * DAY)
  await writes(anna, 'AUSKUNFT')
  const link = linkIn((await said()).at(-1)!)
  await writes(anna, 'Die Laterne ist wieder kaputt')
  await retain(desk.runtime)
  const kept = await desk.database.sql`
    select (select count(*) from held_messages)::int as waiting, (select count(*) from chat_messages)::int as old`
  expect([...kept]).toEqual([{ waiting: 1, old: 0 }])
  expect((await doors.ask('POST', link)).body).toContain(anna.phone)
})

describe('löschen', () => {
  test('asks once, erases everything, says so as the last message, and keeps proof and a hash against imports', async () => {
    await writes(anna, 'START')
    await writes(anna, 'CHAT')
    await writes(anna, 'Die Laterne ist kaputt')
    await writes(anna, 'AUSKUNFT')
    const link = linkIn((await said()).at(-1)!)
    await writes(anna, 'LÖSCHEN')
    expect((await said()).at(-1)).toMatch(/Sollen wir alles löschen/)
    expect(await desk.act((deed) => findContact(deed, 'arnsberg', anna))).not.toBeNull()
    await writes(anna, 'Ja')
    expect(await said()).toEqual([expect.stringContaining('Wir haben gelöscht')])
    const [last] = await desk.database.sql`select id, address_sealed from outgoing where kind = 'reply'`
    expect(JSON.parse(desk.vault.open(last!.address_sealed))).toMatchObject({ phone: anna.phone })
    // Even a sender that dies over it leaves nothing of it behind.
    const us = randomUUID()
    await lease(desk.database.sql, 'arnsberg', us)
    await handOver(desk.database.sql, 'arnsberg', us, [last!.id], 0, desk.now())
    expect(await recoverChannel(desk.database.sql, 'arnsberg', desk.now())).toBe(1)
    const dump = await everything(desk)
    for (const trace of [anna.phone!, anna.phone!.slice(1), anna.userId!, 'Anna', 'Ahrens', 'Laterne', 'wamid.'])
      expect(dump).not.toContain(trace)
    expect((await doors.ask('POST', link)).status).toBe(410)
    const [kept] = await desk.database.sql`
      select (select count(*) from consents)::int as proof, (select count(*) from suppressions)::int as hashes,
        (select count(*) from consent_details)::int as details`
    expect(kept).toEqual({ proof: 4, hashes: 2, details: 0 })
    expect((await verifyChain(desk.runtime, 'arnsberg')).broken).toBeNull()
  })

  test('a test that went to the number before its owner wrote to us counts as nobody in particular, too', async () => {
    const countsAs = strangerOf(desk.vault, anna.phone!)
    const tests = ['arnsberg', 'warstein'].map((channel) => ({ channel, kind: 'test' as const, payload: {}, countsAs }))
    await desk.act((deed) => enqueue(deed, tests))
    for (const text of ['START', 'LÖSCHEN', 'Ja']) await writes(anna, text)
    const counted = await desk.database
      .sql`select channel, counts_as from outgoing where kind = 'test' order by channel`
    expect(counted).toEqual([
      { channel: 'arnsberg', counts_as: expect.not.stringContaining(countsAs) },
      { channel: 'warstein', counts_as: countsAs },
    ])
  })

  test('asks as well whoever was only greeted and wishes it in words of their own', async () => {
    await writes(anna, 'Guten Tag')
    await writes(anna, 'Bitte löschen Sie meine Daten')
    expect((await said()).at(-1)).toMatch(/Sollen wir alles löschen/)
    expect(await isKnown()).toBe(true)
    await writes(anna, 'Ja')
    expect(await isKnown()).toBe(false)
  })

  const isKnown = async () => (await desk.act((deed) => findContact(deed, 'arnsberg', anna))) !== null
  const officeAsks = async () => {
    const [chat] = await desk.database.sql<{ id: string }[]>`select id from chats where closed_at is null`
    await desk.act((deed) => reply(deed, OFFICE, chat!.id, { text: 'Passt Dienstag?' }))
    desk.pass(61_000)
  }
  const inTheChat = async () =>
    Number((await desk.database.sql`select count(*) as n from chat_messages where inbound`)[0]!.n)

  test.each<[string, () => Promise<unknown>]>([
    [
      'after more of the chat',
      async () => {
        await writes(anna, 'Wann hätten Sie Zeit?')
        await officeAsks()
      },
    ],
    ['that comes right after ours', officeAsks],
  ])('a yes to a question of the office %s erases nothing and reaches the office', async (_, goesOn) => {
    await writes(anna, 'CHAT')
    await writes(anna, 'Ich brauche einen Termin')
    await writes(anna, 'LÖSCHEN')
    await goesOn()
    const before = await inTheChat()
    await writes(anna, 'Ja bitte')
    expect(await isKnown()).toBe(true)
    expect(await inTheChat()).toBe(before + 1)
    await writes(anna, { kind: 'reply', buttonId: BUTTONS.eraseYes, text: 'Ja, alles löschen' })
    expect(await isKnown()).toBe(false)
  })

  test('whoever says yes in the chat too late to be understood reads once that nothing is erased, and again after the next question', async () => {
    const notYet =
      'Es ist noch nichts gelöscht. Wenn Sie das möchten, tippen Sie bitte oben auf „Ja, alles löschen“ oder schreiben Sie LÖSCHEN.'
    const times = async () => (await said()).filter((words) => words === notYet).length
    for (const words of ['CHAT', 'Die Laterne ist kaputt', 'LÖSCHEN', 'Wie lange dauert das?', 'Nein']) {
      await writes(anna, words)
      expect(await times()).toBe(0)
    }
    const before = await inTheChat()
    await writes(anna, 'Ja')
    expect((await said()).at(-1)).toBe(notYet)
    await writes(anna, 'Ja')
    expect(await times()).toBe(1)
    expect(await inTheChat()).toBe(before + 2)
    for (const words of ['LÖSCHEN', 'Einen Moment', 'Ja']) await writes(anna, words)
    expect(await times()).toBe(2)
    expect(await isKnown()).toBe(true)
  })

  test('a yes after something else is asked back once more, also when all of it comes at once', async () => {
    await writes(anna, 'START')
    const messages = ['LÖSCHEN', 'STATUS', 'JA'].map((text) => written(anna, text, desk.now()))
    const channel = desk.channels.get('arnsberg')!
    await desk.act((deed) =>
      takeMessages(
        deed,
        messages.map((message) => ({ channel, message })),
      ),
    )
    expect(await isKnown()).toBe(true)
    expect((await said()).at(-1)).toMatch(/Sollen wir alles löschen/)
    await writes(anna, 'JA')
    expect(await isKnown()).toBe(false)
  })
})

test('a last word that could not leave is given up after a day, and nothing of it stays', async () => {
  await desk.database.sql`update channels set stopped_at = now() where slug = 'arnsberg'`
  await writes(anna, 'LÖSCHEN')
  await writes(anna, 'Ja')
  const traces = async () => {
    const dump = await everything(desk)
    return [anna.phone!, 'Wir haben gelöscht'].filter((trace) => dump.includes(trace))
  }
  desk.pass(DAY / 2)
  await retain(desk.runtime)
  expect(await traces()).toHaveLength(2)
  desk.pass(DAY / 2)
  await retain(desk.runtime, { limit: 1 })
  expect(await traces()).toEqual([])
  expect([...(await desk.database.sql`select status, contact_id from outgoing where kind = 'reply'`)]).toEqual([
    { status: 'skipped', contact_id: null },
  ])
})

describe('the inbox is told to erase', () => {
  /** The chats of which it was or will be told. */
  async function told(): Promise<string[]> {
    const rows = await desk.database.sql<{ sealed: string }[]>`
      select payload_sealed as sealed from outgoing where kind = 'inbox' and payload_sealed is not null order by id`
    const events = rows.map(({ sealed }) => JSON.parse(desk.vault.open(sealed)) as Json)
    return events.flatMap(({ type, data }) => (type === 'chat.closed' && data.erase ? [data.chat.id] : []))
  }
  const erases = async () => {
    await writes(anna, 'LÖSCHEN')
    await writes(anna, 'Ja')
  }

  test('every matter of whoever is erased, also what was emptied here long before', async () => {
    const march = await settledMatter()
    desk.pass(31 * DAY)
    await retain(desk.runtime)
    expect(await told()).toEqual([])
    const april = await settledMatter()
    await erases()
    expect((await told()).sort()).toEqual([march, april].sort())
  })

  test('what the office erases for somebody who asked at the counter', async () => {
    const matter = await settledMatter()
    desk.pass(31 * DAY)
    await retain(desk.runtime)
    await desk.act((deed) => eraseByIds(deed, COMMAND, desk.channels.get('arnsberg')!, { phone: anna.phone! }))
    expect(await told()).toEqual([matter])
  })

  test('the matters of whoever has not been seen for so long that the person is forgotten', async () => {
    const matter = await settledMatter()
    await writes(anna, 'STOP CHAT')
    await desk.database.sql`update outgoing set status = 'skipped', not_before = null where kind = 'reply'` // none waits any more
    desk.pass(89 * DAY)
    await retain(desk.runtime)
    expect(await told()).toEqual([])
    desk.pass(2 * DAY)
    await retain(desk.runtime)
    expect(await desk.act((deed) => findContact(deed, 'arnsberg', anna))).toBeNull()
    expect(await told()).toEqual([matter])
  })

  test('no matter twice: one that was erased with its close is not erased again with the person', async () => {
    const channel = desk.channels.get('arnsberg')!
    const chat = { ...channel.offerings.chat!, eraseOnClose: true }
    desk.channels.set('arnsberg', { ...channel, offerings: { ...channel.offerings, chat } })
    await writes(anna, 'START')
    const matter = await settledMatter()
    expect(await told()).toEqual([matter])
    await erases()
    expect(await told()).toEqual([matter])
  })
})

describe('the ledger', () => {
  const sql = (...words: Parameters<ChatDesk['database']['sql']['unsafe']>) => desk.database.sql.unsafe(...words)
  async function past(trigger: string, change: string) {
    await sql(
      `alter table consents disable trigger ${trigger}; ${change}; alter table consents enable trigger ${trigger}`,
    )
  }
  beforeEach(async () => {
    for (const who of [anna, bernd, cem]) await writes(who, 'START')
    await writes(bernd, 'STOP')
  })

  test.each(['update consents set at = at', 'delete from consents', 'truncate consents'])(
    'the database refuses: %s',
    async (statement) => {
      await expect(sql(statement)).rejects.toThrow('append-only')
    },
  )

  test.each([
    ['a changed entry', "update consents set source = 'import' where seq = 2", { seq: 2, why: 'changed' }],
    ['a changed time', "update consents set at = at + interval '1 ms' where seq = 3", { seq: 3, why: 'changed' }],
    ['an entry taken out', 'delete from consents where seq = 2', { seq: 2, why: 'missing' }],
    ['the end cut off', 'delete from consents where seq = 4', { seq: 4, why: 'missing' }],
    [
      'the end cut off with its head',
      "delete from consents where seq = 4; update consent_heads set seq = 3 where channel = 'arnsberg'",
      { seq: 4, why: 'head-differs' },
    ],
  ])('a walk along the chain finds %s, done past the trigger', async (_, change, broken) => {
    expect(await verifyChain(desk.runtime, 'arnsberg')).toMatchObject({ entries: 4, broken: null })
    await past('consents_append_only', change)
    expect((await verifyChain(desk.runtime, 'arnsberg')).broken).toEqual(broken)
  })

  test('a message id put in the place of another is found', async () => {
    await sql(`update consent_details set message_id_sealed = '${desk.vault.seal('wamid.other')}' where consent_id = 1`)
    expect((await verifyChain(desk.runtime, 'arnsberg')).broken).toEqual({ seq: 1, why: 'detail-changed' })
  })

  test('proves for one person what they agreed to; whoever asks stands in the audit log', async () => {
    const contact = (await desk.act((deed) => findContact(deed, 'arnsberg', bernd)))!
    const key = await doors.keyFor('editor', 'arnsberg')
    const path = `/api/v1/channels/arnsberg/subscribers/${contact.id}`
    const proof = `${path}/proof?reason=${encodeURIComponent('Beschwerde über eine Meldung')}`
    const { status, body } = await doors.ask('GET', proof, { key })
    expect(status).toBe(200)
    expect(body.entries.map((one: Json) => [one.action, one.source, one.intact, one.noticeVersion])).toEqual([
      ['granted', 'keyword', true, '2026-11'],
      ['withdrawn', 'keyword', true, '2026-11'],
    ])
    expect(body.entries[0].wording).toContain('Infokanal')
    expect((await doors.ask('GET', proof.replace('arnsberg', 'warstein'), { key })).status).toBe(403)
    await past('consents_append_only', "update consents set topics = '{baustellen}' where seq = 4")
    const again = await doors.ask('GET', proof, { key })
    expect(again.body.entries.map((one: Json) => one.intact)).toEqual([true, false])
  })

  test('message ids, which tell the number, are shown for a reason only, which stands in the audit log', async () => {
    const contact = (await desk.act((deed) => findContact(deed, 'arnsberg', bernd)))!
    const key = await doors.keyFor('editor', 'arnsberg')
    const path = `/api/v1/channels/arnsberg/subscribers/${contact.id}/proof`
    const asked = (reason: string) => doors.ask('GET', `${path}?${new URLSearchParams({ reason })}`, { key })
    for (const refused of [
      await doors.ask('GET', path, { key }),
      await doors.ask('POST', path, { key, body: {} }),
      ...(await Promise.all(['', 'a', 'x'.repeat(201), 'Streit\0', `Anruf unter ${bernd.phone}`].map(asked))),
    ]) {
      expect([refused.status, refused.headers.get('content-type')]).toEqual([422, 'application/problem+json'])
      expect(refused.body.errors[0].field).toBe('reason')
    }
    expect(await desk.database.sql`select id from audit where target = ${contact.id}`).toEqual([])
    const shown = await asked('Beschwerde')
    expect(shown.body.entries[0].messageId).toMatch(/^wamid/)
    const sent = await doors.ask('POST', path, { key, body: { reason: 'Widerspruch' } })
    expect(sent.body.entries).toEqual(shown.body.entries)
    const rows = await desk.database
      .sql`select action, detail->>'reason' as reason from audit where target = ${contact.id} order by id`
    expect(rows.map(({ action, reason }) => [action, reason])).toEqual([
      ['subscriber.proof-read', 'Beschwerde'],
      ['subscriber.proof-read', 'Widerspruch'],
    ])
  })

  test('whoever tries names as the reason leaves a trace each time, which does not tell the name', async () => {
    const contact = (await desk.act((deed) => findContact(deed, 'arnsberg', bernd)))!
    const key = await doors.keyFor('editor', 'arnsberg')
    const people = '/api/v1/channels/arnsberg/subscribers'
    const reason = 'Ist das Bernd?'
    for (const refused of [
      await doors.ask('POST', `${people}/lookup`, { key, body: { phone: bernd.phone, reason } }),
      await doors.ask('POST', `${people}/${contact.id}/reveal`, { key, body: { reason } }),
      await doors.ask('GET', `${people}/${contact.id}/proof?reason=${reason}`, { key }),
      await doors.ask('POST', `${people}/${contact.id}/proof`, { key, body: { reason } }),
    ]) {
      expect([refused.status, refused.body.errors[0].field]).toEqual([422, 'reason'])
      expect(JSON.stringify(refused.body)).not.toContain(bernd.phone)
    }
    const rows = await desk.database
      .sql`select action, detail from audit where target = ${contact.id} and actor like 'key:%' order by id`
    expect(rows.map(({ action, detail }) => [action, detail])).toEqual([
      ['subscriber.looked-up', { by: 'phone', found: true, refused: true }],
      ['subscriber.revealed', { refused: true }],
      ['subscriber.proof-read', { refused: true }],
      ['subscriber.proof-read', { refused: true }],
    ])
  })

  test('a number is shown for a reason only, which stands in the audit log', async () => {
    const contact = (await desk.act((deed) => findContact(deed, 'arnsberg', bernd)))!
    const key = await doors.keyFor('editor', 'arnsberg')
    const path = `/api/v1/channels/arnsberg/subscribers/${contact.id}/reveal`
    for (const reason of ['', 'a', `Anruf unter ${bernd.phone}`])
      expect((await doors.ask('POST', path, { key, body: { reason } })).body.errors[0].field).toBe('reason')
    const shown = await doors.ask('POST', path, { key, body: { reason: 'Rückfrage zur Laterne' } })
    expect(shown.body).toMatchObject({ phone: bernd.phone, name: 'Bernd Brandt' })
    const lookup = '/api/v1/channels/arnsberg/subscribers/lookup'
    const body = { phone: bernd.phone, reason: 'Auskunft am Telefon' }
    expect((await doors.ask('POST', lookup, { key, body })).status).toBe(200)
    expect((await doors.ask('POST', lookup, { key, body: { phone: bernd.phone } })).status).toBe(200)
    const rows = await desk.database
      .sql`select action, detail->>'reason' as reason from audit where target = ${contact.id} order by id`
    expect(rows.map(({ action, reason }) => [action, reason])).toEqual([
      ['subscriber.revealed', 'Rückfrage zur Laterne'],
      ['subscriber.looked-up', 'Auskunft am Telefon'],
      ['subscriber.looked-up', null],
    ])
  })
})

describe('changing the data keys', () => {
  test('everything sealed is known to the rotation', async () => {
    const columns = await desk.database.sql<{ name: string }[]>`
      select table_name || '.' || column_name as name from information_schema.columns
      where table_schema = 'public' and column_name like '%\_sealed'`
    const known = SEALED.flatMap(({ table, columns }) => columns.map((column) => `${table}.${column}`))
    expect(known.toSorted()).toEqual(columns.map(({ name }) => name).toSorted())
  })

  test('after the rotation the new key alone opens everything, and people are found as before', async () => {
    const [old, fresh] = [
      { id: 'old', key: randomBytes(32) },
      { id: 'new', key: randomBytes(32) },
    ]
    const lookup = randomBytes(32)
    const before = openVault([old], lookup)
    const texts = Array.from({ length: 7 }, (_, i) => `+4915112340${i}`)
    await desk.database.sql`
      insert into contacts (channel, phone_sealed, phone_hash, created_at)
      select 'arnsberg', sealed, decode(hash, 'hex'), now() from unnest(${texts.map(before.seal)}::text[],
        ${texts.map((text) => before.fingerprint('phone', text).toString('hex'))}::text[]) as p(sealed, hash)`
    await desk.database.sql`
      insert into outgoing (channel, kind, address_sealed, payload_sealed)
      values ('arnsberg', 'test', ${before.seal('x')}, ${before.seal('y')})`
    const both = openVault([fresh, old], lookup)
    const hands = { sql: desk.database.sql, vault: both }
    const done = await reseal(hands, { batch: 3 })
    expect(done.filter(({ resealed }) => resealed > 0)).toEqual([
      { table: 'contacts', column: 'phone_sealed', resealed: 7 },
      { table: 'outgoing', column: 'address_sealed', resealed: 1 },
      { table: 'outgoing', column: 'payload_sealed', resealed: 1 },
    ])
    expect((await reseal(hands)).every(({ resealed }) => resealed === 0)).toBe(true)
    const alone = openVault([fresh], lookup)
    const rows = await desk.database.sql<{ sealed: string }[]>`select phone_sealed as sealed from contacts`
    expect(rows.map(({ sealed }) => alone.open(sealed)).toSorted()).toEqual(texts)
  })
})

test('nothing personal is in an error that the log describes', () => {
  const lines: string[] = []
  const log = openLog('debug', { write: (line) => lines.push(line) })
  const error = Object.assign(new Error(`insert failed for ${anna.phone}`), { query: 'insert', code: '23505' })
  log.error({ err: error }, 'failed')
  expect(lines.join()).not.toContain(anna.phone!.slice(3))
})

test('the audit log is read by the admin alone, page by page', async () => {
  await writes(anna, 'START')
  const key = await doors.keyFor('admin')
  const lookup = '/api/v1/channels/arnsberg/subscribers/lookup'
  for (let i = 0; i < 3; i++) await doors.ask('POST', lookup, { key, body: { phone: anna.phone } })
  const path = '/api/v1/channels/arnsberg/audit?limit=2'
  const { body } = await doors.ask('GET', path, { key })
  expect(body.items.map((one: Json) => one.action)).toEqual(['subscriber.looked-up', 'subscriber.looked-up'])
  const more = await doors.ask('GET', `${path}&cursor=${body.nextCursor}`, { key })
  expect(more.body.items[0].actor).toMatch(/^key:/)
  expect(more.body.items[1]).toMatchObject({ action: 'key.created', channel: null })
  expect(more.body.nextCursor).toBeNull()
  expect((await doors.ask('GET', path, { key: await doors.keyFor('approver') })).status).toBe(403)
})
