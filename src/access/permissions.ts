import type { Actor, Role } from '../audit/audit.ts'

const INBOX: readonly Role[] = ['inbox', 'admin']
const OFFICE: readonly Role[] = ['editor', 'approver', 'admin']
const APPROVERS: readonly Role[] = ['approver', 'admin']
const ADMIN: readonly Role[] = ['admin']

/**
 * Who may do what; what is not listed, nobody may. Stopping a broadcast is open to everybody who may write one: whoever sees the mistake first must be
 * able to stop it; and whoever answers the phone must be able to sign a caller off. The inbox's key sees chats and nothing else, since it lives on a
 * machine that is not ours.
 */
const ALLOWED = {
  'channels.read': OFFICE,
  'templates.read': OFFICE,
  'templates.sync': OFFICE,
  'templates.write': OFFICE,
  'broadcasts.read': OFFICE,
  'broadcasts.write': OFFICE,
  'broadcasts.approve': APPROVERS,
  'subscribers.read': OFFICE,
  'subscribers.reveal': OFFICE,
  'subscribers.sign-off': OFFICE,
  'subscribers.change': ADMIN,
  'consents.read': OFFICE,
  'chats.tend': OFFICE,
  'chats.answer': INBOX,
  'channels.repair': ADMIN,
  'access.grant': ADMIN,
  'audit.read': ADMIN,
} as const satisfies Record<string, readonly Role[]>

export type Action = keyof typeof ALLOWED

/** May somebody with this role do this at all? Pure; says nothing about the channel. */
export function may(role: Role, action: Action): boolean {
  return Object.hasOwn(ALLOWED, action) && rolesFor(action).includes(role)
}

/** The roles that may do this, lowest first: for documentation and refusals. */
export function rolesFor(action: Action): readonly Role[] {
  return ALLOWED[action]
}

/** Does this actor's access reach this channel? Without a channel of its own it reaches every one. */
export function reaches(actor: Pick<Actor, 'channel'>, channel: string): boolean {
  return actor.channel === null || actor.channel === channel
}
