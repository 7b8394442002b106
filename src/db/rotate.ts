import type { Sql } from './db.ts'
import type { Vault } from './vault.ts'

/** Every sealed column, with the primary key by which its table is walked. A test compares this with the database. */
export const SEALED = [
  { table: 'contacts', key: 'id', type: 'uuid', columns: ['phone_sealed', 'user_id_sealed', 'name_sealed'] },
  { table: 'consent_details', key: 'consent_id', type: 'bigint', columns: ['message_id_sealed'] },
  { table: 'outgoing', key: 'id', type: 'bigint', columns: ['address_sealed', 'payload_sealed'] },
  { table: 'chat_messages', key: 'id', type: 'uuid', columns: ['wamid_sealed', 'media_sealed'] },
  { table: 'held_messages', key: 'id', type: 'bigint', columns: ['message_sealed'] },
  { table: 'staff_credentials', key: 'staff_id', type: 'uuid', columns: ['totp_sealed'] },
] as const

export type Rotated = { table: string; column: string; resealed: number }

/**
 * Seals anew, with the first key, whatever another one sealed: in batches, beside the running service, and again from where it stopped. A value that
 * changes meanwhile is left as it then is, because its writer used the first key. @throws CannotOpen if a key is not at hand; what was done stays done
 */
export async function reseal(
  { sql, vault }: { sql: Sql; vault: Vault },
  { batch = 500, progress }: { batch?: number; progress?: (done: number) => void } = {},
): Promise<Rotated[]> {
  const first = vault.seal('').split('.')[0]!
  const rotated: Rotated[] = []
  let done = 0
  for (const { table, key, type, columns } of SEALED)
    for (const column of columns) {
      // Names come from the list above, never from outside.
      const select = (after: string) => `
        select ${key}::text as key, ${column} as sealed from ${table}
        where ${column} is not null and split_part(${column}, '.', 1) <> $1 ${after} order by ${key} limit ${batch}`
      const update = `
        update ${table} t set ${column} = r.fresh
        from unnest($1::${type}[], $2::text[], $3::text[]) as r(key, old, fresh) where t.${key} = r.key and t.${column} = r.old`
      let resealed = 0
      let last: string | undefined
      for (;;) {
        const cells = await sql.unsafe<{ key: string; sealed: string }[]>(
          select(last === undefined ? '' : `and ${key} > $2::text::${type}`),
          last === undefined ? [first] : [first, last],
        )
        if (cells.length === 0) break
        last = cells.at(-1)!.key
        const { count } = await sql.unsafe(update, [
          cells.map((cell) => cell.key),
          cells.map((cell) => cell.sealed),
          cells.map(({ sealed }) => vault.seal(vault.open(sealed))),
        ])
        resealed += count
        done += count
        progress?.(done)
      }
      rotated.push({ table, column, resealed })
    }
  return rotated
}
