import type { Channel } from '../channels/channel.ts'

/** One kind of data with its reason and its end, in the channel's language. */
export type Purpose = { data: string; purpose: string; ground: string; kept: string }

const DAY_MS = 86_400_000

/** '30 Tage', '12 Stunden' */
export function lasting(ms: number, language: Channel['language']): string {
  const units = [
    ['day', DAY_MS],
    ['hour', 3_600_000],
    ['minute', 60_000],
  ] as const
  const [unit, size] = units.find(([, size]) => ms >= size && ms % size === 0) ?? units[2]
  return new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'long' }).format(Math.round(ms / size))
}

/** What this channel stores, why and how long: the truth of its file, told the same in every place. */
export function purposesOf(channel: Channel): Purpose[] {
  const { retention } = channel.privacy
  const { info, chat } = channel.offerings
  const time = (ms: number) => lasting(ms, channel.language)
  const en = channel.language === 'en'
  const say = (german: string, english: string) => (en ? english : german)
  const consent = say('Ihre Einwilligung (Art. 6 Abs. 1 Buchst. a DSGVO)', 'your consent (Art. 6(1)(a) GDPR)')
  const duty = say(
    'öffentliche Aufgabe (Art. 6 Abs. 1 Buchst. e DSGVO)',
    'task in the public interest (Art. 6(1)(e) GDPR)',
  )
  const proof = say(
    'Nachweispflicht (Art. 5 Abs. 2 und Art. 7 Abs. 1 DSGVO)',
    'duty of proof (Art. 5(2) and 7(1) GDPR)',
  )
  const objection = say(
    'Ihr Widerruf oder Widerspruch (Art. 6 Abs. 1 Buchst. c, Art. 7 Abs. 3 und Art. 21 DSGVO)',
    'your withdrawal or objection (Art. 6(1)(c), 7(3) and 21 GDPR)',
  )
  return [
    {
      data: say('Nummer, Kennung und Name bei WhatsApp', 'number, id and name at WhatsApp'),
      purpose: say('damit unsere Nachrichten Sie erreichen', 'so that our messages reach you'),
      ground: chat && !chat.optInRequired && !info ? duty : consent,
      kept: chat?.eraseOnClose
        ? say(
            `${info ? 'solange Sie angemeldet sind, sonst ' : ''}bis Ihr Anliegen erledigt ist; haben Sie keines, ${time(retention.contactsMs)}`,
            `${info ? 'while you are subscribed, else ' : ''}until your matter is settled; without one, for ${time(retention.contactsMs)}`,
          )
        : say(
            `solange Sie angemeldet sind oder ein Anliegen offen ist, danach ${time(retention.contactsMs)}`,
            `while you are subscribed or a matter is open, then for ${time(retention.contactsMs)}`,
          ),
    },
    ...(info
      ? [
          {
            data: say('Anmeldung und gewählte Themen', 'subscription and chosen topics'),
            purpose: say('damit Sie die Meldungen bekommen, die Sie möchten', 'so that you get the messages you want'),
            ground: consent,
            kept: say(
              'bis Sie sich abmelden; wann das war, bis Ihre Nummer gelöscht wird',
              'until you leave; when that was, until your number is deleted',
            ),
          },
          {
            data: say('wann Sie Werbung in WhatsApp abgestellt haben', 'when you stopped advertising inside WhatsApp'),
            purpose: say('damit Sie nichts Werbliches bekommen', 'so that you get nothing of it'),
            ground: objection,
            kept: say('bis Sie sie wieder zulassen', 'until you allow it again'),
          },
          {
            data: say(
              'welche Meldung Sie bekamen, und ob sie ankam',
              'which messages you got and whether they arrived',
            ),
            purpose: say('damit keine Meldung fehlt oder doppelt kommt', 'so that none is missed or sent twice'),
            ground: consent,
            kept: say(
              `${time(retention.recipientsMs)}, danach nur noch als Anzahl`,
              `${time(retention.recipientsMs)}, then as a number only`,
            ),
          },
          {
            data: say(
              'wie viele Meldungen in Folge Sie nicht erreichten',
              'how many messages in a row did not reach you',
            ),
            purpose: say(
              'damit wir nicht an Nummern schreiben, die es nicht mehr gibt',
              'so that we write to no dead number',
            ),
            ground: say(
              'Datenrichtigkeit (Art. 5 Abs. 1 Buchst. c und d DSGVO)',
              'accuracy (Art. 5(1)(c) and (d) GDPR)',
            ),
            kept: say('bis wieder eine ankommt', 'until one arrives again'),
          },
        ]
      : []),
    ...(chat
      ? [
          {
            data: say(
              'Ihre Anliegen: wann, wie viele Nachrichten, welcher Art',
              'your matters: when, how many messages',
            ),
            purpose: say('damit die Stadt Ihnen antworten kann', 'so that the town can answer you'),
            ground: chat.optInRequired ? consent : duty,
            kept: chat.eraseOnClose
              ? say('bis Ihr Anliegen erledigt ist', 'until your matter is settled')
              : say(`${time(retention.chatsMs)} nach dem Ende`, `${time(retention.chatsMs)} after the end`),
          },
        ]
      : []),
    ...(chat?.optInRequired
      ? [
          {
            data: say('Ihre Nachricht, bevor Sie dem Chat zustimmen', 'your message before you agree to the chat'),
            purpose: say('damit sie nach Ihrem Ja weitergeht', 'so that it goes on after your yes'),
            ground: duty,
            kept: say('24 Stunden, ungelesen', '24 hours, unread'),
          },
        ]
      : []),
    {
      data: say(
        'unsere automatischen Antworten, und wann Sie Nein sagten',
        'our automatic answers, and when you said no',
      ),
      purpose: say(
        'damit Sie nichts immer wieder bekommen und Ihr Nein auch gegen Listen gilt',
        'so that you get nothing over and over, and your no counts against lists',
      ),
      ground: duty,
      kept: say(
        `die Antworten ${time(retention.recipientsMs)}, die Zeiten, bis Ihre Nummer gelöscht wird`,
        `the answers for ${time(retention.recipientsMs)}, the times until your number is deleted`,
      ),
    },
    {
      data: say('frühere Nummern und Kennungen, nur als Prüfwert', 'former numbers and ids, as keyed hashes only'),
      purpose: say('damit ein Nein auch von dort gilt', 'so that a no from there counts, too'),
      ground: objection,
      kept: say('bis Ihre Nummer gelöscht wird', 'until your number is deleted'),
    },
    {
      data: say(
        'Nachweis Ihrer Zu- und Absagen, ohne Nummer und Namen',
        'proof of your yes and no, without number or name',
      ),
      purpose: say('damit sich jede Einwilligung beweisen lässt', 'so that every consent can be proven'),
      ground: proof,
      kept: say(
        'dauerhaft; nach dem Löschen kann niemand daraus Ihre Nummer lesen',
        'for good; after erasure nobody can read your number from it',
      ),
    },
    {
      data: say(
        'nach dem Löschen, und nach dem Nein von jemandem, der uns unbekannt ist: Prüfwert der Nummer und Kennung',
        'after an erasure, and after the no of somebody unknown to us: keyed hashes of number and id',
      ),
      purpose: say('damit keine Liste Sie zurückbringt', 'so that no list brings you back'),
      ground: objection,
      kept: say('dauerhaft', 'for good'),
    },
    {
      data: say('Kennungen eingegangener Nachrichten, verschlüsselt', 'ids of received messages, keyed'),
      purpose: say('damit keine Nachricht doppelt zählt', 'so that no message counts twice'),
      ground: duty,
      kept: time(Math.max(retention.inboundIdsMs, 7 * DAY_MS)),
    },
    {
      data: say(
        'wer in der Verwaltung was eingesehen oder geändert hat',
        'who in the office looked at or changed what',
      ),
      purpose: say('damit jeder Zugriff nachvollziehbar ist', 'so that every access is accounted for'),
      ground: proof,
      kept: time(retention.auditMs),
    },
  ]
}
