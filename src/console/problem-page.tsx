import type { Context } from 'hono'
import type { Refusal } from '../refusal.ts'
import { page, publicPage } from './layout.tsx'
import type { OfficeContext } from './office.ts'
import { LinkButton } from './parts.tsx'

const OWN = {
  'foreign-origin': [403, 'Diese Anfrage kommt von einer fremden Seite. Bitte laden Sie die Seite neu.'],
  'internal-error': [500, 'Da ist bei uns etwas schiefgegangen. Der Fehler ist vermerkt.'],
} as const

const TITLES: Readonly<Record<number, string>> = {
  403: 'Kein Zugang',
  404: 'Nicht gefunden',
  500: 'Fehler',
  503: 'Gerade nicht möglich',
}

/** A page that says why something is not shown or done, for whoever it is. */
export function problemPage(c: Context, problem: Refusal | keyof typeof OWN): Response | Promise<Response> {
  const [status, message] = typeof problem === 'string' ? OWN[problem] : [problem.status, problem.message]
  // The rest of the form may still be on its way, and is read by nobody.
  if (status === 413) c.header('connection', 'close')
  const title = TITLES[status] ?? 'Das geht gerade nicht'
  const details = typeof problem === 'string' ? [] : problem.problems
  const content = (
    <>
      <h1 class="kern-heading-x-large">{title}</h1>
      <p class="kern-body">{message}</p>
      {details.length > 0 && (
        <ul class="kern-list">
          {details.map((one) => (
            <li class="kern-body">{one.message}</li>
          ))}
        </ul>
      )}
      <p>
        <LinkButton to="/office" icon="home">
          Zur Übersicht
        </LinkButton>
      </p>
    </>
  )
  const options = { title, status: status as 403 }
  return c.get('office') ? page(c as OfficeContext, options, content) : publicPage(c, options, content)
}
