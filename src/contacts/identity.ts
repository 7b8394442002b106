/** What a payload says about its sender. A missing id is absent, never ''. */
export type Identity = { phone?: string; userId?: string; name?: string }

export type Recognition =
  | { is: 'new' }
  | { is: 'known'; id: string }
  /** The number was somebody else's before: it moves to a new contact, who inherits nothing. */
  | { is: 'new-on-known-number'; formerOwner: string }
  /** Number and user id belong to two contacts: the user id decides, the number moves to it. */
  | { is: 'known-with-number-of'; id: string; formerOwner: string }

/**
 * Who is this? The user id decides, then the number. A known number with another user id is a new person, since numbers are given to new owners and
 * Meta announces a change of id by a system message.
 * @param byUserId the contact known under the sender's user id
 * @param byPhone the contact known under the sender's number
 * @see cloud-api.md §3.6
 */
export function recogniseBy(
  sender: { hasUserId: boolean },
  byUserId: { id: string } | undefined,
  byPhone: { id: string; hasUserId: boolean } | undefined,
): Recognition {
  if (byUserId) {
    if (byPhone && byPhone.id !== byUserId.id)
      return { is: 'known-with-number-of', id: byUserId.id, formerOwner: byPhone.id }
    return { is: 'known', id: byUserId.id }
  }
  if (!byPhone) return { is: 'new' }
  if (sender.hasUserId && byPhone.hasUserId) return { is: 'new-on-known-number', formerOwner: byPhone.id }
  return { is: 'known', id: byPhone.id }
}
