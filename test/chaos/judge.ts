import { countStates } from '../../src/dispatch/queue.ts'
import { sentAs } from '../../src/dispatch/statuses.ts'
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
  /** Why this run cannot tell whether a promise held; empty is what it needs to count. */
  undecided: string[]
}

/** What was to be sent, as of when it was announced. */
export type Announced = { id: string; members: readonly string[] }

/** Who left: by their number, as the receiver knows them, and by their contact. */
export type Stop = {
  phone: string
  contactId: string
  /** When it was asked for, and when it was surely committed, in ms since the epoch. */
  askedAt: number
  at: number
}

type Evidence = {
  hands: Awaited<ReturnType<Installation['open']>>
  town: string
  broadcasts: readonly Announced[]
  stops: readonly Stop[]
  arrived: SinkRecord
}

/** By how much the receiver's times may be late before they prove nothing. */
const STALL_MS = 50

/** The row that a message names. */
const idOf = (callbackData: string): string => String(sentAs(callbackData).outgoingId ?? callbackData)

/** Holds the receiver's own records against what the service says, and writes every difference into the report. */
export async function judge(report: ChaosReport, { hands, town, broadcasts, stops, arrived }: Evidence): Promise<void> {
  const wrong = (problem: string) => report.problems.push(problem)
  const rows = await hands.sql<{ id: string; broadcast: string; contact: string; status: string; sealed: string }[]>`
    select o.id, o.broadcast_id as broadcast, o.contact_id as contact, o.status, c.phone_sealed as sealed
    from outgoing o join contacts c on c.id = o.contact_id where o.channel = ${town}`
  const known = new Map(rows.map((row) => [row.id, { ...row, phone: hands.vault.open(row.sealed) }]))

  const arrivedIds = arrived.callbackData.map(idOf)
  const toldIds = arrived.told.map(idOf)
  const times = new Map<string, number>()
  const perPerson = new Map<string, number>()
  arrived.to.forEach((to, i) => {
    const row = known.get(arrivedIds[i]!)
    if (!row) {
      wrong(`message ${arrived.callbackData[i]} belongs to nobody`)
      return
    }
    if (row.phone !== to) wrong(`message ${row.id} went to somebody else`)
    if (arrived.fate[i] === 'refused') return
    times.set(row.id, (times.get(row.id) ?? 0) + 1)
    const person = `${row.broadcast} ${to}`
    perPerson.set(person, (perPerson.get(person) ?? 0) + 1)
  })
  const twice = [...perPerson.values()].filter((n) => n > 1).length
  if (twice > 0) wrong(`${twice} people got a broadcast more than once`)

  const states: Record<string, number> = {}
  let unknownUnseen = 0
  for (const { id, status } of known.values()) {
    states[status] = (states[status] ?? 0) + 1
    const seen = times.has(id)
    if (!seen && status === 'unknown') unknownUnseen += 1
    if (seen && (status === 'skipped' || status === 'failed')) wrong(`${id} is ${status} but arrived`)
    if (!seen && !['unknown', 'skipped', 'failed'].includes(status)) wrong(`${id} is ${status} but never arrived`)
    if (status === 'queued' || status === 'sending') wrong(`${id} was forgotten as ${status}`)
  }
  const answered = new Map(arrivedIds.map((id, i) => [id, arrived.fate[i] === 'taken']))
  for (const id of toldIds) {
    const { status } = known.get(id)!
    if (status !== 'delivered') wrong(`${id} is ${status}, but its delivery was told and answered with 200`)
  }

  const counts = await inDeed(hands, (deed) =>
    countStates(
      deed,
      broadcasts.map(({ id }) => id),
    ),
  )
  const started = await hands.sql<
    { id: string; at: Date }[]
  >`select id, started_at as at from broadcasts where started_at is not null`
  for (const { id, members } of broadcasts) {
    const theirs = rows.filter((row) => row.broadcast === id)
    const begun = started.find((one) => one.id === id)?.at.getTime() ?? 0
    const gone = new Set(stops.filter(({ askedAt }) => askedAt < begun).map(({ contactId }) => contactId))
    const written = new Set(theirs.map(({ contact }) => contact))
    const forgotten = members.filter((member) => !written.has(member) && !gone.has(member)).length
    if (forgotten > 0) wrong(`${forgotten} of ${members.length} subscribers are no recipients of ${id}`)
    const subscribed = new Set(members)
    const strangers = theirs.filter(({ contact }) => !subscribed.has(contact)).length
    if (strangers > 0) wrong(`${strangers} recipients of ${id} had not subscribed`)
    const { recipients, ...parts } = counts.get(id)!
    const sum = Object.values(parts).reduce((a, b) => a + b, 0)
    if (sum !== theirs.length || recipients !== theirs.length)
      wrong(`the counts of ${id} add up to ${sum} of ${recipients}, and ${theirs.length} people are its recipients`)
  }
  const unfinished = await hands.sql`select 1 from broadcasts where status not in ('done') and first_id is not null`
  if (unfinished.length > 0) wrong(`${unfinished.length} broadcasts are not done`)

  const worst = worstWindow(arrived.at)
  const bySlowReceiver = Math.ceil((Math.min(arrived.stallMs, STALL_MS) * report.perSecond) / 1000)
  if (worst > report.perSecond + bySlowReceiver) {
    const found = `${worst} messages within one second, the limit is ${report.perSecond}: ${fullest(arrived.at)}`
    if (arrived.stallMs <= STALL_MS) wrong(found)
    else report.undecided.push(`${found}; but the receiver itself stood still for ${arrived.stallMs.toFixed(0)} ms`)
  }

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
    told: arrived.told.length,
    toldWithoutAnswer: toldIds.filter((id) => !answered.get(id)).length,
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
