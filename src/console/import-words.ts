import { COLUMNS, type Column, GERMAN } from '../subscriptions/import-line.ts'

/** All columns by their German and their English names. */
export const columnNames = COLUMNS.map((column) => `${GERMAN[column]} (${column})`).join(', ')

/** Sentences of the import in German; it speaks English, since it is a command first. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/^said no to this here before/, 'hat sich hier schon abgemeldet und kann sich nur selbst wieder anmelden'],
  [/^was erased/, 'wurde gelöscht oder abgemeldet und kann sich nur selbst wieder anmelden'],
  [/^stopped messages of this channel/, 'hat die Nachrichten in WhatsApp abgestellt'],
  [/^the number or id leads to somebody/, 'die Nummer oder Kennung führt zu jemandem, der jetzt eine andere hat'],
  [/^number and user id belong to two people/, 'Nummer und WhatsApp-Kennung gehören zu zwei Personen'],
  [/^states the same person/, 'dieselbe Person und dasselbe Angebot stehen schon weiter oben'],
  [
    /^names somebody of an earlier line/,
    'diese Person steht weiter oben mit anderer Nummer oder Kennung; bitte überall dieselben Angaben machen',
  ],
  [/^has (\d+) fields instead of (\d+)/, 'hat $1 statt $2 Felder'],
  [
    /^(?<columns>\w+) is missing: without it/,
    '„$columns“ fehlt; ohne diese Angabe lässt sich die Einwilligung nicht nachweisen',
  ],
  [/^phone is not a valid number/, 'die Rufnummer stimmt nicht'],
  [/^phone is missing/, 'es fehlen Rufnummer und WhatsApp-Kennung, eine davon muss da sein'],
  [/^userId is not an id/, 'die WhatsApp-Kennung stimmt nicht'],
  [/^offering must be/, 'das Angebot muss „info“ oder „chat“ sein'],
  [/^this channel does not offer/, 'dieses Angebot gibt es auf diesem Kanal nicht'],
  [/^date must be/, 'das Datum muss so aussehen: 01.03.2026'],
  [/^date lies in the future/, 'das Datum liegt in der Zukunft'],
  [/^date lies before/, 'das Datum liegt vor der Zeit von WhatsApp'],
  [/^(?<columns>\w+) is longer than (\d+) characters/, '„$columns“ hat mehr als $2 Zeichen'],
  [/^(?<columns>\w+) is not UTF-8/, '„$columns“ enthält unlesbare Zeichen; bitte als UTF-8 speichern'],
  [
    /^(?<columns>\w+) contains a number or an e-mail/,
    '„$columns“ enthält eine Rufnummer oder E-Mail-Adresse, die nicht als die der Stadt bekannt ist; das darf nicht ins Verzeichnis',
  ],
  [/^topics belong to info only/, 'Themen gibt es nur im Infokanal'],
  [/^topics may only be: (.*)/, 'mögliche Themen: $1'],
  [/^cannot be read/, 'nicht lesbar; bitte prüfen Sie die Anführungszeichen'],
  [/^The file is empty/, 'die Datei ist leer'],
  [/^The first line names the column (?<columns>\w+) twice/, 'die Spalte „$columns“ steht zweimal da'],
  [
    /^The first line must name the columns\. Missing: (?<columns>[\w, ]+)/,
    'hier müssen die Namen der Spalten stehen; es fehlt: $columns',
  ],
]

/** Why a line of an import was not taken over. */
export function inGerman(reason: string): string {
  for (const [pattern, words] of WORDS) {
    const found = pattern.exec(reason)
    if (!found) continue
    return words.replace(/\$(\d|columns)/g, (_, key) =>
      key === 'columns' ? columnsIn(found.groups!.columns!) : found[Number(key)]!,
    )
  }
  return `nicht verstanden (${reason})`
}

const columnsIn = (names: string) => names.replace(/\w+/g, (name) => GERMAN[name as Column] ?? name)
