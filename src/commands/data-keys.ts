import { COMMAND, record } from '../audit/audit.ts'
import { generateDataKey } from '../db/data-keys.ts'
import { reseal } from '../db/rotate.ts'
import { inDeed } from '../runtime.ts'
import { parse, type Run, WrongUsage } from './command.ts'
import { commandLog, officeSettingsFrom, openStore } from './open.ts'

/** `data-keys create` prints a new key; `data-keys rotate` seals everything anew with the first one, after which the others can be taken away. */
export const run: Run = async ([verb, ...args], io) => {
  if (verb !== 'create' && verb !== 'rotate')
    throw new WrongUsage(verb === undefined ? 'Something is missing.' : `Unknown: data-keys ${verb}`)
  parse(args, {})
  if (verb === 'create') {
    io.out(generateDataKey())
    return 0
  }
  const store = await openStore(officeSettingsFrom(io.env), commandLog(io.err))
  try {
    const hands = { ...store, now: () => new Date() }
    await inDeed(hands, (deed) => record(deed, COMMAND, { action: 'data-keys.rotation-begun' }))
    const rotated = await reseal(store, { progress: (done) => io.progress?.(`${done} values sealed anew`) })
    io.progress?.(null)
    const counts = Object.fromEntries(rotated.map(({ table, column, resealed }) => [`${table}.${column}`, resealed]))
    await inDeed(hands, (deed) => record(deed, COMMAND, { action: 'data-keys.rotated', detail: counts }))
    for (const [name, resealed] of Object.entries(counts)) io.out(`${name}\t${resealed}`)
    io.err('Everything is sealed with the first key. Restart all processes before you take the others away.')
    return 0
  } finally {
    await store.close()
  }
}
