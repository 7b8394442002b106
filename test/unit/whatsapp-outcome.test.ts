import { describe, expect, test } from 'vitest'
import {
  type Answer,
  explain,
  patienceFor,
  RULES,
  reasonFor,
  type Verdict,
  verdictFor,
} from '../../src/whatsapp/outcome.ts'

const cases: [sentence: string, answer: Answer, verdict: Verdict][] = [
  ['a refused token stops the channel', { httpStatus: 401, code: 190 }, 'channel'],
  ['a missing right (200–299) stops the channel', { httpStatus: 403, code: 219 }, 'channel'],
  ['a locked account stops the channel', { httpStatus: 403, code: 131031 }, 'channel'],
  ['throttling comes as HTTP 400 and slows the number', { httpStatus: 400, code: 130429 }, 'slow-down'],
  ['the management quota slows down', { httpStatus: 400, code: 80007 }, 'slow-down'],
  ['HTTP 429 of a proxy slows down', { httpStatus: 429 }, 'slow-down'],
  ['HTTP 429 with a code nobody knows slows down', { httpStatus: 429, code: 999_999 }, 'slow-down'],
  ['too much to one person delays that person', { httpStatus: 400, code: 131056 }, 'pair-later'],
  ['an undeliverable number fails alone', { code: 131026 }, 'recipient'],
  ['a person who stopped inside WhatsApp has left', { code: 131050 }, 'contact-left'],
  ['after 24 hours the window is closed', { code: 131047 }, 'window-closed'],
  ['a paused template pauses the broadcast', { httpStatus: 400, code: 132015 }, 'broadcast'],
  ['a missing template pauses the broadcast', { httpStatus: 404, code: 132001 }, 'broadcast'],
  ['our unloadable picture pauses the broadcast', { code: 131053 }, 'broadcast'],
  ['the spam limit pauses broadcasts, replies may go on', { code: 131048 }, 'broadcast'],
  [
    'a wrong parameter is our message',
    { httpStatus: 400, code: 100, details: 'Param template must be set to an object' },
    'payload',
  ],
  [
    'a wrong number is this recipient',
    { httpStatus: 400, code: 131009, details: "Parameter 'to' is invalid" },
    'recipient',
  ],
  [
    'an invalid phone number is this recipient',
    { httpStatus: 400, code: 131009, details: 'Invalid phone number' },
    'recipient',
  ],
  [
    'a wrong recipient_type is our message',
    { httpStatus: 400, code: 100, details: 'Invalid recipient_type' },
    'payload',
  ],
  ['an outage told by Meta is tried again', { httpStatus: 503, code: 2 }, 'retry'],
  ['"something went wrong" is tried again', { httpStatus: 500, code: 131000 }, 'retry'],
  ['a 502 that carries a code of Meta was not accepted', { httpStatus: 502, code: 131016 }, 'retry'],
  ['a 502 of a gateway leaves the outcome open', { httpStatus: 502 }, 'unknown'],
  ['a 504 of a gateway leaves the outcome open', { httpStatus: 504 }, 'unknown'],
  ['a 500 without a code leaves the outcome open', { httpStatus: 500 }, 'unknown'],
  ['a 200 that names no message leaves the outcome open', { httpStatus: 200 }, 'unknown'],
  ['a 408 leaves the outcome open', { httpStatus: 408 }, 'unknown'],
  ['no answer at all leaves the outcome open', {}, 'unknown'],
  ['a 401 without a body stops the channel', { httpStatus: 401 }, 'channel'],
  ['a 403 page of a proxy meets everybody', { httpStatus: 403 }, 'payload'],
  ['a redirect meets everybody', { httpStatus: 302 }, 'payload'],
  ['an unknown code from 500 on is tried again', { httpStatus: 500, code: 999_999 }, 'retry'],
  [
    'an unknown code that Meta calls transient is tried again',
    { httpStatus: 400, code: 999_999, isTransient: true },
    'retry',
  ],
  ['an unknown code else fails this recipient', { httpStatus: 400, code: 999_999 }, 'recipient'],
  ['an unknown code in a status fails this recipient', { code: 999_999 }, 'recipient'],
]

describe('what an answer of Meta means', () => {
  test.each(cases)('%s', (_sentence, answer, verdict) => expect(verdictFor(answer)).toBe(verdict))
})

describe('what the office reads', () => {
  const codes = Object.keys(RULES).map(Number)

  test('every code has a whole German sentence and an advice', () => {
    for (const code of codes) {
      const { what, advice } = explain(code)
      expect(what, `${code}`).toMatch(/^[A-ZÄÖÜ].{10,}[.?]$/)
      expect(advice, `${code}`).toMatch(/^[A-ZÄÖÜ].{10,}[.?]$/)
    }
  })

  test('a code that Meta has yet to invent is explained as well', () => {
    expect(explain(999_999)).toEqual(explain(undefined))
    expect(reasonFor(999_999)).toBe('other')
    expect(reasonFor(250)).toBe('permission')
  })

  test('no sentence uses words only a programmer understands', () => {
    for (const code of codes) {
      const { what, advice } = explain(code)
      expect(`${what} ${advice}`).not.toMatch(/token|api|template|payload|parameter|request|timeout|webhook|code/i)
    }
  })
})

test('the unclear errors are tried three times, maintenance is waited out', () => {
  expect(patienceFor(131000).attempts).toBe(3)
  expect(patienceFor(131057).pauseMs).toBe(60_000)
  expect(patienceFor(undefined)).toEqual({ attempts: 8, pauseMs: 1000 })
})
