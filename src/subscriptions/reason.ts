import type { Contact } from '../contacts/contacts.ts'
import { identifies, mentions } from '../contacts/naming.ts'
import { Refusal } from '../refusal.ts'

/** A reason is kept for a year in the open: whose number is shown stands there by id, never in words. @throws Refusal invalid-input */
export function sayableReason(reason: string): string {
  const text = reason.trim()
  if (text.length < 3) throw problem('Bitte geben Sie an, wozu Sie die Nummer brauchen.')
  if (text.length > 200) throw problem('Höchstens 200 Zeichen.')
  if (text.includes('\0')) throw problem('Darin steht ein unsichtbares Zeichen, das nicht erlaubt ist.')
  if (identifies(text, 7)) throw problem('Bitte nennen Sie hier keine Rufnummer und keine E-Mail-Adresse.')
  return text
}

/** @throws Refusal invalid-input if the reason names the person whom it is about */
export function refuseNames(reason: string | undefined, person: Pick<Contact, 'name'> | null): void {
  if (reason !== undefined && person && mentions(reason, person))
    throw problem(
      'Bitte nennen Sie hier nicht den Namen der Person: Der Grund bleibt im Protokoll, auch wenn alles andere gelöscht ist.',
    )
}

const problem = (message: string) => new Refusal('invalid-input', [{ field: 'reason', message }])
