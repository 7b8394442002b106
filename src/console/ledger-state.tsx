import type { LedgerCheck } from '../privacy/ledger-check.ts'
import type { ProvenEntry } from '../subscriptions/proof.ts'
import { count, counted, dateTime } from './format.ts'
import { Alert } from './parts.tsx'

const HELP = 'Bitte ziehen Sie die Technik und den Datenschutz hinzu.'

/** Does the ledger hold, as far as the latest walk knows? */
export const holds = ({ broken, stands }: Pick<LedgerCheck, 'broken' | 'stands'>): boolean => broken === null && stands

type WholeLedgerProps = {
  check: LedgerCheck | null
  zone: string
  /** The answer to a press of the button. */
  live?: boolean
  /** The button stands on the same page. */
  checksHere?: boolean
}

/** What the latest walk along the whole ledger found. */
export const WholeLedger = ({ check, zone, live, checksHere }: WholeLedgerProps) => {
  if (!check)
    return (
      <Alert kind="info" title="Das ganze Verzeichnis wurde noch nicht geprüft">
        Das geschieht jede Nacht von selbst, und sofort mit „Verzeichnis prüfen“
        {!checksHere && (
          <>
            {' '}
            unter <a href="/office/einwilligungen">Einwilligungen</a>
          </>
        )}
        .
      </Alert>
    )
  const when = dateTime(check.at, zone)
  if (holds(check))
    return (
      <Alert kind="success" title={`Das ganze Verzeichnis war zuletzt am ${when} unverändert`} live={live}>
        {`${counted(check.entries, 'Eintrag', 'Einträge')} dieses Kanals geprüft. Prüfsumme am Ende: `}
        <code class="secret">{check.head || '–'}</code>
      </Alert>
    )
  return (
    <Alert kind="danger" title="Das Verzeichnis wurde verändert" live={live}>
      {check.broken
        ? `Seit der Prüfung am ${when} steht fest: Ab Eintrag ${count(check.broken.seq)} stimmt die Kette nicht mehr. ${HELP}`
        : `Am ${when} war es noch unverändert, aber sein damaliges Ende steht nicht mehr darin. ${HELP}`}
    </Alert>
  )
}

/** What was found by computing the entries of one person anew, with those before and after each. */
export const OwnEntries = ({ entries, check }: { entries: readonly ProvenEntry[]; check: LedgerCheck | null }) => {
  if (entries.length === 0) return null
  const wrong = entries.filter(({ intact, linked }) => !intact || !linked)
  if (wrong.length > 0)
    return (
      <Alert kind="danger" title="Einträge dieser Person wurden verändert">
        {`Eintrag ${wrong.map(({ seq }) => count(seq)).join(', ')} passt nicht zu seiner Prüfsumme oder zum Eintrag danach. Als Nachweis taugt diese Seite so nicht. ${HELP}`}
      </Alert>
    )
  const younger = check ? entries.filter(({ seq }) => seq > check.entries).length : 0
  return (
    <Alert kind="success" title="Die Einträge dieser Person sind unverändert">
      {`${counted(entries.length, 'Eintrag', 'Einträge')} soeben nachgerechnet, jeder mit dem davor und dem danach.`}
      {younger > 0 &&
        ` Davon ${younger === 1 ? 'ist einer' : `sind ${count(younger)}`} jünger als die letzte Prüfung des ganzen Verzeichnisses.`}
    </Alert>
  )
}
