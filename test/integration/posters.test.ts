import { Readable } from 'node:stream'
import { stringify } from 'csv-stringify/sync'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { sessionCookie } from '../../src/access/session-cookie.ts'
import { linkAuth } from '../../src/access/staff-auth.ts'
import { COMMAND } from '../../src/audit/audit.ts'
import { officeDoor } from '../../src/console/console.tsx'
import { findContact } from '../../src/contacts/contacts.ts'
import { takeMessages } from '../../src/intake/intake.ts'
import { csvRecords } from '../../src/subscriptions/csv-lines.ts'
import { exportSubscribers } from '../../src/subscriptions/export.ts'
import { importSubscribers } from '../../src/subscriptions/import.ts'
import { verifyChain } from '../../src/subscriptions/verify.ts'
import type { MessageEvent, Person } from '../../src/whatsapp/webhook-events.ts'
import { anna, bernd, type ChatDesk, cem, openChatDesk, written } from '../support/chat-desk.ts'
import { type Json, openDoors, openTestRuntime } from '../support/runtime.ts'

const ORIGIN = 'https://whatsup.example'
const PLACE = { publicUrl: ORIGIN }

let desk: ChatDesk
let doors: ReturnType<typeof openDoors>
beforeEach(async () => {
  desk = await openChatDesk()
  doors = openDoors(desk.runtime, { office: officeDoor(desk.runtime) })
})
afterEach(() => desk.close())

async function writes(who: Person, what: string | Partial<MessageEvent>, town = 'arnsberg') {
  const message = written(who, what, desk.now())
  await desk.act((deed) => takeMessages(deed, [{ channel: desk.channels.get(town)!, message }], PLACE))
  desk.pass(61_000)
}

const lastSaid = async (): Promise<string> => {
  const [row] = await desk.database.sql<{ sealed: string }[]>`
    select payload_sealed as sealed from outgoing where kind = 'reply' order by id desc limit 1`
  const body = JSON.parse(desk.vault.open(row!.sealed))
  return body.text?.body ?? body.interactive.body.text
}

const ledger = async () => {
  const rows = await desk.database.sql`select offering, action, source from consents order by id`
  return rows.map(({ offering, action, source }) => `${offering} ${action} ${source}`)
}

async function pages(): Promise<(path: string, form?: Record<string, string>) => Promise<string>> {
  const session = await desk.act(async (deed) => {
    const invitation = { email: 'frida@localhost', role: 'admin' as const, channel: null }
    return linkAuth.redeem(deed, (await linkAuth.invite(deed, COMMAND, invitation)).token)
  })
  const headers = { cookie: `${sessionCookie(ORIGIN).name}=${session!.token}`, origin: ORIGIN }
  return async (path, form) => {
    const body = form && new URLSearchParams(form)
    return (await doors.app.request(path, { headers, ...(body ? { method: 'POST', body } : {}) })).text()
  }
}

describe('a citizen signs up by a poster', () => {
  test('the ledger says by which; the welcome is that of the keyword, and the chain holds', async () => {
    await writes(anna, 'START #rathaus')
    expect(await lastSaid()).toContain('Sie sind jetzt beim Infokanal')
    await writes(bernd, 'start #Bürgerfest')
    await writes(bernd, 'CHAT #rathaus')
    await writes(cem, 'START')
    expect(await ledger()).toEqual([
      'info granted poster:rathaus',
      'info granted poster:buergerfest',
      'chat granted poster:rathaus',
      'info granted keyword',
    ])
    expect(await verifyChain(desk.runtime, 'arnsberg')).toMatchObject({ entries: 4, broken: null })
  })

  test('a code that nobody declared, a sentence and a forwarded message sign nobody up; leaving works with the code too', async () => {
    await writes(anna, 'START #baustelle')
    await writes(anna, 'Am #rathaus steht START')
    await writes(anna, { text: 'START #rathaus', forwarded: true })
    expect(await ledger()).toEqual([])
    await writes(anna, 'START #rathaus')
    await writes(anna, 'STOP #rathaus')
    expect(await ledger()).toEqual(['info granted poster:rathaus', 'info withdrawn keyword'])
  })

  test('the code in Warstein, where none is declared, is a message like any other', async () => {
    await writes(anna, 'CHAT #rathaus', 'warstein')
    expect(await ledger()).toEqual([])
    expect(await desk.database.sql`select id from chats where channel = 'warstein'`).toHaveLength(1)
  })

  test('whoever reads it finds the place in plain German: office, citizen, and programs by the code', async () => {
    await writes(anna, 'START #rathaus')
    const { id } = (await desk.act((deed) => findContact(deed, 'arnsberg', anna)))!
    const page = await pages()
    const words = 'Aushang im Rathaus'
    expect(await page('/office/einwilligungen')).toContain(words)
    const person = { phone: anna.phone!, reason: 'Rückfrage' }
    expect(await page('/office/abonnenten/nachschlagen', person)).toContain(words)
    const proof = await page(`/office/abonnenten/${id}/nachweis`, person)
    expect(proof).toContain(words)
    expect(proof).toContain('Nachgerechnet</dt><dd class="kern-description-list-item__value">stimmt</dd>')
    const key = await doors.keyFor('admin')
    const api = async (path: string) => (await doors.ask('GET', `/api/v1/channels/arnsberg${path}`, { key })).body
    expect((await api('/consents')).items[0].source).toBe('poster:rathaus')
    expect((await api(`/subscribers/${id}/proof?reason=Nachweis`)).entries).toMatchObject([
      { source: 'poster:rathaus', intact: true },
    ])
    expect((await api('')).posters).toMatchObject({ rathaus: 'Aushang im Rathaus' })

    await writes(anna, 'AUSKUNFT')
    const link = new URL(/https:\S+/.exec(await lastSaid())![0]).pathname
    const { body } = await doors.ask('POST', link)
    expect(body).toContain(`>${words}</td>`)
    const file = JSON.parse(Buffer.from(/base64,([^"]+)/.exec(body)![1]!, 'base64').toString()) as Json
    expect(file.consents).toMatchObject([{ source: 'poster:rathaus', poster: 'Aushang im Rathaus' }])
  })

  test('a list taken to another database and back still says by which poster', async () => {
    await writes(anna, 'START #rathaus')
    const exported = async (runtime: Parameters<typeof exportSubscribers>[0]) => {
      const lines: string[][] = []
      for await (const page of exportSubscribers(runtime, COMMAND, 'arnsberg')) lines.push(...page)
      return lines
    }
    const first = await exported(desk.runtime)
    expect(first[1]).toContain('poster:rathaus')
    const elsewhere = await openTestRuntime()
    try {
      const town = elsewhere.channels.get('arnsberg')!
      const take = async (lines: string[][]) => {
        const records = csvRecords(Readable.from([Buffer.from(stringify(lines))]))
        return importSubscribers(elsewhere, COMMAND, town, records, { apply: true, told: () => {} })
      }
      expect(await take(first)).toMatchObject({ added: 1, bad: 0 })
      const second = await exported(elsewhere)
      expect(second[1]).toContain('import: poster:rathaus')
      expect(await take(second)).toMatchObject({ added: 0, alreadySubscribed: 1, bad: 0 })
    } finally {
      await elsewhere.close()
    }
    await desk.database.sql`alter table consents disable trigger all`
    await desk.database.sql`update consents set source = 'import: poster:rathaus'`
    const page = await pages()
    expect(await page('/office/einwilligungen')).toContain('Übernommen: Aushang im Rathaus')
    expect(await page('/office/kanal/aushaenge'), 'counts only who signed up here').not.toContain('>1<')
  })
})

describe('the posters in the console', () => {
  const cells = (html: string, row: string) =>
    [...html.matchAll(/<tr[^>]*>(.*?)<\/tr>/gs)]
      .map(([, tr]) => [...tr!.matchAll(/<div>(.*?)<\/div>/gs)].map(([, cell]) => cell!.replace(/<[^>]+>/g, '')))
      .filter(([first]) => first === row)

  test('stand in a list with their link and how many signed up by each, also those that are no longer declared', async () => {
    await writes(anna, 'START #rathaus')
    await writes(bernd, 'START #rathaus')
    await writes(bernd, 'STOP')
    await writes(bernd, 'CHAT #rathaus')
    await writes(cem, 'START #buergerfest')
    const town = desk.channels.get('arnsberg')!
    const { buergerfest: _, ...posters } = town.posters
    desk.channels.set('arnsberg', { ...town, posters })
    const page = await pages()
    const html = await page('/office/kanal/aushaenge')
    expect(cells(html, 'Aushang im Rathaus').map((row) => [row[1], row[2], row[4]])).toEqual([
      ['Infokanal', 'START #rathaus', '2'],
      ['Chat', 'CHAT #rathaus', '1'],
    ])
    expect(cells(html, 'buergerfest').map((row) => [row[1], row[3]])).toEqual([['Infokanal', '1']])
    expect(html).toContain('https://wa.me/492932201100?text=START%20%23rathaus')
    expect(await page('/office/kanal')).toContain('/office/kanal/aushaenge')
  })

  test('a sheet for each offering has the QR code and the message; the picture alone can be taken along', async () => {
    const page = await pages()
    const sheet = await page('/office/kanal/aushaenge/rathaus')
    for (const shown of ['START #rathaus', 'CHAT #rathaus', '+49 2932 201100', 'jederzeit', 'STOP', '<svg'])
      expect(sheet).toContain(shown)
    const picture = await page('/office/kanal/aushaenge/rathaus/info')
    expect(picture).toMatch(/^<svg[^>]+viewBox/)
    expect(sheet).toContain(picture.trim())
    for (const path of ['gibt-es-nicht', 'constructor', 'rathaus/all'])
      expect(await page(`/office/kanal/aushaenge/${path}`)).toContain('Nicht gefunden')
  })

  test('a town without posters learns how to get them; where a chat needs no consent nobody is counted', async () => {
    const town = desk.channels.get('warstein')!
    const page = await pages()
    const path = '/office/kanal/aushaenge?kanal=warstein'
    expect(await page(path)).toContain('Noch keine Aushänge')
    desk.channels.set('warstein', { ...town, posters: { rathaus: 'Rathaus' } })
    expect(cells(await page(path), 'Rathaus')).toEqual([['Rathaus', 'Chat', 'CHAT #rathaus', '–', 'ohne Anmeldung']])
  })
})
