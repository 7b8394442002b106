import { describe, expect, test } from 'vitest'
import type { Offering } from '../../src/channels/channel.ts'
import { BUTTONS, dropTopicButton, moreTopicsButton, topicButton } from '../../src/intake/buttons.ts'
import { type Asking, type Decision, decide, type World } from '../../src/intake/decide.ts'
import type { MessageKind } from '../../src/whatsapp/webhook-events.ts'
import { town } from '../support/towns.ts'

type Town = Parameters<typeof town>[0]
type Who = {
  town?: Town
  in?: Offering[]
  chatOpen?: boolean
  erasePending?: boolean
  eraseOvertaken?: boolean
  leftSince?: Offering[]
  topics?: string[]
}

const world = ({
  town: slug = 'arnsberg',
  in: offerings = [],
  chatOpen = false,
  erasePending = false,
  eraseOvertaken = false,
  leftSince = [],
  topics,
}: Who): World => ({
  channel: town(slug),
  subscribed: new Set(offerings),
  topics: topics ?? null,
  chatOpen,
  erasePending,
  eraseOvertaken,
  leftSince: new Set(leftSince),
})
const says = (text: string, more: Partial<Asking> = {}): Asking => ({
  kind: 'text',
  rawType: 'text',
  forwarded: false,
  text,
  ...more,
})
const sends = (kind: MessageKind, more: Partial<Asking> = {}): Asking => ({
  kind,
  rawType: kind,
  forwarded: false,
  ...more,
})
const taps = (buttonId: string, text = 'Knopf'): Asking => sends('reply', { buttonId, text })
const short = (decision: Decision) =>
  Object.values(decision)
    .map((part) => (Array.isArray(part) ? part.join('+') : String(part)))
    .join(' ')

type Case = [who: Who, message: Asking, decision: string]
const newcomer: Who = {}
const reader: Who = { in: ['info'] }
const chatter: Who = { in: ['chat'] }

describe('Arnsberg', () => {
  test.each<Case>([
    [newcomer, says('START'), 'join info'],
    [reader, says('START'), 'join info'],
    [newcomer, says('START #rathaus'), 'join info rathaus'],
    [newcomer, says('START #rathaus', { forwarded: true }), 'greet false'],
    [reader, says('STOP #rathaus'), 'leave info'],
    [reader, says('STOP #rathaus', { forwarded: true }), 'greet false'],
    [newcomer, says('START #baustelle'), 'greet true'],
    [chatter, says('STOP #baustelle'), 'chat'],
    [newcomer, taps('START #rathaus'), 'greet true'],
    [newcomer, says('Chat'), 'join chat'],
    [newcomer, says('STOP'), 'leave info'],
    [chatter, says('STOP'), 'leave info'],
    [reader, says('Stop, Chat!'), 'leave chat'],
    [reader, says('STOP ALLES'), 'leave all'],
    [newcomer, says('Hilfe'), 'help'],
    [newcomer, says('status'), 'status'],
    [newcomer, says('Auskunft'), 'disclose'],
    [newcomer, says('Löschen!'), 'erase-ask'],
    [newcomer, says('Guten Tag'), 'greet true'],
    [newcomer, sends('image'), 'greet true'],
    [reader, says('Wo ist gesperrt?'), 'opt-in-ask'],
    [reader, sends('image'), 'opt-in-ask'],
    [chatter, says('Wo ist gesperrt?'), 'chat'],
    [chatter, sends('image'), 'chat'],
    [chatter, says('Bitte stoppt die Baustelle'), 'chat'],
    [newcomer, says('👍'), 'greet true'],
  ])('%j writes %j → %s', (who, message, decision) => expect(short(decide(message, world(who)))).toBe(decision))
})

describe('Warstein, where any message opens a chat and there is no newsletter', () => {
  const warstein: Who = { town: 'warstein' }
  test.each<Case>([
    [warstein, says('START'), 'no-such-offering info'],
    [warstein, says('Anmelden'), 'no-such-offering info'],
    [warstein, says('Guten Tag'), 'chat'],
    [warstein, sends('image'), 'chat'],
    [warstein, says('STOP'), 'leave chat'],
    [{ ...warstein, in: ['chat'] }, says('STOP'), 'leave chat'],
    [{ ...warstein, chatOpen: true }, says('sotp'), 'ask-back stop chat'],
    [warstein, says('sotp'), 'chat'],
    [warstein, taps(BUTTONS.joinInfo), 'no-such-offering info'],
    [warstein, taps(BUTTONS.leaveInfo), 'leave chat'],
    [{ ...warstein, in: ['info'] }, says('STOP'), 'leave all'],
    [{ ...warstein, in: ['info'] }, taps(BUTTONS.leaveInfo), 'leave info'],
    [warstein, says('Guten Tag', { forwarded: true }), 'greet false'],
    [{ ...warstein, chatOpen: true }, says('Guten Tag', { forwarded: true }), 'chat'],
    [warstein, sends('video'), 'refuse-type video'],
    [{ town: 'heringen' }, sends('video'), 'chat'],
  ])('%j writes %j → %s', (who, message, decision) => expect(short(decide(message, world(who)))).toBe(decision))
})

describe('a tap counts like its keyword', () => {
  test.each<Case>([
    [newcomer, taps(BUTTONS.joinInfo), 'join info'],
    [newcomer, taps(BUTTONS.joinChat), 'join chat'],
    [reader, taps(BUTTONS.leaveInfo), 'leave info'],
    [reader, taps(BUTTONS.leaveChat), 'leave chat'],
    [reader, taps(BUTTONS.leaveAll), 'leave all'],
    [reader, taps(BUTTONS.keep), 'unchanged'],
    [reader, taps(BUTTONS.help), 'help'],
    [reader, taps('sub_yes', 'Anmelden'), 'join info'],
    [reader, sends('button', { buttonId: 'Abmelden', text: 'Abmelden' }), 'leave info'],
    [reader, sends('button', { buttonId: 'UNSUB', text: 'Abmelden' }), 'leave info'],
    [reader, sends('button', { buttonId: 'STOP', text: 'Nein danke' }), 'leave info'],
    [reader, sends('button', { buttonId: 'START', text: 'Abmelden' }), 'leave info'],
    [reader, sends('button', { buttonId: 'leave:info', text: 'Keine Meldungen' }), 'leave info'],
    [chatter, sends('button', { buttonId: 'x', text: 'Ich habe eine Frage' }), 'chat'],
    [chatter, says(BUTTONS.leaveAll), 'chat'],
    [reader, taps(topicButton('baustellen')), 'choose-topics baustellen'],
    [reader, taps(BUTTONS.allTopics), 'choose-topics null'],
    [reader, taps(topicButton('gibtsnicht')), 'status'],
    [newcomer, taps(topicButton('baustellen')), 'status'],
    [newcomer, taps(BUTTONS.allTopics), 'status'],
    [reader, taps(moreTopicsButton(9)), 'topics 9'],
    [reader, taps(dropTopicButton('baustellen')), 'choose-topics termine'],
    [{ ...reader, topics: ['termine'] }, taps(topicButton('baustellen')), 'choose-topics baustellen+termine'],
    [{ ...reader, topics: ['termine', 'baustellen'] }, taps(dropTopicButton('termine')), 'choose-topics baustellen'],
    [{ ...reader, topics: ['termine'] }, taps(dropTopicButton('termine')), 'status'],
    [{ ...reader, topics: ['gibtsnichtmehr'] }, taps(topicButton('termine')), 'choose-topics termine'],
    [reader, says('Themen'), 'topics 0'],
    [reader, says('Welche Themen gibt es?'), 'opt-in-ask'],
    [{ town: 'warstein' }, says('Themen'), 'chat'],
    [{ town: 'warstein' }, taps(moreTopicsButton(0)), 'status'],
  ])('%j: %j → %s', (who, message, decision) => expect(short(decide(message, world(who)))).toBe(decision))
})

describe('a forwarded message is never a wish', () => {
  test.each<Case>([
    [newcomer, says('START', { forwarded: true }), 'greet false'],
    [reader, says('STOP', { forwarded: true }), 'greet false'],
    [reader, says('sotp', { forwarded: true }), 'greet false'],
    [newcomer, says('löschen', { forwarded: true }), 'greet false'],
    [{ erasePending: true }, says('ja', { forwarded: true }), 'greet false'],
    [newcomer, says('Lesen Sie das!', { forwarded: true }), 'greet false'],
    [newcomer, sends('image', { forwarded: true }), 'greet false'],
    [chatter, says('Lesen Sie das!', { forwarded: true }), 'chat'],
    [chatter, says('CHAT', { forwarded: true }), 'greet false'],
  ])('%j forwards %j → %s', (who, message, decision) => expect(short(decide(message, world(who)))).toBe(decision))
})

describe('a slip is asked back only where there is something to leave', () => {
  test.each<Case>([
    [reader, says('sotp'), 'ask-back stop info'],
    [reader, says('Abmeldne!'), 'ask-back abmelden info'],
    [chatter, says('sotp'), 'chat'],
    [newcomer, says('sotp'), 'greet true'],
    [reader, says('stoppt'), 'opt-in-ask'],
    [reader, taps('UNSUB', 'Abmedlen'), 'ask-back abmelden info'],
  ])('%j writes %j → %s', (who, message, decision) => expect(short(decide(message, world(who)))).toBe(decision))
})

describe('erasing needs one yes, and only after our question', () => {
  const asked: Who = { in: ['chat'], erasePending: true }
  const overtaken: Who = { ...asked, eraseOvertaken: true }
  test.each<Case>([
    [asked, taps(BUTTONS.eraseYes), 'erase-confirm'],
    [asked, taps(BUTTONS.eraseNo), 'erase-cancel'],
    [asked, says('Ja!'), 'erase-confirm'],
    [asked, says('ja, löschen'), 'erase-confirm'],
    [asked, says('nein danke'), 'erase-cancel'],
    [asked, says('löschen'), 'erase-ask'],
    [asked, says('Ja, aber erst morgen'), 'chat'],
    [asked, sends('button', { buttonId: 'Ja', text: 'Ja' }), 'chat'],
    [chatter, says('ja'), 'chat'],
    [chatter, taps(BUTTONS.eraseYes), 'erase-ask'],
    [overtaken, says('Ja bitte'), 'chat true'],
    [overtaken, says('nein'), 'chat'],
    [overtaken, says('ja, alles löschen'), 'erase-confirm'],
    [overtaken, taps(BUTTONS.eraseYes), 'erase-confirm'],
    [overtaken, taps(BUTTONS.eraseNo), 'erase-cancel'],
    [{ ...overtaken, in: ['info'] }, says('ja'), 'erase-ask'],
    [{ ...overtaken, in: ['info'] }, says('nein'), 'erase-cancel'],
    [{ ...overtaken, in: ['info'], chatOpen: true }, says('ja'), 'chat true'],
  ])('%j writes %j → %s', (who, message, decision) => expect(short(decide(message, world(who)))).toBe(decision))
})

describe('a wish to erase in free words is asked back where nobody would read it', () => {
  const inWarstein: Who = { town: 'warstein' }
  const asks: Case[] = [
    'Ich will alles löschen',
    'Bitte löschen Sie meine Daten',
    'Daten löschen',
    'lösch alles',
    'Lösche mich!',
    'Ich möchte, dass meine Daten gelöscht werden',
    'Delete all my data',
    'please erase my number',
  ].flatMap((words): Case[] => [
    [newcomer, says(words), 'erase-ask'],
    [reader, says(words), 'erase-ask'],
    [chatter, says(words), 'chat'],
    [{ chatOpen: true }, says(words), 'chat'],
    [inWarstein, says(words), 'chat'],
    [newcomer, says(words, { forwarded: true }), 'greet false'],
  ])
  test.each<Case>([
    ...asks,
    [{ ...reader, erasePending: true }, says('Ja, lösch meine Daten'), 'erase-ask'],
    [newcomer, says('Wer löscht hier Brände?'), 'greet true'],
    [newcomer, says('Wo gebe ich meine Daten an?'), 'greet true'],
    [newcomer, says('Die Feuerwehr löscht alles, was in unserer Straße brennt'), 'greet true'],
  ])('%j writes %j → %s', (who, message, decision) => expect(short(decide(message, world(who)))).toBe(decision))
})

describe('kinds of message', () => {
  test.each<Case>([
    [chatter, sends('voice'), 'refuse-type voice'],
    [chatter, sends('audio'), 'refuse-type audio'],
    [chatter, sends('sticker'), 'refuse-type sticker'],
    [newcomer, sends('document'), 'refuse-type document'],
    [chatter, sends('location'), 'refuse-type location'],
    [chatter, sends('contacts'), 'refuse-type contacts'],
    [chatter, sends('order'), 'refuse-type order'],
    [chatter, sends('flow'), 'refuse-type flow'],
    [chatter, sends('unsupported'), 'refuse-type unsupported'],
    [chatter, sends('unknown'), 'refuse-type unknown'],
    [chatter, sends('unknown', { rawType: 'request_welcome' }), 'ignore'],
    [chatter, sends('system'), 'ignore'],
    [chatter, sends('reaction'), 'ignore'],
    [reader, sends('reaction'), 'ignore'],
    [chatter, sends('edit', { text: 'START' }), 'chat'],
    [reader, sends('edit', { text: 'START' }), 'ignore'],
    [reader, sends('revoke'), 'ignore'],
    [newcomer, says('START', { groupId: 'g1' }), 'ignore'],
    [reader, says('STOP', { groupId: 'g1' }), 'ignore'],
  ])('%j sends %j → %s', (who, message, decision) => expect(short(decide(message, world(who)))).toBe(decision))

  test('a town that accepts reactions and voice messages gets them', () => {
    const arnsberg = town('arnsberg')
    const chat = { ...arnsberg.offerings.chat!, accepts: ['text', 'audio', 'reaction'] as const }
    const generous = { ...world(chatter), channel: { ...arnsberg, offerings: { chat } } }
    expect(
      [sends('voice'), sends('reaction'), sends('image')].map((message) => short(decide(message, generous))),
    ).toEqual(['chat', 'chat', 'refuse-type image'])
  })

  test('a town that only sends says so instead of taking messages', () => {
    const arnsberg = town('arnsberg')
    const channel = { ...arnsberg, offerings: { info: arnsberg.offerings.info! } }
    const asked = (who: Who, message: Asking) => short(decide(message, { ...world(who), channel }))
    expect(asked(newcomer, says('Guten Tag'))).toBe('greet false')
    expect(asked(reader, says('Guten Tag'))).toBe('no-such-offering chat')
    expect(asked(reader, says('Daten löschen'))).toBe('erase-ask')
    expect(asked(newcomer, says('CHAT'))).toBe('no-such-offering chat')
    expect(asked(newcomer, says('STOP CHAT'))).toBe('no-such-offering chat')
    expect(asked(newcomer, taps(BUTTONS.leaveChat))).toBe('no-such-offering chat')
    expect(asked(chatter, taps(BUTTONS.leaveChat))).toBe('leave chat')
    expect(asked(newcomer, sends('image'))).toBe('refuse-type image')
  })
})
