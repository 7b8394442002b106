import { sessionCookie } from '../../src/access/session-cookie.ts'
import { linkAuth } from '../../src/access/staff-auth.ts'
import { COMMAND } from '../../src/audit/audit.ts'
import { startDue } from '../../src/broadcasts/starting.ts'
import { officeDoor } from '../../src/console/console.tsx'
import { inDeed } from '../../src/runtime.ts'
import { announce } from '../support/population.ts'
import { openTown, TOWN } from './bench-town.ts'
import { quantile, type Row } from './table.ts'

const GOAL_MS = 200
const ROUNDS = 40

/** How long the console takes for each of its pages, for a town with so many subscribers and a broadcast to all of them. */
export async function consoleBench(people = 200_000): Promise<Row[]> {
  const town = await openTown(people)
  try {
    const { hands } = town
    const id = await announce(hands, TOWN)
    await startDue(hands)
    await hands.sql`update outgoing set status = 'sending' where broadcast_id = ${id} and status = 'queued'`
    await hands.sql`update outgoing set status = 'accepted' where broadcast_id = ${id} and status = 'sending'`
    await hands.sql`update outgoing set status = case when id % 10 = 0 then 'failed' when id % 3 = 0 then 'read' else 'delivered' end::outgoing_status,
      error_code = case when id % 10 = 0 then 131026 end, handed_over_at = now(), status_at = now() where broadcast_id = ${id}`
    await hands.sql`vacuum analyze outgoing`
    const session = await inDeed(hands, async (deed) => {
      const { token } = await linkAuth.invite(deed, COMMAND, { email: 'anna@localhost', role: 'admin', channel: null })
      return linkAuth.redeem(deed, token)
    })
    const cookie = `${sessionCookie(hands.settings.publicUrl).name}=${session!.token}`
    const office = officeDoor(hands)
    const pages = [
      ['/', 'Übersicht'],
      ['/meldungen', 'Meldungen'],
      ['/meldungen/neu?vorlage=stadt_meldung.de', 'Neue Meldung'],
      [`/meldungen/${id}`, 'Laufende Meldung'],
      [`/meldungen/${id}/empfaenger?zustand=failed`, 'Empfänger'],
      ['/vorlagen', 'Vorlagen'],
      ['/abonnenten', 'Abonnenten'],
      ['/einwilligungen', 'Einwilligungen'],
      ['/kanal', 'Kanal'],
      ['/zugaenge', 'Zugänge'],
      ['/protokoll', 'Protokoll'],
    ] as const
    const rows: Row[] = []
    for (const [path, name] of pages) {
      const took: number[] = []
      for (let round = 0; round < ROUNDS; round++) {
        const begin = performance.now()
        const answer = await office.request(path, { headers: { cookie } })
        await answer.text()
        if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}`)
        took.push(performance.now() - begin)
      }
      const p95 = quantile(took, 0.95)
      rows.push({ what: `console: ${name}`, value: p95, unit: 'ms p95', goal: `≤ ${GOAL_MS} ms`, met: p95 <= GOAL_MS })
    }
    return rows
  } finally {
    await town.close()
  }
}
