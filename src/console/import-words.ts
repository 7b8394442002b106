/** Sentences of the import in German; it speaks English, since it is a command first. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/^said no to this here before/, 'hat sich hier schon abgemeldet und kann sich nur selbst wieder anmelden'],
  [/^was erased/, 'wurde gelöscht oder abgemeldet und kann sich nur selbst wieder anmelden'],
  [/^stopped messages of this channel/, 'hat die Nachrichten in WhatsApp abgestellt'],
  [/^the number belonged to somebody/, 'die Nummer gehörte jemandem, der inzwischen eine andere hat'],
  [/^number and user id belong to two people/, 'Nummer und WhatsApp-Kennung gehören zu zwei Personen'],
  [/^states the same person/, 'dieselbe Person und dasselbe Angebot stehen schon weiter oben'],
  [
    /^names somebody of an earlier line/,
    'diese Person steht weiter oben mit anderer Nummer oder Kennung; bitte überall dieselben Angaben machen',
  ],
  [/^has (\d+) fields instead of (\d+)/, 'hat $1 statt $2 Felder'],
  [/^(\w+) is missing: without it/, '„$1“ fehlt; ohne diese Angabe lässt sich die Einwilligung nicht nachweisen'],
  [/^phone is not a valid number/, 'die Rufnummer stimmt nicht'],
  [/^phone is missing/, 'die Rufnummer fehlt'],
  [/^userId is not an id/, 'die WhatsApp-Kennung stimmt nicht'],
  [/^offering must be/, 'das Angebot muss „info“ oder „chat“ sein'],
  [/^this channel does not offer/, 'dieses Angebot gibt es auf diesem Kanal nicht'],
  [/^date must be/, 'das Datum muss so aussehen: 01.03.2026'],
  [/^date lies in the future/, 'das Datum liegt in der Zukunft'],
  [/^date lies before/, 'das Datum liegt vor der Zeit von WhatsApp'],
  [/^(\w+) is longer than (\d+) characters/, '„$1“ hat mehr als $2 Zeichen'],
  [/^(\w+) is not UTF-8/, '„$1“ enthält unlesbare Zeichen; bitte als UTF-8 speichern'],
  [
    /^(\w+) contains a number or an e-mail/,
    '„$1“ enthält eine Rufnummer oder E-Mail-Adresse; das darf nicht ins Verzeichnis',
  ],
  [/^topics belong to info only/, 'Themen gibt es nur im Infokanal'],
  [/^topics may only be: (.*)/, 'mögliche Themen: $1'],
  [/^cannot be read/, 'nicht lesbar; bitte prüfen Sie die Anführungszeichen'],
  [/^The file is empty/, 'die Datei ist leer'],
]

/** Why a line of an import was not taken over. */
export function inGerman(reason: string): string {
  for (const [pattern, words] of WORDS)
    if (pattern.test(reason)) return reason.replace(new RegExp(`${pattern.source}.*`), words)
  return `nicht verstanden (${reason})`
}
