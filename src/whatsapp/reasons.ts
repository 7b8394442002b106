/**
 * Why WhatsApp refused, in the words of a town hall: what happened, and what to do about it.
 * Several codes of Meta share a sentence; `outcome.ts` says which.
 */
export const reasons = {
  token: [
    'WhatsApp nimmt unseren Zugangsschlüssel nicht mehr an.',
    'Bitte lassen Sie die Technik einen neuen Zugangsschlüssel hinterlegen. Der Versand ruht bis dahin.',
  ],
  permission: [
    'Unserem Zugang fehlt bei WhatsApp ein Recht.',
    'Bitte lassen Sie die Technik die Rechte des Zugangs bei Meta prüfen. Der Versand ruht bis dahin.',
  ],
  number: [
    'WhatsApp kennt die eingetragene Rufnummer oder das Konto nicht.',
    'Bitte lassen Sie die Technik Rufnummer und Konto in der Kanaldatei prüfen.',
  ],
  registration: [
    'Unsere Rufnummer ist bei WhatsApp nicht (richtig) angemeldet.',
    'Bitte lassen Sie die Technik die Rufnummer bei Meta neu anmelden.',
  ],
  'display-name': [
    'Der Anzeigename unserer Rufnummer ist bei WhatsApp noch nicht bestätigt.',
    'Bitte reichen Sie den Anzeigenamen bei Meta ein und warten Sie die Bestätigung ab.',
  ],
  blocked: [
    'WhatsApp hat unser Konto gesperrt.',
    'Bitte prüfen Sie den Grund im Konto bei Meta und legen Sie dort gegebenenfalls Widerspruch ein.',
  ],
  'ban-announced': [
    'WhatsApp hat angekündigt, unser Konto zu sperren.',
    'Noch ist es nicht gesperrt. Vorsorglich senden wir nichts mehr. Bitte prüfen Sie Grund und Termin im Konto bei Meta und legen Sie dort gegebenenfalls Widerspruch ein. Nimmt WhatsApp die Ankündigung zurück, geht es von selbst weiter. Hat sich die Sache anders geklärt, gibt die Verwaltung den Kanal mit „Wieder senden“ frei.',
  ],
  payment: [
    'WhatsApp kann den Versand nicht abrechnen.',
    'Bitte hinterlegen oder erneuern Sie die Zahlungsart im Konto bei Meta.',
  ],
  quota: [
    'Wir haben bei WhatsApp gerade zu oft angefragt.',
    'Sie müssen nichts tun: Es geht in einigen Minuten von selbst weiter.',
  ],
  speed: [
    'WhatsApp nimmt im Moment nicht mehr Nachrichten je Sekunde an.',
    'Sie müssen nichts tun: Wir senden langsamer weiter.',
  ],
  pair: [
    'Diese Person hat gerade sehr viele Nachrichten von uns bekommen.',
    'Sie müssen nichts tun: Wir senden gleich weiter.',
  ],
  outage: ['WhatsApp ist vorübergehend gestört.', 'Sie müssen nichts tun: Wir versuchen es erneut.'],
  maintenance: [
    'Unsere Rufnummer wird bei WhatsApp gerade gewartet.',
    'Sie müssen nichts tun: Wir versuchen es nach einer Minute erneut.',
  ],
  unreachable: [
    'Die Nachricht konnte nicht zugestellt werden. WhatsApp sagt nicht, warum: Die Nummer hat vielleicht kein WhatsApp (mehr) oder eine alte Fassung.',
    'Sie müssen nichts tun. Wer auf Dauer nicht erreichbar ist, wird nach der eingestellten Frist aus der Liste genommen.',
  ],
  'blocked-person': [
    'Wir haben diese Person selbst blockiert.',
    'Heben Sie die Blockierung auf, wenn Sie ihr wieder schreiben möchten.',
  ],
  experiment: [
    'WhatsApp hat die Nachricht wegen eines eigenen Versuchs zurückgehalten.',
    'Sie müssen nichts tun. Die nächste Meldung kann wieder ankommen.',
  ],
  country: [
    'Unser Konto darf in dieses Land nicht senden.',
    'Betrifft es viele Personen, prüfen Sie bitte die Länderfreigabe im Konto bei Meta.',
  ],
  ourselves: ['Das ist unsere eigene Rufnummer.', 'Bitte verwenden Sie eine andere Nummer.'],
  'test-number': [
    'Unsere Rufnummer ist noch eine Testnummer und darf nur an freigegebene Nummern senden.',
    'Bitte geben Sie diese Nummer bei Meta frei oder melden Sie eine echte Rufnummer an.',
  ],
  window: [
    'Seit der letzten Nachricht dieser Person sind mehr als 24 Stunden vergangen.',
    'Frei antworten können Sie wieder, sobald die Person sich meldet. Eine freigegebene Vorlage geht jederzeit.',
  ],
  spam: [
    'WhatsApp bremst uns, weil zu viele Nachrichten blockiert oder als unerwünscht gemeldet wurden.',
    'Bitte senden Sie vorerst keine Meldungen und prüfen Sie die Qualität der Rufnummer bei Meta.',
  ],
  cap: [
    'WhatsApp hat die Nachricht zurückgehalten, damit diese Person nicht zu viele Mitteilungen bekommt.',
    'Bitte versuchen Sie es frühestens nach 24 Stunden wieder.',
  ],
  stopped: [
    'Die Person hat Mitteilungen von uns in WhatsApp abbestellt.',
    'Sie müssen nichts tun: Wir senden ihr keine Meldungen mehr.',
  ],
  'message-kind': ['Diese Art von Nachricht unterstützt WhatsApp nicht.', 'Bitte wählen Sie eine andere Form.'],
  'their-media': [
    'Das Bild oder die Datei der Person ließ sich nicht laden, vielleicht ist sie zu groß.',
    'Bitten Sie die Person, es kleiner noch einmal zu senden.',
  ],
  'their-message': [
    'Der Inhalt dieser Nachricht ist nicht verfügbar.',
    'Bitten Sie die Person, sie noch einmal zu senden.',
  ],
  'our-media': [
    'WhatsApp konnte das Bild oder die Datei dieser Nachricht nicht laden.',
    'Bitte prüfen Sie Adresse, Format und Größe und senden Sie danach weiter.',
  ],
  'user-id': [
    'An diese Person kann die Nachricht ohne Rufnummer nicht gesendet werden.',
    'Das geht erst, wenn ihre Rufnummer bekannt ist.',
  ],
  'marketing-off': [
    'Der Versand von Mitteilungen der Art „Marketing“ ist im Konto abgeschaltet.',
    'Bitte schalten Sie ihn im Konto bei Meta ein.',
  ],
  category: [
    'WhatsApp hat den Versand begrenzt, weil Vorlagen falsch eingeordnet sind.',
    'Bitte ordnen Sie die Vorlagen richtig ein. Die Sperre endet von selbst.',
  ],
  'template-missing': [
    'Diese Vorlage gibt es bei WhatsApp in dieser Sprache nicht, oder sie ist nicht freigegeben.',
    'Bitte prüfen Sie den Stand der Vorlage und senden Sie nach der Freigabe weiter.',
  ],
  'template-count': [
    'Die Vorlage verlangt eine andere Zahl von Angaben.',
    'Bitte öffnen Sie die Meldung: Die Vorlage wurde bei WhatsApp vermutlich geändert.',
  ],
  'template-form': [
    'Eine Angabe passt nicht zur Vorlage, etwa wegen eines Zeilenumbruchs oder vieler Leerzeichen.',
    'Bitte öffnen Sie die Meldung und berichtigen Sie die Angabe.',
  ],
  'template-length': ['Der fertige Text ist für WhatsApp zu lang.', 'Bitte kürzen Sie die Angaben der Meldung.'],
  'template-policy': [
    'Der Inhalt verstößt nach Ansicht von WhatsApp gegen die Regeln.',
    'Bitte formulieren Sie die Meldung oder die Vorlage anders.',
  ],
  'template-paused': [
    'WhatsApp hat diese Vorlage angehalten, weil viele Menschen sie nicht haben wollten.',
    'Bitte warten Sie, bis die Vorlage wieder freigegeben ist. Die Meldung kann danach weiterlaufen.',
  ],
  'template-disabled': [
    'WhatsApp hat diese Vorlage endgültig abgeschaltet.',
    'Bitte legen Sie eine neue Vorlage mit anderem Inhalt an.',
  ],
  'template-rules': [
    'Die Vorlage erfüllt die Vorgaben von WhatsApp nicht.',
    'Bitte berichtigen Sie die Vorlage an der genannten Stelle und reichen Sie sie erneut ein.',
  ],
  form: [
    'Das Formular dieser Vorlage ist bei WhatsApp gesperrt oder gedrosselt.',
    'Bitte lassen Sie die Technik das Formular prüfen.',
  ],
  product: [
    'Dieser Versandweg ist für unser Konto nicht freigeschaltet.',
    'Bitte lassen Sie die Technik den Versandweg prüfen.',
  ],
  syncing: [
    'WhatsApp übernimmt die Vorlage gerade noch.',
    'Sie müssen nichts tun: Wir versuchen es in zehn Minuten erneut.',
  ],
  terms: [
    'Im Konto bei Meta fehlt die Zustimmung zu Bedingungen.',
    'Bitte stimmen Sie dort den offenen Bedingungen zu.',
  ],
  identity: [
    'WhatsApp meldet, dass sich hinter dieser Nummer etwas geändert hat.',
    'Bitte vergewissern Sie sich, dass Sie mit der richtigen Person schreiben.',
  ],
  request: [
    'WhatsApp hat die Nachricht so nicht angenommen.',
    'Bitte prüfen Sie die Angaben. Hilft das nicht, wenden Sie sich an die Technik.',
  ],
  setup: [
    'Die Einrichtung der Rufnummer bei WhatsApp ist nicht abgeschlossen.',
    'Bitte lassen Sie die Technik die Einrichtung prüfen.',
  ],
  info: ['WhatsApp hat einen Hinweis zu unserem Konto.', 'Bitte sehen Sie im Konto bei Meta nach.'],
  other: [
    'WhatsApp hat die Nachricht aus einem uns unbekannten Grund abgelehnt.',
    'Bitte wenden Sie sich an die Technik, wenn es öfter vorkommt.',
  ],
} as const satisfies Record<string, readonly [what: string, advice: string]>

export type Reason = keyof typeof reasons
