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

/** `consents verify [CHANNEL]`: walks the consent ledger; one line per channel with the hash of its end. Exit 1 if a chain does not hold. */
export const run: Run = async ([verb, ...args], io) => {
  if (verb !== 'verify')
    throw new WrongUsage(verb === undefined ? 'Something is missing.' : `Unknown: consents ${verb}`)
  const [wanted] = parse(args, {}, { least: 0, most: 1 }).words
  const store = await openStore(officeSettingsFrom(io.env), commandLog(io.err))
  try {
    const known = await channelsWithLedger(store.db)
    if (wanted !== undefined && !known.includes(wanted))
      throw new CannotDo(`There is no ledger of "${wanted}". Known: ${known.join(', ') || 'none'}.`)
    let intact = true
    for (const channel of wanted === undefined ? known : [wanted]) {
      const { entries, head, broken } = await walkLedger(store, channel)
      if (broken) {
        intact = false
        io.err(`${channel}: the chain does not hold. Entry ${broken.seq} ${WHY[broken.why]}.`)
      } else io.out(`${channel}\t${entries} entries\tintact\t${head || '-'}`)
    }
    if (known.length === 0) io.err('There is no ledger yet.')
    return intact ? 0 : 1
  } finally {
    await store.close()
  }
}
