import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import type { Channel, Offering } from '../channels/channel.ts'
import { readPhone } from '../contacts/phone.ts'
import { Refusal } from '../refusal.ts'
import { inDeed, type Runtime } from '../runtime.ts'
import type { ConsentAction } from '../subscriptions/consents.ts'
import { proofFor } from '../subscriptions/proof.ts'
import {
  countSubscribers,
  type LookedUp,
  listSubscribers,
  lookUp,
  requireTopic,
  reveal,
} from '../subscriptions/subscribers.ts'
import { answersWith, bodyOf, channelParam, forRoles, idParam, instant, json } from './described.ts'
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

const reasonField = z.string().max(200).openapi({
  description: 'What for; stands in the audit log and must not name a number',
  example: 'Rückfrage zu einem Anliegen',
})

const Wanted = z
  .strictObject({
    phone: z.string().min(1).optional(),
    userId: z.string().trim().min(1).max(200).optional(),
    reason: reasonField.optional(),
  })
  .refine((body) => (body.phone === undefined) !== (body.userId === undefined), {
    error: 'Bitte geben Sie entweder phone oder userId an.',
    path: ['phone'],
  })

const lookup = createRoute({
  method: 'post',
  path: '/channels/{channel}/subscribers/lookup',
  tags: ['Subscribers'],
  summary: 'One person by number or user id',
  description: 'Shows number, name and consents in full, and leaves an entry in the audit log.',
  ...forRoles('subscribers.reveal'),
  request: { params: channelParam, body: bodyOf(Wanted, true) },
  responses: {
    200: json(
      z
        .object({
          id: z.string(),
          name: z.string().nullable(),
          phone: z.string().nullable(),
          userId: z.string().nullable(),
          offerings: z.array(
            z.object({
              offering,
              subscribed: z.boolean(),
              since: instant()
                .nullable()
                .openapi({ description: 'Since when it is so; null if it never was otherwise' }),
              topics: z.array(z.string()).nullable(),
            }),
          ),
          consents: z.array(
            z.object({ offering, action: z.enum(['granted', 'withdrawn']), at: instant(), source: z.string() }),
          ),
        })
        .openapi('Person'),
      'The person',
    ),
    ...answersWith(404, 422),
  },
})

const subscriberParam = channelParam.extend({ id: idParam })

const revealOne = createRoute({
  method: 'post',
  path: '/channels/{channel}/subscribers/{id}/reveal',
  tags: ['Subscribers'],
  summary: 'Number, user id and name of one person, for a reason',
  description: 'Leaves an entry with the reason in the audit log.',
  ...forRoles('subscribers.reveal'),
  request: { params: subscriberParam, body: bodyOf(z.strictObject({ reason: reasonField }), true) },
  responses: {
    200: json(
      z
        .object({
          id: z.string(),
          name: z.string().nullable(),
          phone: z.string().nullable(),
          userId: z.string().nullable(),
        })
        .openapi('RevealedPerson'),
      'The person',
    ),
    ...answersWith(404, 422),
  },
})

const hex = () => z.string().openapi({ description: 'Hexadecimal' })

const proof = createRoute({
  method: 'get',
  path: '/channels/{channel}/subscribers/{id}/proof',
  tags: ['Consents'],
  summary: 'Proof of what one person agreed to and took back',
  description:
    'For Art. 7(1) GDPR; leaves an entry in the audit log. `hash` is sha256 over the bytes of `previousHash` and the JSON array [channel, seq, subject, offering, action, topics, at (UTC, milliseconds), source, noticeVersion, wording, detailHash]; `detailHash` is sha256 over the bytes of `salt` and `messageId`.',
  ...forRoles('subscribers.reveal'),
  request: { params: subscriberParam },
  responses: {
    200: json(
      z
        .object({
          channel: z.string(),
          contactId: z.string(),
          subjects: z.array(z.string()).openapi({ description: 'The pseudonyms of this person in the ledger' }),
          createdAt: instant(),
          entries: z.array(
            z.object({
              seq: z.int(),
              subject: z.string(),
              offering,
              action: z.enum(['granted', 'withdrawn', 'moved', 'expired']),
              topics: z.array(z.string()).nullable(),
              at: instant(),
              source: z.string(),
              messageId: z.string().nullable(),
              noticeVersion: z.string(),
              wording: z.string().nullable(),
              recordedAt: instant(),
              salt: hex().nullable(),
              detailHash: hex().nullable(),
              previousHash: hex(),
              hash: hex(),
              intact: z.boolean().openapi({ description: 'Computed anew, the hash is the same' }),
            }),
          ),
        })
        .openapi('ConsentProof'),
      'The proof, oldest entry first',
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
    .openapi(lookup, async (c) => {
      const channel = runtime.channels.get(c.req.valid('param').channel)!
      const { phone, userId, reason } = c.req.valid('json')
      const who = userId === undefined ? { phone: numberIn(phone!) } : { userId }
      const person = await inDeed(runtime, (deed) =>
        lookUp(deed, c.get('actor'), channel.slug, who, offeringsOf(channel), reason),
      )
      // Outside of the deed: the audit entry of a look-up in vain stays.
      if (!person) throw new Refusal('not-found')
      return c.json(view(person), 200)
    })
    .openapi(revealOne, async (c) => {
      const { channel, id } = c.req.valid('param')
      const { reason } = c.req.valid('json')
      const person = await inDeed(runtime, (deed) => reveal(deed, c.get('actor'), channel, id, reason))
      const { name, phone, userId } = person
      return c.json({ id, name: name ?? null, phone: phone ?? null, userId: userId ?? null }, 200)
    })
    .openapi(proof, async (c) => {
      const { channel, id } = c.req.valid('param')
      const found = await inDeed(runtime, (deed) => proofFor(deed, c.get('actor'), channel, id))
      return c.json(
        {
          ...found,
          createdAt: found.createdAt.toISOString(),
          entries: found.entries.map(({ at, recordedAt, offering, action, ...entry }) => ({
            ...entry,
            offering: offering as Offering,
            action: action as ConsentAction,
            at: at.toISOString(),
            recordedAt: recordedAt.toISOString(),
          })),
        },
        200,
      )
    })

const offeringsOf = ({ offerings }: Channel): Offering[] =>
  (['info', 'chat'] as const).filter((one) => offerings[one] !== undefined)

const topicsOf = ({ offerings }: Channel): string[] => Object.keys(offerings.info?.topics ?? {})

function numberIn(typed: string): string {
  const phone = readPhone(typed)
  if (phone) return phone
  throw new Refusal('invalid-input', [
    { field: 'phone', message: 'Das ist keine Telefonnummer, zum Beispiel +4915112345612.' },
  ])
}

const view = ({ id, name, phone, userId, offerings, history }: LookedUp) => ({
  id,
  name: name ?? null,
  phone: phone ?? null,
  userId: userId ?? null,
  offerings: offerings.map(({ since, ...rest }) => ({ ...rest, since: since?.toISOString() ?? null })),
  consents: history.flatMap(({ offering, action, at, source }) =>
    action === 'granted' || action === 'withdrawn' ? [{ offering, action, at: at.toISOString(), source }] : [],
  ),
})
