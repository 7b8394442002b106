import { inArray, like } from 'drizzle-orm'
import type { DataKey } from './data-keys.ts'
import type { Database } from './db.ts'
import { SEALED } from './rotate.ts'
import { vault } from './schema.ts'
import { UnusableDatabase } from './unusable.ts'
import { CannotOpen, openVault } from './vault.ts'

/** Names the row of `vault` that notes of a key that it may have sealed something here; it is sealed by that key itself. */
const noteOf = (id: string) => `data-key ${id}`

/**
 * Refuses a database of which some values could not be opened. The first key is noted before it seals anything, so a start costs one look; the values are
 * looked through (some seconds for a million people) only when a noted key is not at hand any more, and once in a database without notes.
 * @throws UnusableDatabase that names the key and says what to do
 */
export async function requireKeysInUse(
  { db, sql }: Pick<Database, 'db' | 'sql'>,
  keys: readonly DataKey[],
): Promise<void> {
  const notes = await db
    .select()
    .from(vault)
    .where(like(vault.name, noteOf('%')))
  const gone: string[] = []
  for (const { name, sealed } of notes) {
    const key = keys.find(({ id }) => noteOf(id) === name)
    if (key) requireSame(key, sealed)
    else gone.push(name)
  }
  const used = new Set([keys[0]!.id])
  if (notes.length === 0 || gone.length > 0) {
    for (const { id, where } of await keysOfValues(sql)) {
      if (!keys.some((key) => key.id === id))
        throw new UnusableDatabase(
          `The data keys do not fit this database: values in ${where} were sealed with the data key ${JSON.stringify(id)}, which is not at hand. Put it back, behind the first one, into DATA_KEYS or the file data-keys. It can be taken away when "data-keys rotate" says 0 everywhere.`,
        )
      used.add(id)
    }
  }
  const fresh = keys.filter(({ id }) => used.has(id)).map((key) => ({ name: noteOf(key.id), sealed: sealedBy(key) }))
  await db.insert(vault).values(fresh).onConflictDoNothing()
  if (gone.length > 0) await db.delete(vault).where(inArray(vault.name, gone))
}

const sealedBy = (key: DataKey) => openVault([key], key.key).seal(key.id)

function requireSame(key: DataKey, sealed: string): void {
  try {
    openVault([key], key.key).open(sealed)
  } catch (error) {
    if (!(error instanceof CannotOpen)) throw error
    throw new UnusableDatabase(
      `The data key ${JSON.stringify(key.id)} has another content than the one of that name that sealed values here. Restore DATA_KEYS or the file data-keys from your backup.`,
    )
  }
}

/** Which keys sealed what is stored. */
async function keysOfValues(sql: Database['sql']): Promise<{ id: string; where: string }[]> {
  const found: { id: string; where: string }[] = []
  for (const { table, columns } of SEALED)
    for (const column of columns) {
      // The recipients of broadcasts, by far the most rows, have nothing sealed of their own; an index leads past them.
      const own = table === 'outgoing' ? "and kind <> 'broadcast'" : ''
      // Names come from our own list, never from outside.
      const rows = await sql.unsafe<{ id: string }[]>(
        `select distinct split_part(${column}, '.', 1) as id from ${table} where ${column} is not null ${own}`,
      )
      found.push(...rows.map(({ id }) => ({ id, where: `${table}.${column}` })))
    }
  return found
}
