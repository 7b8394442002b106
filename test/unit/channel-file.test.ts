// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the syntax of channel files
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { formatProblem, loadChannelFiles, loadChannels } from '../../src/channels/channel-file.ts'
import { townEnvironment, towns } from '../support/towns.ts'

const GOOD = `name: WhatsUp Arnsberg
town: Stadt Arnsberg
language: de
timezone: Europe/Berlin
region: DE-NW
whatsapp:
  phoneNumber: "+492932201100"
  phoneNumberId: "\${PHONE_ID}"
  businessAccountId: "100000000000001"
  accessToken: "\${TOKEN}"
offerings:
  info:
    quietHours: { from: "21:00", to: "07:00" }
  chat:
    officeHours: { mon: ["08:00-12:30", "13:30-16:00"], fri: ["08:00-12:00"] }
    closures: [{ from: 2026-12-24, to: 2027-01-01, text: "Frohes Fest" }]
    inbox: { url: "http://127.0.0.1:4000/", secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" }
privacy:
  noticeUrl: https://www.arnsberg.de/datenschutz
  noticeVersion: "2026-11"
`
const ENVIRONMENT = { PHONE_ID: '200000000000002', TOKEN: 'EAAtoken' }

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'channels-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

const write = (name: string, text: string) => {
  writeFileSync(join(dir, name), text)
  return join(dir, name)
}
/** The problems of one file: `line field: message`. */
const problemsOf = (text: string, env: Record<string, string | undefined> = ENVIRONMENT) => {
  const loaded = loadChannelFiles([write('arnsberg.yaml', text)], env)
  return 'problems' in loaded ? loaded.problems.map(({ line, field, message }) => `${line} ${field}: ${message}`) : []
}
const loadOne = (text: string) => {
  const loaded = loadChannelFiles([write('arnsberg.yaml', text)], ENVIRONMENT)
  if ('problems' in loaded) throw new Error(loaded.problems.map(formatProblem).join('\n'))
  return loaded.channels.get('arnsberg')!
}

describe('the three towns', () => {
  test('are described as they describe themselves', () => {
    const [arnsberg, heringen, warstein] = [...towns().values()]
    expect([arnsberg!.slug, heringen!.slug, warstein!.slug]).toEqual(['arnsberg', 'heringen', 'warstein'])
    expect(arnsberg!.offerings).toMatchObject({
      info: { approval: 'four-eyes', topics: { baustellen: 'Baustellen', termine: 'Veranstaltungen' } },
      chat: { optInRequired: true, accepts: ['text', 'image'], eraseOnClose: false },
    })
    expect(warstein!.offerings).toMatchObject({ chat: { optInRequired: false, accepts: ['text', 'image'] } })
    expect(warstein!.offerings.info).toBeUndefined()
    expect(heringen).toMatchObject({
      region: 'DE-HE',
      offerings: { chat: { accepts: ['text', 'image', 'video'], eraseOnClose: true, eraseGraceMs: 0 } },
    })
  })

  test('name every secret they need, each at its line', () => {
    const loaded = loadChannels('channels', {
      ...townEnvironment,
      WARSTEIN_ACCESS_TOKEN: undefined,
      HERINGEN_WABA_ID: '',
    })
    expect('problems' in loaded && loaded.problems.map(formatProblem)).toEqual([
      'channels/heringen.yaml:16 whatsapp.businessAccountId: the environment variable HERINGEN_WABA_ID is not set',
      'channels/warstein.yaml:18 whatsapp.accessToken: the environment variable WARSTEIN_ACCESS_TOKEN is not set',
    ])
  })
})

test('what a file leaves out has a sensible default', () => {
  expect(loadOne(GOOD)).toMatchObject({
    slug: 'arnsberg',
    whatsapp: { messagesPerSecond: 80, phoneNumberId: '200000000000002' },
    offerings: {
      info: {
        join: ['start', 'info', 'infokanal', 'abo', 'anmelden'],
        leave: ['stop', 'stopp', 'abmelden', 'abbestellen', 'ende'],
        approval: 'four-eyes',
        quietHours: { fromMinute: 21 * 60, toMinute: 7 * 60 },
        topics: {},
      },
      chat: {
        join: ['chat'],
        leave: ['stop chat', 'chat ende'],
        optInRequired: true,
        accepts: ['text', 'image'],
        officeHours: {
          mon: [
            { fromMinute: 480, toMinute: 750 },
            { fromMinute: 810, toMinute: 960 },
          ],
          tue: [],
        },
        closures: [{ from: '2026-12-24', to: '2027-01-01', text: 'Frohes Fest' }],
        inbox: { kind: 'webhook', allowPrivateAddress: false },
        eraseOnClose: false,
        eraseGraceMs: 0,
      },
    },
    privacy: {
      retention: { inboundIdsMs: 8 * 86_400_000, recipientsMs: 30 * 86_400_000, auditMs: 365 * 86_400_000 },
    },
    replies: {},
  })
})

test('a channel never prints its secrets', () => {
  const channel = loadOne(GOOD)
  for (const printed of [JSON.stringify(channel), inspect(channel, { depth: 9 }), `${channel.whatsapp.accessToken}`]) {
    expect(printed).not.toContain('EAAtoken')
    expect(printed).not.toContain('whsec_')
  }
  expect(channel.whatsapp.accessToken.reveal()).toBe('EAAtoken')
})

test('a secret may come from a file that NAME_FILE names', () => {
  const TOKEN_FILE = write('token', 'from-a-file\n')
  const loaded = loadChannelFiles([write('arnsberg.yaml', GOOD)], { PHONE_ID: '1', TOKEN_FILE })
  expect('channels' in loaded && loaded.channels.get('arnsberg')!.whatsapp.accessToken.reveal()).toBe('from-a-file')
})

describe('a broken file', () => {
  const REPLACE: [what: string, by: string, ...problems: string[]][] = [
    ['town: Stadt Arnsberg\n', '', '1 town: is required'],
    ['name: WhatsUp Arnsberg', 'name:', '1 name: is empty: give it a value or leave it out'],
    ['language: de', 'language: fr', '3 language: must be de or en'],
    ['Europe/Berlin', 'Europe/Arnsberg', '4 timezone: must be a time zone such as Europe/Berlin'],
    ['DE-NW', 'DE-XX', '5 region: must be a German state such as DE-NW or DE-HE'],
    ['DE-NW', 'NW', '5 region: must be a German state such as DE-NW or DE-HE'],
    ['town: Stadt', 'colour: red\ntown: Stadt', '2 colour: is not a key that exists here'],
    ['    quietHours', '    quitHours', '13 offerings.info.quitHours: is not a key that exists here'],
    ['"21:00"', '"25:00"', '13 offerings.info.quietHours.from: must be a time such as "21:00"'],
    ['"21:00"', '"07:00"', '13 offerings.info.quietHours: must not begin and end at the same time'],
    [
      '"+492932201100"',
      '+492932201100',
      '7 whatsapp.phoneNumber: must be a whole phone number in quotes, with country code: "+492932201100"',
    ],
    [
      '"+492932201100"',
      '"02932 201100"',
      '7 whatsapp.phoneNumber: must be a whole phone number in quotes, with country code: "+492932201100"',
    ],
    [
      '"100000000000001"',
      '100000000000001',
      '9 whatsapp.businessAccountId: must be in quotes: numbers lose their last digits',
    ],
    [
      '  accessToken: "${TOKEN}"',
      '  accessToken: "${TOKN}"\n  messagesPerSecond: 0',
      '10 whatsapp.accessToken: the environment variable TOKN is not set',
      '11 whatsapp.messagesPerSecond: must be from 1 to 1000',
    ],
    ['"${TOKEN}"', '"${TOKEN"', '10 whatsapp.accessToken: ${TOKEN is not of the form ${NAME}'],
    ['"08:00-12:30", "13:30', '"08:00-12:30", "12:00', '15 offerings.chat.officeHours.mon: has hours that overlap'],
    [
      '"08:00-12:00"]',
      '"12:00-08:00"]',
      '15 offerings.chat.officeHours.fri.0: must be hours such as "08:00-12:30", the second later than the first',
    ],
    ['fri: [', 'fry: [', '15 offerings.chat.officeHours.fry: is not a key that exists here'],
    ['to: 2027-01-01', 'to: 2026-01-01', '16 offerings.chat.closures.0: ends before it begins'],
    ['to: 2027-01-01', 'to: 2027-02-30', '16 offerings.chat.closures.0.to: must be a day such as 2026-12-24'],
    [
      'http://127.0.0.1:4000/',
      'http://inbox.example/',
      '17 offerings.chat.inbox.url: must start with https:// (http:// only on this machine: 127.0.0.1, localhost, [::1])',
    ],
    [
      'http://127.0.0.1:4000/',
      'https://192.168.1.4/',
      '17 offerings.chat.inbox.url: is an address of a private network: set allowPrivateAddress: true if that is intended',
    ],
    [
      'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      'geheim',
      '17 offerings.chat.inbox.secret: must be whsec_ followed by base64',
    ],
    [
      'https://www.arnsberg.de/',
      'ftp://www.arnsberg.de/',
      '19 privacy.noticeUrl: must be an address that starts with https:// or http://',
    ],
    [
      'noticeVersion: "2026-11"',
      'noticeVersion: 2026\n  retention: { chats: lange, audit: 0 }',
      '21 privacy.retention.chats: must be a duration such as 8d, 12h or 30m',
    ],
    ['privacy:', 'replies: { gretting: Hallo }\nprivacy:', '18 replies.gretting: is not a reply text'],
    [
      'privacy:',
      'replies: { greeting: "Hallo {nmae}" }\nprivacy:',
      '18 replies.greeting: contains {nmae}, which this text cannot fill in',
    ],
    [
      'privacy:',
      `replies: { help: "${'{commands} '.repeat(9)}" }\nprivacy:`,
      '18 replies.help: is longer than 1024 characters once filled in',
    ],
    ['  info:', '  info:\n    leave: []', '13 offerings.info.leave: must name at least one keyword'],
    ['  info:', '  info:\n    join: ["!!!"]', '13 offerings.info.join.0: has no letters that could be recognised'],
    ['name: WhatsUp', 'name: WhatsUp\nname: Nochmal', '2 : is not readable as YAML: Map keys must be unique'],
    ['region: DE-NW', 'region: [', '6 : is not readable as YAML'],
  ]
  test.each(REPLACE)('%j → %j', (what, by, ...problems) => {
    expect(GOOD).toContain(what)
    const found = problemsOf(GOOD.replace(what, () => by))
    expect(found.map((problem, index) => problem.slice(0, problems[index]?.length))).toEqual(problems)
  })

  test('tells everything at once, in the order of the file', () => {
    const text = GOOD.replace('language: de', 'language: fr')
      .replace('DE-NW', 'XX')
      .replace('${TOKEN}', '${NO_TOKEN}')
      .replace('  info:', '  info:\n    colour: red\n    join: [start, stop]')
    expect(problemsOf(text).map((problem) => problem.split(':')[0])).toEqual([
      '3 language',
      '5 region',
      '10 whatsapp.accessToken',
      '12 offerings.info.leave',
      '13 offerings.info.colour',
    ])
  })

  test('without any offering it is refused', () => {
    expect(problemsOf(GOOD.replace(/offerings:[\s\S]*privacy:/, 'offerings: {}\nprivacy:'))).toEqual([
      '11 offerings: must contain info, chat or both',
    ])
  })

  test('that is empty says so', () =>
    expect(problemsOf('')).toEqual(['null : is empty: give it a value or leave it out']))
})

describe('a keyword in two meanings is an error', () => {
  test.each([
    [
      'info.join and info.leave',
      '  info:\n    join: [start, Stop!]',
      'the keyword "stop" has two meanings: it is also in offerings.info.join',
    ],
    [
      'info and chat',
      '  chat:\n    join: [info]',
      'the keyword "info" has two meanings: it is also in offerings.info.join',
    ],
    ['spelt differently', '  chat:\n    join: [Info-Kanal]', 'the keyword "Info-Kanal" has two meanings'],
    [
      'hilfe',
      '  info:\n    join: [hilfe]',
      'the keyword "hilfe" has two meanings: every channel understands it already',
    ],
    [
      'stop alles',
      '  info:\n    leave: [Stop Alles]',
      'the keyword "Stop Alles" has two meanings: every channel understands it',
    ],
    [
      'löschen',
      '  chat:\n    leave: [loeschen]',
      'the keyword "loeschen" has two meanings: every channel understands it',
    ],
    ['auskunft', '  chat:\n    leave: [AUSKUNFT]', 'the keyword "AUSKUNFT" has two meanings'],
  ])('%s', (_, block, problem) => {
    const found = problemsOf(GOOD.replace(`${block.split('\n')[0]}\n`, () => `${block}\n`))
    expect(found.join('\n')).toContain(problem)
  })

  test('but the same word twice in one list is not', () => {
    expect(problemsOf(GOOD.replace('  info:', '  info:\n    join: [start, START, "start!"]'))).toEqual([])
  })
})

describe('several files', () => {
  test('must not share a number', () => {
    write('arnsberg.yaml', GOOD)
    write('warstein.yaml', GOOD.replace('"+492932201100"', '"+49 2932 201100"'))
    const loaded = loadChannels(dir, ENVIRONMENT)
    expect('problems' in loaded && loaded.problems).toEqual([
      {
        file: join(dir, 'warstein.yaml'),
        line: 8,
        field: 'whatsapp.phoneNumberId',
        message: `is also in ${join(dir, 'arnsberg.yaml')}`,
      },
      {
        file: join(dir, 'warstein.yaml'),
        line: 7,
        field: 'whatsapp.phoneNumber',
        message: `is also in ${join(dir, 'arnsberg.yaml')}`,
      },
    ])
  })

  test('tell the problems of each', () => {
    write('arnsberg.yaml', GOOD.replace('DE-NW', 'NRW'))
    write('Warstein.yaml', GOOD)
    write('heringen.yml', 'name: x')
    write('readme.md', 'not a channel')
    const loaded = loadChannels(dir, ENVIRONMENT)
    const files = 'problems' in loaded ? new Set(loaded.problems.map(({ file }) => file.slice(dir.length + 1))) : []
    expect(files).toEqual(new Set(['Warstein.yaml', 'arnsberg.yaml', 'heringen.yml']))
  })

  test.each(['office.yaml', 'api.yaml'])('must not take the place of a page: %s', (name) => {
    write(name, GOOD)
    expect(loadChannels(dir, ENVIRONMENT)).toMatchObject({ problems: [{ line: null }] })
  })

  test.each([
    ['an empty folder', ''],
    ['a folder that is not there', 'nowhere'],
  ])('%s is a problem', (_, name) => {
    expect(loadChannels(join(dir, name), ENVIRONMENT)).toHaveProperty('problems.0.file', join(dir, name))
  })
})

describe('the posters of a town', () => {
  const withPosters = (posters: string) => `${GOOD}posters:${posters}\n`
  const lineOf = GOOD.split('\n').length

  test('are a code and where it hangs; without the block there are none', () => {
    expect(loadOne(GOOD).posters).toEqual({})
    const { posters } = loadOne(withPosters(' { rathaus: Aushang im Rathaus, fest-2026: " Bürgerfest 2026 " }'))
    expect(posters).toEqual({ rathaus: 'Aushang im Rathaus', 'fest-2026': 'Bürgerfest 2026' })
  })

  test.each([
    [' rathaus', 'posters: must be a block of keys'],
    ['', 'posters: is empty: give it a value or leave it out'],
    [' { Rathaus: Rathaus }', 'posters.Rathaus: must be a code of small letters, digits and single hyphens'],
    [' { bürgerfest: Fest }', 'posters.bürgerfest: must be a code of small letters, digits and single hyphens'],
    [' { rat_haus: Rathaus }', 'posters.rat_haus: must be a code of small letters, digits and single hyphens'],
    [' { -rathaus: Rathaus }', 'posters.-rathaus: must be a code of small letters, digits and single hyphens'],
    [` { ${'a'.repeat(33)}: Rathaus }`, `posters.${'a'.repeat(33)}: must have at most 32 characters`],
    [' { bitte: Rathaus }', 'posters.bitte: consists of words that say nothing'],
    [' { a-0151-12345612: Rathaus }', 'posters.a-0151-12345612: must not look like a phone number'],
    [' { rathaus: }', 'posters.rathaus: is empty: give it a value or leave it out'],
    [' { fest: 2026 }', 'posters.fest: must be text (in quotes if it looks like a number)'],
    [' { rathaus: " " }', 'posters.rathaus: must not be empty'],
    [' { stop: Rathaus }', 'posters.stop: contains the keyword "stop": choose another code'],
    [' { infokanal: Rathaus }', 'posters.infokanal: contains the keyword "infokanal": choose another code'],
    [' { stop-chat: Rathaus }', 'posters.stop-chat: contains the keyword "stopchat": choose another code'],
    [' { am-ende: Rathaus }', 'posters.am-ende: contains the keyword "ende": choose another code'],
    [' { fest-1: A, fest1: B }', 'posters.fest1: is the same code as "fest-1": hyphens do not count'],
  ])('posters:%s → %s', (posters, problem) => {
    expect(problemsOf(withPosters(posters))).toEqual([`${lineOf} ${problem}`])
  })

  test('may not be named like a keyword of the town’s own', () => {
    const own = withPosters(' { dabei: Rathaus }').replace('  info:\n', '  info:\n    join: [dabei]\n')
    expect(problemsOf(own)).toEqual([`${lineOf + 1} posters.dabei: contains the keyword "dabei": choose another code`])
  })
})
