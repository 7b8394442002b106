import { walkLedger } from '../privacy/ledger-check.ts'
import { channelsWithLedger } from '../subscriptions/verify.ts'
import { CannotDo, parse, type Run, WrongUsage } from './command.ts'
import { commandLog, officeSettingsFrom, openStore } from './open.ts'

const WHY = {
  missing: 'is missing',
  changed: 'was changed',
  'detail-changed': 'has a message id that does not belong to it',
  rewritten: 'is not the one that stood there before, with everything that leads to it',
  'head-differs': 'follows in the ledger or its end was changed',
} as const

/**
 * `consents verify [CHANNEL [--noted N:HASH]]`: walks the consent ledger; one line per channel with the hash of its end, which is `noted` outside of the database
 * to prove later that nobody wrote everything anew. Exit 1 if a chain does not hold.
 */
export const run: Run = async ([verb, ...args], io) => {
  if (verb !== 'verify')
    throw new WrongUsage(verb === undefined ? 'Something is missing.' : `Unknown: consents ${verb}`)
  const { options, words } = parse(args, { noted: { type: 'string' } }, { least: 0, most: 1 })
  const [wanted] = words
  const noted = options.noted === undefined ? undefined : readEnd(options.noted)
  if (noted && wanted === undefined) throw new WrongUsage('--noted belongs to one channel: name it.')
  const store = await openStore(officeSettingsFrom(io.env), commandLog(io.err))
  try {
    const known = await channelsWithLedger(store.db)
    if (wanted !== undefined && !known.includes(wanted))
      throw new CannotDo(`There is no ledger of "${wanted}". Known: ${known.join(', ') || 'none'}.`)
    let intact = true
    for (const channel of wanted === undefined ? known : [wanted]) {
      const { entries, head, broken } = await walkLedger(store, channel, noted)
      if (broken) {
        intact = false
        io.err(`${channel}: the chain does not hold. Entry ${broken.seq} ${WHY[broken.why]}.`)
      } else {
        io.out(`${channel}\t${entries} entries\tintact\t${head || '-'}`)
        if (noted) io.err('The end that was noted still stands in it.')
      }
    }
    if (known.length === 0) io.err('There is no ledger yet.')
    return intact ? 0 : 1
  } finally {
    await store.close()
  }
}

/** The end of a ledger as noted from an earlier walk: how many entries there were, and the hash of the last one. */
function readEnd(text: string): { seq: number; hash: string } {
  const [, entries, hash] = /^([1-9]\d{0,14}):([0-9a-f]{64})$/i.exec(text.trim()) ?? []
  if (!entries || !hash)
    throw new WrongUsage('--noted must be the number of entries and the hash of that time, such as 4711:9f86…0a08.')
  return { seq: Number(entries), hash: hash.toLowerCase() }
}
