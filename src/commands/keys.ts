import { createKey } from '../access/keys.ts'
import { COMMAND } from '../audit/audit.ts'
import { inDeed } from '../runtime.ts'
import { parse, type Run, required, WrongUsage } from './command.ts'
import { commandLog, officeSettingsFrom, openStore, requireChannel } from './open.ts'

const ROLES = ['editor', 'approver', 'admin', 'inbox'] as const

/** `keys create`: the new key alone on stdout, once; it is stored as a hash. */
export const run: Run = async ([verb, ...args], io) => {
  if (verb !== 'create') throw new WrongUsage(verb === undefined ? 'Something is missing.' : `Unknown: keys ${verb}`)
  const { options } = parse(args, { name: { type: 'string' }, role: { type: 'string' }, channel: { type: 'string' } })
  const wanted = {
    name: required('name', options.name),
    role: required('role', options.role, ROLES),
    channel: options.channel === undefined ? null : required('channel', options.channel),
  }
  const settings = officeSettingsFrom(io.env)
  if (wanted.channel !== null) requireChannel(settings, wanted.channel)
  const store = await openStore(settings, commandLog(io.err))
  try {
    const { key } = await inDeed({ ...store, now: () => new Date() }, (deed) => createKey(deed, COMMAND, wanted))
    io.out(key)
    return 0
  } finally {
    await store.close()
  }
}
