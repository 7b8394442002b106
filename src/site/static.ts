import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { Hono } from 'hono'

const TYPES: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
  txt: 'text/plain; charset=utf-8',
  woff2: 'font/woff2',
}

const KERN = dirname(createRequire(import.meta.url).resolve('@kern-ux/native/package.json'))

type Asset = { type: string; body: Buffer; packed: Buffer | null }

/**
 * The files of one folder together with KERN's style sheets and fonts, below `base`. `asset` gives the address of one; addresses change with the content,
 * so that browsers may keep everything for good. Nothing else on the disk can be reached.
 */
export function staticFiles(base: string, folder: string): { asset: (path: string) => string; routes: Hono } {
  const paths = new Map<string, string>([
    ...readdirSync(folder).map((name): [string, string] => [name, join(folder, name)]),
    ['kern/kern.css', join(KERN, 'dist/kern.min.css')],
    ['kern/LICENSE.txt', join(KERN, 'LICENSE.md')],
    ['kern/fonts/fira-sans.css', join(KERN, 'dist/fonts/fira-sans.css')],
    ...readdirSync(join(KERN, 'dist/fonts/fira-sans'))
      .filter((name) => name.endsWith('.woff2'))
      .map((name): [string, string] => [`kern/fonts/fira-sans/${name}`, join(KERN, 'dist/fonts/fira-sans', name)]),
  ])
  const hash = createHash('sha256').update(readFileSync(join(KERN, 'package.json')))
  for (const name of readdirSync(folder).sort()) hash.update(readFileSync(join(folder, name)))
  const version = hash.digest('hex').slice(0, 12)

  const kept = new Map<string, Asset>()
  const read = (path: string): Asset | null => {
    const file = paths.get(path)
    if (file === undefined) return null
    const known = kept.get(path)
    if (known) return known
    const body = readFileSync(file)
    const type = TYPES[path.slice(path.lastIndexOf('.') + 1)] ?? 'application/octet-stream'
    const found = { type, body, packed: type.startsWith('font/') ? null : gzipSync(body) }
    kept.set(path, found)
    return found
  }
  const routes = new Hono().get('/:version/:path{.+}', (c) => {
    const found = read(c.req.param('path'))
    if (!found) return c.notFound()
    const packed = found.packed && /\bgzip\b/.test(c.req.header('accept-encoding') ?? '') ? found.packed : null
    return c.body(new Uint8Array(packed ?? found.body), 200, {
      'content-type': found.type,
      'cache-control': 'public, max-age=31536000, immutable',
      'x-content-type-options': 'nosniff',
      vary: 'accept-encoding',
      ...(packed ? { 'content-encoding': 'gzip' } : {}),
    })
  })
  return { asset: (path) => `${base}/${version}/${path}`, routes }
}
