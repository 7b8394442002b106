import parsePhoneNumber from 'libphonenumber-js/max'

/** Meta's id of a person: a country, then letters and digits. @see cloud-api.md §3 */
export const isUserId = (text: string): boolean => /^[A-Z]{2}\.[A-Za-z0-9.]{4,128}$/.test(text)

/** By what somebody named a person: a number or Meta's user id; null if it can be neither. */
export function readWho(typed: string): { phone: string } | { userId: string } | null {
  const userId = typed.trim()
  if (isUserId(userId)) return { userId }
  const phone = readPhone(typed)
  return phone === null ? null : { phone }
}

/**
 * A number as somebody typed it → E.164 with +; null if it cannot be one. Without a country it is a German one. New ranges are not in the library's tables
 * yet, so a possible number will do.
 */
export function readPhone(typed: string): string | null {
  const text = typed.trim().replace(/^00/, '+')
  const parsed = parsePhoneNumber(text, 'DE')
  if (parsed?.isPossible() && !parsed.ext) return parsed.number
  const plain = text.replace(/[\s()/.-]/g, '')
  return /^\+[1-9]\d{6,14}$/.test(plain) ? plain : null
}
