/**
 * Does this id of a message tell whose it is? Meta's ids are `wamid.` and base64 of a few bytes among which the citizen's number, or the user id where there
 * is none, stands in plain digits.
 */
export function namesSomebody(messageId: string): boolean {
  const inside = Buffer.from(messageId.replace(/^wamid\./, ''), 'base64').toString('latin1')
  return /\d{7}|[A-Z]{2}\.[A-Za-z0-9]{4}/.test(inside)
}
