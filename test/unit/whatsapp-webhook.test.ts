import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parseBody, readWebhook } from '../../src/whatsapp/webhook.ts'

const FOLDER = 'test/fixtures/whatsapp'
const receivedAt = new Date('2026-11-21T12:00:00Z')
const read = (file: string) => readWebhook(parseBody(readFileSync(`${FOLDER}/${file}.json`)), receivedAt)
const at = (time: string) => new Date(`2026-11-21T${time}Z`)

const number = { phoneNumberId: '200000000000002', businessAccountId: '100000000000001' }
const account = { businessAccountId: '100000000000001' }
const anna = { phone: '+4915112340001', userId: 'DE.10000000000000000001', name: 'Anna' }
const annaWithoutPhone = { userId: 'DE.10000000000000000001', name: 'Anna', username: 'anna.b' }
const message = { type: 'message', ...number, from: anna, at: at('10:00:00'), forwarded: false }
const status = { type: 'status', ...number, at: at('10:01:00'), wamid: 'wamid.HBgNNDkxNTExMjM0MDAwMRUCABEYEk9VVDE=' }
const template = { ...account, templateId: '300000000000003', name: 'stadt_news', language: 'de' }
const out = 'wamid.HBgNNDkxNTExMjM0MDAwMRUCABEYEk9VVDE='
const first = 'wamid.HBgNNDkxNTExMjM0MDAwMRUCABIYSU4001'

describe('what citizens send', () => {
  const cases: [sentence: string, file: string, event: object][] = [
    ['Anna writes START', 'text', { ...message, kind: 'text', text: 'START', id: first }],
    [
      'umlauts, emoji and line breaks stay',
      'text-umlauts',
      { kind: 'text', text: 'Wann öffnet das Bürgerbüro? 😀\nGrüße' },
    ],
    ['a reply names what it quotes', 'text-quoted', { kind: 'text', text: 'Danke', replyTo: out }],
    ['a forwarded STOP is marked as forwarded', 'text-forwarded', { text: 'STOP', forwarded: true }],
    ['so is one forwarded many times', 'text-frequently-forwarded', { text: 'START', forwarded: true }],
    ['a click on an advert is an ordinary text', 'text-referral', { kind: 'text', text: 'START' }],
    [
      'Anna without a visible number has her user id alone',
      'text-user-id-only',
      { text: 'STOP', from: annaWithoutPhone },
    ],
    [
      'Anna as an old payload shows her has her number alone',
      'text-phone-only',
      { from: { phone: anna.phone, name: 'Anna' } },
    ],
    ['a user name is kept for display', 'text-with-username', { from: { ...anna, username: 'anna.b' } }],
    [
      'a linked portfolio adds its own id',
      'text-linked-portfolio',
      { from: { ...anna, parentUserId: 'DE.ENT.11815799212886844830' } },
    ],
    ['an identity hash changes nothing', 'text-identity-hash', { kind: 'text', text: 'Hallo', from: anna }],
    ['what was written to a group says so', 'group-text', { text: 'START', groupId: expect.stringMatching(/^Y2Fw/) }],
    [
      'a photo with words',
      'image',
      {
        kind: 'image',
        media: { id: '900000000000001', mimeType: 'image/jpeg', caption: 'Schlagloch in der Ruhrstraße' },
      },
    ],
    [
      'a photo without address still has its id',
      'image-without-url',
      { kind: 'image', media: { id: '900000000000001' } },
    ],
    ['a video', 'video', { kind: 'video', media: { mimeType: 'video/mp4', caption: 'Hochwasser' } }],
    [
      'a voice message is no audio file',
      'audio-voice',
      { kind: 'voice', media: { mimeType: 'audio/ogg; codecs=opus', voice: true } },
    ],
    ['an audio file is no voice message', 'audio-file', { kind: 'audio', media: { voice: false } }],
    [
      'a document with its name',
      'document',
      { kind: 'document', media: { filename: 'antrag.pdf', caption: 'Der Antrag' } },
    ],
    ['a sticker', 'sticker', { kind: 'sticker', media: { mimeType: 'image/webp' } }],
    [
      'a place with its name',
      'location',
      {
        kind: 'location',
        location: { latitude: 51.39, longitude: 8.06, name: 'Rathaus', address: expect.any(String) },
      },
    ],
    ['a bare place', 'location-bare', { kind: 'location', location: { latitude: 51.39, longitude: 8.06 } }],
    [
      'a contact card of somebody else',
      'contacts',
      { kind: 'contacts', contactCards: [{ name: 'Bernd', phones: ['+49 151 12340002'] }], contactRequested: false },
    ],
    [
      'the number we asked for',
      'contact-request',
      { kind: 'contacts', contactRequested: true, from: annaWithoutPhone },
    ],
    [
      'the same with its origin at the message, from the only contact there is',
      'contact-request-at-message-level',
      { kind: 'contacts', contactRequested: true, from: annaWithoutPhone },
    ],
    ['a tap on a reply button', 'button-reply', { kind: 'reply', buttonId: 'sub_yes', text: 'Anmelden', replyTo: out }],
    ['a tap on a list row', 'list-reply', { kind: 'reply', buttonId: 't_news', text: 'Nachrichten' }],
    [
      'a tap on the button of a template',
      'template-button',
      { kind: 'button', buttonId: 'UNSUB', text: 'Abmelden', replyTo: out },
    ],
    ['a form sent off', 'flow-reply', { kind: 'flow', text: 'Sent' }],
    ['a reaction', 'reaction', { kind: 'reaction', reaction: { messageId: out, emoji: '❤️' } }],
    ['a reaction taken back', 'reaction-removed', { kind: 'reaction', reaction: { messageId: out, emoji: null } }],
    ['a reaction taken back by an empty one', 'reaction-removed-empty', { reaction: { messageId: out, emoji: null } }],
    ['an order', 'order', { kind: 'order' }],
    [
      'a poll, which nobody can read',
      'unsupported',
      { kind: 'unsupported', rawType: 'poll_creation', errors: [{ code: 131051 }] },
    ],
    ['a message that is not available', 'unsupported-unavailable', { kind: 'unsupported', errors: [{ code: 131060 }] }],
    [
      'a film that is too big',
      'unsupported-media-too-big',
      { kind: 'unsupported', rawType: 'image', errors: [{ code: 131052 }] },
    ],
    [
      'an edited message names the first one and has the new words',
      'edit',
      { kind: 'edit', originalId: first, text: 'STOP' },
    ],
    ['a revoked message names the one that is gone', 'revoke', { kind: 'revoke', originalId: first }],
    ['a withdrawn kind is unknown', 'request-welcome', { kind: 'unknown', rawType: 'request_welcome' }],
    [
      'a kind of the future is unknown, its sender is not',
      'type-of-the-future',
      { kind: 'unknown', rawType: 'hologram', from: anna },
    ],
  ]
  test.each(cases)('%s', (_sentence, file, event) => {
    const events = read(file)
    expect(events).toHaveLength(1)
    expect(events[0]).toMatchObject({ type: 'message', ...number, ...event })
  })

  test('nobody without a number gets an empty one', () => {
    for (const file of ['text-user-id-only', 'contact-request'])
      expect(JSON.stringify(read(file))).not.toContain('"phone":""')
    expect(read('text-user-id-only')[0]).toHaveProperty('from.phone', undefined)
  })
})

describe('how our messages fare', () => {
  const mine = { callbackData: 'dlv_01J0000000000000000000000A', recipient: { phone: anna.phone, userId: anna.userId } }
  const phoneOnly = { ...mine, recipient: { phone: anna.phone } }
  const utility = { category: 'utility', type: 'regular', billable: true }
  const cases: [sentence: string, file: string, event: object][] = [
    ['sent, with its price', 'status-sent', { ...mine, state: 'sent', pricing: utility }],
    ['delivered', 'status-delivered', { ...mine, state: 'delivered', pricing: utility }],
    [
      'delivered for free',
      'status-delivered-free',
      { state: 'delivered', pricing: { type: 'free_customer_service', billable: false } },
    ],
    [
      'delivered to a user id',
      'status-delivered-user-id-only',
      { state: 'delivered', recipient: { userId: anna.userId } },
    ],
    ['read', 'status-read', { ...mine, state: 'read' }],
    ['played', 'status-played', { ...mine, state: 'played' }],
    ['free after an advert', 'status-free-entry-point', { state: 'sent', pricing: { type: 'free_entry_point' } }],
    [
      'of another sender of our number',
      'status-without-callback-data',
      { state: 'delivered', callbackData: undefined },
    ],
    [
      'not delivered',
      'status-failed',
      { ...phoneOnly, state: 'failed', error: { code: 131026, title: 'Message undeliverable' } },
    ],
    [
      'not delivered to a user id',
      'status-failed-user-id-only',
      { state: 'failed', recipient: { userId: anna.userId }, error: { code: 131026 } },
    ],
    [
      'too late for a free answer',
      'status-failed-window-closed',
      { ...phoneOnly, state: 'failed', error: { code: 131047 } },
    ],
    [
      'stopped inside WhatsApp',
      'status-failed-marketing-stopped',
      { ...phoneOnly, state: 'failed', error: { code: 131050 } },
    ],
    ['held and dropped', 'status-failed-held-dropped', { ...phoneOnly, state: 'failed', error: { code: 132015 } }],
    [
      'to a group, for one of its people',
      'status-group',
      { state: 'delivered', groupId: expect.stringMatching(/^Y2Fw/), recipient: mine.recipient },
    ],
    ['a state of the future', 'status-of-the-future', { ...mine, state: 'unknown' }],
  ]
  test.each(cases)('%s', (_sentence, file, event) => {
    const events = read(file)
    expect(events).toHaveLength(1)
    expect(events[0]).toMatchObject({ ...status, ...event })
  })
})

describe('who somebody is now', () => {
  const before = { phone: '+4915112340001', userId: 'DE.10000000000000000001' }
  const after = { phone: '+4915112349999', userId: 'DE.10000000000000000099' }
  const cases: [sentence: string, file: string, old: object, fresh: object][] = [
    [
      'a new number, as it was told until 2026',
      'system-number-changed-classic',
      { phone: before.phone },
      { phone: after.phone },
    ],
    ['a new number with both user ids', 'system-number-changed', before, after],
    ['a new number, the old user id only as the sender', 'system-number-changed-without-previous', before, after],
    ['a new user id without any number', 'system-user-id-changed', { userId: before.userId }, { userId: after.userId }],
    [
      'the old user id only in the sentence',
      'system-user-id-changed-body-only',
      { userId: before.userId },
      { userId: after.userId },
    ],
    [
      'the withdrawn field that some still send',
      'user-id-update',
      { userId: before.userId },
      { phone: before.phone, userId: after.userId },
    ],
  ]
  test.each(cases)('%s', (_sentence, file, old, fresh) =>
    expect(read(file)).toEqual([
      {
        type: 'identity-change',
        ...number,
        id: file === 'user-id-update' ? undefined : expect.any(String),
        at: at('10:00:00'),
        old,
        new: fresh,
      },
    ]),
  )
})

describe('what else Meta tells', () => {
  const cases: [sentence: string, file: string, event: object][] = [
    [
      'Anna stops marketing messages',
      'preferences-stop',
      {
        type: 'preference',
        ...number,
        value: 'stop',
        at: at('10:00:00'),
        from: { phone: anna.phone, userId: anna.userId },
      },
    ],
    [
      'so does Anna without a number',
      'preferences-stop-user-id-only',
      { type: 'preference', value: 'stop', from: { userId: anna.userId } },
    ],
    ['Anna allows them again', 'preferences-resume', { type: 'preference', value: 'resume', at: at('10:10:00') }],
    [
      'Anna calls',
      'call-connect',
      {
        type: 'call',
        ...number,
        from: { phone: anna.phone, userId: anna.userId },
        at: at('10:00:00'),
        event: 'connect',
      },
    ],
    ['the call ends', 'call-terminate', { type: 'call', event: 'terminate' }],
    [
      'a template is approved',
      'template-approved',
      { type: 'template-status', ...template, event: 'APPROVED', reason: undefined },
    ],
    [
      'a template is rejected, with the reason',
      'template-rejected',
      { type: 'template-status', event: 'REJECTED', reason: 'INVALID_FORMAT', info: expect.any(String) },
    ],
    ['a template is paused', 'template-paused', { type: 'template-status', event: 'PAUSED' }],
    ['a template is disabled', 'template-disabled', { type: 'template-status', event: 'DISABLED' }],
    ['a template is active again', 'template-unpaused', { type: 'template-status', event: 'APPROVED' }],
    [
      'words in lower case, language with a hyphen',
      'template-pending-deletion-lower-case',
      { event: 'PENDING_DELETION', language: 'en_US' },
    ],
    [
      'a template gets worse',
      'template-quality',
      { type: 'template-quality', ...template, quality: 'YELLOW', previous: 'GREEN' },
    ],
    [
      'the same under the wrong field',
      'template-quality-under-status-field',
      { type: 'template-quality', quality: 'YELLOW' },
    ],
    [
      'a category will change',
      'template-category-announced',
      { type: 'template-category', category: 'MARKETING', previous: 'UTILITY', announced: true },
    ],
    [
      'a category has changed',
      'template-category-changed',
      { type: 'template-category', category: 'MARKETING', previous: 'UTILITY', announced: false },
    ],
    ['a template has new words', 'template-components', { type: 'template-components', ...template }],
    [
      'the number may reach 2,000',
      'phone-number-quality',
      { type: 'phone-quality', ...account, displayPhoneNumber: '+492931555000', limit: 2000 },
    ],
    [
      'the number is faster now',
      'phone-number-throughput-upgrade',
      { type: 'phone-quality', event: 'THROUGHPUT_UPGRADE' },
    ],
    ['the limit as a number', 'business-capability', { type: 'capability', ...account, limit: 2000 }],
    ['the limit as a word', 'business-capability-tier', { type: 'capability', limit: 2000 }],
    ['no limit any more', 'business-capability-unlimited', { type: 'capability', limit: null }],
    [
      'the account may not write first',
      'account-restriction',
      {
        type: 'account-update',
        event: 'ACCOUNT_RESTRICTION',
        blocking: true,
        restrictions: [{ type: 'RESTRICTED_BIZ_INITIATED_MESSAGING', until: new Date('2026-11-28T10:00:00Z') }],
      },
    ],
    ['the account broke a rule', 'account-violation', { type: 'account-update', violation: 'SPAM', blocking: true }],
    ['the account is disabled', 'account-disabled', { type: 'account-update', banState: 'DISABLE', blocking: true }],
    [
      'the account is back, and when Meta said so',
      'account-reinstated',
      { type: 'account-update', banState: 'REINSTATE', blocking: false, toldAt: at('10:00:00') },
    ],
    ['the account is deleted', 'account-deleted', { type: 'account-update', event: 'ACCOUNT_DELETED', blocking: true }],
    ['the account left', 'account-offboarded', { type: 'account-update', event: 'ACCOUNT_OFFBOARDED', blocking: true }],
    ['a warning', 'account-alert', { type: 'alert', severity: 'CRITICAL', entityType: 'PHONE_NUMBER' }],
    [
      'an error without a message',
      'errors-only',
      { type: 'notice', ...number, errors: [{ code: 130429, title: 'Rate limit hit' }] },
    ],
    ['a field of the future', 'field-of-the-future', { type: 'unknown', field: 'weather_update' }],
    ['the account was reviewed', 'account-review', { type: 'account-review', ...account, decision: 'APPROVED' }],
    [
      'a changed PIN',
      'security',
      { type: 'security', ...account, displayPhoneNumber: '+492931555000', event: 'PIN_CHANGED' },
    ],
    [
      'the name of the number was reviewed',
      'phone-number-name',
      { type: 'name-review', ...account, displayPhoneNumber: '+492931555000', decision: 'APPROVED' },
    ],
    ['our own new username', 'username-update', { type: 'unknown', field: 'business_username_update' }],
    ['the ringing of a call of ours', 'call-status', { type: 'unknown', field: 'calls' }],
  ]
  test.each(cases)('%s', (_sentence, file, event) => {
    const events = read(file)
    expect(events).toHaveLength(1)
    expect(events[0]).toMatchObject(event)
  })
})

describe('several things in one body', () => {
  test('each keeps its own sender, wherever the contact stands', () => {
    const events = read('batch')
    expect(
      events.map((one) => `${one.type} ${'from' in one ? one.from.name : 'state' in one ? one.state : ''}`.trim()),
    ).toEqual([
      'message Anna',
      'message Bernd',
      'status sent',
      'status delivered',
      'unknown',
      'template-status',
      'status failed',
    ])
  })

  const change = (value: unknown, field = 'messages') => ({
    object: 'whatsapp_business_account',
    entry: [{ id: '1', changes: [{ field, value }] }],
  })
  const hello = { id: 'wamid.1', from: '4915112340001', timestamp: '1795255200', type: 'text', text: { body: 'Hallo' } }
  const types = (value: unknown, field?: string) =>
    readWebhook(change(value, field), receivedAt).map(({ type }) => type)

  test('a broken element does not cost its neighbours', () => {
    const broken = [null, 7, 'x', [], {}, { id: 'wamid.2' }, { ...hello, from: '' }]
    expect(
      types({ messages: [...broken, hello], statuses: [null, { status: 'sent' }, { id: 'w', status: 'sent' }] }),
    ).toEqual([...broken.map(() => 'unknown'), 'message', 'unknown', 'unknown', 'status'])
  })

  test('our own message handed back is no citizen’s', () =>
    expect(types({ metadata: { display_phone_number: '+49 151 12340001' }, messages: [hello] })).toEqual(['unknown']))

  test('a stranger among the contacts is not taken for the sender', () => {
    const contacts = [{ wa_id: '4915112340002', user_id: 'DE.2', profile: { name: 'Bernd' } }]
    const [event] = readWebhook(change({ contacts, messages: [hello] }))
    expect(event).toHaveProperty('from.phone', '+4915112340001')
    expect(event).not.toHaveProperty('from.name')
  })

  test('between two contacts nobody guesses who wrote', () => {
    const contacts = [{ user_id: 'DE.1' }, { user_id: 'DE.2' }]
    expect(types({ contacts, messages: [{ ...hello, from: undefined }] })).toEqual(['unknown'])
  })

  test('a new user id that stands as the sender is not the old one', () => {
    const system = { type: 'user_changed_number', wa_id: '4915112349999', user_id: 'DE.2' }
    const notice = {
      id: 'wamid.S',
      from: '4915112340001',
      from_user_id: 'DE.2',
      timestamp: '1795255200',
      type: 'system',
      system,
    }
    expect(readWebhook(change({ messages: [notice] }))).toMatchObject([
      { type: 'identity-change', old: { phone: '+4915112340001', userId: undefined }, new: { userId: 'DE.2' } },
    ])
  })

  test('a time that is none becomes the time of arrival', () => {
    for (const timestamp of [undefined, '', 'now', -1, 1e20, {}]) {
      expect(readWebhook(change({ messages: [{ ...hello, timestamp }] }), receivedAt)[0]).toMatchObject({
        at: receivedAt,
      })
    }
  })

  test('what PostgreSQL cannot store is taken out of a text', () => {
    const [event] = readWebhook(change({ messages: [{ ...hello, text: { body: 'a\u0000b\ud83dc😀' } }] }))
    expect(event).toMatchObject({ text: 'ab\ufffdc😀' })
  })

  test('a restriction nobody knows blocks, one about adding numbers does not', () => {
    const restricted = (...kinds: string[]) =>
      readWebhook(
        change(
          { event: 'ACCOUNT_RESTRICTION', restriction_info: kinds.map((restriction_type) => ({ restriction_type })) },
          'account_update',
        ),
      )[0]
    expect(restricted('RESTRICTED_SOMETHING_NEW')).toMatchObject({ blocking: true })
    expect(restricted('RESTRICTED_ADD_PHONE_NUMBER_ACTION')).toMatchObject({ blocking: false })
    expect(restricted()).toMatchObject({ blocking: true })
  })

  test('another object is one unknown event', () =>
    expect(readWebhook({ object: 'page', entry: [] })).toEqual([{ type: 'unknown', field: '', rawType: 'page' }]))
})

describe('the bytes of a body', () => {
  const bytes = (text: string) => new TextEncoder().encode(text)

  test('escaped and plain umlauts are the same text', () =>
    expect(parseBody(bytes('{"a":"\\u00e4\\/"}'))).toEqual(parseBody(bytes('{"a":"ä/"}'))))

  test('a template id beyond 2^53 keeps all its digits, a text that looks like one is left alone', () => {
    const json = '{"message_template_id": 98765432109876543210, "x": "\\"message_template_id\\":98765432109876543210"}'
    expect(parseBody(bytes(json))).toEqual({
      message_template_id: '98765432109876543210',
      x: '"message_template_id":98765432109876543210',
    })
  })

  test('what is no JSON is nothing', () => {
    for (const text of ['', '{', 'null,', '\ufeff']) expect(parseBody(bytes(text))).toBeUndefined()
  })
})

test('every fixture gives at least one event', () => {
  for (const file of readdirSync(FOLDER).filter((name) => name.endsWith('.json'))) {
    expect(read(file.replace('.json', '')).length, file).toBeGreaterThan(0)
  }
})
