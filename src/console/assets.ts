import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { staticFiles } from '../site/static.ts'

/** The console's own static files, open to everybody: the page for signing in needs them. */
export const { asset, routes: assetRoutes } = staticFiles(
  '/office/assets',
  join(dirname(fileURLToPath(import.meta.url)), 'assets'),
)
