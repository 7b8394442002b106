import { readdirSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { actorOfKey } from '../../src/access/keys.ts'
import { linkAuth } from '../../src/access/staff-auth.ts'
import { main } from '../../src/commands/main.ts'
import { generateDataKey } from '../../src/db/data-keys.ts'
import { startEmulator } from '../../src/emulator/emulator.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { townEnvironment, towns } from '../support/towns.ts'

let database: TestDatabase
let dataDir: string
beforeAll(async () => {
  database = await freshDatabase()
  dataDir = await mkdtemp(join(tmpdir(), 'whatsup-commands-'))
})
afterAll(async () => {
  await database.drop()
  await rm(dataDir, { recursive: true, force: true })
})

async function whatsup(line: string, env: Record<string, string> = {}) {
  const out: string[] = []
  const err: string[] = []
  const code = await main(line.split(' ').filter(Boolean), {
    env: { DATABASE_URL: database.url, DATA_DIR: dataDir, ...townEnvironment, ...env },
    out: (text) => out.push(text),
    err: (text) => err.push(text),
    signal: AbortSignal.abort(),
  })
  return { code, out, err: err.join('\n') }
}

describe('wrong usage is exit 2, with what would be right', () => {
  test.each([
    ['', 'Usage: whatsup <command>'],
    ['frobnicate', 'There is no command "frobnicate"'],
    ['__proto__', 'There is no command'],
    ['keys', 'keys create --name'],
    ['keys create', '--name is missing'],
    ['keys create --name A --role janitor', 'must be one of: editor, approver, admin, inbox'],
    ['keys create --name A --role admin --chanel x', "Unknown option '--chanel'"],
    ['keys create --name A --role', '--role'],
    ['keys create x --name A --role admin', 'Unexpected argument: x'],
    ['keys list', 'Unknown: keys list'],
    ['staff invite --email a@b.example --role inbox', 'must be one of: editor, approver, admin'],
    ['templates push', 'Something is missing'],
    ['migrate now', 'Unexpected argument: now'],
    ['serve --role king', 'must be one of: all, web, dispatcher'],
    ['emulator --port x', '--port must be a number'],
  ])('whatsup %s', async (line, says) => {
    const { code, out, err } = await whatsup(line)
    expect([code, out]).toEqual([2, []])
    expect(err).toContain(says)
    expect(err).toContain('Usage: whatsup')
  })

  test('the version is told with the state of the database that it expects', async () => {
    const { code, out } = await whatsup('--version')
    const newest = readdirSync('migrations')
      .filter((name) => name.endsWith('.sql'))
      .toSorted()
      .at(-1)!
    expect([code, out]).toEqual([0, [expect.stringMatching(/^\d+\.\d+\.\d+, database \d{4}_/)]])
    expect(out[0]).toContain(newest.replace('.sql', ''))
  })

  test('help is not an error', async () => {
    const { code, out } = await whatsup('--help')
    expect(code).toBe(0)
    for (const command of [
      'serve',
      'migrate',
      'channels check',
      'templates push',
      'keys create',
      'staff invite',
      'emulator',
    ])
      expect(out.join('\n')).toContain(command)
  })
})

describe('keys create', () => {
  test('prints the key alone; it opens what it was made for', async () => {
    const { code, out } = await whatsup('keys create --name Redaktion --role editor --channel arnsberg')
    expect([code, out.length]).toEqual([0, 1])
    expect(await actorOfKey(database.db, out[0]!, new Date())).toMatchObject({
      name: 'Redaktion',
      role: 'editor',
      channel: 'arnsberg',
    })
  })

  test('a channel without a file is refused, and no key is made', async () => {
    const { code, out, err } = await whatsup('keys create --name X --role editor --channel paderborn')
    expect([code, out]).toEqual([1, []])
    expect(err).toContain('Known: arnsberg, heringen, warstein')
  })

  test('a database that cannot be reached is a reason, not a stack trace', async () => {
    const { code, err } = await whatsup('keys create --name X --role admin', {
      DATABASE_URL: 'postgres://x:secret@127.0.0.1:9/x',
    })
    expect(code).toBe(1)
    expect(err).toBe('The database cannot be reached (ECONNREFUSED). Is DATABASE_URL right?')
  })
})

test('an address that is none is told before any database is asked', async () => {
  const { code, out, err } = await whatsup('staff invite --email anna@ --role editor', {
    DATABASE_URL: 'postgres://127.0.0.1:1/nowhere',
  })
  expect([code, out, err]).toEqual([1, [], '--email is not an e-mail address: anna@'])
})

test('a database that refuses says why in words', async () => {
  const url = new URL(database.url)
  url.pathname = '/nowhere'
  const { code, err } = await whatsup('consents verify', { DATABASE_URL: url.href })
  expect([code, err]).toEqual([1, 'There is no database of this name (3D000). Is DATABASE_URL right?'])
})

test('staff invite prints a link that opens one session', async () => {
  const { code, out } = await whatsup('staff invite --email anna@arnsberg.example --role approver', {
    PUBLIC_URL: 'https://whatsup.example/',
  })
  expect([code, out.length]).toEqual([0, 1])
  const link = new URL(out[0]!)
  expect(link.origin + link.pathname).toBe('https://whatsup.example/office/anmelden')
  const deed = { tx: database.db as never, vault: null as never, now: new Date() }
  expect((await linkAuth.redeem(deed, link.searchParams.get('link')!))!.actor.role).toBe('approver')
})

test('migrate twice changes nothing', async () => {
  expect((await whatsup('migrate')).out).toEqual(['The database is up to date.'])
})

describe('channels check', () => {
  test('good files are listed', async () => {
    expect((await whatsup('channels check')).out).toEqual([
      'arnsberg: WhatsUp Arnsberg (info, chat)',
      expect.stringMatching(/^heringen: .* \(chat\)$/),
      expect.stringMatching(/^warstein: .* \(chat\)$/),
    ])
  })

  test('every problem of a broken one, with file, line and field', async () => {
    const file = join(dataDir, 'olpe.yaml')
    await writeFile(
      file,
      'name: Olpe\ntown: 7\nwhatsapp:\n  phoneNumber: "12"\n  messagesPerSecond: 5000\ncolour: blue\n',
    )
    const { code, err } = await whatsup(`channels check ${file}`)
    expect(code).toBe(1)
    for (const place of [
      'olpe.yaml:2 town',
      'olpe.yaml:4 whatsapp.phoneNumber',
      'olpe.yaml:5 whatsapp.messagesPerSecond',
      'olpe.yaml:6 colour',
      'privacy',
    ])
      expect(err).toContain(place)
  })
})

test('templates: pushed once, read back as approved, listed from our copy', async () => {
  const emulator = await startEmulator({
    appSecret: 'app-secret',
    accounts: [...towns().values()].map(({ name, whatsapp }) => ({
      name,
      businessAccountId: whatsapp.businessAccountId,
      phoneNumberId: whatsapp.phoneNumberId,
      displayPhoneNumber: whatsapp.phoneNumber,
      accessToken: whatsapp.accessToken.reveal(),
    })),
  })
  try {
    const env = { WHATSAPP_API_URL: emulator.url }
    const files = readdirSync('templates').length
    expect((await whatsup('templates list arnsberg', env)).out).toEqual([])
    const pushed = await whatsup('templates push arnsberg', env)
    expect([pushed.code, pushed.out.length]).toEqual([0, files])
    expect(pushed.err).toContain('stadt_meldung (de): submitted, now')
    expect((await whatsup('templates push arnsberg', env)).err.match(/unchanged/g)).toHaveLength(files)
    const entries = await database.sql`
      select actor, detail from audit where action = 'template.submitted' and channel = 'arnsberg' order by id`
    expect(entries).toHaveLength(files)
    expect(entries).toContainEqual({ actor: 'command', detail: { name: 'stadt_meldung', language: 'de' } })
    const pulled = await whatsup('templates pull arnsberg', env)
    expect(pulled.out).toContainEqual(expect.stringMatching(/^stadt_meldung\tde\tAPPROVED\tMARKETING\t/))
    expect((await whatsup('templates list arnsberg', env)).out).toEqual(pulled.out)
    expect((await whatsup('templates pull olpe', env)).err).toContain('There is no channel "olpe"')
  } finally {
    await emulator.stop()
  }
  const away = await whatsup('templates pull arnsberg', { WHATSAPP_API_URL: emulator.url })
  expect([away.code, away.err]).toEqual([
    1,
    'WhatsApp ist gerade nicht erreichbar. Bitte versuchen Sie es gleich noch einmal.',
  ])
})

test('a change of the data key stands in the audit log from its beginning', async () => {
  expect((await whatsup('data-keys rotate')).code).toBe(0)
  const entries = await database.sql`select action, actor from audit where action like 'data-keys.%' order by id`
  expect(entries.map(({ action, actor }) => [action, actor])).toEqual([
    ['data-keys.rotation-begun', 'command'],
    ['data-keys.rotated', 'command'],
  ])
})

test('serve lists everything that is wrong with settings and channel files at once, and starts nothing', async () => {
  const { code, err } = await whatsup('serve', { PORT: 'x', ARNSBERG_ACCESS_TOKEN: '' })
  expect(code).toBe(1)
  for (const problem of [
    'PORT must be',
    'WHATSAPP_APP_SECRET is required',
    'WHATSAPP_VERIFY_TOKEN is required',
    'ARNSBERG_ACCESS_TOKEN',
  ])
    expect(err).toContain(problem)
})

test('without the key of a database in use nothing starts, and no other key is made', async () => {
  expect((await whatsup('consents verify')).code).toBe(0)
  const elsewhere = await mkdtemp(join(tmpdir(), 'whatsup-keyless-'))
  try {
    const { code, err } = await whatsup('consents verify', { DATA_DIR: elsewhere })
    expect(code).toBe(1)
    expect(err).toContain(`${join(elsewhere, 'data-keys')} is missing, but this database was sealed with a key`)
    expect(readdirSync(elsewhere)).toEqual([])
  } finally {
    await rm(elsewhere, { recursive: true, force: true })
  }
})

test('as long as a number is sealed with an old key nothing starts without it, and the refusal names it; after the rotation it does', async () => {
  const [old, fresh] = [generateDataKey(), generateDataKey()]
  const own = await freshDatabase()
  const folder = await mkdtemp(join(tmpdir(), 'whatsup-keys-'))
  const starts = (keys: string, line = 'consents verify') =>
    whatsup(line, { DATABASE_URL: own.url, DATA_DIR: folder, DATA_KEYS: keys })
  try {
    const list = join(folder, 'list.csv')
    await writeFile(list, 'phone,date,source,wording\n+4915112340001,2026-01-02,Formular,Ja gern\n')
    expect((await starts(old, `subscribers import arnsberg ${list} --apply`)).code).toBe(0)
    expect((await starts(`${fresh},${old}`)).code).toBe(0)

    const refused = await starts(fresh)
    expect([refused.code, refused.out]).toEqual([1, []])
    expect(refused.err).toContain(JSON.stringify(old.split(':')[0]))
    expect(refused.err).toContain('data-keys rotate')
    await own.sql`delete from vault where name <> 'lookup-key'` // as in a database of an earlier version
    expect((await starts(fresh)).err).toBe(refused.err)

    expect((await starts(`${fresh},${old}`, 'data-keys rotate')).code).toBe(0)
    expect((await starts(fresh)).code).toBe(0)
    expect((await starts(fresh, 'subscribers export arnsberg')).out.join()).toContain('+4915112340001')
  } finally {
    await own.drop()
    await rm(folder, { recursive: true, force: true })
  }
})
