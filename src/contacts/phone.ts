import parsePhoneNumber from 'libphonenumber-js/max'

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
