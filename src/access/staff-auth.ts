import type { Actor, Role } from '../audit/audit.ts'
import type { Db } from '../db/db.ts'
import type { Deed } from '../runtime.ts'
import { endSession, whoIs } from './sessions.ts'
import { type Credentials, hasPassword, type NewCredentials, setCredentials, signIn, signInByEmail } from './sign-in.ts'
import { invite, redeem } from './staff.ts'

/** A session just opened: `token` goes into the cookie and is stored nowhere readable. */
export type NewSession = { token: string; expiresAt: Date; actor: Actor }

/** How people of the office get in. Doors know this interface only, so that the way of signing in can change behind it. */
export interface StaffAuth {
  /** Creates or changes a person's access and returns a link token, valid for 48 hours and one use; earlier unused ones end. */
  invite(
    deed: Deed,
    by: Actor,
    person: { email: string; role: Exclude<Role, 'inbox'>; channel: string | null },
  ): Promise<{ staffId: string; token: string; expiresAt: Date }>
  /** Exchanges a link token for a session; null if it is unknown, used, too old, or the person was shut out. */
  redeem(deed: Deed, token: string): Promise<NewSession | null>
  /** User name, password and code for a session; null if anything is wrong. Refuses with `too-many-requests` whoever keeps guessing. */
  signIn(deed: Deed, given: Credentials): Promise<NewSession | null>
  /** A session for an e-mail address that the town's own provider vouches for; null if it has no access here. */
  signInByEmail(deed: Deed, email: string): Promise<NewSession | null>
  /** Sets name, password and second factor of who is signed in; ends their sessions but for `keep`. */
  setCredentials(deed: Deed, actor: Actor, wanted: NewCredentials, keep: string): Promise<void>
  hasPassword(db: Db, actor: Actor): Promise<boolean>
  /** Who holds this session; null if it has ended. Using it extends it. */
  whoIs(db: Db, token: string, now: Date): Promise<Actor | null>
  /** Ends the session; nothing happens if there is none. */
  signOut(deed: Deed, token: string): Promise<void>
}

/** One-time links, then password and TOTP, with own sessions. */
export const linkAuth: StaffAuth = {
  invite,
  redeem,
  signIn,
  signInByEmail,
  setCredentials,
  hasPassword,
  whoIs,
  signOut: endSession,
}
