import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import type { Actor } from '../audit/audit.ts'
import type { Offering } from '../channels/channel.ts'
import { lastCheck } from '../privacy/ledger-check.ts'
import { inDeed, type Runtime } from '../runtime.ts'
import type { ConsentAction } from '../subscriptions/consents.ts'
import { proofFor } from '../subscriptions/proof.ts'
import { given } from '../subscriptions/reason.ts'
import { answersWith, bodyOf, consentSource, forRoles, instant, json } from './described.ts'
import { reasonField, subscriberParam } from './person.ts'
import type { ApiEnv } from './signed-in.ts'

const reason = reasonField('den Nachweis')

const offering = z.enum(['info', 'chat'])

const hex = () => z.string().openapi({ description: 'Hexadecimal' })

const ProofSchema = z
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
        linked: z.boolean().openapi({ description: 'The entry after it, or the end of the ledger, builds on it' }),
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
  .openapi('ConsentProof')

const described = {
  path: '/channels/{channel}/subscribers/{id}/proof' as const,
  tags: ['Consents'],
  summary: 'Proof of what one person agreed to and took back',
  ...forRoles('subscribers.reveal'),
  responses: { 200: json(ProofSchema, 'The proof, oldest entry first'), ...answersWith(404, 422) },
}

const proof = createRoute({
  ...described,
  method: 'get',
  description:
    'For Art. 7(1) GDPR; leaves an entry with the reason in the audit log. With POST the reason stands in no address. `hash` is sha256 over the bytes of `previousHash` and the JSON array [channel, seq, subject, offering, action, topics, at (UTC, milliseconds), source, noticeVersion, wording, detailHash]; `detailHash` is sha256 over the bytes of `salt` and `messageId`.',
  request: { params: subscriberParam, query: z.object({ reason }) },
})

const proofByBody = createRoute({
  ...described,
  method: 'post',
  description: 'As with GET; what is kept of addresses on the way here does not tell the reason.',
  request: { params: subscriberParam, body: bodyOf(z.strictObject({ reason }), true) },
})

/** What one person agreed to, in a form that somebody else can verify. Leaves an audit entry with the reason. */
export async function proofDocument(runtime: Runtime, actor: Actor, channel: string, id: string, reason: string) {
  const { answer, check } = await inDeed(runtime, async (deed) => ({
    answer: await proofFor(deed, actor, channel, id, reason),
    check: await lastCheck(deed, channel),
  }))
  const found = given(answer)
  return {
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
  }
}

export const proofRoutes = (runtime: Runtime) =>
  new OpenAPIHono<ApiEnv>()
    .openapi(proof, async (c) => {
      const { channel, id } = c.req.valid('param')
      return c.json(await proofDocument(runtime, c.get('actor'), channel, id, c.req.valid('query').reason), 200)
    })
    .openapi(proofByBody, async (c) => {
      const { channel, id } = c.req.valid('param')
      return c.json(await proofDocument(runtime, c.get('actor'), channel, id, c.req.valid('json').reason), 200)
    })
