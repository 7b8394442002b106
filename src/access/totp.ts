import { Secret, TOTP } from 'otpauth'

const PERIOD_SECONDS = 30

const totpOf = (secret: string, account = '') =>
  new TOTP({ issuer: 'WhatsUp', label: account, secret: Secret.fromBase32(secret), period: PERIOD_SECONDS, digits: 6 })

/** A new secret in base32, as authenticator apps take it. */
export const newTotpSecret = (): string => new Secret({ size: 20 }).base32

/** The address that the QR code shows to an authenticator app. */
export const totpAddress = (secret: string, account: string): string => totpOf(secret, account).toString()

/**
 * The time step of a code, if it is right and later than `usedStep`; null otherwise. A code of the step before or after counts, since clocks differ.
 * Each code counts once: whoever looked over a shoulder cannot use it again.
 */
export function stepOfCode(secret: string, code: string, now: Date, usedStep: number): number | null {
  const digits = code.replace(/\s/g, '')
  if (!/^\d{6}$/.test(digits)) return null
  const delta = totpOf(secret).validate({ token: digits, timestamp: now.getTime(), window: 1 })
  if (delta === null) return null
  const step = Math.floor(now.getTime() / 1000 / PERIOD_SECONDS) + delta
  return step > usedStep ? step : null
}

/** The code of a moment, for tests of people who have the app. */
export const codeAt = (secret: string, now: Date): string => totpOf(secret).generate({ timestamp: now.getTime() })
