const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** '8d', '12h', '30m', '45s' or '0' → milliseconds; null if it is written in any other way. A day is 24 hours. */
export function parseDuration(text: string): number | null {
  if (text.trim() === '0') return 0
  const match = /^\s*(\d{1,6})\s*([smhd])\s*$/.exec(text)
  return match ? Number(match[1]) * UNIT_MS[match[2]!]! : null
}
