import { Section } from './parts.tsx'
/** As § 12b BGG and its state equivalents ask for, for the console. */
export const accessibilityStatement = (
  <>
    <h1 class="kern-heading-large">Erklärung zur Barrierefreiheit</h1>
    <p class="kern-body">
      Diese Erklärung gilt für die Redaktionsoberfläche von WhatsUp und für die öffentlichen Seiten des Dienstes.
    </p>
    <Section title="Stand der Vereinbarkeit">
      <p class="kern-body">
        Die Seiten sind nach BITV 2.0 und WCAG 2.2, Stufe AA, gestaltet. Sie lassen sich ganz mit der Tastatur bedienen,
        ohne JavaScript benutzen, hell und dunkel anzeigen und auf 400 % vergrößern. Fortschritt und Fehler werden
        vorgelesen.
      </p>
    </Section>
    <Section title="Was noch nicht vollständig ist">
      <ul class="kern-list">
        <li class="kern-body">
          Die Prüfung ist eine Selbstbewertung mit automatischen Tests (axe) und einer Durchsicht. Ein Test mit
          Menschen, die Hilfsmittel benutzen, steht noch aus.
        </li>
        <li class="kern-body">
          Bilder in Meldungen haben bei WhatsApp keinen Alternativtext. Der Text der Meldung muss für sich stehen.
        </li>
        <li class="kern-body">Es gibt noch keine Fassung in Leichter Sprache und in Gebärdensprache.</li>
      </ul>
    </Section>
    <Section title="Barriere melden">
      <p class="kern-body">
        Bitte schreiben Sie der Pressestelle Ihrer Stadt, wenn Sie auf eine Barriere stoßen. Erhalten Sie innerhalb von
        vier Wochen keine zufriedenstellende Antwort, hilft die Durchsetzungs- oder Ombudsstelle Ihres Landes weiter.
      </p>
    </Section>
  </>
)
