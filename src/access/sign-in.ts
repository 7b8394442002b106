import { and, eq, gt, inArray, isNull, lt, sql } from 'drizzle-orm'
import { type Actor, record } from '../audit/audit.ts'
import type { Db } from '../db/db.ts'
import { signInFailures, staff, staffCredentials } from '../db/schema.ts'
import { Refusal } from '../refusal.ts'
import type { Deed } from '../runtime.ts'
import { checkPassword, hashPassword, passwordFits } from './passwords.ts'
import { endSessionsOf, openSession } from './sessions.ts'
import type { NewSession } from './staff-auth.ts'
import { stepOfCode } from './totp.ts'

/** `client` is the address that asks. */
export type Credentials = { email: string; password: string; code: string; client: string }

const WINDOW_MS = 15 * 60_000
/** Failures within the window after which nothing is tried any more: of one address for one account, of one address, for one account. */
const MOST = { pair: 5, client: 30, account: 50 } as const

/**
 * User name, password and code for a session; null if any of them is wrong, without telling which. Refuses with `too-many-requests` after too many
 * failures of this address or for this account; others are not locked out by them before fifty. The caller commits in either case.
 */
export async function signIn(deed: Deed, given: Credentials): Promise<NewSession | null> {
  const email = given.email.trim().toLowerCase()
  const keys = keysOf(deed, email, given.client)
  await refuseGuessing(deed, keys)
  const [person] = await deed.tx
    .select()
    .from(staff)
    .where(and(eq(sql`lower(${staff.email})`, email), isNull(staff.disabledAt)))
  const [known] = person
    ? await deed.tx.select().from(staffCredentials).where(eq(staffCredentials.staffId, person.id)).for('update')
    : []
  const fits = await passwordFits(given.password, known?.passwordHash ?? null)
  const step =
    known && fits ? stepOfCode(deed.vault.open(known.totpSealed), given.code, deed.now, known.totpStep) : null
  if (!person || step === null) {
    await forgetFailures(deed)
    await deed.tx.insert(signInFailures).values(Object.values(keys).map((key) => ({ key, at: deed.now })))
    return null
  }
  await deed.tx.update(staffCredentials).set({ totpStep: step }).where(eq(staffCredentials.staffId, person.id))
  await deed.tx.delete(signInFailures).where(inArray(signInFailures.key, [keys.pair, keys.account]))
  return openSession(deed, person)
}

/** A session for somebody whose e-mail address the town's own provider vouches for; null if they have no access here. */
export async function signInByEmail(deed: Deed, email: string): Promise<NewSession | null> {
  const [person] = await deed.tx
    .select()
    .from(staff)
    .where(and(eq(sql`lower(${staff.email})`, email.trim().toLowerCase()), isNull(staff.disabledAt)))
  return person ? openSession(deed, person) : null
}

const keysOf = ({ vault }: Deed, email: string, client: string) => ({
  pair: vault.fingerprint('sign-in-pair', `${client} ${email}`),
  client: vault.fingerprint('sign-in-client', client),
  account: vault.fingerprint('sign-in-account', email),
})

async function refuseGuessing(deed: Deed, keys: ReturnType<typeof keysOf>): Promise<void> {
  const since = new Date(deed.now.getTime() - WINDOW_MS)
  const rows = await deed.tx
    .select({ key: signInFailures.key, n: sql<number>`count(*)::int` })
    .from(signInFailures)
    .where(and(inArray(signInFailures.key, Object.values(keys)), gt(signInFailures.at, since)))
    .groupBy(signInFailures.key)
  for (const which of ['pair', 'client', 'account'] as const) {
    const failures = rows.find(({ key }) => key.equals(keys[which]))?.n ?? 0
    if (failures >= MOST[which]) throw new Refusal('too-many-requests')
  }
}

/** Forgets failures that no longer count. */
async function forgetFailures(deed: Deed): Promise<void> {
  await deed.tx.delete(signInFailures).where(lt(signInFailures.at, new Date(deed.now.getTime() - WINDOW_MS)))
}

export type NewCredentials = { name: string; password: string; repeated: string; secret: string; code: string }

/** Sets name, password and second factor of somebody who is signed in; refuses with everything that is wrong. Other sessions of theirs end. */
export async function setCredentials(deed: Deed, actor: Actor, wanted: NewCredentials, keep: string): Promise<void> {
  const staffId = staffIdOf(actor)
  const [person] = staffId ? await deed.tx.select().from(staff).where(eq(staff.id, staffId)).for('update') : []
  if (!person) throw new Refusal('not-found')
  const name = wanted.name.trim()
  const problems = [
    ...(name === '' || name.length > 100 ? [{ field: 'name', message: 'Bitte geben Sie Ihren Namen an.' }] : []),
    ...checkPassword(wanted.password, wanted.repeated, [name, ...person.email.split(/[@.]/), 'passwort', 'whatsup']),
  ]
  const step = stepOfCode(wanted.secret, wanted.code, deed.now, 0)
  if (step === null)
    problems.push({ field: 'code', message: 'Dieser Code stimmt nicht. Bitte den aktuellen eingeben.' })
  if (problems.length > 0) throw new Refusal('invalid-input', problems)
  const fresh = {
    passwordHash: await hashPassword(wanted.password),
    totpSealed: deed.vault.seal(wanted.secret),
    totpStep: step!,
    changedAt: deed.now,
  }
  await deed.tx.update(staff).set({ name }).where(eq(staff.id, person.id))
  await deed.tx
    .insert(staffCredentials)
    .values({ staffId: person.id, ...fresh })
    .onConflictDoUpdate({ target: staffCredentials.staffId, set: fresh })
  await endSessionsOf(deed, person.id, keep)
  await record(deed, actor, { action: 'staff.credentials-set', channel: person.channel, target: person.id })
}

/** Has this person a password and second factor of their own? Who is no person of the office counts as having them. */
export async function hasPassword(db: Db, actor: Actor): Promise<boolean> {
  const staffId = staffIdOf(actor)
  if (staffId === null) return true
  const [row] = await db
    .select({ id: staffCredentials.staffId })
    .from(staffCredentials)
    .where(eq(staffCredentials.staffId, staffId))
  return row !== undefined
}

export const staffIdOf = ({ id }: Pick<Actor, 'id'>): string | null => (id.startsWith('staff:') ? id.slice(6) : null)
