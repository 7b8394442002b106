import { and, eq, inArray } from 'drizzle-orm'
import { broadcasts } from '../db/schema.ts'
import type { Deed } from '../runtime.ts'

/** What these broadcasts of a channel are called; whichever is gone, or none of its own, stays out. */
export async function titlesOf(
  { tx }: Pick<Deed, 'tx'>,
  channel: string,
  ids: readonly string[],
): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map()
  const rows = await tx
    .select({ id: broadcasts.id, title: broadcasts.title })
    .from(broadcasts)
    .where(and(eq(broadcasts.channel, channel), inArray(broadcasts.id, [...new Set(ids)])))
  return new Map(rows.map(({ id, title }) => [id, title]))
}
