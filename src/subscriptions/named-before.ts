import type { Runtime } from '../runtime.ts'
import type { Offering } from './consents.ts'

/** Why a line is not taken over after an earlier one. */
export const REPEATS = {
  'same-consent': 'states the same person and offering as an earlier line',
  'other-ids':
    'names somebody of an earlier line by other ids: give a person the same number and user id on every line',
} as const

/** Whom a line names: fingerprints as hex, and the contact who has one of them. */
export type Named = { hashes: readonly string[]; contactId: string | null; offering: Offering }

/**
 * Who was in the file before is remembered in the database, since a million people would not fit in constant memory. Lines with some ids in common but not
 * all are one person or two, which only the office can say; a contact's own ids are known to be one person's. What was taken over since adds nothing to
 * this, so a dry run tells the same.
 */
export async function openNamedBefore({ sql }: Pick<Runtime, 'sql'>) {
  const connection = await sql.reserve()
  try {
    await connection`create temp table if not exists named_before (id text primary key, person text not null, ids text not null)`
    await connection`create temp table if not exists stated_before (key text primary key)`
    await connection`truncate named_before, stated_before`
  } catch (error) {
    connection.release()
    throw error
  }
  return {
    /** What each of these lines repeats; null if it stands for itself. */
    async notice(lines: readonly Named[]): Promise<(keyof typeof REPEATS | null)[]> {
      const every = lines.map(({ hashes, contactId }) => (contactId ? [...hashes, contactId] : hashes))
      const rows = await connection<{ id: string; person: string; ids: string }[]>`
        select id, person, ids from named_before where id = any(${every.flat()}::text[])`
      const named = new Map(rows.map((row) => [row.id, row]))
      const fresh: (typeof rows)[number][] = []
      const people = lines.map(({ hashes, contactId }, i) => {
        const ids = hashes.join(' ')
        const self = contactId ?? ids
        const before = every[i]!.flatMap((id) => named.get(id) ?? [])
        const person = before[0]?.person ?? self
        for (const id of every[i]!) {
          if (named.has(id)) continue
          const row = { id, person, ids }
          named.set(id, row)
          fresh.push(row)
        }
        return before.every((one) => one.ids === ids || one.person === self) ? person : null
      })
      await connection`
        insert into named_before
        select * from unnest(${fresh.map(({ id }) => id)}::text[], ${fresh.map(({ person }) => person)}::text[], ${fresh.map(({ ids }) => ids)}::text[])`
      const keys = people.map((person, i) => person && `${person} ${lines[i]!.offering}`)
      const first = new Map<string, number>()
      for (const [i, key] of keys.entries()) if (key !== null && !first.has(key)) first.set(key, i)
      const added = await connection<{ key: string }[]>`
        insert into stated_before select unnest(${[...first.keys()]}::text[]) on conflict do nothing returning key`
      const alone = new Set(added.map(({ key }) => first.get(key)))
      return keys.map((key, i) => (key === null ? 'other-ids' : alone.has(i) ? null : 'same-consent'))
    },
    async close() {
      await connection`drop table if exists named_before, stated_before`.finally(() => connection.release())
    },
  }
}
