import { readdirSync } from 'node:fs'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { emptied, freshDatabase } from '../support/database.ts'
import { effectsOf } from '../support/effects.ts'
import { fixture, openWebhookDesk, type WebhookDesk } from '../support/webhook-desk.ts'

const anna = { phone: '+4915112340001', userId: 'DE.10000000000000000001', name: 'Anna' }
const bernd = { phone: '+4915112340901' }
const cem = { userId: 'DE.90000000000000000003' }

/**
 * What each payload of Meta does: for somebody we have never heard of, and for Anna, who has the newsletter and an open chat that takes text and photos
 * (the same, where only one is given).
 */
const TABLE: [sentence: string, payload: string, stranger: string[], anna?: string[]][] = [
  ['an alert about the account is noted', 'account-alert', ['event alert critical']],
  [
    'a deleted account stops the channel',
    'account-deleted',
    ['event channel-stopped critical', 'event account-update critical', 'channel stopped: account'],
  ],
  [
    'a disabled account stops the channel',
    'account-disabled',
    ['event channel-stopped critical', 'event account-update critical', 'channel stopped: account'],
  ],
  [
    'an account taken from us stops the channel',
    'account-offboarded',
    ['event channel-stopped critical', 'event account-update critical', 'channel stopped: account'],
  ],
  ['the end of a ban is noted', 'account-reinstated', ['event account-update info']],
  [
    'a restricted account stops the channel',
    'account-restriction',
    ['event channel-stopped critical', 'event account-update critical', 'channel stopped: account'],
  ],
  ['the result of a review is noted', 'account-review', ['event account-review info']],
  [
    'a violation found by Meta stops the channel',
    'account-violation',
    ['event channel-stopped critical', 'event account-update critical', 'channel stopped: account'],
  ],
  ['a sound file is refused politely', 'audio-file', ['reply refusedType']],
  ['a voice message is refused politely', 'audio-voice', ['reply refusedType']],
  [
    'a body of several towns, messages, statuses and unknown things loses nothing',
    'batch',
    [
      'granted info',
      'reply joinedInfo',
      'reply greeting',
      'held',
      'event template-status info',
      'stray sent',
      'stray delivered',
      'stray failed',
    ],
    [
      'reply alreadyInInfo',
      'reply greeting',
      'held',
      'event template-status info',
      'stray sent',
      'stray delivered',
      'stray failed',
    ],
  ],
  [
    'a new daily limit, given as a tier, is kept',
    'business-capability-tier',
    ['event capability info', 'daily limit 2000'],
  ],
  ['a daily limit without end is kept', 'business-capability-unlimited', ['event capability info', 'daily limit -1']],
  ['a new daily limit is kept', 'business-capability', ['event capability info', 'daily limit 2000']],
  [
    'a tap on the button that joins is like its keyword',
    'button-reply',
    ['granted info', 'reply joinedInfo'],
    ['reply alreadyInInfo'],
  ],
  ['a call gets one polite line', 'call-connect', ['reply refusedCall']],
  ['how a call of ours fares has no effect', 'call-status', []],
  ['the end of a call we missed the beginning of gets the same line', 'call-terminate', ['reply refusedCall']],
  ['a shared number is refused like every card', 'contact-request-at-message-level', ['reply refusedType']],
  ['a shared number, told inside the card, is refused like every card', 'contact-request', ['reply refusedType']],
  ['an address card is refused politely', 'contacts', ['reply refusedType']],
  ['a document is refused politely', 'document', ['reply refusedType']],
  ['an edited message is handed to the chat as such, and is no keyword', 'edit', [], ['inbox text: Geändert: STOP']],
  ['an error about nothing in particular is noted', 'errors-only', ['event notice warning']],
  ['a field nobody knows has no effect', 'field-of-the-future', []],
  ['a form sent off is refused politely', 'flow-reply', ['reply refusedType']],
  ['a keyword in a group changes nothing', 'group-text', []],
  ['a photo without an address goes to the chat', 'image-without-url', ['reply greeting', 'held'], ['inbox image: –']],
  [
    'a photo goes to the chat with its caption',
    'image',
    ['reply greeting', 'held'],
    ['inbox image: Schlagloch in der Ruhrstraße'],
  ],
  [
    'a choice from a list that is none of ours is a message',
    'list-reply',
    ['reply greeting', 'held'],
    ['inbox text: Nachrichten'],
  ],
  ['a bare location is refused politely', 'location-bare', ['reply refusedType']],
  ['a named location is refused politely', 'location', ['reply refusedType']],
  ['an order is refused politely', 'order', ['reply refusedType']],
  ['a new display name is noted', 'phone-number-name', ['event name-review info']],
  [
    'a new limit told with the number’s quality is kept',
    'phone-number-quality',
    ['event phone-quality info', 'daily limit 2000'],
  ],
  ['a faster number is noted', 'phone-number-throughput-upgrade', ['event phone-quality info', 'daily limit -1']],
  ['allowing marketing again subscribes nobody', 'preferences-resume', []],
  [
    'stopping marketing by user id alone is kept',
    'preferences-stop-user-id-only',
    [],
    ['proof of marketing withdrawn', 'marketing stopped'],
  ],
  [
    'stopping marketing is kept, the subscription stays',
    'preferences-stop',
    [],
    ['proof of marketing withdrawn', 'marketing stopped'],
  ],
  ['a reaction taken back as an empty one has no effect', 'reaction-removed-empty', []],
  ['a reaction taken back has no effect', 'reaction-removed', []],
  ['a reaction has no effect where the chat does not take them', 'reaction', []],
  ['the withdrawn first-contact event has no effect', 'request-welcome', []],
  ['a revoked message is told to the chat', 'revoke', [], ['inbox text: Diese Nachricht wurde zurückgezogen.']],
  ['a changed PIN is noted as a warning', 'security', ['event security warning']],
  ['a free delivery of an unknown message is kept for later', 'status-delivered-free', ['stray delivered']],
  ['a delivery to a user id is kept for later', 'status-delivered-user-id-only', ['stray delivered']],
  ['a delivery of an unknown message is kept for later', 'status-delivered', ['stray delivered']],
  ['a dropped held message is kept for later', 'status-failed-held-dropped', ['stray failed']],
  ['a refusal by the citizen is kept for later', 'status-failed-marketing-stopped', ['stray failed']],
  ['a failure without a number is kept for later', 'status-failed-user-id-only', ['stray failed']],
  ['a failure outside the window is kept for later', 'status-failed-window-closed', ['stray failed']],
  ['a failure of an unknown message is kept for later', 'status-failed', ['stray failed']],
  ['a free entry is kept for later', 'status-free-entry-point', ['stray sent']],
  ['a status about a group has no effect', 'status-group', []],
  ['a state nobody knows has no effect', 'status-of-the-future', []],
  ['played counts as read', 'status-played', ['stray read']],
  ['a reading of an unknown message is kept for later', 'status-read', ['stray read']],
  ['a sending of an unknown message is kept for later', 'status-sent', ['stray sent']],
  ['a status without our id is kept for later', 'status-without-callback-data', ['stray delivered']],
  ['a sticker is refused politely', 'sticker', ['reply refusedType']],
  [
    'a changed number in the classic form moves the person',
    'system-number-changed-classic',
    [],
    ['moved info', 'moved chat', 'inbox chat.contact.changed'],
  ],
  [
    'a changed number without the old user id moves the person',
    'system-number-changed-without-previous',
    [],
    ['moved info', 'moved chat', 'inbox chat.contact.changed'],
  ],
  [
    'a changed number moves the person',
    'system-number-changed',
    [],
    ['moved info', 'moved chat', 'inbox chat.contact.changed'],
  ],
  [
    'a changed user id that only the sentence tells moves the person',
    'system-user-id-changed-body-only',
    [],
    ['moved info', 'moved chat', 'inbox chat.contact.changed'],
  ],
  [
    'a changed user id moves the person',
    'system-user-id-changed',
    [],
    ['moved info', 'moved chat', 'inbox chat.contact.changed'],
  ],
  ['an approved template is noted', 'template-approved', ['event template-status info']],
  [
    'the button under a broadcast that leaves is like its keyword',
    'template-button',
    ['reply notInInfo'],
    ['withdrawn info', 'reply leftInfo'],
  ],
  ['an announced category is noted', 'template-category-announced', ['event template-category info']],
  [
    'a changed category is noted as a warning: it changes the price',
    'template-category-changed',
    ['event template-category warning'],
  ],
  ['a changed template is noted', 'template-components', ['event template-components info']],
  ['a disabled template is noted as a warning', 'template-disabled', ['event template-status warning']],
  ['a paused template is noted as a warning', 'template-paused', ['event template-status warning']],
  [
    'a template about to go, in lower case, is noted as a warning',
    'template-pending-deletion-lower-case',
    ['event template-status warning'],
  ],
  [
    'a quality that comes under the wrong field is noted',
    'template-quality-under-status-field',
    ['event template-quality info'],
  ],
  ['a template’s quality is noted', 'template-quality', ['event template-quality info']],
  ['a rejected template is noted as a warning', 'template-rejected', ['event template-status warning']],
  ['a template that may be sent again is noted', 'template-unpaused', ['event template-status info']],
  ['a forwarded keyword is nobody’s wish', 'text-forwarded', ['reply greeting']],
  ['a chain letter is nobody’s wish', 'text-frequently-forwarded', ['reply greeting']],
  ['a text with an identity hash is a text', 'text-identity-hash', ['reply greeting', 'held'], ['inbox text: Hallo']],
  ['a text with a parent id is a text', 'text-linked-portfolio', ['reply greeting', 'held'], ['inbox text: Hallo']],
  [
    'a keyword without a user id counts',
    'text-phone-only',
    ['granted info', 'reply joinedInfo'],
    ['reply alreadyInInfo'],
  ],
  ['an answer to a message of ours is a text', 'text-quoted', ['reply greeting', 'held'], ['inbox text: Danke']],
  [
    'a keyword typed after an advertisement counts',
    'text-referral',
    ['granted info', 'reply joinedInfo'],
    ['reply alreadyInInfo'],
  ],
  [
    'umlauts and emoji arrive as they were written',
    'text-umlauts',
    ['reply greeting', 'held'],
    ['inbox text: Wann öffnet das Bürgerbüro? 😀\nGrüße'],
  ],
  ['a STOP without a number counts', 'text-user-id-only', ['reply notInInfo'], ['withdrawn info', 'reply leftInfo']],
  [
    'a text of somebody with a username is a text',
    'text-with-username',
    ['reply greeting', 'held'],
    ['inbox text: Hallo'],
  ],
  ['START joins', 'text', ['granted info', 'reply joinedInfo'], ['reply alreadyInInfo']],
  ['a type nobody knows is refused politely', 'type-of-the-future', ['reply refusedType']],
  ['a medium that is too big is refused politely', 'unsupported-media-too-big', ['reply refusedType']],
  ['a message that WhatsApp keeps back is refused politely', 'unsupported-unavailable', ['reply refusedType']],
  ['a message that WhatsApp does not hand over is refused politely', 'unsupported', ['reply refusedType']],
  [
    'the withdrawn form of a changed user id moves the person',
    'user-id-update',
    [],
    ['moved info', 'moved chat', 'inbox chat.contact.changed'],
  ],
  ['our own new username has no effect', 'username-update', []],
  ['a video is refused politely', 'video', ['reply refusedType']],
]

const database = await freshDatabase()
afterAll(() => database.drop())
let desk: WebhookDesk
beforeEach(async () => {
  desk = await openWebhookDesk('arnsberg', { database: await emptied(database) })
})
afterEach(() => desk.close())

test('every payload we know of is in the table', async () => {
  const all = readdirSync('test/fixtures/whatsapp').map((file) => file.replace('.json', ''))
  expect(TABLE.map(([, payload]) => payload).sort()).toEqual(all.sort())
})

test.each(TABLE)('%s (%s)', async (_, payload, stranger) => {
  expect(await effectsOf(desk, () => desk.takes(fixture(payload, desk.channel, desk.now())))).toEqual(stranger)
})

test.each(TABLE)(
  'for Anna, between the messages of others: %s (%s)',
  async (_, payload, stranger, known = stranger) => {
    for (const words of ['START', 'CHAT', 'Hallo']) await desk.writes(anna, words)
    desk.pass(120_000)
    const body = betweenOthers(fixture(payload, desk.channel, desk.now()) as Body)
    const effects = await effectsOf(desk, () => desk.takes(body, body))
    expect(await desk.offeringsOf(bernd)).toEqual(['info'])
    expect(await desk.offeringsOf(cem)).toEqual(['info'])
    const own = ['granted info', 'granted info', 'reply joinedInfo', 'reply joinedInfo']
    for (const line of own) effects.splice(effects.indexOf(line), 1)
    // A body that is told twice has its effect once; only an error about nothing, which has neither id nor time, is noted each time.
    expect([...new Set(effects)]).toEqual([...new Set(known)])
    const counted = (lines: string[]) => lines.filter((line) => !/^(event notice|stray)/.test(line))
    expect(counted(effects)).toEqual(counted(known))
  },
)

type Change = { field: string; value: { messages?: object[]; contacts?: object[] } }
type Entry = { id: string; changes: Change[] }
type Body = { entry: Entry[] }

/** The same body with Bernd’s START before everything in it and Cem’s behind. */
function betweenOthers(body: Body): Body {
  const { message, change, around } = desk.bodies
  const start = { type: 'text', text: { body: 'START' } }
  const first = message(bernd, start)
  const last = message(cem, start)
  const changes = body.entry.flatMap((entry) => entry.changes)
  const home = changes.find(({ value }) => value.messages && value.contacts === undefined)
  if (home) {
    home.value.messages = [first, ...(home.value.messages ?? []), last]
    return body
  }
  const id = desk.channel.whatsapp.businessAccountId
  const entryWith = (own: object): Entry => ({ id, changes: [change('messages', { ...around, messages: [own] })] })
  body.entry = [entryWith(first), ...body.entry, entryWith(last)]
  return body
}
