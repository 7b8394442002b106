import type { Sql } from 'postgres'

/** What Drizzle calls. A transaction and a savepoint are clients of their own. */
type Client = {
  unsafe(text: string, values?: unknown[], options?: { prepare?: boolean }): unknown
  begin?(act: (inner: Client) => unknown): unknown
  savepoint?(act: (inner: Client) => unknown): unknown
}

/** From this time on a statement is worth preparing. */
const REPEATED = 5
/** Every connection keeps each of them for good, so lists of varying length must not fill it. */
const MOST_PREPARED = 200
const MOST_SEEN = 2000
/** Characters. An insert of 490 rows (60,000) holds 2 MB on each connection, and what it does costs far more than its plan. */
const LONGEST = 8192

/**
 * Lets the client that Drizzle gets prepare what it is asked again and again, within transactions too. Drizzle hands every statement over as a new one, to be
 * parsed and planned each time, in two round trips.
 */
export function prepareRepeated(sql: Sql): Sql {
  const seen = new Map<string, number>()
  let prepared = 0
  patch(sql as unknown as Client)
  return sql

  function patch(client: Client): Client {
    const { unsafe, begin, savepoint } = client
    client.unsafe = (text, values, options) =>
      unsafe(text, values, { ...options, prepare: options?.prepare || isWorthIt(text, values) })
    if (begin) client.begin = (act) => begin((inner) => act(patch(inner)))
    if (savepoint) client.savepoint = (act) => savepoint((inner) => act(patch(inner)))
    return client
  }

  function isWorthIt(text: string, values?: readonly unknown[]): boolean {
    return text.length <= LONGEST && isRepeated(text + typesOf(values))
  }

  function isRepeated(statement: string): boolean {
    const times = (seen.get(statement) ?? 0) + 1
    if (times > REPEATED) return true
    if (times === REPEATED) {
      if (prepared === MOST_PREPARED) return false
      prepared += 1
    }
    if (times === 1 && seen.size >= MOST_SEEN) for (const [one, n] of seen) if (n < REPEATED) seen.delete(one)
    seen.set(statement, times)
    return times === REPEATED
  }
}

/** The driver prepares a text once for each row of types it reads off the values: bytes that may be null make many of one text. */
const typesOf = (values: readonly unknown[] = []): string =>
  values.some(isTyped) ? values.map((value) => (isTyped(value) ? 't' : '-')).join('') : ''

const isTyped = (value: unknown): boolean => typeof value === 'boolean' || (typeof value === 'object' && value !== null)
