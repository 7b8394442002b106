import { Hono } from 'hono'
import { setCookie } from 'hono/cookie'
import { accessibilityStatement } from './accessibility.tsx'
import { DESIGN_COOKIE, publicPage } from './layout.tsx'
import { formOf } from './office.ts'

const YEAR_SECONDS = 365 * 24 * 3600

/** What everybody may set or read without signing in. */
export const settingsRoutes = () =>
  new Hono()
    .post('/darstellung', async (c) => {
      const { design } = await formOf(c)
      const value = design === 'light' || design === 'dark' ? design : ''
      setCookie(c, DESIGN_COOKIE, value, { path: '/office', sameSite: 'Lax', maxAge: value ? YEAR_SECONDS : 0 })
      const from = c.req.header('referer')
      const { pathname, search } = from && URL.canParse(from) ? new URL(from) : { pathname: '/office', search: '' }
      return c.redirect(pathname.startsWith('/office') ? pathname + search : '/office', 303)
    })
    .get('/barrierefreiheit', (c) => publicPage(c, { title: 'Erklärung zur Barrierefreiheit' }, accessibilityStatement))
