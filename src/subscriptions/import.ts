import { type Actor, record } from '../audit/audit.ts'
import type { Channel } from '../channels/channel.ts'
import { hashesOf, lookUpAll } from '../contacts/enrol.ts'
import { inDeed, type Runtime } from '../runtime.ts'
import type { CsvRecord } from './csv-lines.ts'
import { type Column, readHeader, readLine, type Stated } from './import-line.ts'
import { openNamedBefore, REPEATS } from './named-before.ts'
import { takeTurn } from './suppressions.ts'
import { DECLINED, type Outcome, takeOver } from './take-over.ts'

export type ImportCounts = {
  lines: number
  added: number
  alreadySubscribed: number
  /** Understood, but not to be taken over. */
  declined: number
  /** Not understood or without proof. */
  bad: number
}

export type ImportOptions = {
  /** False: nothing is written, everything is told. */
  apply: boolean
  /** A line that is not taken over, and why, in the order of the file; never says whose it is. */
  told: (line: number, reason: string) => void
  progress?: (counts: Readonly<ImportCounts>) => void
  /** Lines seen to in one transaction. */
  batch?: number
}

/**
 * Takes over a list of consents given elsewhere, in constant memory: the first record names the columns, each further one states one consent of one person.
 * Batches commit on their own, so that no line spoils another and a broken run is simply run again. If it writes, audit entries tell the beginning and,
 * with the last batch, the counts.
 * @returns null with the reason told for line 1, if the columns are not understood
 */
export async function importSubscribers(
  runtime: Pick<Runtime, 'db' | 'sql' | 'vault' | 'now'>,
  actor: Actor,
  channel: Channel,
  records: AsyncIterable<CsvRecord>,
  { apply, told, progress, batch = 500 }: ImportOptions,
): Promise<ImportCounts | null> {
  const counts: ImportCounts = { lines: 0, added: 0, alreadySubscribed: 0, declined: 0, bad: 0 }
  const { slug } = channel
  const namedBefore = await openNamedBefore(runtime)
  let columns: readonly (Column | null)[] | undefined
  let waiting: { line: number; stated: Stated }[] = []
  let untaken: { line: number; reason: string }[] = []

  const settle = async (isLast = false) => {
    const asked = waiting
    const tell = untaken
    waiting = []
    untaken = []
    const stated = asked.map((one) => one.stated)
    const { outcomes, repeats } = await inDeed(runtime, async (deed) => {
      if (apply) await takeTurn(deed, slug, 'list') // before anybody's row is locked, or a no could wait for us and we for it
      const known = await lookUpAll(deed, slug, stated)
      const repeats = await namedBefore.notice(
        stated.map((one, i) => {
          const who = known[i]!
          const hashes = hashesOf(runtime, one).map((hash) => hash.toString('hex'))
          return { hashes, contactId: who.is === 'contact' ? who.contact.id : null, offering: one.offering }
        }),
      )
      const first = stated.filter((_, i) => repeats[i] === null)
      const taken = first.length === 0 ? [] : await takeOver(deed, slug, first, { apply })
      const outcomes = repeats.map((repeat) => (repeat === null ? taken.shift()! : null))
      const detail = counted(counts, outcomes)
      if (apply && isLast) await record(deed, actor, { action: 'subscribers.imported', channel: slug, detail })
      return { outcomes, repeats }
    })
    Object.assign(counts, counted(counts, outcomes))
    for (const [i, outcome] of outcomes.entries())
      if (outcome === null) tell.push({ line: asked[i]!.line, reason: REPEATS[repeats[i]!] })
      else if (outcome !== 'added' && outcome !== 'already-subscribed')
        tell.push({ line: asked[i]!.line, reason: DECLINED[outcome] })
    for (const { line, reason } of tell.sort((one, other) => one.line - other.line)) told(line, reason)
    progress?.(counts)
  }

  try {
    for await (const row of records) {
      if (!columns) {
        const header = 'fields' in row ? readHeader(row.fields) : { problem: row.reason }
        if ('problem' in header) {
          told(row.line, header.problem)
          return null
        }
        columns = header.columns
        if (apply)
          await inDeed(runtime, (deed) => record(deed, actor, { action: 'subscribers.import-begun', channel: slug }))
        continue
      }
      counts.lines += 1
      if (waiting.length + untaken.length >= batch) await settle()
      const stated = 'fields' in row ? readLine(columns, row.fields, channel, runtime.now()) : row
      if ('reason' in stated) {
        counts.bad += 1
        untaken.push({ line: row.line, reason: stated.reason })
      } else waiting.push({ line: row.line, stated })
    }
    if (!columns) {
      told(1, 'The file is empty.')
      return null
    }
    await settle(true)
    return counts
  } finally {
    await namedBefore.close()
  }
}

/** @param outcomes null for a line that names somebody of an earlier one */
function counted(counts: ImportCounts, outcomes: readonly (Outcome | null)[]): ImportCounts {
  const added = outcomes.filter((one) => one === 'added').length
  const already = outcomes.filter((one) => one === 'already-subscribed').length
  return {
    ...counts,
    added: counts.added + added,
    alreadySubscribed: counts.alreadySubscribed + already,
    declined: counts.declined + outcomes.length - added - already,
  }
}
