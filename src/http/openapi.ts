import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { Hono } from 'hono'
import { secureHeaders } from 'hono/secure-headers'
import { sessionCookie } from '../access/session-cookie.ts'
import type { Runtime } from '../runtime.ts'
import { ProblemSchema } from './described.ts'
import { problemCodes } from './problem.ts'
import type { ApiEnv } from './signed-in.ts'

const DESCRIPTION = `
Every route needs \`Authorization: Bearer <API key>\` (\`whatsup keys create\`) or the console's session cookie. Only this document and its page are open: they
say nothing about any town.

- Errors are \`application/problem+json\` (RFC 9457) with a stable \`code\`; \`errors\` lists every wrong field.
- Times are ISO 8601 with offset.
- Lists: \`?limit=…&cursor=…\` → \`{items, nextCursor}\`; the next page begins at \`nextCursor\`, the last one has null.
- \`Idempotency-Key\` on a POST: repeats with the same body get the same answer, and the deed is done once.

Codes: ${problemCodes.map(({ code, status }) => `\`${code}\` ${status}`).join(', ')}.
`.trim()

/** The OpenAPI 3.1 document, made from the schemas that the routes check with. */
export function describeApi(api: OpenAPIHono<ApiEnv>, { settings }: Pick<Runtime, 'settings'>) {
  api.openAPIRegistry.register('Problem', ProblemSchema)
  api.openAPIRegistry.registerComponent('securitySchemes', 'key', { type: 'http', scheme: 'bearer' })
  api.openAPIRegistry.registerComponent('securitySchemes', 'session', {
    type: 'apiKey',
    in: 'cookie',
    name: sessionCookie(settings.publicUrl).name,
  })
  const { paths, ...document } = api.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title: 'WhatsUp', version: '1', description: DESCRIPTION },
    servers: [{ url: settings.publicUrl }],
  })
  return {
    ...document,
    paths: Object.fromEntries(Object.entries(paths ?? {}).map(([path, routes]) => [`/api/v1${path}`, routes])),
  }
}

const SCRIPT = `window.onload = () => {
  window.ui = SwaggerUIBundle({ url: '/api/v1/openapi.json', dom_id: '#doc', deepLinking: true, validatorUrl: null, persistAuthorization: false })
}
`

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>WhatsUp API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/api/docs/swagger-ui.css">
</head>
<body>
<main id="doc"><noscript><p>This page needs JavaScript. The document itself is at <a href="/api/v1/openapi.json">/api/v1/openapi.json</a>.</p></noscript></main>
<script src="/api/docs/swagger-ui-bundle.js"></script>
<script src="/api/docs/start.js"></script>
</body>
</html>
`

/** Swagger UI, all of it served by us: nothing is loaded from elsewhere, and the policy sees to that. */
export function docsPage() {
  const folder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))
  const assets = new Map<string, { body: Uint8Array<ArrayBuffer>; type: string }>()
  const asset = (name: string, type: string) => {
    let found = assets.get(name)
    if (!found) {
      found = { body: new Uint8Array(readFileSync(join(folder, name))), type }
      assets.set(name, found)
    }
    return new Response(found.body, {
      headers: { 'content-type': found.type, 'cache-control': 'public, max-age=86400' },
    })
  }
  const text = (body: string, type: string) =>
    new Response(body, { headers: { 'content-type': `${type}; charset=utf-8` } })
  return new Hono()
    .use(
      secureHeaders({
        strictTransportSecurity: 'max-age=15552000',
        contentSecurityPolicy: {
          defaultSrc: ["'self'"],
          imgSrc: ["'self'", 'data:'],
          objectSrc: ["'none'"],
          baseUri: ["'none'"],
          formAction: ["'self'"],
          frameAncestors: ["'none'"],
        },
      }),
    )
    .get('/', () => text(PAGE, 'text/html'))
    .get('/start.js', () => text(SCRIPT, 'text/javascript'))
    .get('/swagger-ui.css', () => asset('swagger-ui.css', 'text/css; charset=utf-8'))
    .get('/swagger-ui-bundle.js', () => asset('swagger-ui-bundle.js', 'text/javascript; charset=utf-8'))
}
