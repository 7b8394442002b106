import type { z } from 'zod'
import type { Channel } from './channel.ts'
import { channelSchema } from './channel-schema.ts'

/** What retention must know of a channel. */
export type Kept = { slug: string; privacy: Pick<Channel['privacy'], 'noticeVersion' | 'retention'> }

type Said = z.output<typeof channelSchema>['privacy']['retention']

/** The periods as a channel file says them, with their unit in the name. */
export const retentionOf = ({ unreachableBroadcasts, ...said }: Said): Channel['privacy']['retention'] => ({
  inboundIdsMs: said.inboundIds,
  recipientsMs: said.recipients,
  chatsMs: said.chats,
  auditMs: said.audit,
  contactsMs: said.contacts,
  unreachableMs: said.unreachable,
  unreachableBroadcasts,
})

/** The periods of a channel file that says nothing about them. */
export const defaultRetention = () => retentionOf(channelSchema.shape.privacy.shape.retention.parse(undefined))
