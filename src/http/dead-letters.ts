import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { discardDeadLetters, listDeadLetters, resendDeadLetters, resumeInbox } from '../dispatch/dead-letters.ts'
import { inDeed, type Runtime } from '../runtime.ts'
import { answersWith, bodyOf, channelParam, forRoles, instant, json } from './described.ts'
import { fromCursor, Paging, pageOf, toCursor } from './paging.ts'
import type { ApiEnv } from './signed-in.ts'

const DeadLetterSchema = z
  .object({
    id: z.int(),
    chatId: z.string().nullable(),
    writtenAt: instant(),
    failedAt: instant(),
    attempts: z.int(),
    lastStatus: z.int().nullable().openapi({ description: 'The inbox’s last HTTP status; null if it did not answer' }),
  })
  .openapi('DeadLetter')

const WhichSchema = z
  .union([z.strictObject({ id: z.int().min(1) }), z.strictObject({ all: z.literal(true) })])
  .openapi('WhichDeadLetters')
const Done = z.object({ events: z.int() })

const list = createRoute({
  method: 'get',
  path: '/channels/{channel}/dead-letters',
  tags: ['Chats'],
  summary: 'Events that the inbox did not take for 72 hours, newest first',
  ...forRoles('chats.tend'),
  request: { params: channelParam, query: Paging },
  responses: {
    200: json(pageOf(DeadLetterSchema), 'A page of them; nothing of what was said'),
    ...answersWith(404, 422),
  },
})

const resend = createRoute({
  method: 'post',
  path: '/channels/{channel}/dead-letters/resend',
  tags: ['Chats'],
  summary: 'Sends one or all of them again, for another 72 hours',
  ...forRoles('chats.tend'),
  request: { params: channelParam, body: bodyOf(WhichSchema, true) },
  responses: { 200: json(Done, 'How many'), ...answersWith(404, 422) },
})

const discard = createRoute({
  method: 'post',
  path: '/channels/{channel}/dead-letters/discard',
  tags: ['Chats'],
  summary: 'Gives one or all of them up and deletes what they said',
  ...forRoles('chats.tend'),
  request: { params: channelParam, body: bodyOf(WhichSchema, true) },
  responses: { 200: json(Done, 'How many'), ...answersWith(404, 422) },
})

const resume = createRoute({
  method: 'post',
  path: '/channels/{channel}/inbox/resume',
  tags: ['Chats'],
  summary: 'Forwards again to an inbox that had answered 410 Gone',
  ...forRoles('chats.tend'),
  request: { params: channelParam },
  responses: { 200: json(z.object({}), 'What waits goes out now'), ...answersWith(404) },
})

const whichOf = (body: z.infer<typeof WhichSchema>): number | 'all' => ('id' in body ? body.id : 'all')

/** What the inbox did not take, for the office: the same verbs as the console's page of chats. */
export const deadLetterRoutes = (runtime: Runtime) =>
  new OpenAPIHono<ApiEnv>()
    .openapi(list, async (c) => {
      const { limit, cursor } = c.req.valid('query')
      const beforeId = fromCursor(z.int().min(1), cursor)
      const found = await inDeed(runtime, (deed) =>
        listDeadLetters(deed, c.req.valid('param').channel, { limit: limit + 1, beforeId }),
      )
      const items = found.slice(0, limit).map(({ writtenAt, failedAt, errorCode, ...letter }) => ({
        ...letter,
        writtenAt: writtenAt.toISOString(),
        failedAt: failedAt.toISOString(),
        lastStatus: errorCode,
      }))
      return c.json({ items, nextCursor: found.length > limit ? toCursor(items.at(-1)!.id) : null }, 200)
    })
    .openapi(resend, async (c) => {
      const { channel } = c.req.valid('param')
      const which = whichOf(c.req.valid('json'))
      const events = await inDeed(runtime, (deed) => resendDeadLetters(deed, c.get('actor'), channel, which))
      return c.json({ events }, 200)
    })
    .openapi(discard, async (c) => {
      const { channel } = c.req.valid('param')
      const which = whichOf(c.req.valid('json'))
      const events = await inDeed(runtime, (deed) => discardDeadLetters(deed, c.get('actor'), channel, which))
      return c.json({ events }, 200)
    })
    .openapi(resume, async (c) => {
      await inDeed(runtime, (deed) => resumeInbox(deed, c.get('actor'), c.req.valid('param').channel))
      return c.json({}, 200)
    })
