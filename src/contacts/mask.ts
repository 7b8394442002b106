import parsePhoneNumber from 'libphonenumber-js/max'

const HIDDEN = '•••••'

/**
 * '+49 151 ••••• 12': enough to tell two people apart on a list, too little to call. The dots are always five, so that they do not tell the length;
 * short numbers, of which the visible digits would give away too much, keep their last two digits only.
 * @param phone E.164 with +
 */
export function maskPhone(phone: string): string {
  const parsed = parsePhoneNumber(phone)
  const country = parsed?.countryCallingCode ?? ''
  const digits = (parsed?.nationalNumber ?? phone).replace(/\D/g, '')
  const start = digits.length >= 9 ? digits.slice(0, 3) : ''
  return [country && `+${country}`, start, HIDDEN, digits.length >= 5 ? digits.slice(-2) : ''].filter(Boolean).join(' ')
}

/** 'DE.134 ••••• 18' for a business-scoped user id of Meta. */
export function maskUserId(userId: string): string {
  const [, country = '', id = ''] = /^([A-Z]{2}\.(?:[A-Z]+\.)?)?(.*)$/s.exec(userId) ?? []
  const start = id.length >= 9 ? id.slice(0, 3) : ''
  return `${[country + start, HIDDEN, id.length >= 5 ? id.slice(-2) : ''].filter(Boolean).join(' ')}`
}
