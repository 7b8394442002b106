/** Every reason for which an understood request is not carried out, with the HTTP status it maps to and the sentence the office reads. */
export const refusals = {
  'not-found': [404, 'Das gibt es hier nicht (mehr).'],
  'not-signed-in': [401, 'Bitte melden Sie sich an.'],
  'wrong-channel': [403, 'Für diesen Kanal haben Sie keinen Zugang.'],
  'role-too-low': [403, 'Dafür fehlt Ihnen das Recht.'],
  'invalid-input': [422, 'Einige Angaben stimmen noch nicht.'],
  'malformed-request': [400, 'Die Anfrage ist unvollständig oder nicht lesbar.'],
  'too-large': [413, 'Die Anfrage ist zu groß.'],
  'wrong-state': [409, 'Das geht im jetzigen Zustand der Meldung nicht.'],
  'own-work': [403, 'Wer eine Meldung geschrieben oder eingereicht hat, kann sie nicht selbst freigeben.'],
  'too-few-approvers': [
    409,
    'Bevor Sie Meldungen einreichen können, brauchen mindestens zwei Personen das Recht „Freigabe“ oder „Verwaltung“. Die Verwaltung lädt sie unter „Zugänge“ ein.',
  ],
  'content-changed': [409, 'Die Meldung wurde inzwischen geändert. Bitte sehen Sie sie noch einmal an.'],
  'template-not-approved': [422, 'Diese Vorlage ist von WhatsApp noch nicht freigegeben.'],
  'template-changed': [409, 'Die Vorlage wurde bei WhatsApp geändert. Bitte prüfen Sie die Meldung noch einmal.'],
  'send-time-passed': [422, 'Der Versandzeitpunkt liegt in der Vergangenheit.'],
  'no-such-offering': [422, 'Dieses Angebot gibt es auf diesem Kanal nicht.'],
  'channel-stopped': [409, 'Der Kanal ist angehalten. Bitte beheben Sie zuerst die angezeigte Störung.'],
  'limit-used-up': [
    409,
    'Das Tageslimit von WhatsApp ist ausgeschöpft: Zurzeit erreichen Sie niemanden, den Sie heute noch nicht angeschrieben haben.',
  ],
  'window-closed': [409, 'Antworten sind nur 24 Stunden nach der letzten Nachricht möglich.'],
  'chat-closed': [409, 'Dieses Anliegen ist abgeschlossen.'],
  'already-erased': [409, 'Die Daten sind bereits gelöscht. Das lässt sich nicht rückgängig machen.'],
  'medium-gone': [410, 'Dieses Medium ist bei WhatsApp nicht mehr vorhanden.'],
  'idempotency-conflict': [422, 'Dieser Idempotency-Key wurde schon für eine andere Anfrage verwendet.'],
  'still-in-progress': [409, 'Dieselbe Anfrage wird gerade noch bearbeitet.'],
  'meta-refused': [502, 'WhatsApp hat die Anfrage abgelehnt.'],
  'meta-away': [503, 'WhatsApp ist gerade nicht erreichbar. Bitte versuchen Sie es gleich noch einmal.'],
  'database-away': [503, 'Die Datenbank ist gerade nicht erreichbar. Bitte versuchen Sie es gleich noch einmal.'],
  'too-many-requests': [429, 'Zu viele Versuche. Bitte warten Sie einen Moment.'],
} as const satisfies Record<string, readonly [status: number, german: string]>

export type RefusalCode = keyof typeof refusals

/** One thing that is wrong with an input: `field` is a dotted path, `message` a German sentence. */
export type Problem = { field: string; message: string }

/** We understood the request and will not do it. Whatever else is thrown is a bug or an outage. */
export class Refusal extends Error {
  readonly code: RefusalCode
  readonly problems: readonly Problem[]
  constructor(code: RefusalCode, problems: readonly Problem[] = [], options?: { detail?: string }) {
    super(options?.detail ?? refusals[code][1])
    this.code = code
    this.problems = problems
  }
  get status(): number {
    return refusals[this.code][0]
  }
}
