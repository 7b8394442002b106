import type { Channel } from './channel.ts'
import { channelSchema } from './channel-schema.ts'

/** What retention must know of a channel. */
export type Kept = { slug: string; privacy: Pick<Channel['privacy'], 'noticeVersion' | 'retention'> }

/** The periods of a channel file that says nothing about them. */
export function defaultRetention(): Channel['privacy']['retention'] {
  const { inboundIds, recipients, chats, audit, contacts, unreachable, unreachableBroadcasts } =
    channelSchema.shape.privacy.shape.retention.parse(undefined)
  return {
    inboundIdsMs: inboundIds,
    recipientsMs: recipients,
    chatsMs: chats,
    auditMs: audit,
    contactsMs: contacts,
    unreachableMs: unreachable,
    unreachableBroadcasts,
  }
}
