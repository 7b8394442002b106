import type { Texts } from './replies.ts'

/** Was Bürgerinnen und Bürger lesen. Höflich, kurz, ohne Fachwörter; jede Nachricht kostet Geld, also immer nur eine. */
export const textsDe: Texts = {
  replies: {
    greeting:
      'Guten Tag, hier ist {name} ({town}).\n\n{offers}\n\nWas wir speichern: {noticeUrl}\nIn Notfällen wählen Sie bitte 112 oder 110.',
    messageKept:
      'Ihre Nachricht leiten wir weiter, sobald Sie dem Chat zustimmen. Sonst löschen wir sie nach 24 Stunden ungelesen.',
    joinedInfo:
      'Willkommen! Sie sind jetzt beim Infokanal „{name}“ angemeldet. Abmelden können Sie sich jederzeit: Schreiben Sie {leaveInfo}. Datenschutz: {noticeUrl}',
    joinedChat:
      'Sie sind jetzt im Chat mit: {town}. Schreiben Sie uns Ihr Anliegen, möglich sind {accepts}. Beenden können Sie den Chat jederzeit: Schreiben Sie {leaveChat}. Datenschutz: {noticeUrl}',
    joinedChatForwarded:
      'Danke, wir haben Ihre Nachricht weitergeleitet. Sie sind jetzt im Chat mit: {town}. Beenden können Sie ihn jederzeit: Schreiben Sie {leaveChat}. Datenschutz: {noticeUrl}',
    alreadyInInfo:
      'Sie sind bereits beim Infokanal angemeldet. Abmelden können Sie sich jederzeit: Schreiben Sie {leaveInfo}. Datenschutz: {noticeUrl}',
    alreadyInChat:
      'Sie sind bereits im Chat. Schreiben Sie uns einfach Ihr Anliegen. Beenden können Sie den Chat mit {leaveChat}. Datenschutz: {noticeUrl}',
    leftInfo:
      'Sie sind abgemeldet und bekommen keine Meldungen vom Infokanal „{name}“ mehr. Wieder anmelden können Sie sich mit {joinInfo}.',
    leftChat: 'Der Chat ist beendet. Möchten Sie uns wieder schreiben, beginnen Sie bitte mit {joinChat}.',
    leftOpenChat: 'Der Chat ist beendet. Möchten Sie uns wieder schreiben, genügt eine Nachricht.',
    leftAll:
      'Sie sind von allem abgemeldet und bekommen keine Nachrichten mehr von „{name}“. Möchten Sie, dass wir auch Ihre Daten löschen, schreiben Sie LÖSCHEN.',
    notInInfo:
      'Sie sind beim Infokanal nicht angemeldet und bekommen keine Meldungen. Anmelden können Sie sich mit {joinInfo}.',
    notInChat: 'Sie sind nicht im Chat. Beginnen können Sie ihn mit {joinChat}.',
    notInOpenChat: 'Zurzeit ist kein Chat offen. Möchten Sie uns schreiben, genügt eine Nachricht.',
    notInAny: 'Sie sind nirgends angemeldet und bekommen keine Nachrichten von uns.',
    help: '{name}: Das können Sie schreiben.\n\n{commands}\n\nWas wir speichern: {noticeUrl}\nIn Notfällen wählen Sie bitte 112 oder 110.',
    status: '{status}\n\nWas wir über Sie speichern, erfahren Sie mit AUSKUNFT.',
    noInfoHere:
      'Einen Infokanal gibt es hier nicht: Wir haben Sie für nichts angemeldet. Sie können uns aber schreiben, möglich sind {accepts}. Aktuelle Meldungen finden Sie auf {website}.',
    noChatHere:
      'Nachrichten können wir auf diesem Kanal leider nicht lesen. Wie Sie uns erreichen, steht auf {website}. Mit HILFE sehen Sie, was hier möglich ist.',
    refusedType:
      'Das können wir hier leider nicht lesen und haben es nicht weitergeleitet. Möglich sind {accepts}. Andere Wege zu uns finden Sie auf {website}.',
    refusedCall:
      'Anrufe können wir hier leider nicht annehmen. Schreiben Sie uns gern, möglich sind {accepts}. Andere Wege zu uns finden Sie auf {website}. In Notfällen wählen Sie bitte 112 oder 110.',
    chatOpened:
      'Danke für Ihre Nachricht an: {town}. Wir antworten Ihnen hier. {erasure} Beenden können Sie den Chat jederzeit: Schreiben Sie {leaveChat}. Datenschutz: {noticeUrl}',
    optInAsk:
      'Dürfen wir Ihre Nachricht weiterleiten und Ihnen hier antworten? Dann tippen Sie bitte auf den Knopf oder schreiben Sie {joinChat}. Sonst löschen wir sie nach 24 Stunden ungelesen. Datenschutz: {noticeUrl}',
    officeClosed:
      '{closure} Wir lesen Ihre Nachricht {opening}. In Notfällen wählen Sie bitte 112 (Feuerwehr, Rettungsdienst) oder 110 (Polizei).',
    askBack: 'Meinten Sie {keyword}? Dann tippen Sie bitte auf den Knopf oder schreiben Sie {keyword}.',
    unchanged: 'Gut, es bleibt alles, wie es ist.',
    topicsHint: 'Sie bekommen alle Themen. Möchten Sie nur einzelne, wählen Sie unten aus oder schreiben Sie THEMEN.',
    topicsAsk: 'Sie bekommen zurzeit: {chosen}. Welche Themen möchten Sie? Wählen Sie eines nach dem anderen aus.',
    topicsChosen:
      'Sie bekommen jetzt: {chosen}. Ändern können Sie das mit THEMEN, abmelden können Sie sich mit {leaveInfo}.',
    disclosure: '{data}\n\nDie ganze Auskunft: {link}\nDer Link gilt nur einmal und nur für Sie.',
    eraseAsk:
      'Sollen wir alles löschen, was wir über Sie gespeichert haben? Ihre Anmeldungen enden damit. Das lässt sich nicht rückgängig machen. Tippen Sie auf den Knopf oder schreiben Sie JA.',
    notErased:
      'Es ist noch nichts gelöscht. Wenn Sie das möchten, tippen Sie bitte oben auf „Ja, alles löschen“ oder schreiben Sie LÖSCHEN.',
    erased:
      'Wir haben gelöscht, was wir über Sie gespeichert hatten. Sie bekommen keine Nachrichten mehr von uns. Es bleibt nur ein Nachweis, aus dem niemand Ihre Nummer lesen kann. Erst wenn Sie uns wieder schreiben, speichern wir sie von Neuem.',
  },
  buttons: {
    joinInfo: 'Infokanal bekommen',
    joinChat: 'Chat beginnen',
    leaveInfo: 'Infokanal abmelden',
    leaveChat: 'Chat beenden',
    leaveAll: 'Alles abmelden',
    keep: 'Nein',
    help: 'Hilfe',
    eraseYes: 'Ja, alles löschen',
    eraseNo: 'Nein, nichts löschen',
    allTopics: 'Alle Themen',
    chooseTopics: 'Themen auswählen',
  },
  phrases: {
    offerInfo: '{joinInfo}: Meldungen der Stadt bekommen',
    offerChat: '{joinChat}: uns eine Nachricht schreiben',
    anyMessage: 'Schreiben Sie uns einfach Ihr Anliegen, möglich sind {accepts}.',
    leaveInfo: '{leaveInfo}: keine Meldungen mehr',
    leaveChat: '{leaveChat}: den Chat beenden',
    builtIn:
      'STATUS: wozu Sie angemeldet sind\nSTOP ALLES: von allem abmelden\nAUSKUNFT: was wir über Sie speichern\nLÖSCHEN: alles über Sie löschen',
    erasure: 'Ist Ihr Anliegen erledigt, löschen wir Ihre Nummer, Ihren Namen und den ganzen Chat.',
    info: 'Infokanal',
    chat: 'Chat',
    subscribedSince: 'angemeldet seit {day}',
    withTopics: 'Themen: {topics}',
    allTopics: 'alle Themen',
    everyTopic: 'jede Meldung bekommen, auch zu neuen Themen',
    addTopic: 'dazunehmen',
    dropTopic: 'ausgewählt, hier abwählen',
    onlyTopic: 'ausgewählt',
    moreTopics: 'Weitere Themen …',
    topicsWord: 'THEMEN: aussuchen, wozu Sie Meldungen bekommen',
    notSubscribed: 'nicht angemeldet',
    today: 'heute',
    onDay: 'am {day}',
    fromTime: '{day} ab {time} Uhr',
    holiday: 'Heute ist',
    noConsentNeeded: 'Schreiben Sie uns einfach.',
    openMatter: 'Ihr Anliegen ist noch offen. Beenden können Sie den Chat mit {leaveChat}.',
  },
  kinds: {
    text: 'Text',
    image: 'Fotos',
    video: 'Videos',
    audio: 'Sprachnachrichten',
    document: 'Dokumente',
    sticker: 'Sticker',
    location: 'Standorte',
    contacts: 'Kontakte',
    reaction: 'Reaktionen',
  },
}
