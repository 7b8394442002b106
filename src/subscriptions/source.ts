import type { Channel } from '../channels/channel.ts'

const POSTER = 'poster:'
const IMPORT = 'import: '

/**
 * What the ledger says of a setting made inside WhatsApp. Such an entry concerns advertising alone: it is neither the consent to the info channel nor its
 * end, whoever looks for those passes over it.
 */
export const PREFERENCE = 'user-preferences'

/** What the ledger says of a consent given by the message of a poster: its code, which stays, and not the words for it, which may change. */
export const posterSource = (code: string): string => POSTER + code

/** The code of the poster, if the ledger says so. */
export const codeOf = (source: string): string | null =>
  source.startsWith(POSTER) ? source.slice(POSTER.length) : null

/** What the ledger says of a consent taken over from a list that stated `source`. */
export const importSource = (source: string): string => IMPORT + source

/** How a consent came about, taken apart for whoever puts it into words. */
export type Source = {
  /** What the ledger says, or what the list stated from which it was taken over. */
  stated: string
  imported: boolean
  /** Where the poster hangs whose message gave it, as the channel file says; its code once that is no longer declared there. */
  poster: string | null
}

export function readSource(source: string, { posters }: Pick<Channel, 'posters'>): Source {
  const imported = source.startsWith(IMPORT)
  const stated = imported ? source.slice(IMPORT.length) : source
  const code = codeOf(stated)
  const poster = code === null ? null : Object.hasOwn(posters, code) ? posters[code]! : code
  return { stated, imported, poster }
}
