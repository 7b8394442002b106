import { dailyLimitOf } from './limits.ts'
import { instant, type Loose, list, phone, record, text } from './loose.ts'
import type { AccountEvent, Around, TemplateEvent, To } from './webhook-events.ts'

/** Fields of templates and accounts; `undefined` for one we do not know. */
export function readAccountChange(
  field: string,
  value: Loose,
  around: Around,
): TemplateEvent | AccountEvent | undefined {
  const { to } = around
  switch (field) {
    case 'message_template_status_update':
    case 'message_template_quality_update':
    case 'message_template_components_update':
    case 'template_category_update':
      return readTemplate(field, value, to)
    case 'phone_number_quality_update':
      return {
        type: 'phone-quality',
        ...to,
        displayPhoneNumber: phone(value.display_phone_number),
        event: word(value.event),
        limit: dailyLimitOf(value.max_daily_conversations_per_business ?? value.current_limit),
      }
    case 'business_capability_update':
      return {
        type: 'capability',
        ...to,
        limit: dailyLimitOf(value.max_daily_conversations_per_business ?? value.max_daily_conversation_per_phone),
      }
    case 'account_update':
      return readAccountUpdate(value, to)
    case 'account_alerts': {
      const alert = record(value.alert_info)
      return {
        type: 'alert',
        ...to,
        entityType: word(value.entity_type),
        entityId: text(value.entity_id),
        severity: word(alert.alert_severity),
        alert: word(alert.alert_type),
        details: text(alert.alert_description),
      }
    }
    case 'security':
    case 'account_review_update':
    case 'phone_number_name_update':
      return readNumberNotice(field, value, to)
  }
  return undefined
}

function readNumberNotice(field: string, value: Loose, to: To): AccountEvent | undefined {
  const displayPhoneNumber = phone(text(value.display_phone_number)?.replace(/\D/g, ''))
  const [event, decision] = [word(value.event), word(value.decision)]
  if (field === 'security')
    return event === undefined ? undefined : { type: 'security', ...to, displayPhoneNumber, event }
  if (decision === undefined) return undefined
  return field === 'account_review_update'
    ? { type: 'account-review', ...to, decision }
    : { type: 'name-review', ...to, displayPhoneNumber, decision }
}

function readTemplate(field: string, value: Loose, to: To): TemplateEvent | undefined {
  const template = {
    ...to,
    templateId: text(value.message_template_id),
    name: text(value.message_template_name),
    language: text(value.message_template_language)?.replaceAll('-', '_'),
  }
  // Meta's own example of a quality update carries the field of a status update: the content decides.
  const quality = word(value.new_quality_score)
  if (quality !== undefined) {
    return { type: 'template-quality', ...template, quality, previous: word(value.previous_quality_score) }
  }
  if (field === 'message_template_components_update') return { type: 'template-components', ...template }
  if (field === 'template_category_update') {
    const correct = word(value.correct_category)
    // With `correct_category` the change is still to come, and `new_category` is the present one.
    return {
      type: 'template-category',
      ...template,
      category: correct ?? word(value.new_category),
      previous: correct ? word(value.new_category) : word(value.previous_category),
      announced: correct !== undefined,
    }
  }
  const event = word(value.event)
  if (event === undefined) return undefined
  const reason = word(value.reason)
  const [rejection, other] = [record(value.rejection_info), record(value.other_info)]
  return {
    type: 'template-status',
    ...template,
    event,
    reason: reason === 'NONE' ? undefined : reason,
    category: word(value.message_template_category),
    info: text(rejection.reason) ?? text(other.description) ?? text(other.title),
  }
}

/** Meta's events after which nothing may go out; all other ones are for information. */
const BLOCKING = new Set([
  'ACCOUNT_RESTRICTION',
  'ACCOUNT_VIOLATION',
  'DISABLED_UPDATE',
  'ACCOUNT_DELETED',
  'ACCOUNT_OFFBOARDED',
])
/** Restrictions that do not touch sending; any other type counts as blocking, known or not. */
const HARMLESS = new Set(['RESTRICTED_ADD_PHONE_NUMBER_ACTION'])

function readAccountUpdate(value: Loose, to: To): AccountEvent | undefined {
  const event = word(value.event)
  if (event === undefined) return undefined
  const restrictions = list(value.restriction_info).map((one) => {
    const { restriction_type, expiration } = record(one)
    return { type: word(restriction_type) ?? 'UNKNOWN', until: instant(expiration) }
  })
  const banState = word(record(value.ban_info).waba_ban_state)
  const harmless =
    banState === 'REINSTATE' || (restrictions.length > 0 && restrictions.every(({ type }) => HARMLESS.has(type)))
  return {
    type: 'account-update',
    ...to,
    event,
    restrictions,
    banState,
    violation: word(record(value.violation_info).violation_type),
    blocking: BLOCKING.has(event) && !harmless,
  }
}

/** Meta's constants in upper case: a prose passage shows them in lower case. */
const word = (value: unknown): string | undefined => text(value)?.toUpperCase()
