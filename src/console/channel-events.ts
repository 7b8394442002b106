import type { ChannelEvent } from '../channels/channel-health.ts'
import type { EventKind } from '../channels/channels.ts'
import { reasons } from '../whatsapp/reasons.ts'
import { count } from './format.ts'
import { templateCategories, templateStates } from './texts.de.ts'

type AboutTemplate = Extract<EventKind, `template-${string}`>

const PLAIN: Readonly<Record<Exclude<EventKind, AboutTemplate | 'sending-limited'>, string>> = {
  'channel-stopped': 'Der Kanal wurde angehalten.',
  'channel-resumed': 'Der Kanal sendet wieder.',
  'inbox-gone': 'Der Posteingang hat sich abgemeldet.',
  'inbox-resumed': 'Die Weiterleitung an den Posteingang läuft wieder.',
  'phone-quality': 'WhatsApp hat Qualität oder Tageslimit der Rufnummer geändert.',
  'limit-checked': 'Die Prüfung der Rufnummer ergab ein anderes Tageslimit.',
  capability: 'WhatsApp hat das Tageslimit geändert.',
  'account-update': 'WhatsApp hat etwas am Konto geändert.',
  'account-review': 'WhatsApp prüft das Konto.',
  'name-review': 'WhatsApp prüft den Anzeigenamen der Rufnummer.',
  security: 'WhatsApp meldet etwas zur Sicherheit der Rufnummer.',
  alert: 'WhatsApp hat einen Hinweis zum Konto geschickt.',
  notice: 'WhatsApp hat einen Fehler gemeldet.',
  'number-changed-hands': 'Eine Rufnummer gehört jetzt jemand anderem; die alte Anmeldung gilt nicht mehr.',
  'contacts-united': 'Zwei Einträge gehören zu einer Person und wurden zusammengeführt.',
}

const IF_IT_WAS_NOBODY = 'Wenn das niemand von Ihnen war, sagen Sie bitte gleich der Technik Bescheid.'

/** By kind and by Meta's own word: a sentence that says more. */
const EXACT: Readonly<Record<string, string>> = {
  'account-update DISABLE': 'WhatsApp hat das Konto gesperrt.',
  'account-update SCHEDULE_FOR_DISABLE': 'WhatsApp hat angekündigt, das Konto zu sperren. Noch ist es nicht gesperrt.',
  'account-update REINSTATE': 'WhatsApp hat die Sperre des Kontos zurückgenommen.',
  'account-update ACCOUNT_RESTRICTION': 'WhatsApp hat das Konto eingeschränkt.',
  'account-update ACCOUNT_VIOLATION': 'WhatsApp sieht einen Verstoß gegen seine Regeln.',
  'account-update ACCOUNT_DELETED': 'Das Konto bei WhatsApp wurde gelöscht.',
  'account-update ACCOUNT_OFFBOARDED': 'Das Konto bei WhatsApp wurde abgemeldet.',
  'account-update ACCOUNT_RECONNECTED': 'Das Konto bei WhatsApp ist wieder angemeldet.',
  'account-review APPROVED': 'WhatsApp hat das Konto geprüft und freigegeben.',
  'account-review REJECTED':
    'WhatsApp hat das Konto geprüft und nicht freigegeben. Bitte prüfen Sie den Grund im Konto bei Meta.',
  'account-review DEFERRED': 'WhatsApp hat die Prüfung des Kontos verschoben.',
  'name-review APPROVED': 'WhatsApp hat den Anzeigenamen der Rufnummer freigegeben.',
  'name-review REJECTED':
    'WhatsApp hat den Anzeigenamen der Rufnummer abgelehnt. Bitte geben Sie im Konto bei Meta einen anderen an.',
  'name-review DEFERRED': 'WhatsApp hat die Prüfung des Anzeigenamens verschoben.',
  'security PIN_CHANGED': `Die PIN der Rufnummer wurde geändert. ${IF_IT_WAS_NOBODY}`,
  'security PIN_RESET_REQUEST': `Jemand möchte die PIN der Rufnummer zurücksetzen. ${IF_IT_WAS_NOBODY}`,
  'security PIN_REQUEST_SUCCESS': `Die PIN der Rufnummer wurde zurückgesetzt. ${IF_IT_WAS_NOBODY}`,
}

/** What Meta or the service told about a channel, as a sentence. */
export function eventWords({ kind, detail }: Pick<ChannelEvent, 'kind' | 'detail'>): string {
  const facts = (detail ?? {}) as Record<string, unknown>
  const name = typeof facts.name === 'string' ? `Vorlage „${facts.name}“` : 'Eine Vorlage'
  const word = (key: string) => (typeof facts[key] === 'string' ? facts[key] : '')
  switch (kind as EventKind) {
    case 'template-status':
      return `${name}: ${templateStates[word('status')]?.[0] ?? word('status')}.`
    case 'template-quality':
      return `${name}: WhatsApp hat die Qualität neu bewertet.`
    case 'template-category':
      return `${name}: Art geändert${word('category') ? ` in „${templateCategories[word('category')] ?? word('category')}“` : ''}.`
    case 'template-components':
      return `${name}: Inhalt geändert.`
    case 'sending-limited': {
      const [what, advice] = reasons[facts.reason === 'category' ? 'category' : 'spam']
      return `${what} ${advice}`
    }
    default: {
      const exact = EXACT[`${kind} ${word('banState') || word('decision') || word('event')}`]
      const plain = exact ?? (PLAIN as Readonly<Record<string, string>>)[kind] ?? 'WhatsApp hat etwas gemeldet.'
      const { limit } = facts
      if (limit !== null && typeof limit !== 'number') return plain
      return `${plain} Neues Limit: ${limit === null ? 'keines' : count(limit)}.`
    }
  }
}
