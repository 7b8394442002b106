import { type SQL, sql } from 'drizzle-orm'

/**
 * Many ids as one parameter, for `= any(…)`: with a parameter for each, building and reading the statement costs more than carrying it out, and no two batches
 * share a statement.
 */
export const uuids = (ids: readonly string[]): SQL =>
  sql`array(select jsonb_array_elements_text(${JSON.stringify(ids)}::jsonb)::uuid)`

/** The same for fingerprints, given as hex. */
export const hashes = (hex: readonly string[]): SQL =>
  sql`array(select decode(jsonb_array_elements_text(${JSON.stringify(hex)}::jsonb), 'hex'))`
