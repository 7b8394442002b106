import { type Actor, record } from '../audit/audit.ts'
import type { Channel } from '../channels/channel.ts'
import { hashesOf } from '../contacts/enrol.ts'
import { inDeed, type Runtime } from '../runtime.ts'
import type { CsvRecord } from './csv-lines.ts'
import { type Column, readHeader, readLine, type Stated } from './import-line.ts'
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
  /** A line that is not taken over, and why; never says whose it is. */
  told: (line: number, reason: string) => void
  progress?: (counts: Readonly<ImportCounts>) => void
  /** Lines taken over in one transaction. */
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
  const notBefore = await openNotBefore(runtime)
  let columns: readonly (Column | null)[] | undefined
  let waiting: { line: number; stated: Stated }[] = []

  const settle = async (isLast = false) => {
    const fresh = await notBefore.filter(waiting, ({ stated }) => {
      const hash = hashesOf(runtime, stated)[0]!
      return `${hash.toString('hex')} ${stated.offering}`
    })
    for (const { line } of waiting) {
      if (fresh.has(line)) continue
      counts.declined += 1
      told(line, 'states the same person and offering as an earlier line')
    }
    const lines = waiting.filter(({ line }) => fresh.has(line))
    waiting = []
    const stated = lines.map((line) => line.stated)
    const outcomes = await inDeed(runtime, async (deed) => {
      const outcomes = stated.length === 0 ? [] : await takeOver(deed, slug, stated, { apply })
      const detail = counted(counts, outcomes)
      if (apply && isLast) await record(deed, actor, { action: 'subscribers.imported', channel: slug, detail })
      return outcomes
    })
    Object.assign(counts, counted(counts, outcomes))
    for (const [i, outcome] of outcomes.entries())
      if (outcome !== 'added' && outcome !== 'already-subscribed') told(lines[i]!.line, DECLINED[outcome])
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
      const stated = 'fields' in row ? readLine(columns, row.fields, channel, runtime.now()) : row
      if ('reason' in stated) {
        counts.bad += 1
        told(row.line, stated.reason)
        continue
      }
      if (waiting.length >= batch) await settle()
      waiting.push({ line: row.line, stated })
    }
    if (!columns) {
      told(1, 'The file is empty.')
      return null
    }
    await settle(true)
    return counts
  } finally {
    await notBefore.close()
  }
}

function counted(counts: ImportCounts, outcomes: readonly Outcome[]): ImportCounts {
  const added = outcomes.filter((one) => one === 'added').length
  const already = outcomes.filter((one) => one === 'already-subscribed').length
  return {
    ...counts,
    added: counts.added + added,
    alreadySubscribed: counts.alreadySubscribed + already,
    declined: counts.declined + outcomes.length - added - already,
  }
}

/** Who was in the file before is remembered in the database, since a million people would not fit in constant memory. */
async function openNotBefore({ sql }: Pick<Runtime, 'sql'>) {
  const connection = await sql.reserve()
  await connection`create temp table if not exists stated_before (key text primary key)`
  await connection`truncate stated_before`
  return {
    /** The lines among these whose key comes for the first time. */
    async filter<T extends { line: number }>(items: readonly T[], keyOf: (item: T) => string): Promise<Set<number>> {
      const first = new Map<string, number>()
      for (const item of items) if (!first.has(keyOf(item))) first.set(keyOf(item), item.line)
      const rows = await connection<{ key: string }[]>`
        insert into stated_before select unnest(${[...first.keys()]}::text[]) on conflict do nothing returning key`
      return new Set(rows.map(({ key }) => first.get(key)!))
    },
    async close() {
      await connection`drop table if exists stated_before`
      connection.release()
    },
  }
}
