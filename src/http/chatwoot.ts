import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { createMiddleware } from 'hono/factory'
import { actorOfKey } from '../access/keys.ts'
import { carryOutWish } from '../chats/chatwoot.ts'
import { readChatwootCallback } from '../inbox/chatwoot-callback.ts'
import { inDeed, type Runtime } from '../runtime.ts'
import { answersWith, bodyOf, forRoles, json } from './described.ts'
import type { ApiEnv } from './signed-in.ts'

/** Goes before the sign-in check, for this route only: Chatwoot can send no header of ours, so the key stands in the address. */
export const keyInAddress = ({ db, now }: Pick<Runtime, 'db' | 'now'>) =>
  createMiddleware<ApiEnv>(async (c, next) => {
    const key = c.req.query('key')
    const actor = key === undefined || c.req.method !== 'POST' ? null : await actorOfKey(db, key, now())
    if (actor) c.set('actor', actor)
    await next()
  })

const callback = createRoute({
  method: 'post',
  path: '/channels/{channel}/chatwoot',
  tags: ['Chats'],
  summary: 'Webhook of a Chatwoot API channel',
  description:
    'The webhook address to enter in Chatwoot, with `?key=` and an API key with the role `inbox`. Answers of agents go to the citizen; a resolved conversation closes the chat.',
  ...forRoles('chats.answer'),
  request: {
    params: z.object({ channel: z.string() }),
    query: z.object({ key: z.string().optional() }),
    body: bodyOf(z.looseObject({ event: z.string() }).openapi('ChatwootEvent'), true),
  },
  responses: { 200: json(z.object({}), 'Done, or nothing to do'), ...answersWith(404, 409) },
})

export const chatwootRoutes = (runtime: Runtime) =>
  new OpenAPIHono<ApiEnv>().openapi(callback, async (c) => {
    const wish = readChatwootCallback(c.req.valid('json'))
    const actor = { ...c.get('actor'), channel: c.req.valid('param').channel }
    await inDeed(runtime, (deed) => carryOutWish(deed, actor, wish, runtime.channels))
    return c.json({}, 200)
  })
