import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { parse } from 'csv-parse/sync'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { COMMAND } from '../../src/audit/audit.ts'
import { main } from '../../src/commands/main.ts'
import { findContact } from '../../src/contacts/contacts.ts'
import { takeMessages } from '../../src/intake/intake.ts'
import { eraseEverything } from '../../src/privacy/erase.ts'
import { csvRecords } from '../../src/subscriptions/csv-lines.ts'
import { asWritten, csvText } from '../../src/subscriptions/csv-text.ts'
import { exportSubscribers } from '../../src/subscriptions/export.ts'
import { importSubscribers } from '../../src/subscriptions/import.ts'
import { readHeader } from '../../src/subscriptions/import-line.ts'
import { signOff } from '../../src/subscriptions/sign-off.ts'
import { takeOver } from '../../src/subscriptions/take-over.ts'
import { verifyChain } from '../../src/subscriptions/verify.ts'
import type { Person } from '../../src/whatsapp/webhook-events.ts'
import { written } from '../support/chat-desk.ts'
import { anna, bernd, cem, joins, leaves } from '../support/citizens.ts'
import { openTestRuntime, type TestRuntime } from '../support/runtime.ts'
import { eventually } from '../support/stack.ts'
import { townEnvironment } from '../support/towns.ts'

let runtime: TestRuntime
beforeEach(async () => {
  runtime = await openTestRuntime()
  return () => runtime.close()
})

const HEAD = 'phone,date,source,wording'
const WITH_ID = 'phone,userId,offering,date,source,wording'
const CONSENT = '2024-05-01,Formular Bürgerbüro,"Ich möchte Meldungen der Stadt, auch per WhatsApp."'

async function* bytes(text: string, size = 7): AsyncGenerator<Uint8Array> {
  const all = Buffer.from(text)
  for (let i = 0; i < all.length; i += size) yield all.subarray(i, i + size)
}

async function take(text: string, { apply = true, slug = 'arnsberg', batch = 3 } = {}) {
  const told: string[] = []
  const counts = await importSubscribers(runtime, COMMAND, runtime.channels.get(slug)!, csvRecords(bytes(text)), {
    apply,
    batch,
    told: (line, reason) => told.push(`${line}: ${reason}`),
  })
  return { counts, told }
}

const writes = (from: Person, text: string) =>
  runtime.act((deed) =>
    takeMessages(deed, [{ channel: runtime.channels.get('arnsberg')!, message: written(from, text, runtime.now()) }]),
  )

async function list(): Promise<string[][]> {
  const lines: string[][] = []
  for await (const page of exportSubscribers(runtime, COMMAND, 'arnsberg', { page: 2 })) lines.push(...page)
  return lines
}

const subscribed = async (phone: string) => {
  const [row] = await runtime.sql<{ n: number }[]>`
    select count(*)::int as n from subscriptions s join contacts c on c.id = s.contact_id
    where c.phone_hash = ${runtime.vault.fingerprint('phone', phone)} and s.left_at is null`
  return row!.n === 1
}

describe('a list of consents given elsewhere', () => {
  const dora = '+4915112340004'
  const FOUR = [HEAD, `${dora},${CONSENT}`, `0151 12340005,${CONSENT}`, `+49 151 12340006,${CONSENT}`].join('\n')

  test('is a dry run first, which tells exactly what would be done and writes nothing', async () => {
    const before = await list()
    const { counts, told } = await take(FOUR, { apply: false })
    expect([counts, told]).toEqual([{ lines: 3, added: 3, alreadySubscribed: 0, declined: 0, bad: 0 }, []])
    expect(await list()).toEqual(before)
    const [audit] = await runtime.sql`select count(*)::int as n from audit where action like 'subscribers.import%'`
    expect(audit!.n).toBe(0)
  })

  test('is taken over with the proof of each consent, and an entry of counts in the audit log', async () => {
    await take(FOUR)
    expect(await subscribed(dora)).toBe(true)
    const entries = await runtime.sql`select action, source, wording, at, notice_version from consents order by seq`
    expect(entries).toHaveLength(3)
    expect(entries[0]).toMatchObject({
      action: 'granted',
      source: 'import: Formular Bürgerbüro',
      wording: 'Ich möchte Meldungen der Stadt, auch per WhatsApp.',
      at: new Date('2024-04-30T22:00:00Z'),
      notice_version: 'unknown',
    })
    const [audit] = await runtime.sql`select detail from audit where action = 'subscribers.imported'`
    expect(audit!.detail).toEqual({ lines: 3, added: 3, alreadySubscribed: 0, declined: 0, bad: 0 })
    expect((await verifyChain(runtime, 'arnsberg')).broken).toBeNull()
  })

  test('opens no 24-hour window: nobody has written to us', async () => {
    await take(FOUR)
    const contact = await runtime.act((deed) => findContact(deed, 'arnsberg', { phone: dora }))
    expect(contact).toMatchObject({ phone: dora, lastInboundAt: null })
  })

  test('changes nothing when it is run again', async () => {
    await take(FOUR)
    const before = await list()
    expect((await take(FOUR)).counts).toEqual({ lines: 3, added: 0, alreadySubscribed: 3, declined: 0, bad: 0 })
    expect(await list()).toEqual(before)
    expect((await verifyChain(runtime, 'arnsberg')).entries).toBe(3)
  })

  test('never overrules a no: STOP, erasure, stop inside WhatsApp and a number given up stay', async () => {
    const left = await joins(runtime, 'arnsberg', anna)
    await leaves(runtime, left)
    const erased = await joins(runtime, 'arnsberg', bernd)
    await runtime.act((deed) => eraseEverything(deed, COMMAND, erased, { source: 'keyword', noticeVersion: '1' }))
    const stopped = await joins(runtime, 'arnsberg', { phone: '+4915112340007' })
    await runtime.sql`delete from subscriptions where contact_id = ${stopped.id}`
    await runtime.sql`update contacts set marketing_stopped_at = now() where id = ${stopped.id}`
    const moved = await joins(runtime, 'arnsberg', { phone: '+4915112340008', userId: 'DE.80000000000000000008' })
    await joins(runtime, 'arnsberg', { phone: '+4915112340009', userId: moved.userId! })
    const file = [
      HEAD,
      ...[anna.phone, bernd.phone, '+4915112340007', '+4915112340008', dora].map((phone) => `${phone},${CONSENT}`),
    ].join('\n')
    const dry = await take(file, { apply: false })
    const { counts, told } = await take(file)
    expect(dry).toEqual({ counts, told })
    expect(counts).toMatchObject({ added: 1, declined: 4, bad: 0 })
    expect(told).toEqual([
      expect.stringContaining('2: said no'),
      expect.stringContaining('3: was erased'),
      expect.stringContaining('4: stopped messages'),
      expect.stringContaining('5: the number or id leads to somebody'),
    ])
    expect(await subscribed(anna.phone)).toBe(false)
  })

  test('nobody is taken over whose list the audit log does not tell', async () => {
    await runtime.sql.unsafe(`
      create function full_log() returns trigger language plpgsql as $$ begin raise exception 'no room'; end $$;
      create trigger full_log before insert on audit for each row when (new.action = 'subscribers.imported') execute function full_log()`)
    try {
      await expect(take([HEAD, `${dora},${CONSENT}`].join('\n'))).rejects.toThrow()
    } finally {
      await runtime.sql.unsafe('drop trigger full_log on audit; drop function full_log')
    }
    expect(await subscribed(dora)).toBe(false)
    expect((await take([HEAD, `${dora},${CONSENT}`].join('\n'))).counts).toMatchObject({ added: 1 })
  })

  const [P1, P2, U] = ['+4915112340041', '+4915112340042', 'DE.40000000000000000041']

  test.each([
    ['first by the number alone, then by both ids', [`${P1},,info`, `${P1},${U},chat`]],
    ['once with each of two numbers', [`${P1},${U},info`, `${P2},${U},info`]],
    ['once by both ids, once by the user id alone', [`${P1},${U},info`, `,${U},info`]],
    ['by ids that only a third line ties together', [`${P1},,info`, `${P1},${U},info`, `,${U},info`]],
  ])('a person named %s is taken over once, and the line that needs a look is told', async (_, people) => {
    const file = [WITH_ID, ...people.map((one) => `${one},${CONSENT}`)].join('\n')
    for (const batch of [1, 3]) {
      const { counts, told } = await take(file, { apply: false, batch })
      expect(counts).toMatchObject({ added: 1, declined: people.length - 1 })
      expect(told[0]).toMatch(/^3: names somebody of an earlier line by other ids/)
    }
    const dry = await take(file, { apply: false })
    expect(await take(file)).toEqual(dry)
    expect(await list()).toHaveLength(2)
  })

  test('somebody known by number and user id is one person in a list, whichever of the two a line gives', async () => {
    const known = await joins(runtime, 'arnsberg', { phone: P1, userId: U }, { offering: 'chat' })
    const file = [WITH_ID, ...[`${P1},,info`, `,${U},info`, `,${U},chat`].map((one) => `${one},${CONSENT}`)].join('\n')
    for (const batch of [1, 3]) {
      const { counts, told } = await take(file, { apply: false, batch })
      expect(counts).toMatchObject({ added: 1, alreadySubscribed: 1, declined: 1 })
      expect(told).toEqual([expect.stringMatching(/^3: states the same person/)])
    }
    expect((await take(file)).counts).toMatchObject({ added: 1, alreadySubscribed: 1, declined: 1 })
    expect(await runtime.sql`select distinct contact_id from subscriptions`).toEqual([{ contact_id: known.id }])
  })

  test('whoever was erased under one id is not brought back under another one of theirs', async () => {
    const erased = await joins(runtime, 'arnsberg', { userId: U })
    await runtime.act((deed) => eraseEverything(deed, COMMAND, erased, { source: 'keyword', noticeVersion: '1' }))
    await joins(runtime, 'arnsberg', { phone: P1, userId: U }, { offering: 'chat' })
    const { counts, told } = await take([HEAD, `${P1},${CONSENT}`].join('\n'))
    expect(counts).toMatchObject({ added: 0, declined: 1 })
    expect(told).toEqual([expect.stringMatching(/^2: was erased/)])
  })

  test.each([
    ['who is new by it', false],
    ['who is subscribed already', true],
  ])(
    'somebody known by the number, %s, also leaves by the user id that only the list told',
    async (_, isSubscribed) => {
      if (isSubscribed) await joins(runtime, 'arnsberg', { phone: P1 })
      else await writes({ phone: P1 }, 'STATUS')
      const { counts } = await take([WITH_ID, `${P1},${U},info,${CONSENT}`].join('\n'))
      expect(counts).toMatchObject({ added: isSubscribed ? 0 : 1, declined: 0 })
      expect(await subscribed(P1)).toBe(true)
      await writes({ userId: U }, 'STOP')
      expect(await subscribed(P1)).toBe(false)
      expect((await take([WITH_ID, `${P1},,info,${CONSENT}`].join('\n'))).told.join()).toContain('said no to this here')
    },
  )

  test('whoever told the office no is not brought in by a later list, known here or not', async () => {
    const chats = await joins(runtime, 'arnsberg', anna, { offering: 'chat' })
    const says = (who: Parameters<typeof signOff>[3]) =>
      runtime.act((deed) => signOff(deed, COMMAND, runtime.channels.get('arnsberg')!, who))
    expect(await says({ contactId: chats.id })).toBe('noted')
    expect(await says({ phone: dora })).toBe('noted')
    expect(await says({ userId: cem.userId })).toBe('noted')
    expect(await says({ phone: dora })).toBe('noted-before')
    const people = [`${anna.phone},,info`, `${dora},,info`, `,${cem.userId},info`]
    const { counts } = await take([WITH_ID, ...people.map((one) => `${one},${CONSENT}`)].join('\n'))
    expect(counts).toMatchObject({ added: 0, declined: 3 })
    await joins(runtime, 'arnsberg', { phone: dora })
    expect(await subscribed(dora)).toBe(true)
  })

  test('whoever tells the office no while a list that names them is being taken over is signed off', async () => {
    const phone = '+4915112340031'
    const arnsberg = runtime.channels.get('arnsberg')!
    const stated = {
      phone,
      offering: 'info',
      topics: null,
      at: new Date('2024-05-01'),
      source: 'Formular',
      wording: 'Ja',
      noticeVersion: '1',
    } as const
    const waits = async () =>
      (
        await runtime.sql`select from pg_locks where not granted and database = (select oid from pg_database where datname = current_database())`
      ).length > 0
    let signing: Promise<string> | undefined
    await runtime.act(async (deed) => {
      expect(await takeOver(deed, 'arnsberg', [stated], { apply: true })).toEqual(['added'])
      let isDone = false
      signing = runtime
        .act((other) => signOff(other, COMMAND, arnsberg, { phone }))
        .finally(() => {
          isDone = true
        })
      await eventually(async () => isDone || (await waits()))
    })
    expect(await signing).toBe('left')
    expect(await subscribed(phone)).toBe(false)
    expect((await take([HEAD, `${phone},${CONSENT}`].join('\n'))).told.join()).toContain('said no')
  })

  test('bad lines are told one by one and spoil nothing, not even by a quote that is never closed', async () => {
    const { counts, told } = await take(
      [
        HEAD,
        `+4915112340011,${CONSENT}`,
        `12,${CONSENT}`,
        `+4915112340012,"2024-05-01,Formular,Ja gern`,
        `+4915112340013,${CONSENT}`,
        `+4915112340014,2024-05-01,,Ja gern`,
        `+4915112340015,2024-02-30,Formular,Ja gern`,
        `+4915112340016,2031-01-01,Formular,Ja gern`,
        '',
        `+4915112340017,2024-05-01,Formular,"Ja,\nich möchte das."`,
        `+4915112340018,2024-05-01,Formular von 0151 12340018,Ja gern`,
        `+4915112340013,${CONSENT}`,
        `+4915112340019,01.05.2024 10:30,Formular,Ja gern,zu viel`,
        `+4915112340020,01.05.2024 10:30,Formular,Ja gern`,
      ].join('\r\n'),
    )
    expect(counts).toEqual({ lines: 12, added: 4, alreadySubscribed: 0, declined: 1, bad: 7 })
    expect(told.map((one) => one.slice(0, 30))).toEqual([
      expect.stringMatching(/^3: phone is not a valid/),
      expect.stringMatching(/^4: cannot be read/),
      expect.stringMatching(/^6: source is missing/),
      expect.stringMatching(/^7: date must be/),
      expect.stringMatching(/^8: date lies in the future/),
      expect.stringMatching(/^12: source contains a number/),
      expect.stringMatching(/^13: states the same person/),
      expect.stringMatching(/^14: has 5 fields/),
    ])
    expect(told.join()).not.toMatch(/1511234/)
    const times = await runtime.sql`select at from consents order by seq desc limit 1`
    expect(times[0]!.at).toEqual(new Date('2024-05-01T08:30:00Z'))
  })

  test.each([
    ['an offset of no place on earth', '2024-05-01T10:00:00+99:99,Formular,Ja gern', /^2: date must be/],
    ['a day with an offset and no time', '2024-05-01+01:00,Formular,Ja gern', /^2: date must be/],
    ['a zero byte in the source', '2024-05-01,Form\0ular,Ja gern', /^2: source is not UTF-8/],
    ['a zero byte in the wording', '2024-05-01,Formular,Ja\0 gern', /^2: wording is not UTF-8/],
  ])('%s spoils its own line only, tried and taken over', async (_, bad, says) => {
    const file = [HEAD, `+4915112340011,${bad}`, `${dora},${CONSENT}`].join('\n')
    for (const apply of [false, true])
      expect(await take(file, { apply })).toEqual({
        counts: { lines: 2, added: 1, alreadySubscribed: 0, declined: 0, bad: 1 },
        told: [expect.stringMatching(says)],
      })
    expect(await subscribed(dora)).toBe(true)
  })

  test.each([
    ['', 'The file is empty'],
    ['phone,date\n1,2', 'Missing: source, wording'],
    ['name,date,source,wording\n', 'Missing: phone'],
    ['phone,phone,date,source,wording\n', 'twice'],
  ])('a heading that does not demand the proof is refused: %j', async (text, says) => {
    const { counts, told } = await take(text)
    expect(counts).toBeNull()
    expect(told.join()).toContain(says)
  })

  test('every column that the help names in German is known', async () => {
    const out: string[] = []
    const io = { env: {}, out: (text: string) => out.push(text), err: () => {}, signal: AbortSignal.abort() }
    expect(await main(['subscribers', '--help'], io)).toBe(0)
    const names = /or in German: (.*)/.exec(out.join('\n'))![1]!.split(/[,;] /)
    expect(readHeader(names)).toEqual({
      columns: ['phone', 'date', 'source', 'wording', 'userId', 'offering', 'topics', 'noticeVersion'],
    })
  })

  test.each(['le', 'be'])('may be what a spreadsheet calls Unicode text (UTF-16 %s)', async (order) => {
    const text = `\uFEFF${HEAD.replaceAll(',', '\t')}\n+4915112340077\t2024-05-01\tBürgerbüro\tJa, ich möchte`
    const file = Buffer.from(text, 'utf16le')
    if (order === 'be') file.swap16()
    const found = []
    for await (const record of csvRecords(
      Readable.from([file.subarray(0, 1), file.subarray(1, 31), file.subarray(31)]),
    ))
      found.push(record)
    expect(found).toEqual([
      { line: 1, fields: HEAD.split(',') },
      { line: 2, fields: ['+4915112340077', '2024-05-01', 'Bürgerbüro', 'Ja, ich möchte'] },
    ])
  })

  test('may come from a German spreadsheet: semicolons, German names, topics by their label', async () => {
    const text = `\uFEFFTelefon;Angebot;Themen;Datum;Quelle;Wortlaut\r\n0151 12340021;info;Baustellen|termine;01.05.2024;Formular;Ja gern\r\n`
    expect((await take(text)).counts).toMatchObject({ added: 1, bad: 0 })
    expect((await list())[1]!.slice(2, 4)).toEqual(['info', 'baustellen;termine'])
  })
})

test('an export taken in by a fresh town gives the same export: everybody with their proof, also who has no number', async () => {
  await joins(runtime, 'arnsberg', anna, { topics: ['baustellen'] })
  await joins(runtime, 'arnsberg', anna, { offering: 'chat' })
  await joins(runtime, 'arnsberg', bernd)
  await joins(runtime, 'arnsberg', cem)
  const first = await list()
  expect(first).toHaveLength(5)
  const audit = await runtime.sql`select action, detail from audit where action like 'subscribers.export%' order by id`
  expect(audit.map(({ action, detail }) => [action, detail])).toEqual([
    ['subscribers.export-begun', {}],
    ['subscribers.exported', { lines: 4 }],
  ])
  const { stringify } = await import('csv-stringify/sync')
  await runtime.close()
  runtime = await openTestRuntime()
  expect((await take(stringify(first))).counts).toMatchObject({ added: 4, bad: 0, declined: 0 })
  const sorted = (lines: string[][]) => lines.map((line) => line.join('|').replace('import: ', '')).toSorted()
  expect(sorted(await list())).toEqual(sorted(first))
})

test('a town whose own number and addresses stand in its words of consent takes in its own export again', async () => {
  const wording = 'Willkommen bei +49 2932 201100! Abmelden: STOP oder 02932 201-0, rathaus@arnsberg.de.'
  const arnsberg = { ...runtime.channels.get('arnsberg')!, replies: { joinedInfo: wording } }
  const taken = async (words: string) => {
    const file = bytes([HEAD, `+4915112340051,2024-05-01,Formular,"${words}"`].join('\n'))
    return importSubscribers(runtime, COMMAND, arnsberg, csvRecords(file), { apply: true, told: () => {} })
  }
  expect(await taken(`${wording} Meine Nummer: 0151 12340051`)).toMatchObject({ added: 0, bad: 1 })
  expect(await taken(wording)).toMatchObject({ added: 1, bad: 0 })
  const atHome = 'Ja. Widerruf: datenschutz@arnsberg.de'
  expect(await taken(atHome), 'where its notice is').toMatchObject({ alreadySubscribed: 1, bad: 0 })
  expect(await taken(`${atHome} oder an hulda@web.de`)).toMatchObject({ bad: 1 })
})

test('a list of 30,000 people is read no further ahead than a few batches, so that no town is too big for it', async () => {
  const people = 30_000
  const chunk = 100
  let pulled = 0
  async function* file() {
    yield Buffer.from(`${HEAD}\n`)
    while (pulled < people) {
      const lines = Array.from({ length: chunk }, (_, i) => `+49151${20_000_000 + pulled + i},${CONSENT}\n`)
      pulled += chunk
      yield Buffer.from(lines.join(''))
    }
  }
  let before = 0
  let mostHeld = 0
  const counts = await importSubscribers(runtime, COMMAND, runtime.channels.get('arnsberg')!, csvRecords(file()), {
    apply: false,
    told: () => {},
    // Everything pulled until here was judged; what was pulled since the last time had to be held meanwhile.
    progress: () => {
      mostHeld = Math.max(mostHeld, pulled - before)
      before = pulled
    },
  })
  expect(counts).toEqual({ lines: people, added: people, alreadySubscribed: 0, declined: 0, bad: 0 })
  expect(mostHeld).toBeLessThan(2000)
}, 120_000)

describe('by the command line', () => {
  let dir: string
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'whatsup-lists-'))
  })
  afterAll(() => rm(dir, { recursive: true, force: true }))

  async function whatsup(...line: string[]) {
    const out: string[] = []
    const err: string[] = []
    const code = await main(line, {
      env: { DATABASE_URL: runtime.database.url, DATA_DIR: dir, ...townEnvironment },
      out: (text) => out.push(text),
      err: (text) => err.push(text),
      signal: AbortSignal.abort(),
    })
    return { code, out, err: err.join('\n') }
  }

  test('import, export, erase: a round', async () => {
    const file = join(dir, 'liste.csv')
    await writeFile(file, [HEAD, `+4915112340031,${CONSENT}`, `17,${CONSENT}`].join('\n'))
    const dry = await whatsup('subscribers', 'import', 'arnsberg', file)
    expect(dry.code).toBe(0)
    expect(dry.out).toEqual([
      'line 3: phone is not a valid number',
      '2 lines: 1 would be added, 0 already subscribed, 0 declined, 1 bad',
    ])
    expect(dry.err).toContain('dry run')
    expect((await whatsup('subscribers', 'import', 'arnsberg', file, '--apply')).out[1]).toContain('1 added')
    const target = join(dir, 'export.csv')
    await writeFile(target, 'an older list', { mode: 0o644 })
    expect((await whatsup('subscribers', 'export', 'arnsberg', target)).code).toBe(0)
    expect((await stat(target)).mode & 0o777).toBe(0o600)
    expect((await readFile(target, 'utf8')).split('\n')[1]).toMatch(/^\+4915112340031,,info,,2024-04-30T22:00:00.000Z,/)
    const { out } = await whatsup('subscribers', 'export', 'arnsberg')
    expect(`${out.join('\n')}\n`).toBe(await readFile(target, 'utf8'))
    expect(await whatsup('subscribers', 'erase', 'arnsberg', '0151 12340031')).toMatchObject({ code: 0, out: [] })
    expect((await whatsup('subscribers', 'erase', 'arnsberg', '0151 12340031')).err).toContain('Erased before')
    expect((await whatsup('subscribers', 'erase', 'arnsberg', '0151 12340032')).code).toBe(1)
    const again = await whatsup('subscribers', 'import', 'arnsberg', file, '--apply')
    expect(again.out).toContain('2 lines: 0 added, 0 already subscribed, 1 declined, 1 bad')
    const [line] = (await whatsup('consents', 'verify')).out
    expect(line).toMatch(/^arnsberg\t2 entries\tintact\t[0-9a-f]{64}$/)
    const verify = (noted: string) => whatsup('consents', 'verify', 'arnsberg', '--noted', noted)
    expect((await verify(`2:${line!.slice(-64)}`)).code).toBe(0)
    expect(await verify(`2:${'0'.repeat(64)}`)).toMatchObject({ code: 1, err: expect.stringContaining('Entry 2') })
  })

  test('an exported list opens in columns, runs nothing and is taken in again word for word', async () => {
    const words = [`Ja;=HYPERLINK("x")`, 'Ja\t-1', 'Ja,@SUM(1)', "=1+1; '=2", `"; +1`]
    const cell = (text: string) => `"${text.replaceAll('"', '""')}"`
    const file = join(dir, 'formeln.csv')
    const line = (text: string, i: number) => `+491511234006${i},2024-05-01,${cell(text)},${cell(text)}`
    await writeFile(file, [HEAD, ...words.map(line)].join('\n'))
    const wordings = async () =>
      (await runtime.sql`select wording, source from consents order by wording`).map((row) => ({ ...row }))
    await whatsup('subscribers', 'import', 'arnsberg', file, '--apply')
    const before = await wordings()
    expect(before).toHaveLength(words.length)
    await whatsup('subscribers', 'export', 'arnsberg', file)
    const forPrograms = await readFile(file, 'utf8')
    const rows = (parse(forPrograms) as string[][]).map((row) => row.map(asWritten))
    let forPeople = ''
    for await (const part of csvText(Readable.from([rows]), { reader: 'people' })) forPeople += part
    const texts = [forPeople, forPrograms]
    expect(texts[0]).toMatch(/^\uFEFF"phone";"userId";/)
    expect(texts[1]).toMatch(/^phone,userId,/)
    for (const text of texts) {
      const cells = text.split(/[;,\t\n]/).map((found) => found.replace(/^"/, '').trim())
      expect(cells.filter((found) => /^[=+\-@]/.test(found) && !/^\+49\d+"?$/.test(found))).toEqual([])
      await runtime.close()
      runtime = await openTestRuntime()
      await writeFile(file, text)
      await whatsup('subscribers', 'import', 'arnsberg', file, '--apply')
      expect(await wordings()).toEqual(before)
    }
  })

  test('somebody without a number is erased by the WhatsApp id', async () => {
    const file = join(dir, 'ohne-nummer.csv')
    await writeFile(file, [WITH_ID, `,${cem.userId},info,${CONSENT}`].join('\n'))
    expect((await whatsup('subscribers', 'import', 'arnsberg', file, '--apply')).out[0]).toContain('1 added')
    expect((await whatsup('subscribers', 'erase', 'arnsberg', cem.userId)).err).toContain('Erased.')
    expect(await runtime.sql`select from contacts`).toHaveLength(0)
    expect((await whatsup('subscribers', 'erase', 'arnsberg', cem.userId)).err).toContain('Erased before')
  })

  test.each([
    [['subscribers', 'import', 'arnsberg', '/nowhere/liste.csv'], 1, 'ENOENT'],
    [['subscribers', 'import', 'arnsberg', '/'], 1, 'is a folder'],
    [['subscribers', 'import', 'paderborn', 'x'], 1, 'There is no channel'],
    [['subscribers', 'erase', 'arnsberg', 'Anna'], 1, 'not a phone number'],
    [['subscribers', 'erase', 'arnsberg'], 2, 'Something is missing'],
    [['subscribers', 'export', 'arnsberg', 'a', '--apply'], 2, '--apply'],
    [['consents', 'verify', 'paderborn'], 1, 'no ledger'],
    [['consents', 'verify', '--noted', `1:${'0'.repeat(64)}`], 2, 'belongs to one channel'],
    [['consents', 'verify', 'arnsberg', '--noted', '1'], 2, 'such as 4711:'],
    [['consents'], 2, 'Something is missing'],
    [['data-keys', 'spin'], 2, 'Unknown'],
  ])('whatsup %j', async (line, code, says) => {
    const said = await whatsup(...line)
    expect(said.code).toBe(code)
    expect(said.err).toContain(says)
  })
})
