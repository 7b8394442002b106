import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { readPhone } from '../contacts/phone.ts'
import { Refusal } from '../refusal.ts'
import { inDeed, type Runtime } from '../runtime.ts'
import { given } from '../subscriptions/reason.ts'
import { type LookedUp, lookUp, reveal } from '../subscriptions/subscribers.ts'
import { answersWith, bodyOf, channelParam, consentSource, forRoles, idParam, instant, json } from './described.ts'
import type { ApiEnv } from './signed-in.ts'
import { offeringsOf } from './subscribers.ts'

const offering = z.enum(['info', 'chat'])

/** Why somebody wants to see a person. `what` they want goes into the sentence that answers a missing reason. */
export const reasonField = (what: string) =>
  z
    .string({
      error: ({ input }) =>
        input === undefined ? `Bitte geben Sie an, wofür Sie ${what} brauchen (reason).` : undefined,
    })
    .max(200)
    .openapi({
      description: 'What for; stands in the audit log and must not name a number',
      example: 'Rückfrage zu einem Anliegen',
    })

const identityReason = reasonField('Nummer und Namen')

const Wanted = z
  .strictObject({
    phone: z.string().min(1).optional(),
    userId: z.string().trim().min(1).max(200).optional(),
    reason: identityReason.optional(),
  })
  .refine((body) => (body.phone === undefined) !== (body.userId === undefined), {
    error: 'Bitte geben Sie entweder phone oder userId an.',
    path: ['phone'],
  })

/** Whoever asks for a person gets them unmasked. */
const identity = {
  id: z.string(),
  name: z.string().nullable(),
  phone: z.string().nullable(),
  userId: z.string().nullable(),
}

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
          ...identity,
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
            z.object({ offering, action: z.enum(['granted', 'withdrawn']), at: instant(), source: consentSource() }),
          ),
        })
        .openapi('Person'),
      'The person',
    ),
    ...answersWith(404, 422),
  },
})

export const subscriberParam = channelParam.extend({ id: idParam })

const revealOne = createRoute({
  method: 'post',
  path: '/channels/{channel}/subscribers/{id}/reveal',
  tags: ['Subscribers'],
  summary: 'Number, user id and name of one person, for a reason',
  description: 'Leaves an entry with the reason in the audit log.',
  ...forRoles('subscribers.reveal'),
  request: { params: subscriberParam, body: bodyOf(z.strictObject({ reason: identityReason }), true) },
  responses: {
    200: json(
      z
        .object({
          ...identity,
        })
        .openapi('RevealedPerson'),
      'The person',
    ),
    ...answersWith(404, 422),
  },
})

/** One person in full, for whoever may know; each look leaves an entry in the audit log. */
export const personRoutes = (runtime: Runtime) =>
  new OpenAPIHono<ApiEnv>()
    .openapi(lookup, async (c) => {
      const channel = runtime.channels.get(c.req.valid('param').channel)!
      const { phone, userId, reason } = c.req.valid('json')
      const who = userId === undefined ? { phone: numberIn(phone!) } : { userId }
      const person = await inDeed(runtime, (deed) =>
        lookUp(deed, c.get('actor'), channel.slug, who, offeringsOf(channel), reason),
      )
      // Outside of the deed: the audit entry of a look-up in vain stays, as that of one refused.
      const found = given(person)
      if (!found) throw new Refusal('not-found')
      return c.json(view(found), 200)
    })
    .openapi(revealOne, async (c) => {
      const { channel, id } = c.req.valid('param')
      const { reason } = c.req.valid('json')
      const person = await inDeed(runtime, (deed) => reveal(deed, c.get('actor'), channel, id, reason))
      const { name, phone, userId } = given(person)
      return c.json({ id, name: name ?? null, phone: phone ?? null, userId: userId ?? null }, 200)
    })

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
