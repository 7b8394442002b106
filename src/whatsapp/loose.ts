/** Readers for JSON that others wrote: each takes anything, throws never, and gives `undefined` (or nothing) for what is not there. */
export type Loose = Readonly<Record<string, unknown>>

const NOTHING: Loose = Object.freeze({})

/** An object, or an empty one. */
export const record = (value: unknown): Loose => (isRecord(value) ? value : NOTHING)

export const isRecord = (value: unknown): value is Loose =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A list, or an empty one. */
export const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

/** Half pairs, but also those of a whole one: only who has any is looked at closely. */
const SURROGATES = /[\ud800-\udfff]/

/**
 * A text that PostgreSQL can hold: without NUL and without half surrogate pairs, both of which JSON allows and `text` and `jsonb` refuse
 * (one such message would otherwise be repeated by Meta for seven days). Numbers become text; an empty text counts as absent.
 */
export function text(value: unknown): string | undefined {
  if (typeof value === 'number' && Number.isFinite(value)) return String(value)
  if (typeof value !== 'string' || value === '') return undefined
  const whole = value.includes('\u0000') ? value.replaceAll('\u0000', '') : value
  return (SURROGATES.test(whole) ? whole.replace(/\p{Surrogate}/gu, '\ufffd') : whole) || undefined
}

/** A finite number, also from digits in a text. */
export function number(value: unknown): number | undefined {
  const parsed = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof parsed === 'number' && Number.isFinite(parsed) ? parsed : undefined
}

/** Seconds since the epoch, as number or text (Meta uses both), as an instant. */
export function instant(seconds: unknown): Date | undefined {
  const value = number(seconds)
  if (value === undefined || value <= 0) return undefined
  const at = new Date(value * 1000)
  return Number.isNaN(at.getTime()) ? undefined : at
}

/**
 * A `wa_id` as E.164 with its `+`. Without it Meta puts the country code of our own number in front, and a stranger gets the message.
 * Anything but digits (a BSUID, a group id, '') is no phone.
 */
export function phone(waId: unknown): string | undefined {
  const value = typeof waId === 'number' ? String(waId) : waId
  if (typeof value !== 'string' || !/^\+?[1-9]\d{4,19}$/.test(value)) return undefined
  return value.startsWith('+') ? value : `+${value}`
}

/** A business-scoped user id, whole and unchanged: it is opaque, so its form is not checked beyond not being a phone number. */
export function userId(value: unknown): string | undefined {
  return typeof value === 'string' && phone(value) === undefined ? text(value) : undefined
}
