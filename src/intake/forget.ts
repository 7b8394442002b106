import { sql } from 'drizzle-orm'
import { received } from '../db/schema.ts'
import type { Deed } from '../runtime.ts'

/** Deletes ids of messages taken in before a moment, at most `limit`. Meta repeats for seven days; earlier than that a repeat would count anew. */
export async function forgetReceived(deed: Deed, channel: string, before: Date, limit: number): Promise<number> {
  const { count } = await deed.tx.execute(sql`
    delete from ${received} where ctid = any(array(
      select ctid from ${received} where channel = ${channel} and at < ${before.toISOString()}::timestamptz limit ${limit}))`)
  return count
}
