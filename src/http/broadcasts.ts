import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import type { Action } from '../access/permissions.ts'
import type { Actor } from '../audit/audit.ts'
import { approve, reject, submit } from '../broadcasts/approval.ts'
import type { Row } from '../broadcasts/broadcasts.ts'
import { draft, edit, remove } from '../broadcasts/drafts.ts'
import { cancel, pause, resume, retry } from '../broadcasts/running.ts'
import { testSend } from '../broadcasts/test-send.ts'
import { list, recipients, view, viewOf } from '../broadcasts/views.ts'
import type { Channel } from '../channels/channel.ts'
import { type Deed, inDeed, type Runtime } from '../runtime.ts'
import {
  BroadcastChange,
  BroadcastSchema,
  BroadcastStatus,
  contentIn,
  NewBroadcast,
  RecipientSchema,
  RecipientState,
} from './broadcast-schemas.ts'
import { answersWith, bodyOf, channelParam, forRoles, json, Repeats } from './described.ts'
import { once } from './once.ts'
import { fromCursor, Paging, pageOf, toCursor } from './paging.ts'
import type { ApiEnv } from './signed-in.ts'

const ROOT = '/channels/{channel}/broadcasts'
const broadcastParam = channelParam.extend({ id: z.string().openapi({ format: 'uuid' }) })
const tags = ['Broadcasts']

const listRoute = createRoute({
  method: 'get',
  path: ROOT,
  tags,
  summary: 'Broadcasts, newest first',
  ...forRoles('broadcasts.read'),
  request: { params: channelParam, query: Paging.extend({ status: BroadcastStatus.optional() }) },
  responses: { 200: json(pageOf(BroadcastSchema), 'A page'), ...answersWith(404, 422) },
})

const draftRoute = createRoute({
  method: 'post',
  path: ROOT,
  tags,
  summary: 'Writes a draft',
  ...forRoles('broadcasts.write'),
  request: { params: channelParam, headers: Repeats, body: bodyOf(NewBroadcast, true) },
  responses: { 201: json(BroadcastSchema, 'The draft; its address in Location'), ...answersWith(404, 422) },
})

const readRoute = createRoute({
  method: 'get',
  path: `${ROOT}/{id}`,
  tags,
  summary: 'One broadcast with counts and forecast',
  ...forRoles('broadcasts.read'),
  request: { params: broadcastParam },
  responses: { 200: json(BroadcastSchema, 'The broadcast'), ...answersWith(404) },
})

const editRoute = createRoute({
  method: 'patch',
  path: `${ROOT}/{id}`,
  tags,
  summary: 'Changes what is named; voids an approval',
  ...forRoles('broadcasts.write'),
  request: { params: broadcastParam, body: bodyOf(BroadcastChange, true) },
  responses: { 200: json(BroadcastSchema, 'The broadcast, a draft again'), ...answersWith(404, 409, 422) },
})

const removeRoute = createRoute({
  method: 'delete',
  path: `${ROOT}/{id}`,
  tags,
  summary: 'Deletes a draft or a rejected broadcast',
  ...forRoles('broadcasts.write'),
  request: { params: broadcastParam },
  responses: { 204: { description: 'Deleted' }, ...answersWith(404, 409) },
})

const testRoute = createRoute({
  method: 'post',
  path: `${ROOT}/{id}/test`,
  tags,
  summary: 'Sends it to one number of the office',
  ...forRoles('broadcasts.write'),
  request: {
    params: broadcastParam,
    headers: Repeats,
    body: bodyOf(z.strictObject({ to: z.string().openapi({ example: '+4915112345612' }) }), true),
  },
  responses: {
    202: json(z.object({ id: z.string(), state: z.string() }), 'Queued ahead of broadcasts'),
    ...answersWith(404, 409, 422),
  },
})

const recipientsRoute = createRoute({
  method: 'get',
  path: `${ROOT}/{id}/recipients`,
  tags,
  summary: 'Who gets it, masked',
  ...forRoles('broadcasts.read'),
  request: { params: broadcastParam, query: Paging.extend({ state: RecipientState.optional() }) },
  responses: { 200: json(pageOf(RecipientSchema), 'A page, in the order of sending'), ...answersWith(404, 422) },
})

/** A step of the state machine: a POST that answers with the broadcast as it is then. */
const stepRoute = <P extends string, T extends z.ZodType>(path: P, summary: string, body: T, action: Action) =>
  createRoute({
    method: 'post',
    path: `${ROOT}/{id}/${path}`,
    tags,
    summary,
    ...forRoles(action),
    request: { params: broadcastParam, headers: Repeats, body: bodyOf(body, false) },
    responses: {
      200: json(BroadcastSchema, 'The broadcast'),
      ...answersWith(404, 409, 422),
    },
  })

const Nothing = z.object({})
const submitRoute = stepRoute('submit', 'Hands it in; scheduled at once without approval', Nothing, 'broadcasts.write')
const approveRoute = stepRoute(
  'approve',
  'Approves what somebody else wrote and submitted',
  z.strictObject({
    contentHash: z.string().optional().openapi({ description: 'What was seen: 409 content-changed otherwise' }),
  }),
  'broadcasts.approve',
)
const rejectRoute = stepRoute(
  'reject',
  'Sends it back',
  z.strictObject({ reason: z.string().max(1000).optional() }),
  'broadcasts.approve',
)
const pauseRoute = stepRoute('pause', 'Hands over nothing more', Nothing, 'broadcasts.write')
const resumeRoute = stepRoute('resume', 'Goes on where it stopped', Nothing, 'broadcasts.write')
const cancelRoute = stepRoute('cancel', 'Ends it for good', Nothing, 'broadcasts.write')
const retryRoute = stepRoute(
  'retry',
  'Tries again for those whose failure was a passing one',
  z.strictObject({
    include: z
      .array(z.enum(['failed', 'unknown']))
      .optional()
      .openapi({ description: '`unknown` too: whoever already got it gets it twice' }),
  }),
  'broadcasts.write',
)

type Verb = (deed: Deed, actor: Actor, channel: Channel, id: string) => Promise<Row>

export const broadcastRoutes = (runtime: Runtime) => {
  const channelOf = ({ channel }: { channel: string }) => runtime.channels.get(channel)!
  const { overdueToleranceMs } = runtime.settings

  /** Carries out one step and shows what has become of the broadcast. */
  const step = (c: Parameters<typeof once>[0], param: { channel: string; id: string }, body: unknown, verb: Verb) =>
    once(c, runtime, body, async (deed) => {
      const channel = channelOf(param)
      return viewOf(deed, channel, await verb(deed, c.get('actor'), channel, param.id))
    })

  return new OpenAPIHono<ApiEnv>()
    .openapi(listRoute, async (c) => {
      const channel = channelOf(c.req.valid('param'))
      const { limit, cursor, status } = c.req.valid('query')
      const before = fromCursor(z.tuple([z.iso.datetime({ offset: true }), z.uuid()]), cursor)
      const found = await inDeed(runtime, (deed) =>
        list(deed, channel, {
          limit: limit + 1,
          before: before && { createdAt: new Date(before[0]), id: before[1] },
          status: status && [status],
        }),
      )
      const items = found.slice(0, limit)
      const last = found.length > limit ? items.at(-1)! : null
      return c.json({ items, nextCursor: last && toCursor([last.createdAt, last.id]) }, 200)
    })
    .openapi(draftRoute, async (c) => {
      const channel = channelOf(c.req.valid('param'))
      const body = c.req.valid('json')
      const made = await once(c, runtime, body, async (deed) =>
        viewOf(deed, channel, await draft(deed, c.get('actor'), channel, contentIn(body))),
      )
      c.header('Location', `/api/v1/channels/${channel.slug}/broadcasts/${made.id}`)
      return c.json(made, 201)
    })
    .openapi(readRoute, async (c) => {
      const param = c.req.valid('param')
      return c.json(await inDeed(runtime, (deed) => view(deed, channelOf(param), param.id)), 200)
    })
    .openapi(editRoute, async (c) => {
      const param = c.req.valid('param')
      const channel = channelOf(param)
      const change = contentIn(c.req.valid('json'))
      const changed = await inDeed(runtime, async (deed) =>
        viewOf(deed, channel, await edit(deed, c.get('actor'), channel, param.id, change)),
      )
      return c.json(changed, 200)
    })
    .openapi(removeRoute, async (c) => {
      const param = c.req.valid('param')
      await inDeed(runtime, (deed) => remove(deed, c.get('actor'), channelOf(param), param.id))
      return c.body(null, 204)
    })
    .openapi(submitRoute, async (c) => c.json(await step(c, c.req.valid('param'), {}, submit), 200))
    .openapi(approveRoute, async (c) => {
      const { contentHash } = c.req.valid('json')
      const verb: Verb = (deed, actor, channel, id) =>
        approve(deed, actor, channel, id, { contentHash, overdueToleranceMs })
      return c.json(await step(c, c.req.valid('param'), { contentHash }, verb), 200)
    })
    .openapi(rejectRoute, async (c) => {
      const { reason } = c.req.valid('json')
      const verb: Verb = (deed, actor, channel, id) => reject(deed, actor, channel, id, { reason })
      return c.json(await step(c, c.req.valid('param'), { reason }, verb), 200)
    })
    .openapi(pauseRoute, async (c) => c.json(await step(c, c.req.valid('param'), {}, pause), 200))
    .openapi(resumeRoute, async (c) => c.json(await step(c, c.req.valid('param'), {}, resume), 200))
    .openapi(cancelRoute, async (c) => c.json(await step(c, c.req.valid('param'), {}, cancel), 200))
    .openapi(retryRoute, async (c) => {
      const include = [...new Set(['failed' as const, ...(c.req.valid('json').include ?? [])])]
      const verb: Verb = (deed, actor, channel, id) => retry(deed, actor, channel, id, { include })
      return c.json(await step(c, c.req.valid('param'), { include }, verb), 200)
    })
    .openapi(testRoute, async (c) => {
      const param = c.req.valid('param')
      const { to } = c.req.valid('json')
      const queued = await once(c, runtime, { to }, async (deed) => {
        const { id, state } = await testSend(deed, c.get('actor'), channelOf(param), param.id, to)
        return { id: String(id), state }
      })
      return c.json(queued, 202)
    })
    .openapi(recipientsRoute, async (c) => {
      const param = c.req.valid('param')
      const { limit, cursor, state } = c.req.valid('query')
      const after = fromCursor(z.int().min(0), cursor)
      const found = await inDeed(runtime, (deed) =>
        recipients(deed, channelOf(param), param.id, { limit: limit + 1, after, state }),
      )
      const items = found.slice(0, limit)
      return c.json({ items, nextCursor: found.length > limit ? toCursor(items.at(-1)!.id) : null }, 200)
    })
}
