import { isEmail, signInUrl } from '../access/staff.ts'
import { linkAuth } from '../access/staff-auth.ts'
import { COMMAND } from '../audit/audit.ts'
import { inDeed } from '../runtime.ts'
import { CannotDo, parse, type Run, required, WrongUsage } from './command.ts'
import { commandLog, officeSettingsFrom, openStore, requireChannel } from './open.ts'

const ROLES = ['editor', 'approver', 'admin'] as const

/** `staff invite`: a sign-in link for one person, valid once and for 48 hours. */
export const run: Run = async ([verb, ...args], io) => {
  if (verb !== 'invite') throw new WrongUsage(verb === undefined ? 'Something is missing.' : `Unknown: staff ${verb}`)
  const { options } = parse(args, { email: { type: 'string' }, role: { type: 'string' }, channel: { type: 'string' } })
  const person = {
    email: required('email', options.email),
    role: required('role', options.role, ROLES),
    channel: options.channel === undefined ? null : required('channel', options.channel),
  }
  if (!isEmail(person.email)) throw new CannotDo(`--email is not an e-mail address: ${person.email}`)
  const settings = officeSettingsFrom(io.env)
  if (person.channel !== null) requireChannel(settings, person.channel)
  const store = await openStore(settings, commandLog(io.err))
  try {
    const invited = await inDeed({ ...store, now: () => new Date() }, (deed) => linkAuth.invite(deed, COMMAND, person))
    io.out(signInUrl(settings.publicUrl, invited.token))
    io.err(`Valid once, until ${invited.expiresAt.toISOString()}.`)
    return 0
  } finally {
    await store.close()
  }
}
