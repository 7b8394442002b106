import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import type { Offering } from '../channels/channel.ts'
import { lastCheck } from '../privacy/ledger-check.ts'
import { inDeed, type Runtime } from '../runtime.ts'
import type { ConsentAction } from '../subscriptions/consents.ts'
import { proofFor } from '../subscriptions/proof.ts'
import { answersWith, consentSource, forRoles, instant, json } from './described.ts'
import { subscriberParam } from './person.ts'
import type { ApiEnv } from './signed-in.ts'

const offering = z.enum(['info', 'chat'])

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
              source: consentSource(),
              messageId: z.string().nullable(),
              noticeVersion: z.string(),
              wording: z.string().nullable(),
              recordedAt: instant(),
              salt: hex().nullable(),
              detailHash: hex().nullable(),
              previousHash: hex(),
              hash: hex(),
              intact: z.boolean().openapi({ description: 'Computed anew, the hash is the same' }),
              linked: z
                .boolean()
                .openapi({ description: 'The entry after it, or the end of the ledger, builds on it' }),
            }),
          ),
          ledger: z
            .object({
              checkedAt: instant(),
              entries: z.int(),
              head: hex().openapi({ description: 'Hash of the last entry that held' }),
              holds: z.boolean().openapi({ description: 'Nothing was found, and the end of that walk still stands' }),
            })
            .nullable()
            .openapi({
              description: 'The latest walk along the whole ledger of the channel; null before the first one',
            }),
        })
        .openapi('ConsentProof'),
      'The proof, oldest entry first',
    ),
    ...answersWith(404),
  },
})

/** What one person agreed to, in a form that somebody else can verify. */
export const proofRoutes = (runtime: Runtime) =>
  new OpenAPIHono<ApiEnv>().openapi(proof, async (c) => {
    const { channel, id } = c.req.valid('param')
    const { found, check } = await inDeed(runtime, async (deed) => ({
      found: await proofFor(deed, c.get('actor'), channel, id),
      check: await lastCheck(deed, channel),
    }))
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
        ledger: check && {
          checkedAt: check.at.toISOString(),
          entries: check.entries,
          head: check.head,
          holds: check.broken === null && check.stands,
        },
      },
      200,
    )
  })
