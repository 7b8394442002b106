import { afterEach, expect, test } from 'vitest'
import { openLog } from '../../src/log.ts'
import { fixture, openWebhookDesk, type WebhookDesk } from '../support/webhook-desk.ts'

let desk: WebhookDesk
afterEach(() => desk.close())

test('the most talkative log tells neither number, user id, name nor words, whatever arrives and whatever fails', async () => {
  const lines: string[] = []
  const log = openLog('trace', { write: (line) => lines.push(line) })
  desk = await openWebhookDesk('arnsberg', { log })
  const anna = { phone: '+4915112340001', userId: 'DE.10000000000000000001', name: 'Annabella' }
  for (const words of ['START', 'CHAT', 'Wann ist Sperrmüll?', 'HILFE', 'STOP']) await desk.writes(anna, words)
  for (const payload of ['system-number-changed', 'status-failed', 'preferences-stop', 'call-connect', 'account-alert'])
    await desk.takes(fixture(payload, desk.channel, desk.now()))
  await desk.post('{"broken": "Annabella +4915112340001')
  const { receive } = await import('../../src/http/whatsapp-webhook.ts')
  const body = Buffer.from(JSON.stringify(desk.bodies.text(anna, 'Geheim')))
  expect(await receive(desk.door, body, 'sha256=00')).toBe(401)
  // A statement that fails quotes its values in the driver's error.
  await desk.sql`alter table received add constraint broken check (at < 'epoch') not valid`
  expect(await desk.post(JSON.stringify(desk.bodies.text(anna, 'Sperrmüll am Montag?')))).toBe(500)
  expect(lines.length).toBeGreaterThan(1)
  expect(lines.join('\n')).not.toMatch(/15112340001|15112349999|DE\.1000|Annabella|Sperrm|Geheim|wamid/)
})

test('what is not for us, or not signed, is counted and has no effect', async () => {
  desk = await openWebhookDesk('arnsberg')
  const { receive } = await import('../../src/http/whatsapp-webhook.ts')
  const text = JSON.stringify(fixture('text', desk.channel, desk.now()))
  const { phoneNumberId, businessAccountId } = desk.channel.whatsapp
  expect(await desk.post(text.replaceAll(phoneNumberId, '299999999999999'))).toBe(200)
  const quality = JSON.stringify(fixture('business-capability', desk.channel, desk.now()))
  expect(await desk.post(quality.replaceAll(businessAccountId, '199999999999999'))).toBe(200)
  expect(await receive(desk.door, Buffer.from(text), undefined)).toBe(401)
  expect(desk.counted).toEqual(['foreign', 'ok', 'foreign', 'ok', 'bad-signature'])
  const [rows] = await desk.sql`
    select (select count(*)::int from contacts) + (select count(*)::int from received) + (select count(*)::int from channel_events) as n`
  expect(rows!.n).toBe(0)
})
