import { createHash } from 'node:crypto'
import { z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { refusalOf, targetOf } from '../channels/template-sync.ts'
import { checkAnswerable, reply } from '../chats/answers.ts'
import { Refusal } from '../refusal.ts'
import { inDeed, type Runtime } from '../runtime.ts'
import { type UploadKind, uploadKind } from '../whatsapp/uploads.ts'
import { IDEMPOTENCY_KEY, keptKey, onceAfter } from './once.ts'
import type { ApiEnv } from './signed-in.ts'

/** An answer that brings its file along. */
export const UploadSchema = z
  .strictObject({
    file: z.instanceof(File, { error: 'Bitte geben Sie genau eine Datei an.' }).openapi({
      type: 'string',
      format: 'binary',
      description:
        'JPEG or PNG up to 5 MB, MP4 or 3GPP video and audio up to 16 MB, PDF, text and office documents up to 100 MB',
    }),
    caption: z.string().max(1024).optional(),
    request: z.enum(['true', 'false']).optional().openapi({ description: 'As in JSON' }),
  })
  .openapi('ChatUpload')

const GERMAN: Readonly<Record<UploadKind, string>> = {
  image: 'Ein Foto',
  video: 'Ein Video',
  audio: 'Eine Tonaufnahme',
  document: 'Ein Dokument',
}

/**
 * Gives a file to WhatsApp and queues it as an answer; nothing of it is stored here. A repeat with the same Idempotency-Key and the same file uploads nothing.
 * @throws Refusal as `reply` does; invalid-input or too-large if WhatsApp does not take such a file; meta-refused and meta-away
 */
export async function upload(
  c: Context<ApiEnv>,
  runtime: Runtime,
  chatId: string,
  { file, caption, request }: z.output<typeof UploadSchema>,
): Promise<{ id: string; state: string }> {
  const known = uploadKind(file.type)
  if (!known)
    throw new Refusal('invalid-input', [{ field: 'file', message: 'Dateien dieser Art nimmt WhatsApp nicht an.' }])
  const { kind, mimeType, mostBytes } = known
  const most = `${GERMAN[kind]} darf höchstens ${mostBytes / 2 ** 20} MB groß sein.`
  if (file.size > mostBytes) throw new Refusal('too-large', [{ field: 'file', message: most }], { detail: most })
  if (file.size === 0) throw new Refusal('invalid-input', [{ field: 'file', message: 'Die Datei ist leer.' }])
  if (caption && kind === 'audio')
    throw new Refusal('invalid-input', [{ field: 'caption', message: 'Eine Tonaufnahme hat keine Bildunterschrift.' }])

  const actor = c.get('actor')
  const key = c.req.header(IDEMPOTENCY_KEY)
  const data = new Uint8Array(await file.arrayBuffer())
  const sha256 = createHash('sha256').update(data).digest('hex')
  const options = { request: request === 'true' }
  return onceAfter(
    c,
    runtime,
    { sha256, name: file.name, mimeType, caption, ...options },
    async () => {
      const slug = await inDeed(runtime, (deed) => checkAnswerable(deed, actor, chatId, options))
      const channel = runtime.channels.get(slug)
      if (!channel) throw new Refusal('not-found')
      const uploaded = await runtime.whatsapp.uploadMedia(targetOf(channel), { data, mimeType, filename: file.name })
      if (!uploaded.ok) throw refusalOf(uploaded)
      return uploaded.value.id
    },
    (deed, id) =>
      reply(
        deed,
        actor,
        chatId,
        { media: { type: kind, id, caption: caption || undefined, filename: file.name } },
        keptKey(deed, actor, key),
        options,
      ),
  )
}
