import type { Channel } from '../channels/channel.ts'
import { statusLines } from '../channels/replies.ts'
import type { Contact } from '../contacts/contacts.ts'
import { maskPhone } from '../contacts/mask.ts'
import type { ActiveSubscription } from '../subscriptions/subscriptions.ts'
import { purposesOf } from './purposes.ts'

/** The short answer to `auskunft`: what is stored, why and how long, in a few plain lines for a phone. */
export function disclosureWords(
  channel: Channel,
  contact: Contact,
  active: readonly ActiveSubscription[],
  chatOpen: boolean,
): string {
  const en = channel.language === 'en'
  const { phone, userId, name } = contact
  const ids = [
    phone && `${en ? 'your number' : 'Ihre Nummer'} ${maskPhone(phone)}`,
    userId && (en ? 'your WhatsApp id' : 'Ihre WhatsApp-Kennung'),
    name && (en ? 'your name at WhatsApp' : 'Ihren Namen bei WhatsApp'),
  ].filter((id): id is string => Boolean(id))
  const list = new Intl.ListFormat(channel.language).format(ids)
  const purposes = purposesOf(channel).map(
    ({ data, purpose, kept }) =>
      `• ${data[0]!.toUpperCase()}${data.slice(1)}: ${purpose}. ${en ? 'Kept' : 'Dauer'}: ${kept}.`,
  )
  return [
    en ? `About you we store ${list}.` : `Über Sie speichern wir ${list}.`,
    statusLines(channel, active, chatOpen),
    en ? 'What for, and how long:' : 'Wozu und wie lange:',
    ...purposes,
  ].join('\n')
}
