import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { trailOf } from '../audit/trail.ts'
import { inDeed, type Runtime } from '../runtime.ts'
import { answersWith, channelParam, forRoles, instant, json } from './described.ts'
import { fromCursor, Paging, pageOf, toCursor } from './paging.ts'
import type { ApiEnv } from './signed-in.ts'

const DeedSchema = z
  .object({
    id: z.int(),
    at: instant(),
    channel: z.string().nullable().openapi({ description: 'null = of no channel: people, keys, the whole service' }),
    actor: z.string().openapi({ description: 'staff:…, key:…, command or system' }),
    actorName: z.string(),
    action: z.string(),
    target: z.string().nullable(),
    detail: z.record(z.string(), z.unknown()).openapi({ description: 'Ids, counts, settings, a stated reason' }),
  })
  .openapi('AuditEntry')

const list = createRoute({
  method: 'get',
  path: '/channels/{channel}/audit',
  tags: ['Audit'],
  summary: 'Who did what, newest first',
  description:
    'Page by page until `nextCursor` is null, this is the export of the whole log. Whoever reaches every channel also gets the entries of no channel; whoever reaches one gets that one’s alone.',
  ...forRoles('audit.read'),
  request: { params: channelParam, query: Paging },
  responses: { 200: json(pageOf(DeedSchema), 'A page of the log'), ...answersWith(404, 422) },
})

export const auditRoutes = (runtime: Runtime) =>
  new OpenAPIHono<ApiEnv>().openapi(list, async (c) => {
    const { limit, cursor } = c.req.valid('query')
    const before = fromCursor(z.int().min(1), cursor)
    const found = await inDeed(runtime, (deed) =>
      trailOf(deed, c.get('actor'), c.req.valid('param').channel, { limit: limit + 1, before }),
    )
    const items = found.slice(0, limit)
    return c.json(
      {
        items: items.map(({ id, at, channel, actor, actorName, action, target, detail }) => ({
          ...{ id, channel, actor, actorName, action, target },
          at: at.toISOString(),
          detail: detail as Record<string, unknown>,
        })),
        nextCursor: found.length > limit ? toCursor(items.at(-1)!.id) : null,
      },
      200,
    )
  })
