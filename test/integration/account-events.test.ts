import { afterEach, beforeEach, expect, test } from 'vitest'
import { channelHealth } from '../../src/channels/channel-health.ts'
import { clearStop, stopChannel } from '../../src/channels/channels.ts'
import { eventWords } from '../../src/console/channel-events.ts'
import { troublesOf } from '../../src/console/troubles.ts'
import { openDoors } from '../support/runtime.ts'
import { openWebhookDesk, type WebhookDesk } from '../support/webhook-desk.ts'

let desk: WebhookDesk
beforeEach(async () => {
  desk = await openWebhookDesk('arnsberg')
})
afterEach(() => desk.close())

/** What Meta says about our account, at its own time. */
const said = (field: string, value: object, at = desk.now()) => {
  const body = desk.bodies.account(field, value) as { entry: object[] }
  body.entry = body.entry.map((entry) => ({ ...entry, time: Math.floor(at.getTime() / 1000) }))
  return body
}
const ban = (waba_ban_state: 'DISABLE' | 'REINSTATE' | 'SCHEDULE_FOR_DISABLE', at?: Date) =>
  said('account_update', { event: 'DISABLED_UPDATE', ban_info: { waba_ban_state } }, at)
const ago = (seconds: number) => new Date(desk.now().getTime() - seconds * 1000)
const stop = async () => {
  const [row] =
    await desk.sql`select stopped_code as code from channels where slug = 'arnsberg' and stopped_at is not null`
  return row?.code ?? null
}
const kinds = async () => (await desk.events()).map(({ kind }) => kind)

const alarm = async () => {
  const health = (await channelHealth(desk.db, ['arnsberg'])).get('arnsberg')!
  return troublesOf(desk.channel, desk.now(), { health, inbox: null, templates: [], approvers: 2 })[0]
}

test('a banned account stands as such on the first page of the office', async () => {
  await desk.takes(ban('DISABLE'))
  expect((await alarm())?.title).toBe('Der Kanal steht still: WhatsApp hat unser Konto gesperrt.')
})

test('a ban that is only announced stops the channel and says that it is not in force, and what to do', async () => {
  await desk.takes(ban('SCHEDULE_FOR_DISABLE', ago(120)))
  expect(await stop()).toBe('DISABLED_UPDATE')
  expect(await alarm()).toMatchObject({
    title: 'Der Kanal steht still: WhatsApp hat angekündigt, unser Konto zu sperren.',
    advice: expect.stringMatching(/^Noch ist es nicht gesperrt\..* Konto bei Meta.*„Wieder senden“/),
  })
  const [told] = (await desk.events()).filter(({ kind }) => kind === 'account-update')
  expect(eventWords(told!)).toBe('WhatsApp hat angekündigt, das Konto zu sperren. Noch ist es nicht gesperrt.')
  await desk.takes(ban('DISABLE', ago(60)))
  expect((await alarm())?.title, 'in force').toBe('Der Kanal steht still: WhatsApp hat unser Konto gesperrt.')
  await desk.takes(ban('SCHEDULE_FOR_DISABLE', ago(30)), ban('REINSTATE'))
  expect(await stop(), 'taken back').toBeNull()
})

test.each([
  ['ACCOUNT_RESTRICTION', 'WhatsApp hat das Konto eingeschränkt.'],
  ['ACCOUNT_VIOLATION', 'WhatsApp sieht einen Verstoß gegen seine Regeln.'],
  ['ACCOUNT_DELETED', 'Das Konto bei WhatsApp wurde gelöscht.'],
  ['ACCOUNT_OFFBOARDED', 'Das Konto bei WhatsApp wurde abgemeldet.'],
])('%s is no ban: the alarm says what it is', async (event, sentence) => {
  await desk.takes(said('account_update', { event }))
  expect((await alarm())?.title).toBe(`Der Kanal steht still: ${sentence}`)
})

test('a lifted ban lets the channel go on by itself, and the office reads when and why', async () => {
  await desk.takes(ban('DISABLE'))
  expect(await stop()).toBe('DISABLED_UPDATE')
  desk.pass(60_000)
  await desk.takes(ban('REINSTATE'))
  expect(await stop()).toBeNull()
  expect(await kinds()).toEqual(['channel-stopped', 'account-update', 'channel-resumed', 'account-update'])
  expect(await desk.sql`select action from audit where channel = 'arnsberg'`).toEqual([{ action: 'channel.resumed' }])
})

test.each([
  ['a refused token', '190', 'token'],
  ['a missing payment', '131042', 'payment'],
  ['a restriction of the account', 'ACCOUNT_RESTRICTION', 'account'],
])('a lifted ban does not lift a stop for %s', async (_, code, reason) => {
  await desk.act((deed) => stopChannel(deed, 'arnsberg', code, reason))
  await desk.takes(ban('DISABLE', ago(60)), ban('REINSTATE'))
  expect(await stop()).toBe(code)
})

test('a lifted ban does not lift a restriction that came while it lasted', async () => {
  await desk.takes(ban('DISABLE', ago(60)), said('account_update', { event: 'ACCOUNT_RESTRICTION' }), ban('REINSTATE'))
  expect(await stop()).toBe('DISABLED_UPDATE')
})

test('a ban announced after a refusal to send explains nothing: the account is locked already', async () => {
  await desk.act((deed) => stopChannel(deed, 'arnsberg', '131031', 'blocked'))
  await desk.takes(ban('SCHEDULE_FOR_DISABLE'))
  expect((await alarm())?.title).toBe('Der Kanal steht still: WhatsApp hat unser Konto gesperrt.')
})

test('a refusal to send that the ban explains is lifted with it', async () => {
  await desk.act((deed) => stopChannel(deed, 'arnsberg', '131031', 'blocked'))
  await desk.takes(ban('DISABLE', ago(60)), ban('REINSTATE'))
  expect(await stop()).toBeNull()
})

test('what Meta said before its latest word, or says again, has no effect', async () => {
  const lifted = ban('REINSTATE', ago(60))
  await desk.takes(lifted, ban('DISABLE', ago(120)))
  expect(await stop()).toBeNull()
  await desk.takes(ban('DISABLE', ago(30)), lifted)
  expect(await stop()).toBe('DISABLED_UPDATE')
  await desk.act((deed) => clearStop(deed, 'arnsberg'))
  await desk.takes(ban('DISABLE', ago(30)))
  expect(await stop()).toBeNull()
})

test('the office reads through the API and as sentences what Meta says about number and account, and nothing stops', async () => {
  const told: [field: string, value: object, severity: string, sentence: RegExp][] = [
    ['security', { event: 'PIN_CHANGED' }, 'warning', /PIN der Rufnummer wurde geändert/],
    ['security', { event: 'PIN_RESET_REQUEST' }, 'warning', /möchte die PIN der Rufnummer zurücksetzen/],
    ['security', { event: 'PIN_REQUEST_SUCCESS' }, 'warning', /PIN der Rufnummer wurde zurückgesetzt/],
    ['security', { event: 'PIN_EATEN' }, 'warning', /etwas zur Sicherheit der Rufnummer/],
    ['account_review_update', { decision: 'APPROVED' }, 'info', /geprüft und freigegeben/],
    ['account_review_update', { decision: 'REJECTED' }, 'critical', /nicht freigegeben/],
    ['phone_number_name_update', { decision: 'APPROVED' }, 'info', /Anzeigenamen der Rufnummer freigegeben/],
    ['phone_number_name_update', { decision: 'REJECTED' }, 'warning', /Anzeigenamen der Rufnummer abgelehnt/],
    ['business_capability_update', { max_daily_conversations_per_business: -1 }, 'info', /Neues Limit: keines/],
  ]
  const { ask, keyFor } = openDoors(desk)
  const display_phone_number = desk.channel.whatsapp.phoneNumber.slice(1)
  await desk.takes(...told.map(([field, value]) => said(field, { display_phone_number, ...value })))
  const { body } = await ask('GET', '/api/v1/channels/arnsberg', { key: await keyFor('editor') })
  const shown = body.events.reverse()
  expect(shown.map(({ severity }: { severity: string }) => severity)).toEqual(told.map(([, , severity]) => severity))
  for (const [i, [, , , sentence]] of told.entries()) expect(eventWords(shown[i])).toMatch(sentence)
  expect(body.state).toBe('ok')
})

test('what concerns another number of the same account is not ours', async () => {
  await desk.takes(said('security', { display_phone_number: '492932000000', event: 'PIN_CHANGED' }))
  expect(await kinds()).toEqual([])
  expect(desk.counted).toContain('foreign')
})
