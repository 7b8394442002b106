import { describe, expect, test } from 'vitest'
import { keywordsOf } from '../../src/channels/keywords.ts'
import { statusLines, textsOf, topicNames } from '../../src/channels/replies.ts'
import { REPLY_KEYS, unknownPlaceholders } from '../../src/channels/reply-keys.ts'
import { NOTICE_KINDS } from '../../src/contacts/notices.ts'
import { consentAction, offering, outgoingKind, outgoingStatus } from '../../src/db/schema.ts'
import { inboxMessageTypes } from '../../src/inbox/contract.ts'
import { BUTTONS, tapOf } from '../../src/intake/buttons.ts'
import { recognise } from '../../src/intake/keywords.ts'
import { say } from '../../src/intake/replies.ts'
import { wordsOf } from '../../src/site/disclosure-texts.ts'
import { CONSENT_SOURCES } from '../support/consent-sources.ts'
import { town, towns } from '../support/towns.ts'

const arnsberg = town('arnsberg')
const own = {
  status: 'S',
  closure: 'C',
  opening: 'am Montag',
  keyword: 'stop',
  chosen: 'Baustellen',
  data: 'D',
  link: 'https://example.org/a',
}
const buttonsOf = (body: object) =>
  (
    body as { interactive?: { action: { buttons?: { reply: { id: string; title: string } }[] } } }
  ).interactive?.action.buttons?.map(({ reply }) => reply) ?? []

describe.each(
  [...towns().values(), { ...arnsberg, slug: 'english', language: 'en' as const }].map(
    (channel) => [channel.slug, channel] as const,
  ),
)('every text of %s', (_, channel) => {
  // What is said about the newsletter is only ever said where there is one.
  const said = REPLY_KEYS.filter((key) => channel.offerings.info || !/Info$|topicsChosen/.test(key))
  test.each(said)('%s fits, and has nothing left to fill in', (key) => {
    const { wording, body } = say(channel, key, own)
    expect(wording.length).toBeGreaterThan(0)
    expect(wording.length).toBeLessThanOrEqual(1024)
    expect(wording).not.toMatch(/[{}]| {2}|undefined|null| [.,]|\n{3}/)
    expect(unknownPlaceholders(key, textsOf(channel).replies[key])).toEqual([])
    expect(buttonsOf(body).length).toBeLessThanOrEqual(3)
  })
})

test('titles of buttons fit and differ', () => {
  for (const language of ['de', 'en'] as const) {
    const titles = Object.values(textsOf({ language }).buttons)
    expect(titles.filter((title) => title.length > 20)).toEqual([])
    expect(new Set(titles).size).toBe(titles.length)
  }
})

test('whoever is told that nothing is erased yet reads the button as it stands there', () => {
  for (const language of ['de', 'en'] as const)
    expect(textsOf({ language }).replies.notErased).toContain(textsOf({ language }).buttons.eraseYes)
})

test('every button of ours is understood when it is tapped', () => {
  for (const id of Object.values(BUTTONS)) expect(tapOf(id)).not.toBeNull()
})

describe('the confirmation of START', () => {
  const { wording } = say(arnsberg, 'joinedInfo')
  test('names what was subscribed, how to leave and where the privacy notice is', () => {
    expect(wording).toContain('Infokanal')
    expect(wording).toContain('STOP')
    expect(wording).toContain('https://www.arnsberg.de/datenschutz')
  })
})

test('every keyword that the help names is understood', () => {
  for (const channel of towns().values()) {
    const named = [...say(channel, 'help').wording.matchAll(/^([A-ZÄÖÜ ]+):/gm)].map(([, word]) => word!)
    expect(named.length).toBeGreaterThan(4)
    for (const word of named) expect(recognise(word, keywordsOf(channel))).not.toBeNull()
  }
})

describe('the greeting', () => {
  const idsOf = (channel: typeof arnsberg) => buttonsOf(say(channel, 'greeting').body).map(({ id }) => id)
  test('offers by button what this town has', () => {
    expect(idsOf(arnsberg)).toEqual(['join:info', 'join:chat', 'help'])
    expect(idsOf(town('warstein'))).toEqual(['join:chat', 'help'])
  })
  test('says what happens to a message that waits for consent', () => {
    const words = (keep: boolean) =>
      say(arnsberg, 'greeting', {}, { decision: { do: 'greet', keep }, active: [] }).wording
    expect(words(true)).toContain('24 Stunden')
    expect(words(false)).not.toContain('24 Stunden')
  })
})

test('a slip is asked back with a button that leaves and one that does not', () => {
  const { wording, body } = say(
    arnsberg,
    'askBack',
    { keyword: 'stop' },
    { decision: { do: 'ask-back', keyword: 'stop', offering: 'info' }, active: [] },
  )
  expect(wording).toContain('STOP')
  expect(buttonsOf(body).map(({ id }) => id)).toEqual(['leave:info', 'keep'])
})

test('whoever writes STOP but is only in the chat can leave that by a button', () => {
  const active = [{ offering: 'chat' as const, joinedAt: new Date(), topics: null }]
  const { body } = say(arnsberg, 'notInInfo', {}, { decision: { do: 'leave', offering: 'info' }, active })
  expect(buttonsOf(body).map(({ id }) => id)).toEqual(['leave:chat'])
  expect(buttonsOf(say(arnsberg, 'notInInfo').body)).toEqual([])
})

test('a town without a newsletter says so, and that nothing was subscribed', () => {
  expect(say(town('warstein'), 'noInfoHere').wording).toMatch(/keinen|nicht/)
  expect(say(town('warstein'), 'noInfoHere').wording).toContain('Text und Fotos')
})

test('a refusal names what works', () => {
  expect(say(town('heringen'), 'refusedType').wording).toContain('Text, Fotos und Videos')
})

test('the channel file has the last word', () => {
  const channel = { ...arnsberg, replies: { help: 'Rufen Sie {town} an.\n\n\n\n{joinInfo}' } }
  expect(say(channel, 'help').wording).toBe('Rufen Sie Stadt Arnsberg an.\n\nSTART')
})

describe('the status', () => {
  test('has one line per offering of the town', () => {
    const joinedAt = new Date('2026-03-03T10:00:00Z')
    expect(statusLines(arnsberg, [{ offering: 'info', joinedAt, topics: ['baustellen'] }])).toBe(
      'Infokanal: angemeldet seit 3. März 2026 (Themen: Baustellen)\nChat: nicht angemeldet',
    )
    expect(statusLines(town('warstein'), [])).toBe('Chat: Schreiben Sie uns einfach.')
    const open = 'Ihr Anliegen ist noch offen. Beenden können Sie den Chat mit STOP CHAT.'
    expect(statusLines(town('warstein'), [], true)).toBe(`Chat: ${open}`)
    expect(statusLines(arnsberg, [{ offering: 'chat', joinedAt, topics: null }], true)).toContain(
      `Chat: angemeldet seit 3. März 2026. ${open}`,
    )
  })
  test('names topics by their labels', () => {
    expect(topicNames(arnsberg, null)).toBe('alle Themen')
    expect(topicNames(arnsberg, ['baustellen', 'termine'])).toBe('Baustellen und Veranstaltungen')
    expect(topicNames(town('warstein'), null)).toBe('')
  })
})

test.each(['de', 'en'] as const)('whoever reads what is stored about them reads words, in %s', (language) => {
  const codes: string[] = [
    ...[...offering.enumValues, ...consentAction.enumValues, ...outgoingKind.enumValues, ...outgoingStatus.enumValues],
    ...[...CONSENT_SOURCES, 'user-preferences withdrawn', 'user-preferences granted'],
    ...[...NOTICE_KINDS, ...inboxMessageTypes, 'you'],
    // What a list may not bring back, and who looked at it.
    ...['left', 'subscriber.looked-up', 'subscriber.revealed', 'subscriber.proof-read', 'subscriber.signed-off'],
    ...['subscriber.no-noted', 'subscribers.export-begun', 'contact.moved', 'person.disclosed', 'person.erased'],
    ...['chat.answered', 'chat.medium-read', 'chat.closed', 'chat.reopened', 'chat.erased'],
  ]
  const words: Readonly<Record<string, string>> = wordsOf(language).words
  expect(codes.filter((code) => words[code] === undefined)).toEqual([])
})
