import { type Reason, reasons } from './reasons.ts'

/** What an answer of Meta means for the message that was sent. */
export type Verdict =
  | 'accepted' // theirs now; the status webhooks tell the rest
  | 'held' // accepted, but kept back until Meta has seen how others take it
  | 'retry' // not accepted, passing trouble: again later, see `patienceFor`
  | 'slow-down' // not accepted, the whole number sends too fast
  | 'pair-later' // not accepted, too much to this one person
  | 'recipient' // cannot reach this person, the others can
  | 'contact-left' // this person stopped our messages inside WhatsApp
  | 'window-closed' // more than 24 hours since they last wrote
  | 'broadcast' // nobody will get this broadcast as it is: pause it, this row may go back to the queue
  | 'channel' // nothing will leave this number: stop everything, this row may go back to the queue
  | 'payload' // our message is wrong; in a broadcast everybody's is the same
  | 'not-sent' // never reached Meta: safe to repeat
  | 'unknown' // may or may not have been accepted: only a status webhook can tell

export type Answer = { httpStatus?: number; code?: number; details?: string; isTransient?: boolean }

type Rule = readonly [
  verdict: Verdict,
  reason: Reason,
  /** `manyMeanAll`: about this recipient, but many in a row are about the broadcast. */
  more?: { attempts?: number; pauseMs?: number; manyMeanAll?: true },
]

/**
 * Meta's error codes as of 2026-06-18. Any of them may come as the answer or later in a status.
 * @see https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes
 */
export const RULES: Readonly<Record<number, Rule>> = {
  0: ['channel', 'token'],
  1: ['retry', 'outage', { attempts: 3 }],
  2: ['retry', 'outage'],
  3: ['channel', 'permission'],
  4: ['slow-down', 'quota', { pauseMs: 120_000 }],
  10: ['channel', 'permission'],
  33: ['channel', 'number'],
  100: ['payload', 'request'],
  190: ['channel', 'token'],
  368: ['channel', 'blocked'],
  613: ['slow-down', 'quota', { pauseMs: 120_000 }],
  803: ['channel', 'number'],
  80007: ['slow-down', 'quota', { pauseMs: 120_000 }],
  130403: ['recipient', 'blocked-person'],
  130429: ['slow-down', 'speed'],
  130472: ['recipient', 'experiment'],
  130497: ['recipient', 'country', { manyMeanAll: true }], // of a town's people nearly all live in one country
  131000: ['retry', 'outage', { attempts: 3 }],
  131005: ['channel', 'permission'],
  131008: ['payload', 'request'],
  131009: ['payload', 'request'],
  131016: ['retry', 'outage'],
  131021: ['recipient', 'ourselves'],
  131026: ['recipient', 'unreachable'],
  131030: ['recipient', 'test-number'],
  131031: ['channel', 'blocked'],
  131035: ['recipient', 'unreachable'],
  131036: ['recipient', 'unreachable'],
  131037: ['channel', 'display-name'],
  131042: ['channel', 'payment'],
  131045: ['channel', 'registration'],
  131047: ['window-closed', 'window'],
  131048: ['broadcast', 'spam'], // replies may still go: not the whole channel
  131049: ['recipient', 'cap'],
  131050: ['contact-left', 'stopped'],
  131051: ['payload', 'message-kind'],
  131052: ['recipient', 'their-media'],
  131053: ['broadcast', 'our-media'],
  131055: ['broadcast', 'product'],
  131056: ['pair-later', 'pair'],
  131057: ['retry', 'maintenance', { pauseMs: 60_000 }],
  131060: ['recipient', 'their-message'],
  131062: ['recipient', 'user-id'],
  131063: ['broadcast', 'marketing-off'],
  131064: ['broadcast', 'category'],
  132000: ['broadcast', 'template-count'],
  132001: ['broadcast', 'template-missing'],
  132005: ['broadcast', 'template-length'],
  132007: ['broadcast', 'template-policy'],
  132008: ['broadcast', 'template-form'],
  132012: ['broadcast', 'template-form'],
  132015: ['broadcast', 'template-paused'],
  132016: ['broadcast', 'template-disabled'],
  132018: ['broadcast', 'template-form'],
  132068: ['broadcast', 'form'],
  132069: ['broadcast', 'form'],
  133000: ['channel', 'setup'],
  133004: ['retry', 'outage'],
  133005: ['channel', 'setup'],
  133006: ['channel', 'setup'],
  133008: ['channel', 'setup'],
  133009: ['channel', 'setup'],
  133010: ['channel', 'registration'],
  133015: ['retry', 'setup', { pauseMs: 300_000 }],
  133016: ['channel', 'setup'],
  134011: ['broadcast', 'terms'],
  134100: ['broadcast', 'product'],
  134101: ['retry', 'syncing', { pauseMs: 600_000 }],
  134102: ['broadcast', 'product'],
  135000: ['payload', 'request'],
  136024: ['payload', 'setup'],
  137000: ['recipient', 'identity'],
  139000: ['payload', 'request'],
  139100: ['payload', 'request'],
  139200: ['broadcast', 'product'],
  141002: ['payload', 'info'],
  147001: ['payload', 'request'],
  147002: ['payload', 'request'],
  147003: ['payload', 'request'],
  147004: ['payload', 'request'],
  147005: ['payload', 'request'],
  200005: ['payload', 'info'],
  200006: ['payload', 'info'],
  200007: ['payload', 'info'],
  1752041: ['payload', 'setup'],
  2388019: ['payload', 'template-rules'],
  2388039: ['payload', 'template-rules'],
  2388040: ['payload', 'template-rules'],
  2388047: ['payload', 'template-rules'],
  2388050: ['payload', 'template-rules'],
  2388072: ['payload', 'template-rules'],
  2388073: ['payload', 'template-rules'],
  2388153: ['payload', 'template-rules'],
  2388293: ['payload', 'template-rules'],
  2388299: ['payload', 'template-rules'],
  2388318: ['payload', 'template-rules'],
  2388330: ['payload', 'template-rules'],
  2494100: ['retry', 'maintenance', { pauseMs: 60_000 }],
}

const ruleOf = (code: number): Rule | undefined =>
  code >= 200 && code <= 299 ? ['channel', 'permission'] : Object.hasOwn(RULES, code) ? RULES[code] : undefined

/** Said of one recipient after the other, does this code concern them all? So it is with what Meta has never explained. */
export function isAboutAll(code: number): boolean {
  const rule = ruleOf(code)
  return rule === undefined || rule[2]?.manyMeanAll === true
}

/**
 * "Parameter 'to' …", "Invalid phone number": the same code about anything else would concern everybody's message. The bare word "to" does
 * not count, it stands in every English sentence.
 */
const ABOUT_RECIPIENT =
  /["'[(]to["'\])]|\bparameter to\b|\brecipient\b|\bwa_id\b|(?<!business )\bphone number\b(?! id)/i

/**
 * What an answer with an error means. A body with a code was written by Meta itself, so the message was surely not accepted, whatever the
 * HTTP status. Without a code nobody knows who answered: from 500 on the outcome is open, as gateways answer so for requests they passed on.
 * Unknown codes: passing from 500 on or where Meta says so, else about this recipient; the caller pauses after many equal ones in a row.
 */
export function verdictFor({ httpStatus, code, details, isTransient }: Answer): Verdict {
  if (code !== undefined) {
    const verdict = ruleOf(code)?.[0]
    if (verdict === 'payload' && code < 136000 && details !== undefined && ABOUT_RECIPIENT.test(details))
      return 'recipient'
    if (verdict !== undefined) return verdict
    if (httpStatus === 429) return 'slow-down'
    return isTransient || (httpStatus !== undefined && httpStatus >= 500) ? 'retry' : 'recipient'
  }
  if (httpStatus === 429) return 'slow-down'
  if (httpStatus === 401) return 'channel'
  if (httpStatus === undefined || httpStatus >= 500 || httpStatus === 408 || httpStatus < 300) return 'unknown'
  return 'payload' // a redirect or a proxy's 4xx: meets every message alike
}

/** Stands for an answer of 401 in which nobody named a code: whoever said so did not take the token. */
export const TOKEN_REFUSED = 190

/** How often a message with this code is tried in all, and the first pause; later ones grow, with jitter. */
export function patienceFor(code: number | undefined): { attempts: number; pauseMs: number } {
  const patience = code === undefined ? undefined : ruleOf(code)?.[2]
  return { attempts: patience?.attempts ?? 8, pauseMs: patience?.pauseMs ?? 1000 }
}

/** What happened and what to do, as the office reads it. Has a sentence for every code, also for ones Meta has yet to invent. */
export function explain(code: number | undefined): { what: string; advice: string } {
  const [what, advice] = reasons[reasonFor(code)]
  return { what, advice }
}

/** The word that stands for the reason, stable for storing and counting. */
export const reasonFor = (code: number | undefined): Reason =>
  code === undefined ? 'other' : (ruleOf(code)?.[1] ?? 'other')
