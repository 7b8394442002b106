import { Readable } from 'node:stream'
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { createMiddleware } from 'hono/factory'
import { HTTPException } from 'hono/http-exception'
import { reaches } from '../access/permissions.ts'
import { type Actor, recordOnce, SYSTEM } from '../audit/audit.ts'
import { refusalOf, targetOf } from '../channels/template-sync.ts'
import { mediaOf } from '../chats/chats.ts'
import { mediaLinkHolds } from '../chats/media-link.ts'
import { Refusal } from '../refusal.ts'
import { inDeed, type Runtime } from '../runtime.ts'
import { answersWith, forRoles } from './described.ts'
import type { ApiEnv } from './signed-in.ts'

/** Whoever holds a link of ours may fetch that one medium, and nothing else. */
const LINK_HOLDER: Actor = { ...SYSTEM, id: 'link', name: 'Link im Posteingang', role: 'inbox' }

/** The parts of one medium that are asked for one after the other are one look at it. */
const ONE_LOOK_MS = 3_600_000

/** Goes before the sign-in check, for the media route only: a link with our signature stands in for a key until it expires. */
export const mediaLinkHolder = ({ vault, now }: Pick<Runtime, 'vault' | 'now'>) =>
  createMiddleware<ApiEnv>(async (c, next) => {
    const { expires, signature } = c.req.query()
    const medium = { chatId: c.req.param('id') ?? '', mediaId: c.req.param('mediaId') ?? '' }
    if (c.req.method === 'GET' && mediaLinkHolds(vault, medium, { expires, signature }, now()))
      c.set('actor', LINK_HOLDER)
    await next()
  })

/** Shown in the browser; everything else a citizen sends is only ever saved, because it might be a page with a script. */
const SHOWN = /^(image\/(jpeg|png|webp|gif)|video\/(mp4|3gpp)|audio\/[\w.+-]+)$/

const media = createRoute({
  method: 'get',
  path: '/chats/{id}/media/{mediaId}',
  tags: ['Chats'],
  summary: 'A citizen’s photo, video or file, streamed from WhatsApp',
  description:
    'Nothing is stored here; the audit log notes who looked. The address in the inbox webhook carries a signature that stands in for a key for seven days. Range requests are passed on.',
  ...forRoles('chats.answer'),
  request: {
    params: z.object({ id: z.string().openapi({ format: 'uuid' }), mediaId: z.string().openapi({ format: 'uuid' }) }),
    query: z.object({ expires: z.string().optional(), signature: z.string().optional() }),
  },
  responses: {
    200: { description: 'The medium', content: { '*/*': { schema: z.string().openapi({ format: 'binary' }) } } },
    206: {
      description: 'The part asked for',
      content: { '*/*': { schema: z.string().openapi({ format: 'binary' }) } },
    },
    ...answersWith(404, 410, 416, 502),
  },
})

export const chatMediaRoutes = (runtime: Runtime) =>
  new OpenAPIHono<ApiEnv>().openapi(media, async (c) => {
    const { id, mediaId } = c.req.valid('param')
    const actor = c.get('actor')
    const { medium, channel } = await inDeed(runtime, async (deed) => {
      const medium = await mediaOf(deed, id, mediaId)
      const channel = runtime.channels.get(medium.channel)
      if (!channel || !reaches(actor, channel.slug)) throw new Refusal('not-found')
      const entry = { action: 'chat.medium-read', channel: channel.slug, target: id, detail: { medium: mediaId } }
      await recordOnce(deed, actor, entry, new Date(deed.now.getTime() - ONE_LOOK_MS))
      return { medium, channel }
    })
    const stream = await openMedium(runtime, targetOf(channel), medium.metaId, c.req.header('range'))
    const { status, contentLength, contentRange, body } = stream
    const contentType = medium.mimeType ?? stream.contentType ?? 'application/octet-stream'
    const mimeType = contentType.split(';')[0]!.trim().toLowerCase()
    const headers: Record<string, string> = {
      'content-type': contentType,
      'content-disposition': disposition(SHOWN.test(mimeType), medium.filename ?? `${mediaId}${extensionOf(mimeType)}`),
      'accept-ranges': 'bytes',
      ...(contentLength !== undefined && { 'content-length': String(contentLength) }),
      ...(contentRange !== undefined && { 'content-range': contentRange }),
    }
    return c.body(Readable.toWeb(body) as ReadableStream, status, headers)
  })

/** Meta's address of a medium lives five minutes, so it is asked for anew each time. */
async function openMedium({ whatsapp }: Runtime, target: ReturnType<typeof targetOf>, metaId: string, range?: string) {
  const address = await whatsapp.mediaUrl(target, metaId)
  if (!address.ok) throw isGone(address) ? new Refusal('medium-gone') : refusalOf(address)
  const opened = await whatsapp.streamMedia(target, address.value.url, range)
  if (!opened.ok && opened.httpStatus === 416) throw new HTTPException(416)
  if (!opened.ok) throw isGone(opened) ? new Refusal('medium-gone') : refusalOf(opened)
  return opened.value
}

/** Code 100 is what the Graph API says to an id that it does not know (any more). */
const isGone = ({ httpStatus, error }: { httpStatus?: number; error?: { code?: number } }) =>
  httpStatus === 404 || httpStatus === 410 || error?.code === 100

/** RFC 6266: a plain name for old clients, the real one beside it. */
function disposition(inline: boolean, filename: string): string {
  const plain = filename.replace(/[^\w .-]/g, '_')
  const real = encodeURIComponent(filename).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
  return `${inline ? 'inline' : 'attachment'}; filename="${plain}"; filename*=UTF-8''${real}`
}

const EXTENSIONS: Readonly<Record<string, string>> = {
  'image/jpeg': '.jpg',
  'image/png': '.png',
  'image/webp': '.webp',
  'video/mp4': '.mp4',
  'video/3gpp': '.3gp',
  'audio/ogg': '.ogg',
  'audio/mpeg': '.mp3',
  'audio/aac': '.aac',
  'application/pdf': '.pdf',
}
const extensionOf = (mimeType: string) => EXTENSIONS[mimeType] ?? ''
