import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { type StoredTemplate, templatesOf } from '../channels/template-store.ts'
import { syncTemplates } from '../channels/template-sync.ts'
import { templatesChanged } from '../intake/notices.ts'
import { inDeed, type Runtime } from '../runtime.ts'
import { answersWith, channelParam, forRoles, instant, json } from './described.ts'
import { fromCursor, Paging, pageOf, toCursor } from './paging.ts'
import type { ApiEnv } from './signed-in.ts'

const TemplateSchema = z
  .object({
    name: z.string(),
    language: z.string(),
    status: z.string().openapi({ description: 'Meta’s word; only APPROVED can be sent', example: 'APPROVED' }),
    category: z.string().openapi({ example: 'MARKETING' }),
    previousCategory: z.string().nullable(),
    quality: z.string().nullable(),
    parameterFormat: z.string(),
    components: z.array(z.unknown()),
    rejectedReason: z.string().nullable(),
    readAt: instant().openapi({ description: 'When Meta last told us' }),
  })
  .openapi('Template')

const list = createRoute({
  method: 'get',
  path: '/channels/{channel}/templates',
  tags: ['Templates'],
  summary: 'The templates as Meta last described them',
  ...forRoles('templates.read'),
  request: { params: channelParam, query: Paging },
  responses: { 200: json(pageOf(TemplateSchema), 'A page, by name and language'), ...answersWith(404, 422) },
})

const sync = createRoute({
  method: 'post',
  path: '/channels/{channel}/templates/sync',
  tags: ['Templates'],
  summary: 'Reads Meta’s list now',
  description: 'Also done at start, every hour, and when Meta announces a change.',
  ...forRoles('templates.sync'),
  request: { params: channelParam },
  responses: { 200: json(pageOf(TemplateSchema), 'All templates, on one page'), ...answersWith(404, 502) },
})

export const templateRoutes = (runtime: Runtime) =>
  new OpenAPIHono<ApiEnv>()
    .openapi(list, async (c) => {
      const { limit, cursor } = c.req.valid('query')
      const after = fromCursor(z.tuple([z.string(), z.string()]), cursor)
      const all = await inDeed(runtime, (deed) => templatesOf(deed, c.req.valid('param').channel))
      const start = after ? all.findIndex(({ name, language }) => name === after[0] && language === after[1]) + 1 : 0
      const items = all.slice(start, start + limit)
      const last = start + limit < all.length ? items.at(-1)! : null
      return c.json({ items: items.map(view), nextCursor: last && toCursor([last.name, last.language]) }, 200)
    })
    .openapi(sync, async (c) => {
      const channel = runtime.channels.get(c.req.valid('param').channel)!
      const { templates } = await syncTemplates(runtime, channel, (deed, _, changes) =>
        templatesChanged(deed, channel, changes),
      )
      return c.json({ items: templates.map(view), nextCursor: null }, 200)
    })

const view = ({ channel: _, metaId: __, components, readAt, ...template }: StoredTemplate) => ({
  ...template,
  components: components as unknown[],
  readAt: readAt.toISOString(),
})
