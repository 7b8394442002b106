import { type Exchange, retryAfterMs } from './exchange.ts'
import { type Loose, list, number, record, text } from './loose.ts'
import { type Verdict, verdictFor } from './outcome.ts'
import type { MetaError } from './webhook-events.ts'
import { detailsOf } from './webhook-status.ts'

/**
 * What became of a message. `wamid` is set exactly when it was accepted or held. `sentBytes: false` proves that Meta has not seen it.
 * `error.code` is Meta's; errors of the network have none.
 */
export type SendResult = {
  verdict: Verdict
  sentBytes: boolean
  wamid?: string
  /** Meta's word: accepted, held_for_quality_assessment, paused; only for templates. */
  messageStatus?: string
  httpStatus?: number
  error?: Partial<MetaError>
  /** Only if the answer asked for it. */
  retryAfterMs?: number
}

const HELD = new Set(['held_for_quality_assessment', 'paused'])

/** Reads the answer to a sent message; never throws. */
export function readSendAnswer(answer: Exchange): SendResult {
  if ('error' in answer) return { ...failed(answer.error, answer.sentBytes), sentBytes: answer.sentBytes }
  const json = record(parsed(answer.body))
  const message = record(list(json.messages)[0])
  const wamid = text(message.id)
  if (answer.status < 300 && wamid !== undefined) {
    const messageStatus = text(message.message_status)
    return {
      verdict: messageStatus !== undefined && HELD.has(messageStatus) ? 'held' : 'accepted',
      sentBytes: true,
      wamid,
      messageStatus,
      httpStatus: answer.status,
    }
  }
  const refusal = readRefusal(answer.status, json)
  return { ...refusal, sentBytes: true, httpStatus: answer.status, retryAfterMs: retryAfterMs(answer.retryAfter) }
}

/** `what` and `whom` Meta names for people, besides code, title and details. */
export type GraphRefusal = { verdict: Verdict; error?: Partial<MetaError> & { forPeople?: string } }

/** The value, or why there is none. */
export type Answered<T> = { ok: true; value: T } | ({ ok: false; httpStatus?: number } & GraphRefusal)

/** Reads the answer to any other call; `read` gets the JSON and returns nothing if it is not what was asked for. */
export function readAnswer<T>(answer: Exchange, read: (json: Loose) => T | undefined): Answered<T> {
  if ('error' in answer) return { ok: false, ...failed(answer.error, answer.sentBytes) }
  const json = record(parsed(answer.body))
  const value = answer.status < 300 && json.error === undefined ? read(json) : undefined
  if (value !== undefined) return { ok: true, value }
  return { ok: false, httpStatus: answer.status, ...readRefusal(answer.status, json) }
}

/** Our own request cannot be written as HTTP: a token with a line break, an id with a blank. */
export class Unsayable extends Error {
  override readonly name = 'Unsayable'
}

function failed(error: Error, sentBytes: boolean): GraphRefusal {
  const { code } = error as { code?: unknown }
  const isUnsayable = error instanceof Unsayable || code === 'UND_ERR_INVALID_ARG' // undici's word for it
  const verdict = isUnsayable ? 'payload' : sentBytes ? 'unknown' : 'not-sent' // repeating what is unsayable cannot help
  return { verdict, error: { title: text(code) ?? error.name, details: error.message } }
}

function readRefusal(httpStatus: number, json: Loose): GraphRefusal {
  const error = record(json.error)
  const code = number(error.code)
  const details = detailsOf(error)
  const verdict = verdictFor({ httpStatus, code, details, isTransient: error.is_transient === true })
  if (code === undefined) return { verdict, error: { title: `HTTP ${httpStatus}`, details } }
  // No code of Meta's is this large, and no column holds it: one such answer must not stand in the way of all others.
  if (code !== (code | 0)) return { verdict, error: { title: text(error.message), details } }
  return { verdict, error: { code, title: text(error.message), details, forPeople: forPeople(error) } }
}

const forPeople = (error: Loose): string | undefined =>
  [text(error.error_user_title), text(error.error_user_msg)].filter((part) => part !== undefined).join(': ') ||
  undefined

function parsed(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}
