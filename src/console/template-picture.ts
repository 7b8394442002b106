import type { Context } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { Picture } from '../broadcasts/template-desk.ts'
import { Refusal } from '../refusal.ts'

/** The largest picture that WhatsApp takes, and the form around it; what is a little larger still gets a sentence at its field. */
const MAX_BYTES = 8 * 1024 * 1024

/** For routes that take a form with a picture; behind the sign-in. */
export const withPicture = bodyLimit({
  maxSize: MAX_BYTES,
  onError: () => {
    throw new Refusal('too-large', [], { detail: 'Das Bild ist zu groß. Es darf höchstens 5 MB groß sein.' })
  },
})

export const partsOf = (c: Context): Promise<Record<string, string> & { bild?: unknown }> =>
  c.req.parseBody() as Promise<Record<string, string>>

export async function pictureIn(part: unknown): Promise<Picture | undefined> {
  if (!(part instanceof File) || part.size === 0) return undefined
  return { data: new Uint8Array(await part.arrayBuffer()), filename: part.name }
}

/** The picture that the browser has and keeps while somebody types; only its type and size are told. */
export function pictureTold({ bildart, bildgroesse }: Readonly<Record<string, string>>) {
  const bytes = Number(bildgroesse)
  return bytes > 0 ? { mimeType: bildart ?? null, bytes } : null
}

export const beyondForm = () =>
  new Refusal('invalid-input', [], {
    detail:
      'Diese Vorlage hat ein Video, ein Dokument oder einen Standort über dem Text. Bitte ändern Sie sie im WhatsApp-Manager.',
  })
