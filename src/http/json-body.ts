import { createMiddleware } from 'hono/factory'
import { HTTPException } from 'hono/http-exception'
import { Refusal } from '../refusal.ts'

const LARGEST_BYTES = 1024 * 1024

/**
 * Bodies of the API are JSON up to 1 MB: 413, 415, and 400 for what is no JSON, whatever the route makes of it. An empty body counts as none, also if
 * the client announced JSON: many announce it with every POST.
 */
export const jsonBody = createMiddleware(async (c, next) => {
  if (c.req.method === 'GET' || c.req.method === 'HEAD' || c.req.raw.body === null) return next()
  if (Number(c.req.header('content-length') ?? 0) > LARGEST_BYTES) throw new Refusal('too-large')
  const bytes = await readUpTo(c.req.raw.body, LARGEST_BYTES)
  const headers = new Headers(c.req.raw.headers)
  if (bytes.length === 0) headers.delete('content-type')
  else if (!/^application\/([\w.+-]+\+)?json\s*(;|$)/i.test(headers.get('content-type') ?? ''))
    throw new HTTPException(415)
  else {
    const json = parsed(bytes)
    if (json === undefined) throw new Refusal('malformed-request')
    const problems = [...unstorable(json, '')].map((field) => ({
      field,
      message: 'Darin steht ein unsichtbares Zeichen, das nicht erlaubt ist.',
    }))
    if (problems.length > 0) throw new Refusal('invalid-input', problems)
  }
  c.req.raw = new Request(c.req.url, { method: c.req.method, headers, body: bytes.length === 0 ? undefined : bytes })
  return next()
})

/** The whole body. @throws Refusal too-large as soon as it is longer than `most` bytes */
export async function readUpTo(body: ReadableStream<Uint8Array>, most: number): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body) {
    length += chunk.length
    if (length > most) throw new Refusal('too-large')
    chunks.push(chunk)
  }
  return new Uint8Array(Buffer.concat(chunks))
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    return undefined
  }
}

/** Where a text holds NUL or half a surrogate pair: neither PostgreSQL nor WhatsApp takes them. */
function* unstorable(value: unknown, path: string): Generator<string> {
  if (typeof value === 'string') {
    if (value.includes('\0') || Buffer.from(value, 'utf8').toString('utf8') !== value) yield path
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) yield* unstorable(inner, path === '' ? key : `${path}.${key}`)
  }
}
