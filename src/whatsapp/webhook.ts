import { instant, isRecord, type Loose, list, record, text } from './loose.ts'
import { readAccountChange } from './webhook-account.ts'
import type { Around, To, WhatsappEvent } from './webhook-events.ts'
import { readIdentityUpdate, readMessage } from './webhook-message.ts'
import { readCall, readErrors, readPreference, readStatus } from './webhook-status.ts'

/**
 * Everything in one webhook body, in its order. Never throws on any JSON; what cannot be read becomes an `unknown` event and costs its
 * neighbours nothing. Times that Meta left out or garbled are replaced by `receivedAt`.
 * @see https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview
 */
export function readWebhook(json: unknown, receivedAt: Date = new Date()): WhatsappEvent[] {
  const { object, entry } = record(json)
  if (object !== 'whatsapp_business_account') {
    return [{ type: 'unknown', field: '', rawType: text(object) ?? 'not a whatsapp webhook' }]
  }
  const events: WhatsappEvent[] = []
  for (const one of list(entry)) {
    const { id, time, changes } = record(one)
    const whose = { businessAccountId: text(id), toldAt: instant(time) }
    for (const change of list(changes)) readChange(record(change), whose, receivedAt, events)
  }
  return events
}

function readChange(change: Loose, whose: Omit<To, 'phoneNumberId'>, receivedAt: Date, out: WhatsappEvent[]): void {
  const field = text(change.field) ?? ''
  const value = record(change.value)
  const metadata = record(value.metadata)
  const around: Around = {
    to: { phoneNumberId: text(metadata.phone_number_id), ...whose },
    ownDigits: text(metadata.display_phone_number)?.replace(/\D/g, ''),
    contacts: list(value.contacts).filter(isRecord),
    receivedAt,
  }
  const before = out.length
  const each = (key: string, read: (element: Loose, around: Around) => WhatsappEvent | undefined) => {
    for (const element of list(value[key])) {
      const { type, status } = record(element)
      const event = isRecord(element) ? read(element, around) : undefined
      out.push(
        event ?? { type: 'unknown', ...around.to, field: `${field}.${key}`, rawType: text(type) ?? text(status) ?? '' },
      )
    }
  }
  switch (field) {
    case 'messages':
      each('messages', readMessage)
      each('statuses', readStatus)
      break
    case 'user_preferences':
      each('user_preferences', readPreference)
      break
    case 'calls':
      each('calls', readCall)
      break
    case 'user_id_update': // announced and withdrawn in 2026; some vendors still emit it
      each('user_id_update', readIdentityUpdate)
      break
    default: {
      const event = readAccountChange(field, value, around)
      if (event) out.push(event)
    }
  }
  const errors = readErrors(value.errors)
  if (errors.length > 0) out.push({ type: 'notice', ...around.to, errors })
  if (out.length === before) out.push({ type: 'unknown', ...around.to, field, rawType: text(value.event) ?? '' })
}

const LARGE_ID = /("message_template_id"\s*:\s*)(\d{16,})(?=\s*[,}])/g

/**
 * The JSON of a webhook body, or `undefined` if it is none. Template ids beyond 2^53 survive as text, which `JSON.parse` alone would
 * round; looking for them costs other bodies one search of bytes.
 */
export function parseBody(rawBody: Uint8Array): unknown {
  const bytes = Buffer.from(rawBody.buffer, rawBody.byteOffset, rawBody.byteLength)
  const json = bytes.toString('utf8')
  try {
    return JSON.parse(bytes.includes('"message_template_id"') ? json.replace(LARGE_ID, '$1"$2"') : json)
  } catch {
    return undefined
  }
}
