import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { reaches } from '../access/permissions.ts'
import type { Channel } from '../channels/channel.ts'
import {
  type ChannelEvent,
  type ChannelHealth,
  channelHealth,
  isTokenRefused,
  latestEvents,
} from '../channels/channel-health.ts'
import type { Runtime } from '../runtime.ts'
import { answersWith, channelParam, forRoles, instant, json } from './described.ts'
import { pageOf } from './paging.ts'
import type { ApiEnv } from './signed-in.ts'

const ChannelSchema = z
  .object({
    slug: z.string(),
    name: z.string(),
    town: z.string(),
    language: z.string(),
    timezone: z.string(),
    region: z.string(),
    phoneNumber: z.string().openapi({ description: 'Our own number, E.164' }),
    offerings: z.object({
      info: z
        .object({
          approval: z.enum(['four-eyes', 'none']),
          quietHours: z.object({ from: z.string(), to: z.string() }).nullable(),
          topics: z.record(z.string(), z.string()),
        })
        .nullable(),
      chat: z
        .object({ optInRequired: z.boolean(), accepts: z.array(z.string()), eraseOnClose: z.boolean() })
        .nullable(),
    }),
    posters: z.record(z.string(), z.string()).openapi({
      description: 'Code of each poster and where it hangs; a consent given by one has the source `poster:<code>`',
    }),
    state: z.enum(['ok', 'stopped']),
    stopped: z.object({ at: instant(), code: z.string().nullable(), reason: z.string().nullable() }).nullable(),
    limits: z.object({
      messagesPerSecond: z.number(),
      daily: z.int().nullable().openapi({ description: 'People in any 24 h; null: not known or unlimited' }),
      dailyUnlimited: z.boolean(),
      throughputLevel: z.string().nullable(),
    }),
    quality: z.object({ rating: z.string().nullable(), phoneStatus: z.string().nullable() }),
    health: z.object({
      ok: z.boolean(),
      tokenRefused: z.boolean(),
      checkedAt: instant().nullable().openapi({ description: 'When Meta was last asked about this number' }),
    }),
  })
  .openapi('Channel')

const WithEvents = ChannelSchema.extend({
  events: z
    .array(z.object({ id: z.int(), at: instant(), kind: z.string(), severity: z.string(), detail: z.unknown() }))
    .openapi({ description: 'What Meta or the office told about it, newest first' }),
}).openapi('ChannelWithEvents')

const list = createRoute({
  method: 'get',
  path: '/channels',
  tags: ['Channels'],
  summary: 'The channels within your reach',
  ...forRoles('channels.read'),
  responses: { 200: json(pageOf(ChannelSchema), 'All of them, on one page'), ...answersWith() },
})

const one = createRoute({
  method: 'get',
  path: '/channels/{channel}',
  tags: ['Channels'],
  summary: 'State, limits, quality and health of a channel',
  ...forRoles('channels.read'),
  request: { params: channelParam },
  responses: { 200: json(WithEvents, 'The channel'), ...answersWith(404) },
})

export const channelRoutes = ({ db, channels }: Runtime) =>
  new OpenAPIHono<ApiEnv>()
    .openapi(list, async (c) => {
      const within = [...channels.values()].filter(({ slug }) => reaches(c.get('actor'), slug))
      const states = await channelHealth(
        db,
        within.map(({ slug }) => slug),
      )
      return c.json({ items: within.map((channel) => view(channel, states.get(channel.slug)!)), nextCursor: null }, 200)
    })
    .openapi(one, async (c) => {
      const channel = channels.get(c.req.valid('param').channel)!
      const states = await channelHealth(db, [channel.slug])
      const events = await latestEvents(db, channel.slug, 50)
      return c.json({ ...view(channel, states.get(channel.slug)!), events: events.map(viewEvent) }, 200)
    })

function view(channel: Channel, state: ChannelHealth): z.infer<typeof ChannelSchema> {
  const { info, chat } = channel.offerings
  return {
    slug: channel.slug,
    name: channel.name,
    town: channel.town,
    language: channel.language,
    timezone: channel.timezone,
    region: channel.region,
    phoneNumber: channel.whatsapp.phoneNumber,
    offerings: {
      info: info
        ? {
            approval: info.approval,
            quietHours: info.quietHours && {
              from: clock(info.quietHours.fromMinute),
              to: clock(info.quietHours.toMinute),
            },
            topics: { ...info.topics },
          }
        : null,
      chat: chat
        ? { optInRequired: chat.optInRequired, accepts: [...chat.accepts], eraseOnClose: chat.eraseOnClose }
        : null,
    },
    posters: { ...channel.posters },
    state: state.stopped ? 'stopped' : 'ok',
    stopped: state.stopped && { ...state.stopped, at: state.stopped.at.toISOString() },
    limits: {
      messagesPerSecond: channel.whatsapp.messagesPerSecond,
      daily: state.dailyLimit === -1 ? null : state.dailyLimit,
      dailyUnlimited: state.dailyLimit === -1,
      throughputLevel: state.throughputLevel,
    },
    quality: { rating: state.qualityRating, phoneStatus: state.phoneStatus },
    health: {
      ok: state.stopped === null,
      tokenRefused: isTokenRefused(state),
      checkedAt: state.checkedAt?.toISOString() ?? null,
    },
  }
}

const clock = (minute: number) =>
  `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`

const viewEvent = ({ at, ...event }: ChannelEvent) => ({ ...event, at: at.toISOString() })
