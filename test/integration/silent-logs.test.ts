import { afterAll, beforeAll, expect, test } from 'vitest'
import { COMMAND } from '../../src/audit/audit.ts'
import { approve, submit } from '../../src/broadcasts/approval.ts'
import { draft } from '../../src/broadcasts/drafts.ts'
import { OF_OTHERS } from '../../src/jobs/nightly.ts'
import { openLog } from '../../src/log.ts'
import { retain } from '../../src/privacy/retention.ts'
import { csvRecords } from '../../src/subscriptions/csv-lines.ts'
import { importSubscribers } from '../../src/subscriptions/import.ts'
import { eventually, openStack, type Stack } from '../support/stack.ts'

const lines: string[] = []
let stack: Stack
beforeAll(async () => {
  stack = await openStack({
    perSecond: 200,
    log: openLog('debug', { write: (line) => lines.push(line) }),
    env: { METRICS_TOKEN: 'metrics-token-of-the-test' },
  })
})
afterAll(() => stack.close())

const anna = { phone: '+4915112340001', userId: 'DE.10000000000000000001', name: 'Anna Ahrens' }
const bernd = { phone: '+4915112340002', userId: 'DE.10000000000000000002', name: 'Bernd Brandt' }

test('the whole flow at debug level leaves no number, user id, name or text in the log or the metrics', async () => {
  const channel = stack.channel('arnsberg')
  const { phoneNumberId } = channel.whatsapp
  const writes = (from: typeof anna, message: string) => stack.emulator.citizenWrites({ phoneNumberId, from, message })
  const got = (who: typeof anna) =>
    stack.emulator
      .messagesOf(who, phoneNumberId)
      .filter((bubble) => bubble.from === 'town')
      .map(({ text }) => text ?? '')
  const says = (who: typeof anna, what: RegExp) => eventually(() => got(who).some((text) => what.test(text)))
  const admin = await stack.keyFor('admin')
  const inbox = await stack.keyFor('inbox')

  for (const who of [anna, bernd]) await writes(who, 'START')
  await says(anna, /angemeldet/)
  await writes(anna, 'CHAT')
  await says(anna, /im Chat/)
  await writes(anna, 'Die Laterne vor Haus Sieben ist kaputt')
  const chatId = await eventually(
    () =>
      stack.inbox.taken().flatMap((event) => (event.type === 'chat.message.received' ? [event.data.chat.id] : []))[0],
  )
  const chat = `/api/v1/chats/${chatId}`
  await stack.ask('POST', `${chat}/messages`, inbox, {
    text: 'Wir schicken die Elektrikerin',
  })
  await says(anna, /Elektrikerin/)
  await stack.ask('POST', `${chat}/close`, inbox)

  const id = await stack.runtime.act(async (deed) => {
    const row = await draft(deed, { ...COMMAND, id: 'key:a' }, channel, {
      title: 'Sperrung Ruhrstraße',
      template: { name: 'stadt_meldung', language: 'de' },
      parameters: { header: ['Verkehr'], body: ['Sperrung', 'Ruhrstraße ab Montag'], buttons: { '0': 'sperrung' } },
      audience: { offering: 'info' },
    })
    await submit(deed, { ...COMMAND, id: 'key:a' }, channel, row.id)
    return row.id
  })
  await stack.runtime.act((deed) => approve(deed, { ...COMMAND, id: 'key:b' }, channel, id, stack.runtime.settings))
  await says(bernd, /Ruhrstraße/)

  const people = '/api/v1/channels/arnsberg/subscribers'
  const { body: person } = await stack.ask('POST', `${people}/lookup`, admin, {
    phone: anna.phone,
    reason: 'Rückfrage',
  })
  expect(person.name).toBe('Anna Ahrens')
  expect((await stack.ask('GET', `${people}/${person.id}/proof?reason=Beschwerde`, admin)).status).toBe(200)
  await stack.ask('POST', `${people}/lookup`, admin, { phone: 'Anna Ahrens +4915112340001 (Ja)' })
  await stack.ask('POST', `${people}/lookup`, admin, `{"phone": "${anna.phone}`)
  await stack.ask('POST', '/webhooks/whatsapp', admin, { from: anna.phone.slice(1), text: 'Laterne' })
  async function* file() {
    yield Buffer.from(`phone,date,source,wording\n${bernd.phone},2024-01-01,Formular,Ja gern\n0151,2024-01-01,x,y`)
  }
  await importSubscribers(stack.runtime, COMMAND, channel, csvRecords(file()), { apply: true, told: () => {} })
  await writes(anna, 'AUSKUNFT')
  await says(anna, /Die ganze Auskunft/)
  const link = new URL(/https?:\S+auskunft\S+/.exec(got(anna).at(-1)!)![0]).pathname
  expect((await stack.ask('POST', link, admin)).body).toContain('Anna Ahrens')
  await writes(bernd, 'STOP')
  await says(bernd, /abgemeldet/)
  await writes(anna, 'LÖSCHEN')
  await says(anna, /Sollen wir alles löschen/)
  await writes(anna, 'JA')
  await says(anna, /Wir haben gelöscht/)
  await retain(stack.runtime, OF_OTHERS)
  const { body: metrics } = await stack.ask('GET', '/metrics', 'metrics-token-of-the-test')
  expect(metrics).toContain('whatsup')

  expect(lines.length).toBeGreaterThan(0)
  const told = `${lines.join('')}\n${metrics}`
  const personal = [
    ...['15112340001', '15112340002', '151 1234', '00000000000000000'],
    ...[
      'Anna',
      'Ahrens',
      'Bernd',
      'Brandt',
      'Laterne',
      'Elektrikerin',
      'Ruhrstraße',
      'Beschwerde',
      'wamid',
      link.split('/').at(-1)!,
    ],
    ...['START', 'LÖSCHEN', 'AUSKUNFT'],
  ]
  expect(personal.filter((word) => told.includes(word))).toEqual([])
}, 60_000)
