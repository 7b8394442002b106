import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { refusalOf, targetOf } from '../channels/template-sync.ts'
import { reply } from '../chats/answers.ts'
import { chatById, latestInbound } from '../chats/chats.ts'
import { close, reopen } from '../chats/closing.ts'
import { Refusal } from '../refusal.ts'
import { inDeed, type Runtime } from '../runtime.ts'
import { UploadSchema, upload } from './chat-upload.ts'
import { answersWith, bodyOf, forRoles, instant, json, Repeats } from './described.ts'
import { IDEMPOTENCY_KEY, keptKey, once } from './once.ts'
import type { ApiEnv } from './signed-in.ts'
import { isUpload, uploadBody } from './upload-body.ts'

const answerers = forRoles('chats.answer')
const chatParam = z.object({ id: z.string().openapi({ format: 'uuid' }) })

/** Meta's limits, in characters. */
const MOST_TEXT = 4096
const MOST_CAPTION = 1024

const AnswerSchema = z
  .strictObject({
    text: z.string().trim().min(1).max(MOST_TEXT).optional(),
    media: z
      .strictObject({
        type: z.enum(['image', 'video', 'document', 'audio']),
        link: z.url({ protocol: /^https?$/ }).openapi({ description: 'WhatsApp fetches it from there' }),
        caption: z.string().max(MOST_CAPTION).optional(),
        filename: z.string().max(240).optional().openapi({ description: 'Documents only' }),
      })
      .optional(),
  })
  .extend({
    request: z.boolean().optional().openapi({
      description:
        'After the 24 hours: keeps the answer, tells the citizen by the template `antwort_bereit` that it is there, and sends it when they tap or write',
    }),
  })
  .refine((body) => (body.text === undefined) !== (body.media === undefined), {
    error: 'Bitte geben Sie entweder text oder media an.',
    path: ['text'],
  })
  .refine(({ media }) => media?.type !== 'audio' || !media.caption, {
    error: 'Eine Tonaufnahme hat keine Bildunterschrift.',
    path: ['media', 'caption'],
  })
  .openapi('ChatAnswer')

const messages = createRoute({
  method: 'post',
  path: '/chats/{id}/messages',
  tags: ['Chats'],
  summary: 'Answers the citizen',
  description:
    'Possible until 24 hours after their last message (`replyUntil`); 409 `window-closed` after that. Its states come by the inbox webhook. A file is named by its address in JSON, or comes along as `multipart/form-data`.',
  ...answerers,
  middleware: [...answerers.middleware, uploadBody],
  request: {
    params: chatParam,
    headers: Repeats,
    body: {
      content: { 'application/json': { schema: AnswerSchema }, 'multipart/form-data': { schema: UploadSchema } },
    },
  },
  responses: {
    202: json(
      z.object({ id: z.string(), state: z.string().openapi({ example: 'queued' }) }),
      'Queued ahead of broadcasts',
    ),
    ...answersWith(404, 409, 413, 422, 502),
  },
})

const seen = createRoute({
  method: 'post',
  path: '/chats/{id}/read',
  tags: ['Chats'],
  summary: 'Shows the citizen that the office has read what they wrote',
  description:
    'Marks their latest message and all before it as read; with `typing` WhatsApp also shows “typing” until the answer, at most 25 seconds. Costs nothing and does not count against `messagesPerSecond`.',
  ...answerers,
  request: {
    params: chatParam,
    body: bodyOf(z.strictObject({ typing: z.boolean().optional() }).openapi('ChatRead'), false),
  },
  responses: {
    200: json(
      z.object({
        messageId: z.string().nullable().openapi({ description: 'Null if the chat holds no message of theirs' }),
      }),
      'The message up to which they see it',
    ),
    ...answersWith(404, 422, 502),
  },
})

const undo = createRoute({
  method: 'post',
  path: '/chats/{id}/reopen',
  tags: ['Chats'],
  summary: 'Takes a close back',
  description:
    'Possible until the erasure (`eraseAt`): 409 `already-erased` after it, 409 `wrong-state` if it is open or the citizen has begun anew.',
  ...answerers,
  request: { params: chatParam },
  responses: { 200: json(z.object({ openedAt: instant() }), 'Open again'), ...answersWith(404, 409) },
})

const settle = createRoute({
  method: 'post',
  path: '/chats/{id}/close',
  tags: ['Chats'],
  summary: 'Settles the matter',
  description:
    'Erases what the town does not keep, at once or after its grace time (`eraseAt`). Closing twice answers the same.',
  ...forRoles('chats.answer'),
  request: { params: chatParam },
  responses: {
    200: json(
      z.object({
        closedAt: instant(),
        erased: z.object({ messages: z.int(), phone: z.boolean() }),
        eraseAt: instant().nullable(),
      }),
      'Closed; what was erased',
    ),
    ...answersWith(404),
  },
})

export const chatRoutes = (runtime: Runtime) =>
  new OpenAPIHono<ApiEnv>()
    .openapi(messages, async (c) => {
      const { id } = c.req.valid('param')
      if (isUpload(c))
        return c.json(await upload(c, runtime, id, c.req.valid('form') as z.output<typeof UploadSchema>), 202)
      const { text, media, request } = c.req.valid('json') as z.output<typeof AnswerSchema>
      const actor = c.get('actor')
      if (text === undefined && media === undefined) throw new Refusal('malformed-request')
      const key = c.req.header(IDEMPOTENCY_KEY)
      const answer = text === undefined ? { media: media! } : { text }
      const queued = await once(c, runtime, { ...answer, request }, (deed) =>
        reply(deed, actor, id, answer, keptKey(deed, actor, key), { request }),
      )
      return c.json(queued, 202)
    })
    .openapi(seen, async (c) => {
      const { id } = c.req.valid('param')
      const { chat, latest } = await inDeed(runtime, async (deed) => ({
        chat: await chatById(deed, c.get('actor'), id),
        latest: await latestInbound(deed, id),
      }))
      const channel = runtime.channels.get(chat.channel)
      if (!channel) throw new Refusal('not-found')
      if (!latest) return c.json({ messageId: null }, 200)
      const { typing } = c.req.valid('json')
      const told = await runtime.whatsapp.markRead(targetOf(channel), latest.wamid, { typing })
      if (!told.ok) throw refusalOf(told)
      return c.json({ messageId: latest.id }, 200)
    })
    .openapi(undo, async (c) => {
      const { openedAt } = await inDeed(runtime, (deed) => reopen(deed, c.get('actor'), c.req.valid('param').id))
      return c.json({ openedAt: openedAt.toISOString() }, 200)
    })
    .openapi(settle, async (c) => {
      const closed = await once(c, runtime, {}, async (deed) => {
        const { closedAt, erased, eraseAt } = await close(
          deed,
          c.get('actor'),
          c.req.valid('param').id,
          runtime.channels,
        )
        const { messages: count, phone } = erased
        return {
          closedAt: closedAt.toISOString(),
          erased: { messages: count, phone },
          eraseAt: eraseAt?.toISOString() ?? null,
        }
      })
      return c.json(closed, 200)
    })
