import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { inDeed, type Runtime } from '../runtime.ts'
import { ledgerOf } from '../subscriptions/ledger.ts'
import { answersWith, channelParam, consentSource, forRoles, instant, json } from './described.ts'
import { fromCursor, Paging, pageOf, toCursor } from './paging.ts'
import type { ApiEnv } from './signed-in.ts'

const EntrySchema = z
  .object({
    offering: z.enum(['info', 'chat']),
    action: z.enum(['granted', 'withdrawn', 'moved', 'expired']),
    topics: z.array(z.string()).nullable(),
    at: instant(),
    source: consentSource(),
    messageId: z.string().nullable().openapi({
      description:
        'Meta’s id of the message; null if there was none, or erased. An id that tells the number, as Meta’s usually do, is replaced by `fp_` and its keyed fingerprint: the proof of one person gives it.',
    }),
    noticeVersion: z.string(),
    wording: z.string().nullable(),
    subject: z.string().openapi({ description: 'A pseudonym' }),
  })
  .openapi('ConsentEntry')

const list = createRoute({
  method: 'get',
  path: '/channels/{channel}/consents',
  tags: ['Consents'],
  summary: 'The consent ledger, newest first by the time of the deed',
  ...forRoles('consents.read'),
  request: { params: channelParam, query: Paging },
  responses: { 200: json(pageOf(EntrySchema), 'A page of the ledger'), ...answersWith(404, 422) },
})

export const consentRoutes = (runtime: Runtime) =>
  new OpenAPIHono<ApiEnv>().openapi(list, async (c) => {
    const { limit, cursor } = c.req.valid('query')
    const [at, seq] = fromCursor(z.tuple([z.iso.datetime(), z.int().min(1)]), cursor) ?? []
    const before = at && seq ? { at: new Date(at), seq } : undefined
    const found = await inDeed(runtime, (deed) =>
      ledgerOf(deed, c.req.valid('param').channel, { limit: limit + 1, before }),
    )
    const items = found.slice(0, limit)
    return c.json(
      {
        items: items.map(({ seq: _, at, ...entry }) => ({ ...entry, at: at.toISOString() })),
        nextCursor: found.length > limit ? toCursor([items.at(-1)!.at, items.at(-1)!.seq]) : null,
      },
      200,
    )
  })
