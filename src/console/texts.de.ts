import type { Role } from '../audit/audit.ts'
import type { Channel } from '../channels/channel.ts'
import type { OutgoingStatus } from '../dispatch/queue.ts'
import { PREFERENCE, readSource } from '../subscriptions/source.ts'

type Tone = 'info' | 'success' | 'warning' | 'danger'

/** States of a broadcast as the office calls them, with the colour of their badge. */
export const broadcastStates: Readonly<Record<string, readonly [label: string, tone: Tone]>> = {
  draft: ['Entwurf', 'info'],
  'awaiting-approval': ['Wartet auf Freigabe', 'warning'],
  scheduled: ['Geplant', 'info'],
  sending: ['Läuft', 'info'],
  paused: ['Angehalten', 'warning'],
  done: ['Abgeschlossen', 'success'],
  cancelled: ['Abgebrochen', 'danger'],
  rejected: ['Zurückgegeben', 'warning'],
}

/** States of one message to one person: a word, and what it means. */
export const deliveryStates: Readonly<Record<OutgoingStatus, readonly [label: string, meaning: string]>> = {
  queued: ['Noch nicht gesendet', 'Wartet in unserer Warteschlange.'],
  sending: ['Wird übergeben', 'Geht gerade an WhatsApp.'],
  accepted: ['Angenommen', 'WhatsApp hat die Nachricht angenommen.'],
  held: ['Zurückgestellt', 'WhatsApp prüft noch, ob die Nachricht ankommt.'],
  sent: ['Gesendet', 'WhatsApp hat die Nachricht verschickt.'],
  delivered: ['Zugestellt', 'Auf dem Telefon angekommen.'],
  read: ['Gelesen', 'Geöffnet (soweit die Person das anzeigen lässt).'],
  failed: ['Fehlgeschlagen', 'Nicht angekommen.'],
  skipped: ['Ausgelassen', 'Abgemeldet oder abgebrochen, bevor die Nachricht hinausging.'],
  unknown: ['Ungewiss', 'Übergeben, aber ohne Antwort von WhatsApp. Kommt eine Meldung, wird der Stand berichtigt.'],
}

export const roles: Readonly<Record<Role, readonly [label: string, meaning: string]>> = {
  editor: ['Redaktion', 'schreibt Meldungen, reicht sie ein und kann sie anhalten'],
  approver: ['Freigabe', 'gibt außerdem Meldungen anderer frei'],
  admin: ['Verwaltung', 'vergibt außerdem Zugänge und sieht das Protokoll'],
  inbox: ['Posteingang', 'nur für die Software, die Chats beantwortet'],
}

export const templateStates: Readonly<Record<string, readonly [label: string, tone: Tone]>> = {
  APPROVED: ['Freigegeben', 'success'],
  PENDING: ['In Prüfung', 'info'],
  IN_APPEAL: ['Widerspruch läuft', 'info'],
  REJECTED: ['Abgelehnt', 'danger'],
  PAUSED: ['Angehalten', 'warning'],
  DISABLED: ['Gesperrt', 'danger'],
  LIMIT_EXCEEDED: ['Zu viele Änderungen', 'warning'],
  ARCHIVED: ['Abgelegt', 'info'],
  DELETED: ['Gelöscht', 'danger'],
  PENDING_DELETION: ['Wird gelöscht', 'warning'],
}

export const templateCategories: Readonly<Record<string, string>> = {
  MARKETING: 'Werbung und Information',
  UTILITY: 'Bestellter Hinweis',
  AUTHENTICATION: 'Anmeldecode',
}

/** Meta's words for the quality of a number or a template. */
export const qualities: Readonly<Record<string, readonly [label: string, tone: Tone]>> = {
  GREEN: ['Hoch', 'success'],
  YELLOW: ['Mittel', 'warning'],
  RED: ['Niedrig', 'danger'],
  UNKNOWN: ['Noch keine Angabe', 'info'],
}

export const offerings = { info: 'Infokanal', chat: 'Chat' } as const

export const waits = {
  'quiet-hours': 'Ruhezeit',
  'daily-limit': 'Tageslimit von WhatsApp',
} as const

/** Meta's reasons for refusing a template. */
export const rejections: Readonly<Record<string, string>> = {
  ABUSIVE_CONTENT: 'Der Inhalt verstößt nach Ansicht von WhatsApp gegen die Regeln.',
  INCORRECT_CATEGORY: 'Der Inhalt passt nicht zur gewählten Art. Bitte wählen Sie „Werbung und Information“.',
  TAG_CONTENT_MISMATCH: 'Der Inhalt passt nicht zur gewählten Art oder Sprache.',
  INVALID_FORMAT: 'Eine Lücke oder eine Formatierung ist nicht erlaubt.',
  PROMOTIONAL: 'Der Text gilt als Werbung und passt nicht zu dieser Art.',
  SCAM: 'WhatsApp hält den Text für einen Betrugsversuch.',
}

const consentActions = {
  granted: 'Eingewilligt',
  withdrawn: 'Widerrufen',
  moved: 'Umgezogen',
  expired: 'Erloschen',
} as const

const PREFERENCES: Readonly<Record<string, string>> = {
  withdrawn: 'Werbung abgestellt',
  granted: 'Werbung wieder zugelassen',
}

/** What an entry of the ledger says was done. A setting made inside WhatsApp ends nothing and begins nothing. */
export const consentWords = ({ action, source }: { action: string; source: string }): string =>
  (source === PREFERENCE ? PREFERENCES[action] : undefined) ?? consentActions[action as keyof typeof consentActions]

const SOURCES: Readonly<Record<string, string>> = {
  keyword: 'Stichwort gesendet',
  button: 'Knopf getippt',
  office: 'durch das Rathaus',
  'chat-closed': 'Anliegen abgeschlossen',
  [PREFERENCE]: 'Einstellung in WhatsApp',
  unreachable: 'Nummer nicht mehr erreichbar',
  'channel-ended': 'Kanal beendet',
  'identity-change': 'neue Rufnummer',
  'same-person': 'zwei Einträge zusammengeführt',
  demo: 'Beispieldaten',
}

/** How a consent came about. */
export function sourceWords(source: string, channel: Pick<Channel, 'posters'>): string {
  const { stated, imported, poster } = readSource(source, channel)
  const words =
    poster === null ? (SOURCES[stated] ?? stated) : poster.startsWith('Aushang') ? poster : `Aushang: ${poster}`
  return imported ? `Übernommen: ${words}` : words
}
