import { errorBody, httpStatusOf, type Problem, problem } from './codes.ts'
import type { Fault } from './faults.ts'
import type { Journey } from './journeys.ts'
import { type Json, obj, str } from './json.ts'
import { pairTooFast, pricing, tooFast } from './limits.ts'
import { checkMessage, USER_ID } from './message-check.ts'
import { digest } from './sends.ts'
import type { Account, Bubble, Talk } from './state.ts'
import { checkParameters, type Template } from './templates.ts'
import type { World } from './world.ts'

/** What the socket gets: an answer, possibly late, or none (`gone`). */
export type Answer = { status: number; body: string; type?: string; delayMs?: number; gone?: 'reset' | 'timeout' }

type Addressee = { input: string; phone: string | null; userId: string | null }

const DAY_MS = 86_400_000
const BAD_GATEWAY =
  '<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>'

/** The error a Problem becomes on the wire. */
export const refusal = (wrong: Problem, httpStatus = httpStatusOf(wrong.code)): Answer => ({
  status: httpStatus,
  body: errorBody(wrong),
})

/** Who may use this number: null, or 190 for a token nobody knows, 200 for one of another number. */
export function checkToken(world: World, authorization: string | undefined, account: Account | null): Problem | null {
  const token = authorization?.startsWith('Bearer ') ? authorization.slice(7) : ''
  if (account && token === account.accessToken) return null
  if (!world.state.accounts.some((each) => each.accessToken === token))
    return problem(190, 'The access token could not be decrypted or has expired.')
  return account ? problem(200, 'You do not have the permission to access this object.') : null
}

/** POST /{phone-number-id}/messages, from raw bytes to answer. `at` is the arrival, ms with fractions. */
export function takeMessage(
  world: World,
  phoneNumberId: string,
  authorization: string | undefined,
  raw: Buffer,
  at: number,
): Answer {
  const account = world.state.accountBy(phoneNumberId)
  if (!account) return refusal({ ...problem(100, `Object with ID '${phoneNumberId}' does not exist.`), subcode: 33 })
  let body: Json = {}
  try {
    body = obj(JSON.parse(raw.toString()))
  } catch {
    body = {}
  }
  const unauthorised = checkToken(world, authorization, account)
  if (!unauthorised && body.status === 'read') return readReceipt(world, body)
  const to = addressee(body, account)
  const recipient = to.phone ?? to.userId ?? ''
  const note = (code: number, wamid: string): void =>
    world.log.add(
      {
        at,
        phoneNumberId,
        recipient,
        callbackData: str(body.biz_opaque_callback_data),
        wamid,
        type: str(body.type) || 'text',
        code,
      },
      wamid ? digest(`${phoneNumberId} ${recipient} ${JSON.stringify(body[str(body.type) || 'text'])}`) : 0,
    )
  const refuse = (wrong: Problem, httpStatus?: number): Answer => {
    note(wrong.code, '')
    return refusal(wrong, httpStatus)
  }
  if (unauthorised) return refuse(unauthorised)
  if (world.options.limitRate !== false && tooFast(account, at))
    return refuse(problem(130429, 'Cloud API message throughput has been reached.'))
  const fault = world.faults.strike(['error', 'html502', 'reset', 'timeout'], phoneNumberId, recipient)
  if (fault?.kind === 'error') {
    const answer = refuse(problem(fault.code ?? 131000, fault.details ?? 'Injected fault.'), fault.httpStatus)
    return { ...answer, delayMs: delayOf(fault, world.state.random) }
  }
  if (fault?.kind === 'html502') {
    note(-1, '')
    return { status: fault.httpStatus ?? 502, body: BAD_GATEWAY, type: 'text/html; charset=utf-8' }
  }
  if (fault && fault.accept === false) {
    note(-1, '')
    return { status: 0, body: '', gone: fault.kind as 'reset' | 'timeout' }
  }
  const checked = check(world, account, to, body)
  if ('code' in checked) return refuse(checked)
  const late = world.faults.strike(['latency'], phoneNumberId, recipient)
  const answer = accept(world, account, to, body, checked.template, note)
  if (fault) answer.gone = fault.kind as 'reset' | 'timeout'
  if (late) answer.delayMs = delayOf(late, world.state.random)
  return answer
}

const delayOf = ({ latencyMs = 0, jitterMs = 0 }: Fault, random: () => number): number =>
  Math.max(0, latencyMs + (random() * 2 - 1) * jitterMs)

/** `to` wins over `recipient`. Without a leading + Meta puts the country code of the business number in front (cloud-api §1.1). */
function addressee(body: Json, account: Account): Addressee {
  const to = str(body.to).trim()
  const userId = str(body.recipient) || null
  if (!to) return { input: userId ?? '', phone: null, userId }
  const digits = to.replace(/\D/g, '')
  const countryCode =
    account.digits.startsWith('1') || account.digits.startsWith('7')
      ? account.digits.slice(0, 1)
      : account.digits.slice(0, 2)
  return { input: to, phone: to.startsWith('+') ? digits : countryCode + digits.replace(/^0/, ''), userId }
}

function check(world: World, account: Account, to: Addressee, body: Json): Problem | { template: Template | null } {
  if (body.messaging_product !== 'whatsapp') return problem(100, 'The parameter messaging_product is required.')
  if (!to.phone && !to.userId) return problem(131008, 'The parameter to is required.')
  if (to.phone && !(/^\d{8,15}$/.test(to.phone) && /^[+\d\s()-]+$/.test(to.input)))
    return problem(131009, 'The parameter to is not a phone number.')
  if (!to.phone && !USER_ID.test(to.userId ?? '')) return problem(131009, 'The parameter recipient is not a user id.')
  if (to.phone === account.digits) return problem(131021, 'Recipient and sender are the same number.')
  if (str(body.biz_opaque_callback_data).length > 512)
    return problem(100, 'biz_opaque_callback_data is longer than 512 characters.')
  if (body.context !== undefined && !str(obj(body.context).message_id))
    return problem(131008, "The parameter context['message_id'] is required.")
  if (body.type !== 'template') return checkMessage(body) ?? { template: null }
  const sent = obj(body.template)
  const [name, language] = [str(sent.name), str(obj(sent.language).code)]
  if (!name || !language)
    return problem(131008, "The parameters template['name'] and template['language']['code'] are required.")
  const template = world.state.templates.get(`${account.businessAccountId} ${name} ${language}`)
  if (template?.status === 'PAUSED')
    return problem(132015, 'Template is paused due to low quality so it cannot be sent.')
  if (template?.status === 'DISABLED')
    return problem(132016, 'Template has been paused too many times and is now permanently disabled.')
  if (template?.status !== 'APPROVED') return problem(132001, `template name (${name}) does not exist in ${language}`)
  return checkParameters(template, sent) ?? { template }
}

function accept(
  world: World,
  account: Account,
  to: Addressee,
  body: Json,
  template: Template | null,
  note: (code: number, wamid: string) => void,
): Answer {
  const { state, faults, journeys, options } = world
  const citizen = state.citizen(to.phone, to.userId ?? undefined)
  const talk = state.talk(citizen, account.phoneNumberId)
  const now = state.now()
  const inWindow = now - talk.lastWroteAt < DAY_MS
  const wrong =
    (options.limitPairs && pairTooFast(talk, now)
      ? problem(131056, 'Too many messages to this recipient in a short time.')
      : null) ?? (!template && !inWindow && options.windowClosed === 'sync' ? problem(131047, WINDOW) : null)
  if (wrong) {
    note(wrong.code, '')
    return refusal(wrong)
  }
  const recipient = to.phone ?? to.userId ?? ''
  const [failed, held] = faults.list().length
    ? [
        faults.strike(['failed'], account.phoneNumberId, recipient),
        faults.strike(['held'], account.phoneNumberId, recipient),
      ]
    : [null, null]
  const wamid = state.wamid()
  const bubble: Bubble = {
    id: wamid,
    at: now,
    from: 'town',
    message: body,
    template,
    state: held ? 'held' : 'accepted',
    error: null,
  }
  state.remember(talk, bubble)
  const journey: Journey = {
    account,
    citizen,
    bubble,
    callbackData: str(body.biz_opaque_callback_data),
    byPhone: to.phone !== null,
    onlySent: body.type === 'reaction',
    pricing: body.type === 'reaction' ? null : pricing(account, template),
  }
  const failCode = failed ? (failed.code ?? 131026) : laterFailure(world, talk, template, body, inWindow)
  if (held) journeys.hold(journey)
  else journeys.start(journey, failCode, failed?.details)
  note(0, wamid)
  world.tell({ citizen, phoneNumberId: account.phoneNumberId, bubble })
  const contact = {
    input: to.input,
    ...(to.phone ? { wa_id: to.phone } : {}),
    ...(to.userId ? { user_id: to.userId } : {}),
  }
  const status = template ? { message_status: held ? 'held_for_quality_assessment' : 'accepted' } : {}
  return {
    status: 200,
    body: JSON.stringify({ messaging_product: 'whatsapp', contacts: [contact], messages: [{ id: wamid, ...status }] }),
  }
}

const WINDOW = 'More than 24 hours have passed since the recipient last replied to the sender number.'

/** Why an accepted message will fail all the same, or null. */
function laterFailure(
  world: World,
  talk: Talk,
  template: Template | null,
  body: Json,
  inWindow: boolean,
): number | null {
  if (!template && !inWindow) return 131047
  if (template?.category === 'MARKETING' && talk.marketingStopped) return 131050
  const id = str(obj(body[str(body.type)]).id)
  return id && !world.state.media.has(id) ? 131053 : null
}

function readReceipt(world: World, body: Json): Answer {
  const id = str(body.message_id)
  if (!id.startsWith('wamid.')) return refusal(problem(131009, 'message_id is not a message id.'))
  const found = world.inbound.get(id)
  if (found) {
    const { citizen, phoneNumberId, bubble } = found
    bubble.state = 'read'
    world.tell({ citizen, phoneNumberId, bubble, ...(body.typing_indicator ? { typing: true as const } : {}) })
  }
  return { status: 200, body: '{"success":true}' }
}
