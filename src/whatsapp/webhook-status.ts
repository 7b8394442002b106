import { instant, type Loose, list, number, phone, record, text, userId } from './loose.ts'
import type { Around, CallEvent, MetaError, PreferenceEvent, StatusEvent, StatusState } from './webhook-events.ts'

const STATES: ReadonlySet<string> = new Set<StatusState>(['sent', 'delivered', 'read', 'played', 'failed'])

/** One element of `statuses[]`; `undefined` without an id. A new word for the state is `unknown`, which must not lower a known one. */
export function readStatus(status: Loose, around: Around): StatusEvent | undefined {
  const wamid = text(status.id)
  if (wamid === undefined) return undefined
  const word = text(status.status)
  const group = status.recipient_type === 'group'
  return {
    type: 'status',
    ...around.to,
    wamid,
    state: word !== undefined && STATES.has(word) ? (word as StatusState) : 'unknown',
    at: instant(status.timestamp) ?? around.receivedAt,
    callbackData: text(status.biz_opaque_callback_data),
    recipient: recipientOf(status, around, group),
    pricing: pricingOf(record(status.pricing)),
    error: readErrors(status.errors)[0],
    groupId: group ? text(status.recipient_id) : undefined,
  }
}

/** A BSUID that only stands in `contacts[]` is taken over where the phone is the same: never by position. */
function recipientOf(status: Loose, around: Around, group: boolean): StatusEvent['recipient'] {
  const id = group ? (status.recipient_participant_id ?? status.participant_recipient_id) : status.recipient_id
  const own = { phone: phone(id), userId: userId(status.recipient_user_id) ?? userId(id) }
  if (own.userId !== undefined || own.phone === undefined) return own
  const contact = around.contacts.find((one) => phone(one.wa_id) === own.phone)
  return contact ? { ...own, userId: userId(contact.user_id) } : own
}

function pricingOf({ category, type, billable }: Loose): StatusEvent['pricing'] {
  if (category === undefined && type === undefined && billable === undefined) return undefined
  return { category: text(category), type: text(type), billable: typeof billable === 'boolean' ? billable : undefined }
}

/** A list of Meta's errors, each with a numeric code; `details` are the most precise words it has. */
export function readErrors(errors: unknown): MetaError[] {
  return list(errors).flatMap((one) => {
    const error = record(one)
    const code = number(error.code)
    if (code === undefined) return []
    return { code, title: text(error.title) ?? text(error.message), details: detailsOf(error) }
  })
}

/** `error_data` is an object with `details` in the sending API, a bare text in the template API. */
export const detailsOf = (error: Loose): string | undefined =>
  text(record(error.error_data).details) ?? text(error.error_data) ?? text(error.message)

/** One element of `user_preferences[]`: the citizen stopped or resumed marketing messages inside WhatsApp. */
export function readPreference(preference: Loose, around: Around): PreferenceEvent | undefined {
  const { value } = preference
  const ids = { phone: phone(preference.wa_id), userId: userId(preference.user_id) }
  if ((value !== 'stop' && value !== 'resume') || (ids.phone === undefined && ids.userId === undefined))
    return undefined
  const from = { ...ids, parentUserId: userId(preference.parent_user_id) }
  return { type: 'preference', ...around.to, from, value, at: instant(preference.timestamp) ?? around.receivedAt }
}

/** One element of `calls[]` that a citizen started; our own calls are none of ours to answer. */
export function readCall(call: Loose, around: Around): CallEvent | undefined {
  if (call.direction === 'BUSINESS_INITIATED') return undefined
  const from = { phone: phone(call.from), userId: userId(call.from_user_id) }
  if (from.phone === undefined && from.userId === undefined) return undefined
  const at = instant(call.timestamp) ?? instant(call.start_time) ?? around.receivedAt
  return { type: 'call', ...around.to, id: text(call.id), from, at, event: text(call.event) }
}
