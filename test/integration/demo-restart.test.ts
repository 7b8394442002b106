import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startDemoInbox } from '../../src/commands/demo-inbox.ts'
import { main } from '../../src/commands/main.ts'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { eventually } from '../support/stack.ts'

const TOWNS = { warstein: '200000000000001', heringen: '200000000000002' }
const bernd = '+4915112340002'
const cem = '+4915112340003'

let folder: string
const databases: TestDatabase[] = []
let running: { stop: () => Promise<void> } | undefined
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'whatsup-demo-'))
})
afterEach(async () => {
  await running?.stop()
})
afterAll(async () => {
  for (const database of databases) await database.drop()
  await rm(folder, { recursive: true, force: true })
})

/** `whatsup demo` as somebody at a terminal has it: until it is stopped, with what it printed. */
async function startDemo(line: string, port: number, database: TestDatabase) {
  const [printed, said]: [string[], string[]] = [[], []]
  const asked = new AbortController()
  const ended = main(line.split(' '), {
    env: { DATA_DIR: folder, DATABASE_URL: database.url, PORT: String(port), LOG_LEVEL: 'fatal' },
    out: (text) => printed.push(text),
    err: (text) => said.push(text),
    signal: asked.signal,
  })
  const stop = async () => {
    asked.abort()
    running = undefined
    expect(await ended, said.join('\n')).toBe(0)
  }
  await Promise.race([eventually(() => printed.length > 0, 25_000), ended])
  const address = (name: string) => new RegExp(`${name}.*?(http://\\S+)`).exec(printed.join('\n'))?.[1] ?? ''
  const phones = address('Telefone')
  const inbox = address('Posteingang')
  const page = async (path = '/') => (await fetch(`${inbox}${path}`)).text()
  const demo = {
    stop,
    said,
    page,
    writes: async (town: keyof typeof TOWNS, phone: string, message: string) => {
      const response = await fetch(`${phones}/control/inbound`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ phoneNumberId: TOWNS[town], from: { phone }, message }),
      })
      expect(((await response.json()) as { status: number }).status).toBe(200)
    },
    phone: async (town: keyof typeof TOWNS, phone: string) => {
      const path = `control/citizens/${encodeURIComponent(phone)}/messages?phoneNumberId=${TOWNS[town]}`
      const { messages } = (await (await fetch(`${phones}/${path}`)).json()) as { messages: { text: string | null }[] }
      return messages.map(({ text }) => text)
    },
    /** The chat that says this in the list of the inbox. */
    chat: (text: string) =>
      eventually(async () => {
        const entry = (await page()).split('<li>').find((each) => each.includes(text))
        return /\/chats\/[0-9a-f-]{36}/.exec(entry ?? '')?.[0]
      }),
    submit: async (path: string, fields: Record<string, string> = {}) => {
      const body = new URLSearchParams(fields)
      const { status } = await fetch(`${inbox}${path}`, {
        method: 'POST',
        body,
        headers: { origin: inbox },
        redirect: 'manual',
      })
      expect(status).toBe(303)
    },
  }
  running = demo
  return demo
}
const fileOf = (name: string) => join(folder, 'demo', name)
const inboxFile = () => readFile(fileOf('inbox.json'), 'utf8')
async function emptyDatabase() {
  const database = await freshDatabase()
  databases.push(database)
  return database
}

test('a second start of the demo goes on where it stopped, forgets what is erased, and begins anew with --fresh', async () => {
  const database = await emptyDatabase()
  const first = await startDemo('demo', 3600, database)
  await first.writes('warstein', bernd, 'Die Laterne ist kaputt')
  await first.writes('heringen', cem, 'Ein Anliegen, das niemanden angeht')
  const lantern = await first.chat('Laterne')
  const matter = await first.chat('Anliegen')
  await first.submit(`${lantern}/antwort`, { text: 'Wir kommen morgen.' })
  await eventually(async () => (await first.phone('warstein', bernd)).includes('Wir kommen morgen.'))
  const [ofBernd, ofCem] = [await first.phone('warstein', bernd), await first.phone('heringen', cem)]
  await first.stop()
  expect(await inboxFile()).toContain('das niemanden angeht')
  for (const name of ['inbox.json', 'phones.json']) expect((await stat(fileOf(name))).mode & 0o777).toBe(0o600)

  const second = await startDemo('demo', 3650, database)
  expect(await second.phone('warstein', bernd)).toEqual(ofBernd)
  expect(await second.phone('heringen', cem)).toEqual(ofCem)
  const kept = await second.page(lantern)
  for (const said of ['Die Laterne ist kaputt', 'Wir kommen morgen.']) expect(kept).toContain(said)
  await second.submit(`${lantern}/antwort`, { text: 'Die Laterne leuchtet wieder.' })
  await eventually(async () => (await second.phone('warstein', bernd)).includes('Die Laterne leuchtet wieder.'))

  await second.submit(`${matter}/abschliessen`)
  await eventually(async () => (await second.page(matter)).includes('alle Daten sind gelöscht'))
  const afterClosing = await inboxFile()
  for (const gone of ['niemanden angeht', cem]) expect(afterClosing).not.toContain(gone)
  expect(afterClosing).toContain('Laterne')
  for (const word of ['LÖSCHEN', 'JA']) await second.writes('warstein', bernd, word)
  await eventually(async () => (await second.page(lantern)).includes('alle Daten sind gelöscht'))
  const afterErasure = await inboxFile()
  for (const gone of ['Laterne', 'Wir kommen morgen.', bernd]) expect(afterErasure).not.toContain(gone)
  await second.stop()

  const fresh = await startDemo('demo --fresh', 3600, await emptyDatabase())
  expect(await fresh.phone('warstein', bernd)).toEqual([])
  expect(await fresh.page()).toContain('Noch keine Nachricht.')
  expect(fresh.said.filter((line) => line.includes('Posteingang'))).toEqual([])
}, 120_000)

test('a broken file of the demo inbox is an empty inbox and one line that quotes nothing', async () => {
  const stateFile = join(folder, 'broken.json')
  await writeFile(stateFile, '{"version":1,"seen":[],"chats":[{"id":"x","messages":[{"text":"Meine Laterne"}]}]}')
  const said: string[] = []
  const inbox = await startDemoInbox({
    port: 0,
    towns: new Map(),
    apiBaseUrl: () => 'http://127.0.0.1:9',
    apiKey: () => 'none',
    stateFile,
    warn: (line) => said.push(line),
  })
  const page = await (await fetch(inbox.url)).text()
  await inbox.stop()
  expect(page).toContain('Noch keine Nachricht.')
  expect(said).toEqual([`Der Posteingang beginnt leer, denn seine Datei ist nicht lesbar: ${stateFile}`])
})
