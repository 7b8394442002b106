import type { Contact } from '../contacts/contacts.ts'
import { identifies, mentions } from '../contacts/naming.ts'
import { Refusal } from '../refusal.ts'

/** A reason is kept for a year in the open: whose number is shown stands there by id, never in words. @throws Refusal invalid-input */
export function sayableReason(reason: string): string {
  const text = reason.trim()
  if (text.length < 3) throw problem('Bitte geben Sie den Grund an (mindestens 3 Zeichen).')
  if (text.length > 200) throw problem('Höchstens 200 Zeichen.')
  if (text.includes('\0')) throw problem('Darin steht ein unsichtbares Zeichen, das nicht erlaubt ist.')
  if (identifies(text, 7)) throw problem('Bitte nennen Sie hier keine Rufnummer und keine E-Mail-Adresse.')
  return text
}

/**
 * The refusal, if the reason names the person whom it is about. A verb notes the question and answers with it: whoever tries names learns something
 * from it, so the attempt stays in the audit log, without the name. `given` throws it after the deed.
 */
export function refusedFor(reason: string | undefined, person: Pick<Contact, 'name'> | null): Refusal | null {
  return reason !== undefined && person && mentions(reason, person)
    ? problem(
        'Bitte nennen Sie hier nicht den Namen der Person: Der Grund bleibt im Protokoll, auch wenn alles andere gelöscht ist.',
      )
    : null
}

/** What was asked for. To be called outside of the deed. @throws Refusal that the verb answered with */
export function given<T>(answer: T | Refusal): T {
  if (answer instanceof Refusal) throw answer
  return answer
}

const problem = (message: string) => new Refusal('invalid-input', [{ field: 'reason', message }])
