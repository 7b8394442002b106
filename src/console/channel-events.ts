import type { ChannelEvent } from '../channels/channel-health.ts'
import { templateCategories, templateStates } from './texts.de.ts'

const PLAIN: Readonly<Record<string, string>> = {
  'channel-stopped': 'Der Kanal wurde angehalten.',
  'channel-resumed': 'Der Kanal sendet wieder.',
  'inbox-gone': 'Der Posteingang hat sich abgemeldet.',
  'inbox-resumed': 'Die Weiterleitung an den Posteingang läuft wieder.',
  'phone-quality': 'WhatsApp hat Qualität oder Tageslimit der Rufnummer geändert.',
  capability: 'WhatsApp hat das Tageslimit geändert.',
  'account-update': 'WhatsApp hat etwas am Konto geändert.',
  alert: 'WhatsApp hat einen Hinweis zum Konto geschickt.',
  notice: 'WhatsApp hat einen Fehler gemeldet.',
  'number-changed-hands': 'Eine Rufnummer gehört jetzt jemand anderem; die alte Anmeldung gilt nicht mehr.',
  'identity-conflict': 'Zwei Einträge gehören zu einer Person und wurden zusammengeführt.',
}

/** What Meta or the service told about a channel, as a sentence. */
export function eventWords({ kind, detail }: Pick<ChannelEvent, 'kind' | 'detail'>): string {
  const facts = (detail ?? {}) as Record<string, unknown>
  const name = typeof facts.name === 'string' ? `Vorlage „${facts.name}“` : 'Eine Vorlage'
  const word = (key: string) => (typeof facts[key] === 'string' ? facts[key] : '')
  switch (kind) {
    case 'template-status':
      return `${name}: ${templateStates[word('status')]?.[0] ?? word('status')}.`
    case 'template-quality':
      return `${name}: WhatsApp hat die Qualität neu bewertet.`
    case 'template-category':
      return `${name}: Art geändert${word('category') ? ` in „${templateCategories[word('category')] ?? word('category')}“` : ''}.`
    case 'template-components':
      return `${name}: Inhalt geändert.`
    default: {
      const plain = PLAIN[kind] ?? `Meldung von WhatsApp: ${kind}.`
      return typeof facts.limit === 'number'
        ? `${plain} Neues Limit: ${facts.limit < 0 ? 'keines' : facts.limit}.`
        : plain
    }
  }
}
