import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import type { Channel, Offering } from '../channels/channel.ts'
import { inDeed, type Runtime } from '../runtime.ts'
import { countSubscribers, listSubscribers, requireTopic } from '../subscriptions/subscribers.ts'
import { answersWith, channelParam, forRoles, instant, json } from './described.ts'
import { fromCursor, Paging, pageOf, toCursor } from './paging.ts'
import type { ApiEnv } from './signed-in.ts'

const offering = z.enum(['info', 'chat'])

const SubscriberSchema = z
  .object({
    id: z.string(),
    phone: z.string().nullable().openapi({ description: 'Masked', example: '+49 151 ••••• 12' }),
    userId: z.string().nullable().openapi({ description: 'Masked', example: 'DE.134 ••••• 18' }),
    offerings: z.array(z.object({ offering, since: instant(), topics: z.array(z.string()).nullable() })),
  })
  .openapi('Subscriber')

const list = createRoute({
  method: 'get',
  path: '/channels/{channel}/subscribers',
  tags: ['Subscribers'],
  summary: 'Who is subscribed, masked',
  ...forRoles('subscribers.read'),
  request: {
    params: channelParam,
    query: Paging.extend({ offering: offering.optional(), topic: z.string().optional() }),
  },
  responses: { 200: json(pageOf(SubscriberSchema), 'A page, by id'), ...answersWith(404, 422) },
})

const summary = createRoute({
  method: 'get',
  path: '/channels/{channel}/subscribers/summary',
  tags: ['Subscribers'],
  summary: 'Totals by offering and topic',
  ...forRoles('subscribers.read'),
  request: { params: channelParam },
  responses: {
    200: json(
      z
        .object({
          subscribers: z.int().openapi({ description: 'People, however many offerings each has' }),
          offerings: z.object({ info: z.int().optional(), chat: z.int().optional() }),
          topics: z.record(z.string(), z.int()).openapi({ description: 'Who gets a broadcast on this topic' }),
          allTopics: z.int().openapi({ description: 'Of info: without a choice of topics, get all' }),
        })
        .openapi('SubscriberTotals'),
      'Totals of this moment',
    ),
    ...answersWith(404),
  },
})

export const subscriberRoutes = (runtime: Runtime) =>
  new OpenAPIHono<ApiEnv>()
    .openapi(summary, async (c) => {
      const channel = runtime.channels.get(c.req.valid('param').channel)!
      const has = { offerings: offeringsOf(channel), topics: topicsOf(channel) }
      return c.json(await inDeed(runtime, (deed) => countSubscribers(deed, channel.slug, has)), 200)
    })
    .openapi(list, async (c) => {
      const channel = runtime.channels.get(c.req.valid('param').channel)!
      const { limit, cursor, ...filter } = c.req.valid('query')
      requireTopic(topicsOf(channel), filter.topic)
      const after = fromCursor(z.uuid(), cursor)
      const found = await inDeed(runtime, (deed) =>
        listSubscribers(deed, channel.slug, { limit: limit + 1, after, ...filter }),
      )
      const items = found.slice(0, limit)
      return c.json(
        {
          items: items.map((person) => ({
            ...person,
            offerings: person.offerings.map(({ since, ...rest }) => ({ ...rest, since: since.toISOString() })),
          })),
          nextCursor: found.length > limit ? toCursor(items.at(-1)!.id) : null,
        },
        200,
      )
    })

export const offeringsOf = ({ offerings }: Channel): Offering[] =>
  (['info', 'chat'] as const).filter((one) => offerings[one] !== undefined)

const topicsOf = ({ offerings }: Channel): string[] => Object.keys(offerings.info?.topics ?? {})
