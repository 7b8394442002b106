import type { Context } from 'hono'
import { createMiddleware } from 'hono/factory'
import { Refusal } from '../refusal.ts'
import { LARGEST_UPLOAD } from '../whatsapp/uploads.ts'
import { readUpTo } from './json-body.ts'

/** Room for the other fields and the boundaries. */
const LARGEST_BYTES = LARGEST_UPLOAD + 64 * 1024
/** Each may take three times its size in memory for a moment. */
const MOST_AT_ONCE = 3

/** Does this request bring a file? Only routes that read one with `uploadBody` take it. */
export const isUpload = (c: Context): boolean =>
  c.req.method === 'POST' &&
  /^\/api\/v1\/chats\/[^/]+\/messages$/.test(c.req.path) &&
  /^multipart\/form-data\s*;/i.test(c.req.header('content-type') ?? '')

let underWay = 0

/** Reads a body with a file, up to the largest that WhatsApp takes: 413 above that, 429 if too many are sent at once. */
export const uploadBody = createMiddleware(async (c, next) => {
  if (!isUpload(c) || c.req.raw.body === null) return next()
  if (Number(c.req.header('content-length') ?? 0) > LARGEST_BYTES) throw new Refusal('too-large')
  if (underWay >= MOST_AT_ONCE) throw new Refusal('too-many-requests')
  underWay += 1
  try {
    const bytes = await readUpTo(c.req.raw.body, LARGEST_BYTES)
    c.req.raw = new Request(c.req.url, { method: 'POST', headers: c.req.raw.headers, body: bytes })
    await next()
  } finally {
    underWay -= 1
  }
})
