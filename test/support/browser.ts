import { readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { AxeResults } from 'axe-core'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { expect } from 'vitest'
import { signInUrl } from '../../src/access/staff.ts'
import { linkAuth } from '../../src/access/staff-auth.ts'
import { COMMAND, type Role } from '../../src/audit/audit.ts'
import { recognise } from '../../src/contacts/contacts.ts'
import { join as subscribe } from '../../src/subscriptions/subscriptions.ts'
import { openStack, type Stack } from './stack.ts'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const SCREENSHOTS = 'test/screenshots'

export const WIDE = { width: 1280, height: 900 }
export const NARROW = { width: 320, height: 640 }

/** Debian's Chromium, or the one that CHROMIUM names. */
export const openBrowser = (): Promise<Browser> =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
  })

export type ConsoleStack = Stack & {
  url: string
  /** A browser window of somebody with this role, signed in by a one-time link. */
  windowOf: (name: string, role: Exclude<Role, 'inbox'>, options?: WindowOptions) => Promise<Page>
  /** This many people of Arnsberg who get broadcasts. */
  seed: (people: number) => Promise<void>
}

export type WindowOptions = { channel?: string | null; dark?: boolean; script?: boolean; width?: number }

/** The stack with a console whose address is known beforehand, as cookies and forms need it. Two people may approve. */
export async function openConsole(
  browser: Browser,
  options: Parameters<typeof openStack>[0] = {},
): Promise<ConsoleStack> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const stack = await openStack({ ...options, env: { PORT: String(port), PUBLIC_URL: url, ...options.env } })
  for (const email of ['frida@localhost', 'georg@localhost'])
    await stack.runtime.act((deed) => linkAuth.invite(deed, COMMAND, { email, role: 'approver', channel: 'arnsberg' }))
  return {
    ...stack,
    url,
    windowOf: async (name, role, { channel = 'arnsberg', ...look } = {}) => {
      const { token } = await stack.runtime.act((deed) =>
        linkAuth.invite(deed, COMMAND, { email: `${name.toLowerCase()}@localhost`, role, channel }),
      )
      const context = await openContext(browser, url, look)
      const page = await context.newPage()
      await page.goto(signInUrl(url, token))
      await page.getByRole('button', { name: 'Jetzt anmelden' }).click()
      await page.waitForURL(`${url}/office`)
      return page
    },
    seed: async (people) => {
      const now = new Date()
      await stack.runtime.act(async (deed) => {
        const contacts = await recognise(
          deed,
          'arnsberg',
          Array.from({ length: people }, (_, index) => ({
            identity: { phone: `+4915${String(110_000_000 + index)}` },
            at: now,
          })),
        )
        await subscribe(
          deed,
          contacts.map((contact, index) => ({
            channel: 'arnsberg',
            contactId: contact.id,
            subject: contact.subject,
            offering: 'info' as const,
            at: new Date(now.getTime() - (index % 80) * 86_400_000),
            source: 'keyword',
            noticeVersion: '2026-11',
            topics: index % 3 === 0 ? ['baustellen'] : null,
          })),
        )
      })
    },
  }
}

/** A window that reaches nothing but this machine. */
export async function openContext(
  browser: Browser,
  url: string,
  { dark = false, script = true, width = WIDE.width }: Omit<WindowOptions, 'channel'> = {},
): Promise<BrowserContext> {
  const context = await browser.newContext({
    locale: 'de-DE',
    timezoneId: 'Europe/Berlin',
    colorScheme: dark ? 'dark' : 'light',
    javaScriptEnabled: script,
    viewport: width < 600 ? { ...NARROW, width } : { ...WIDE, width },
  })
  await context.route(
    (address) => address.origin !== url,
    (route) => route.abort(),
  )
  context.setDefaultTimeout(20_000)
  return context
}

/** Fails with every violation of WCAG 2.2 AA or good practice that axe finds on the page, with an id that is there twice, and if it is wider than the window. */
export async function expectAccessible(page: Page, what: string): Promise<void> {
  await page.waitForLoadState('load') // with its styles, which say how large a link is
  await page.evaluate(axe)
  const { violations } = (await page.evaluate(
    `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })`,
  )) as AxeResults
  const found = violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => ({ id, html, failureSummary })),
  )
  expect.soft(found, what).toEqual([])
  // A second field with the same id has no label: it belongs to the first one, which axe does not find.
  const twice = await page.evaluate(
    `[...document.querySelectorAll('[id]')].map(({ id }) => id).filter((id, i, all) => all.indexOf(id) < i)`,
  )
  expect.soft(twice, `${what} has an id twice`).toEqual([])
  // Not clientWidth, which counts the scrollbar in.
  const overflow = await page.evaluate(
    'Math.floor(document.documentElement.scrollWidth - document.documentElement.getBoundingClientRect().width)',
  )
  expect.soft(overflow, `${what} is wider than the window`).toBeLessThanOrEqual(0)
}

/** Keeps a picture of the whole page for people to look at; CI keeps them out of git. */
export async function screenshot(page: Page, name: string): Promise<void> {
  await mkdir(SCREENSHOTS, { recursive: true })
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true })
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}
