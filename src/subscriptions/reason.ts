import { Refusal } from '../refusal.ts'

/** A reason is kept for a year in the open: whose number is shown stands there by id, never in words. @throws Refusal invalid-input */
export function sayableReason(reason: string): string {
  const text = reason.trim()
  const problem = (message: string) => new Refusal('invalid-input', [{ field: 'reason', message }])
  if (text.length < 3) throw problem('Bitte geben Sie an, wozu Sie die Nummer brauchen.')
  if (text.length > 200) throw problem('Höchstens 200 Zeichen.')
  if (/\d(?:[\s/-]?\d){6,}/.test(text)) throw problem('Bitte nennen Sie hier keine Rufnummer.')
  return text
}
