import { randomUUID } from 'node:crypto'
import type { Readable } from 'node:stream'
import type { Agent } from 'undici'
import type { Answered } from './answers.ts'
import type { Graph, Target } from './client.ts'
import { number, text } from './loose.ts'
import { verdictFor } from './outcome.ts'

/** Where a medium lies now. The address is valid for five minutes and needs the token; the id of an inbound one for seven days. */
export type MediaAddress = { url: string; mimeType?: string; sha256?: string; bytes?: number }

/** Bytes on their way. Whoever opens it reads or destroys `body`, else the connection stays busy. */
export type MediaStream = {
  /** 200, or 206 for a range */
  status: 200 | 206
  contentType?: string
  contentLength?: number
  contentRange?: string
  body: Readable
}

export type MediaAccess = {
  mediaUrl(target: Pick<Target, 'accessToken'>, mediaId: string): Promise<Answered<MediaAddress>>
  /**
   * Opens a medium. HTTP 404 or 410: the address has expired, fetch a new one; if that fails too, Meta has it no more.
   * @param range value of a `Range` header, passed on
   */
  streamMedia(target: Pick<Target, 'accessToken'>, url: string, range?: string): Promise<Answered<MediaStream>>
  /** The id is valid for 30 days and for this number only. */
  uploadMedia(target: Pick<Target, 'phoneNumberId' | 'accessToken'>, file: MediaFile): Promise<Answered<{ id: string }>>
  /**
   * Uploads the example of a template's header to the app that the token belongs to (Resumable Upload API, in one piece). The handle goes into
   * `example.header_handle` and nowhere else.
   * @see https://developers.facebook.com/docs/graph-api/guides/upload
   */
  uploadExample(target: Pick<Target, 'accessToken'>, file: MediaFile): Promise<Answered<{ handle: string }>>
}

export type MediaFile = { data: Uint8Array; mimeType: string; filename: string }

export function mediaOf(graph: Graph, base: URL, downloads: Agent): MediaAccess {
  return {
    mediaUrl: (target, mediaId) =>
      graph(target, { method: 'GET', path: encodeURIComponent(mediaId) }, (json) => {
        const url = text(json.url)
        if (url === undefined) return undefined
        return { url, mimeType: text(json.mime_type), sha256: text(json.sha256), bytes: number(json.file_size) }
      }),

    async streamMedia({ accessToken }, url, range) {
      const address = URL.canParse(url) ? new URL(url) : undefined
      if (!address || !mayHaveToken(address, base)) {
        return { ok: false, verdict: 'payload', error: { title: 'not a host of Meta' } }
      }
      try {
        const { statusCode, headers, body } = await downloads.request({
          origin: address.origin,
          path: address.pathname + address.search,
          method: 'GET',
          headers: { authorization: `Bearer ${accessToken}`, ...(range !== undefined && { range }) },
        })
        if (statusCode !== 200 && statusCode !== 206) {
          await body.dump()
          return { ok: false, httpStatus: statusCode, verdict: verdictFor({ httpStatus: statusCode }) }
        }
        return {
          ok: true,
          value: {
            status: statusCode === 206 ? 206 : 200,
            contentType: text(headers['content-type']),
            contentLength: number(headers['content-length']),
            contentRange: text(headers['content-range']),
            body,
          },
        }
      } catch (error) {
        const { code, message } = error as { code?: unknown; message?: unknown }
        // Reading changes nothing at Meta's: it may always be tried again.
        return { ok: false, verdict: 'retry', error: { title: text(code), details: text(message) } }
      }
    },

    uploadMedia(target, { data, mimeType, filename }) {
      const boundary = `whatsup-${randomUUID()}`
      const part = (disposition: string, rest: string) =>
        `--${boundary}\r\nContent-Disposition: form-data; ${disposition}\r\n${rest}`
      const type = mimeType.replace(/[\r\n]/g, '')
      const head =
        part('name="messaging_product"', '\r\nwhatsapp\r\n') +
        part('name="type"', `\r\n${type}\r\n`) +
        part(`name="file"; filename="${filename.replace(/[\r\n"\\]/g, '_')}"`, `Content-Type: ${type}\r\n\r\n`)
      const body = Buffer.concat([Buffer.from(head), data, Buffer.from(`\r\n--${boundary}--\r\n`)])
      const contentType = `multipart/form-data; boundary=${boundary}`
      const path = `${encodeURIComponent(target.phoneNumberId)}/media`
      return graph(target, { method: 'POST', path, body, contentType }, (json) => {
        const id = text(json.id)
        return id === undefined ? undefined : { id }
      })
    },

    async uploadExample(target, { data, mimeType, filename }) {
      const about = new URLSearchParams({
        file_name: filename,
        file_length: String(data.byteLength),
        file_type: mimeType,
      })
      // `app` stands for the app of the token. The session's id carries its signature as a query and goes back as it came.
      const session = await graph(target, { method: 'POST', path: `app/uploads?${about}` }, (json) => {
        const id = text(json.id)
        return id?.startsWith('upload:') && !/\s/.test(id) ? { id } : undefined
      })
      if (!session.ok) return session
      return graph(
        target,
        {
          method: 'POST',
          path: session.value.id,
          body: data,
          contentType: mimeType,
          scheme: 'OAuth',
          headers: ['file_offset', '0'],
        },
        (json) => {
          const handle = text(json.h)
          return handle === undefined ? undefined : { handle }
        },
      )
    },
  }
}

const META_HOSTS = ['fbsbx.com', 'facebook.com', 'whatsapp.net']

/** Who may see the access token: Meta's hosts over TLS, and the host of the API as it is configured. Nobody else is asked at all. */
export function mayHaveToken(address: URL, base: URL): boolean {
  if (address.username !== '' || address.password !== '') return false
  if (address.origin === base.origin) return true
  const host = address.hostname.toLowerCase()
  return (
    address.protocol === 'https:' &&
    address.port === '' &&
    META_HOSTS.some((meta) => host === meta || host.endsWith(`.${meta}`))
  )
}
