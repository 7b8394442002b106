import type { Sql } from 'postgres'

/** What Drizzle calls. A transaction and a savepoint are clients of their own. */
type Client = {
  unsafe(text: string, values?: unknown[], options?: { prepare?: boolean }): unknown
  begin?(act: (inner: Client) => unknown): unknown
  savepoint?(act: (inner: Client) => unknown): unknown
}

/** From this time on a text is worth preparing. */
const REPEATED = 5
/** Every connection keeps each of them for good, so lists of varying length must not fill it. */
const MOST_PREPARED = 200
const MOST_SEEN = 2000

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
      unsafe(text, values, { ...options, prepare: options?.prepare || isRepeated(text) })
    if (begin) client.begin = (act) => begin((inner) => act(patch(inner)))
    if (savepoint) client.savepoint = (act) => savepoint((inner) => act(patch(inner)))
    return client
  }

  function isRepeated(text: string): boolean {
    const times = (seen.get(text) ?? 0) + 1
    if (times > REPEATED) return true
    if (times === REPEATED) {
      if (prepared === MOST_PREPARED) return false
      prepared += 1
    }
    if (times === 1 && seen.size >= MOST_SEEN) for (const [one, n] of seen) if (n < REPEATED) seen.delete(one)
    seen.set(text, times)
    return times === REPEATED
  }
}
