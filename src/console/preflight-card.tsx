import type { Preflight } from '../broadcasts/preflight.ts'
import type { Channel } from '../channels/channel.ts'
import { count, counted, dateTime, duration, euros } from './format.ts'
import { Badge, Facts } from './parts.tsx'
import { templateCategories, templateStates } from './texts.de.ts'

export type Light = 'success' | 'warning' | 'danger'
type Check = { light: Light; text: string }

/** What speaks for and against sending, worst first. */
export function checksOf(seen: Preflight): Check[] {
  const { template, forecast, stopped, dailyLimit, qualityRating, veryOften, problems } = seen
  const checks: Check[] = []
  const add = (light: Light, text: string) => checks.push({ light, text })
  if (stopped) add('danger', 'Der Kanal ist angehalten. Zurzeit geht nichts hinaus.')
  if (template?.status === 'APPROVED') add('success', 'Die Vorlage ist von WhatsApp freigegeben.')
  else
    add(
      'danger',
      `Die Vorlage kann nicht gesendet werden: ${templateStates[template?.status ?? '']?.[0] ?? 'nicht bekannt'}.`,
    )
  if (problems.length > 0) add('warning', 'Es fehlen noch Angaben, oder einige stimmen nicht.')
  if (forecast.recipients === 0) add('warning', 'Zurzeit bekommt niemand diese Meldung.')
  if (forecast.finishesAt === null && forecast.recipients > 0)
    add('danger', 'Mit dem Tageslimit von WhatsApp ist diese Meldung nicht zu schaffen.')
  else if (!forecast.fitsDailyLimit)
    add(
      'warning',
      `Das Tageslimit von ${count(dailyLimit ?? 0)} Personen reicht nicht. Der Rest folgt, sobald es wieder Platz gibt.`,
    )
  else if (forecast.recipients > 0) add('success', 'Das Tageslimit von WhatsApp reicht.')
  if (forecast.waits.some(({ reason }) => reason === 'quiet-hours'))
    add('warning', 'Ein Teil fällt in die Ruhezeit und wartet, bis sie vorbei ist.')
  if (veryOften) add('warning', 'Diese Meldung geht öfter als einmal in der Stunde an alle. Ist das gewollt?')
  if (qualityRating === 'RED')
    add('warning', 'WhatsApp bewertet die Qualität des Kanals als niedrig. Senden Sie nur, was nötig ist.')
  const order: Light[] = ['danger', 'warning', 'success']
  return checks.sort((a, b) => order.indexOf(a.light) - order.indexOf(b.light))
}

const WORDS: Readonly<Record<Light, string>> = {
  success: 'Alles bereit',
  warning: 'Bitte beachten',
  danger: 'So kann sie nicht gesendet werden',
}

/** The last look before a broadcast leaves: green, amber or red, with the reasons. */
export const PreflightCard = ({ of, channel }: { of: Preflight; channel: Channel }) => {
  const checks = checksOf(of)
  const light = checks[0]?.light ?? 'success'
  const { forecast, template, withoutMarketing } = of
  return (
    <div class={`card preflight preflight-${light}`}>
      <p class="verdict">
        <Badge tone={light}>
          {light === 'warning' && of.problems.length > 0 ? 'Noch nicht vollständig' : WORDS[light]}
        </Badge>
      </p>
      <ul class="checks">
        {checks.map(({ light: tone, text }) => (
          <li>
            <span class={`kern-icon kern-icon--${tone} kern-icon--small`} aria-hidden="true" />
            <span class="kern-sr-only">
              {tone === 'success' ? 'In Ordnung: ' : tone === 'warning' ? 'Beachten: ' : 'Fehlt: '}
            </span>
            {text}
          </li>
        ))}
      </ul>
      <Facts
        of={[
          [
            'Empfänger',
            <>
              <strong>{count(forecast.recipients)}</strong>
              {withoutMarketing > 0 &&
                ` von ${count(forecast.recipients + withoutMarketing)}: ${counted(withoutMarketing, 'Person hat', 'Personen haben')} Werbung in WhatsApp abgestellt.`}
            </>,
          ],
          ['Reine Sendezeit', forecast.recipients > 0 ? duration(forecast.seconds) : null],
          [
            'Fertig',
            forecast.finishesAt && forecast.recipients > 0 ? dateTime(forecast.finishesAt, channel.timezone) : null,
          ],
          ['Kosten höchstens', forecast.costEur === null ? 'nicht bekannt' : euros(forecast.costEur)],
          ['Art der Vorlage', template ? (templateCategories[template.category] ?? template.category) : null],
        ]}
      />
    </div>
  )
}
