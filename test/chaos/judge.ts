import { countStates } from '../../src/dispatch/queue.ts'
import { inDeed } from '../../src/runtime.ts'
import type { Installation } from '../support/processes.ts'
import { type SinkRecord, worstWindow } from '../support/sink.ts'

export type ChaosReport = {
  seed: number
  perSecond: number
  broken: { kills: number; stops: number; restarts: number; drains: number; pauses: number; leaves: number }
  slowestDrainMs: number
  figures: Record<string, number>
  /** Every promise that was broken; empty is what we want. */
  problems: string[]
}

type Evidence = {
  hands: Awaited<ReturnType<Installation['open']>>
  town: string
  broadcasts: readonly string[]
  /** Whose STOP was committed when, ms since the epoch. */
  stops: readonly { phone: string; at: number }[]
  arrived: SinkRecord
}

/** Holds the receiver's own records against what the service says, and writes every difference into the report. */
export async function judge(report: ChaosReport, { hands, town, broadcasts, stops, arrived }: Evidence): Promise<void> {
  const wrong = (problem: string) => report.problems.push(problem)
  const rows = await hands.sql<{ id: string; broadcast: string; status: string; sealed: string }[]>`
    select o.id, o.broadcast_id as broadcast, o.status, c.phone_sealed as sealed
    from outgoing o join contacts c on c.id = o.contact_id where o.channel = ${town}`
  const known = new Map(rows.map((row) => [`whatsup:${row.id}`, { ...row, phone: hands.vault.open(row.sealed) }]))

  const times = new Map<string, number>()
  const perPerson = new Map<string, number>()
  arrived.to.forEach((to, i) => {
    const row = known.get(arrived.callbackData[i]!)
    if (!row) {
      wrong(`message ${arrived.callbackData[i]} belongs to nobody`)
      return
    }
    if (row.phone !== to) wrong(`message ${row.id} went to somebody else`)
    if (arrived.fate[i] === 'refused') return
    times.set(arrived.callbackData[i]!, (times.get(arrived.callbackData[i]!) ?? 0) + 1)
    const person = `${row.broadcast} ${to}`
    perPerson.set(person, (perPerson.get(person) ?? 0) + 1)
  })
  const twice = [...perPerson.values()].filter((n) => n > 1).length
  if (twice > 0) wrong(`${twice} people got a broadcast more than once`)

  const states: Record<string, number> = {}
  let unknownUnseen = 0
  for (const [callbackData, { id, status }] of known) {
    states[status] = (states[status] ?? 0) + 1
    const seen = times.has(callbackData)
    if (!seen && status === 'unknown') unknownUnseen += 1
    if (seen && (status === 'skipped' || status === 'failed')) wrong(`${id} is ${status} but arrived`)
    if (!seen && !['unknown', 'skipped', 'failed'].includes(status)) wrong(`${id} is ${status} but never arrived`)
    if (status === 'queued' || status === 'sending') wrong(`${id} was forgotten as ${status}`)
  }

  const counts = await inDeed(hands, (deed) => countStates(deed, [...broadcasts]))
  for (const [id, { recipients, ...parts }] of counts) {
    const sum = Object.values(parts).reduce((a, b) => a + b, 0)
    if (sum !== recipients) wrong(`the counts of ${id} add up to ${sum} of ${recipients}`)
  }
  const unfinished = await hands.sql`select 1 from broadcasts where status not in ('done') and first_id is not null`
  if (unfinished.length > 0) wrong(`${unfinished.length} broadcasts are not done`)

  const worst = worstWindow(arrived.at)
  const bySlowReceiver = Math.ceil((arrived.stallMs * report.perSecond) / 1000)
  if (worst > report.perSecond + bySlowReceiver)
    wrong(`${worst} messages within one second, the limit is ${report.perSecond}: ${fullest(arrived.at)}`)

  let latest = 0
  for (const { phone, at } of stops) {
    arrived.to.forEach((to, i) => {
      if (to === phone && arrived.at[i]! > at) latest = Math.max(latest, arrived.at[i]! - at)
    })
  }
  if (latest > 1000) wrong(`a message arrived ${latest.toFixed(0)} ms after a STOP`)

  const { kills, stops: freezes, restarts } = report.broken
  const lost = arrived.fate.filter((fate) => fate === 'reset' || fate === 'silent').length
  // What a death leaves open is what was in flight: the receiver's 70 ms and what was on its way to the wire.
  const mayBeOpen = lost + (kills + freezes + restarts) * Math.ceil(report.perSecond * 0.25)
  if ((states.unknown ?? 0) > mayBeOpen)
    wrong(`${states.unknown} are unknown, at most ${mayBeOpen} can have been in flight`)
  report.figures = {
    broadcasts: broadcasts.length,
    messages: rows.length,
    arrivals: arrived.at.length,
    answersLost: lost,
    unknown: states.unknown ?? 0,
    unknownNeverArrived: unknownUnseen,
    skipped: states.skipped ?? 0,
    failed: states.failed ?? 0,
    worstSecond: worst,
    receiverStallMs: Math.round(arrived.stallMs),
    latestAfterStopMs: Math.round(latest),
  }
}

/** The fullest second in steps of 50 ms, with a quarter before and after it, to see what happened. */
function fullest(instants: Float64Array): string {
  const at = Float64Array.from(instants).sort()
  let [best, from] = [0, 0]
  for (let last = 0, first = 0; last < at.length; last++) {
    while (at[last]! - at[first]! >= 1000) first++
    if (last - first + 1 > best) [best, from] = [last - first + 1, at[first]!]
  }
  const steps = new Array<number>(30).fill(0)
  for (const one of at) {
    const step = Math.floor((one - from + 250) / 50)
    if (step >= 0 && step < 30) steps[step]! += 1
  }
  return steps.join(' ')
}
