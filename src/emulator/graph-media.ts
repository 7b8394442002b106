import { randomUUID } from 'node:crypto'
import type { Context, Hono } from 'hono'
import { mediaUrl } from './citizens.ts'
import { problem } from './codes.ts'
import { fail, success, unknownId } from './graph-reply.ts'
import { type Json, str } from './json.ts'
import { checkToken } from './messages.ts'
import type { Media } from './state.ts'
import type { World } from './world.ts'

/** A file as GET /{media-id} shows it. */
export const mediaJson = (world: World, { id, mimeType, bytes, sha256 }: Media): Json => ({
  messaging_product: 'whatsapp',
  url: mediaUrl(world, id),
  mime_type: mimeType,
  sha256,
  file_size: String(bytes.length),
  id,
})

/** Uploads and downloads; `app` gets the download host's address, which has no version. */
export function mediaRoutes(graph: Hono, app: Hono, world: World): void {
  const { state } = world
  graph.post('/:id/media', async (c) => {
    const account = state.accountBy(c.req.param('id'))
    if (!account) return fail(c, unknownId(c.req.param('id')))
    const form = await c.req.formData().catch(() => null)
    const file = form?.get('file')
    if (!form || !(file instanceof File)) return fail(c, problem(100, 'The parameter file is required.'))
    if (form.get('messaging_product') !== 'whatsapp')
      return fail(c, problem(100, 'The parameter messaging_product is required.'))
    const type = str(form.get('type')) || file.type
    if (!/^(audio|image|video|application|text)\//.test(type))
      return fail(c, problem(100, `Param file must be a file with one of the supported types, got ${type}.`))
    const { id } = state.addMedia(account.phoneNumberId, type, Buffer.from(await file.arrayBuffer()), file.name)
    return c.json({ id })
  })
  // resumable upload of example media, whose handle a template's header needs
  graph.post('/:id/uploads', (c) => {
    const [bytes, type] = [Number(c.req.query('file_length')), c.req.query('file_type') ?? '']
    if (!(bytes > 0) || type === '') return fail(c, problem(100, 'file_length and file_type are required.'))
    return c.json({ id: `upload:${Buffer.from(`${type} ${bytes}`).toString('base64url')}?sig=emulator` })
  })
  graph.post('/:upload{upload:.+}', async (c) => {
    const [type, bytes] = Buffer.from(c.req.param('upload').slice('upload:'.length), 'base64url').toString().split(' ')
    const sent = (await c.req.arrayBuffer()).byteLength
    if (c.req.header('file_offset') !== '0' || sent !== Number(bytes))
      return fail(c, problem(100, `Expected ${bytes} bytes from file_offset 0, got ${sent}.`))
    return c.json({ h: `4::${Buffer.from(type ?? '').toString('base64')}:${randomUUID()}` })
  })
  graph.delete('/:id', (c) =>
    state.media.delete(c.req.param('id')) ? c.json(success) : fail(c, unknownId(c.req.param('id'))),
  )
  app.get('/whatsapp_business/attachments/', (c) => {
    const wrong = checkToken(world, c.req.header('authorization'), null)
    if (wrong) return fail(c, wrong)
    const file = state.media.get(c.req.query('mid') ?? '')
    if (!file || Number(c.req.query('ext')) * 1000 < state.now()) return c.text('Not Found', 404)
    return bytesOf(c, file)
  })
}

/** The file, or the part a Range asks for. */
export function bytesOf(c: Context, { bytes, mimeType }: Pick<Media, 'bytes' | 'mimeType'>): Response {
  const headers = { 'content-type': mimeType, 'accept-ranges': 'bytes' }
  const range = /^bytes=(\d*)-(\d*)$/.exec(c.req.header('range') ?? '')
  if (!range || (!range[1] && !range[2])) return c.body(new Uint8Array(bytes), 200, headers)
  const start = range[1] ? Number(range[1]) : Math.max(0, bytes.length - Number(range[2]))
  const end = range[1] && range[2] ? Math.min(Number(range[2]), bytes.length - 1) : bytes.length - 1
  if (start > end) return c.body(null, 416, { 'content-range': `bytes */${bytes.length}` })
  return c.body(new Uint8Array(bytes.subarray(start, end + 1)), 206, {
    ...headers,
    'content-range': `bytes ${start}-${end}/${bytes.length}`,
  })
}
