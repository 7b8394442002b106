import type { Channel } from '../../src/channels/channel.ts'
import { loadChannels } from '../../src/channels/channel-file.ts'

/** What the three towns' files ask of the environment, with harmless values. */
export const townEnvironment: Readonly<Record<string, string>> = Object.fromEntries(
  ['ARNSBERG', 'WARSTEIN', 'HERINGEN'].flatMap((town, index) => [
    [`${town}_PHONE_NUMBER_ID`, `20000000000001${index}`],
    [`${town}_WABA_ID`, `10000000000001${index}`],
    [`${town}_ACCESS_TOKEN`, `token-of-${town.toLowerCase()}`],
    [`${town}_INBOX_URL`, 'http://127.0.0.1:4999/inbox'],
    [`${town}_INBOX_SECRET`, 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'],
  ]),
)

let known: ReadonlyMap<string, Channel> | undefined

/** The three towns exactly as `channels/` describes them. */
export function towns(): ReadonlyMap<string, Channel> {
  known ??= read()
  return known
}

function read(): ReadonlyMap<string, Channel> {
  const loaded = loadChannels('channels', townEnvironment)
  if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems, null, 1))
  return loaded.channels
}

export function town(slug: 'arnsberg' | 'warstein' | 'heringen'): Channel {
  return towns().get(slug)!
}
