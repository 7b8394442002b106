/** Every way in which we write ourselves that a consent came about or ended, beside posters and lists. */
export const CONSENT_SOURCES = [
  ...['keyword', 'button', 'office', 'user-preferences'],
  ...['chat-closed', 'unreachable', 'identity-change', 'same-person', 'channel-ended'],
]
