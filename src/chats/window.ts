import type { MessageEvent, MessageKind } from '../whatsapp/webhook-events.ts'

/** How long a citizen may be answered freely after each message or call of theirs. */
export const WINDOW_MS = 24 * 60 * 60 * 1000

/**
 * Until when a free answer may be sent; null if they never wrote.
 * @param lastInboundAt Meta's time stamp of the citizen's latest message or call, not the moment it reached us
 * @see https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/send-messages
 */
export function answerUntil(lastInboundAt: Date | null): Date | null {
  return lastInboundAt === null ? null : new Date(lastInboundAt.getTime() + WINDOW_MS)
}

/** May we still answer freely? At the very end of the window no more: the message takes its time to Meta. */
export function mayAnswer(lastInboundAt: Date | null, now: Date): boolean {
  const until = answerUntil(lastInboundAt)
  return until !== null && now < until
}

/** Kinds that nobody writes anew, and the reaction, of which Meta does not say that it opens the window. */
const NOT_WRITTEN: ReadonlySet<MessageKind> = new Set(['reaction', 'edit', 'revoke', 'system'])

/** Does the citizen write with this, so that 24 hours begin in which they may be answered? */
export const opensWindow = ({ kind, rawType }: Pick<MessageEvent, 'kind' | 'rawType'>): boolean =>
  !NOT_WRITTEN.has(kind) && rawType !== 'request_welcome'
