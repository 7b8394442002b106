import type { TrailEntry } from '../audit/trail.ts'
import { roles } from './texts.de.ts'

const DEEDS: Readonly<Record<string, string>> = {
  'broadcast.drafted': 'Meldung geschrieben',
  'broadcast.edited': 'Meldung geändert',
  'broadcast.deleted': 'Meldung gelöscht',
  'broadcast.submitted': 'Meldung eingereicht',
  'broadcast.approved': 'Meldung freigegeben',
  'broadcast.scheduled': 'Meldung ohne Freigabe eingeplant',
  'broadcast.rejected': 'Meldung zurückgegeben',
  'broadcast.paused': 'Meldung angehalten',
  'broadcast.resumed': 'Meldung fortgesetzt',
  'broadcast.cancelled': 'Meldung abgebrochen',
  'broadcast.retried': 'Meldung noch einmal versucht',
  'broadcast.tested': 'Testnachricht gesendet',
  'broadcast.frozen': 'Empfänger festgelegt',
  'broadcast.started': 'Versand begonnen',
  'broadcast.finished': 'Versand beendet',
  'broadcast.reopened': 'Versand wieder aufgenommen',
  'broadcast.continued': 'Termin einer Reihe angelegt',
  'template.submitted': 'Vorlage eingereicht',
  'template.edited': 'Vorlage geändert',
  'subscriber.looked-up': 'Person nachgeschlagen',
  'subscribers.import-begun': 'Übernahme einer Liste begonnen',
  'subscribers.imported': 'Liste übernommen',
  'subscribers.export-begun': 'Ausgabe der Abonnenten begonnen',
  'subscribers.exported': 'Abonnenten ausgegeben',
  'subscriber.revealed': 'Rufnummer angezeigt',
  'subscriber.signed-off': 'Person vom Infokanal abgemeldet',
  'subscriber.no-noted': 'Vermerkt: möchte keine Meldungen',
  'subscriber.proof-read': 'Nachweis einer Einwilligung gelesen',
  'person.disclosed': 'Auskunft erteilt',
  'contact.moved': 'Person auf neue Rufnummer umgezogen',
  'retention.run': 'Fristen: Altes gelöscht',
  'audit.exported': 'Protokoll ausgegeben',
  'data-keys.rotation-begun': 'Wechsel des Schlüssels der Verschlüsselung begonnen',
  'data-keys.rotated': 'Schlüssel der Verschlüsselung gewechselt',
  'chat.answered': 'Auf ein Anliegen geantwortet',
  'person.erased': 'Person gelöscht',
  'chat.medium-read': 'Foto oder Datei aus einem Anliegen angesehen',
  'chat.closed': 'Anliegen abgeschlossen',
  'chat.reopened': 'Anliegen wieder geöffnet',
  'chat.erased': 'Anliegen gelöscht',
  'inbox.resent': 'An den Posteingang noch einmal gesendet',
  'inbox.discarded': 'Nicht angekommene Nachricht verworfen',
  'inbox.resumed': 'Weiterleitung wieder aufgenommen',
  'key.created': 'Schlüssel angelegt',
  'key.revoked': 'Schlüssel beendet',
  'staff.invited': 'Person eingeladen oder Recht geändert',
  'staff.disabled': 'Zugang entzogen',
  'staff.credentials-set': 'Passwort und zweiten Faktor gesetzt',
  'session.opened': 'Angemeldet',
  'session.ended': 'Abgemeldet',
  'channel.resumed': 'Kanal wieder in Betrieb genommen',
}

/** What the nightly run counts without deleting it; everything else that it counts is gone. */
const NOT_DELETED: ReadonlySet<string> = new Set([
  'reachCounted',
  'unreachableDropped',
  'pausedForGood',
  'daysWithoutFile',
])

const INVITATIONS: Readonly<Record<string, string>> = {
  invited: 'Person eingeladen',
  changed: 'Recht einer Person geändert',
  again: 'Neuer Link zum Anmelden',
}

/** An entry of the audit in words. */
export function deedWords({ action, detail }: Pick<TrailEntry, 'action' | 'detail'>): string {
  const facts = detail as Record<string, unknown>
  if (action === 'retention.run') {
    const deleted = Object.entries(facts).some(([key, count]) => !NOT_DELETED.has(key) && count !== 0)
    if (!deleted) return 'Fristen geprüft: nichts gelöscht'
  }
  const invitation = action === 'staff.invited' && INVITATIONS[String(facts.access)]
  return invitation || (DEEDS[action] ?? action)
}

const WORDS: Readonly<Record<string, string>> = {
  recipients: 'Empfänger',
  queued: 'wieder eingereiht',
  skipped: 'ausgelassen',
  messages: 'Nachrichten',
  events: 'Nachrichten',
  chats: 'Anliegen',
  contacts: 'Personen',
  lines: 'Zeilen',
  added: 'neu',
  alreadySubscribed: 'schon angemeldet',
  declined: 'nicht übernommen',
  bad: 'fehlerhaft',
}

/** Elsewhere the reason is a word of ours for programs. */
const isStated = (action: string): boolean => action.startsWith('subscriber')

/** What an entry tells beyond the deed. */
export function detailWords({ action, detail }: Pick<TrailEntry, 'action' | 'detail'>): string {
  const facts = detail as Record<string, unknown>
  const words = Object.entries(WORDS).flatMap(([key, label]) =>
    typeof facts[key] === 'number' && !(action === 'retention.run' && facts[key] === 0)
      ? [`${facts[key]} ${label}`]
      : [],
  )
  if (typeof facts.role === 'string' && facts.role in roles) words.push(roles[facts.role as keyof typeof roles][0])
  if (typeof facts.name === 'string') words.push(facts.name)
  if (action === 'subscriber.looked-up' && facts.found === false) words.push('niemand gefunden')
  if (typeof facts.reason === 'string' && isStated(action)) words.push(`Grund: ${facts.reason}`)
  if (facts.refused === true) words.push('abgelehnt: der Grund nannte die Person')
  return words.join(', ')
}
