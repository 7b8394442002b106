/**
 * Meta's error codes as [HTTP status, title]. Everything a fault may inject is here; an unknown code answers 400.
 * Source: developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes
 */
const CODES: Readonly<Record<number, readonly [number, string]>> = {
  0: [401, 'AuthException'],
  1: [400, 'API Unknown'],
  2: [503, 'API Service'],
  3: [500, 'API Method'],
  4: [400, 'API Too Many Calls'],
  10: [403, 'Permission Denied'],
  33: [400, 'Parameter value is not valid'],
  100: [400, 'Invalid parameter'],
  190: [401, 'Access token has expired'],
  200: [403, 'API Permission'],
  368: [403, 'Temporarily blocked for policies violations'],
  613: [400, 'Calls to this api have exceeded the rate limit'],
  803: [404, 'Some of the aliases you requested do not exist'],
  80007: [400, 'Rate limit issues'],
  130403: [400, 'User blocked'],
  130429: [400, 'Rate limit hit'],
  130472: [400, "User's number is part of an experiment"],
  130497: [403, 'Business account is restricted from messaging users in this country'],
  131000: [500, 'Something went wrong'],
  131005: [403, 'Access denied'],
  131008: [400, 'Required parameter is missing'],
  131009: [400, 'Parameter value is not valid'],
  131016: [500, 'Service unavailable'],
  131021: [400, 'Recipient cannot be sender'],
  131026: [400, 'Message undeliverable'],
  131030: [400, 'Recipient phone number not in allowed list'],
  131031: [403, 'Account has been locked'],
  131037: [400, 'WhatsApp provided number needs display name approval before message can be sent'],
  131042: [400, 'Business eligibility payment issue'],
  131045: [500, 'Incorrect certificate'],
  131047: [400, 'Re-engagement message'],
  131048: [400, 'Spam rate limit hit'],
  131049: [400, 'This message was not delivered to maintain healthy ecosystem engagement'],
  131050: [400, 'User has stopped marketing messages'],
  131051: [400, 'Message type unknown'],
  131052: [400, 'Media download error'],
  131053: [400, 'Media upload error'],
  131056: [400, '(Business Account, Consumer Account) pair rate limit hit'],
  131057: [500, 'Account in maintenance mode'],
  131062: [400, 'Business-scoped user id is not supported for this message'],
  131063: [400, 'Marketing messages are switched off on Cloud API'],
  131064: [400, 'Temporarily limited for wrong template categories'],
  132000: [400, 'Template Param Count Mismatch'],
  132001: [404, 'Template does not exist'],
  132005: [400, 'Template Hydrated Text Too Long'],
  132007: [400, 'Template Format Character Policy Violated'],
  132012: [400, 'Template Parameter Format Mismatch'],
  132015: [400, 'Template is paused'],
  132016: [400, 'Template is disabled'],
  132018: [400, 'Template parameter text is not valid'],
  133004: [503, 'Server Temporarily Unavailable'],
  133010: [400, 'Phone number not registered'],
  135000: [400, 'Generic user error'],
  137000: [400, 'Identity key hash mismatch'],
}
const HREF = 'https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes'

/** What is wrong with a request, in Meta's terms. `details` is a sentence for `error_data.details`. */
export type Problem = { code: number; details: string; subcode?: number; title?: string }

/** A Problem in one line. */
export const problem = (code: number, details: string): Problem => ({ code, details })

/** The HTTP status Meta answers a code with; 400 for codes this file does not know. */
export const httpStatusOf = (code: number): number => CODES[code]?.[0] ?? 400

const titleOf = (code: number): string => CODES[code]?.[1] ?? 'Unknown error'

let traces = 0
const trace = (): string => `A${(traces++).toString(36).toUpperCase().padStart(10, '0')}`

/** The JSON body of a synchronous Graph error. */
export function errorBody({ code, details, subcode, title }: Problem): string {
  const texts = title
    ? { error_data: details, error_user_title: title, error_user_msg: details } // the template API words its errors differently
    : { error_data: { messaging_product: 'whatsapp', details } }
  return JSON.stringify({
    error: {
      message: `(#${code}) ${titleOf(code)}`,
      type: 'OAuthException',
      code,
      ...texts,
      ...(subcode === undefined ? {} : { error_subcode: subcode }),
      is_transient: [1, 2, 4, 130429, 131000, 131016, 131056, 131057, 133004].includes(code) || undefined,
      fbtrace_id: trace(),
    },
  })
}

/** One element of `statuses[].errors` or `messages[].errors`. */
export const errorItem = (code: number, details = titleOf(code)) => ({
  code,
  title: titleOf(code),
  message: titleOf(code),
  error_data: { details },
  href: HREF,
})
