import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { signInUrl } from '../../src/access/staff.ts'
import { linkAuth } from '../../src/access/staff-auth.ts'
import { codeAt } from '../../src/access/totp.ts'
import { COMMAND } from '../../src/audit/audit.ts'
import { draft } from '../../src/broadcasts/drafts.ts'
import {
  type ConsoleStack,
  expectAccessible,
  openBrowser,
  openConsole,
  openContext,
  screenshot,
} from '../support/browser.ts'

const PASSWORD = 'Ruhr Brücke Markt Laterne'

let browser: Browser
let stack: ConsoleStack
beforeAll(async () => {
  browser = await openBrowser()
  stack = await openConsole(browser)
})
afterAll(async () => {
  await browser?.close()
  await stack?.close()
})

const secretOn = async (page: Awaited<ReturnType<ConsoleStack['windowOf']>>) => {
  await page.getByText('Schlüssel von Hand eingeben').click()
  return (await page.locator('code.secret').textContent())!.replace(/\s/g, '')
}

describe('signing in', () => {
  test('a link leads in once; then password and code do, each code once', async () => {
    const page = await stack.windowOf('Dora', 'approver')
    await page.getByRole('link', { name: 'Bitte legen Sie ein Passwort fest.', exact: true }).click()
    const secret = await secretOn(page)
    await page.getByLabel('Ihr Name', { exact: true }).fill('Dora')
    await page.getByLabel('Neues Passwort', { exact: true }).fill('kurz')
    await page.getByLabel('Neues Passwort noch einmal', { exact: true }).fill('kurz')
    await page.getByLabel('Code aus der App', { exact: true }).fill('000000')
    await page.getByRole('button', { name: 'Speichern', exact: true }).click()
    await page.getByRole('alert').waitFor()
    expect(await page.getByRole('alert').textContent()).toMatch(/mindestens 12 Zeichen/)
    await expectAccessible(page, 'account with errors')

    expect(await secretOn(page), 'the secret stays while somebody corrects mistakes').toBe(secret)
    await page.getByLabel('Neues Passwort', { exact: true }).fill(PASSWORD)
    await page.getByLabel('Neues Passwort noch einmal', { exact: true }).fill(PASSWORD)
    const code = codeAt(secret, new Date())
    await page.getByLabel('Code aus der App', { exact: true }).fill(code)
    await page.getByRole('button', { name: 'Speichern', exact: true }).click()
    await page.getByText('Ab jetzt melden Sie sich mit Passwort und Code an.').waitFor()
    await page.getByRole('button', { name: 'Abmelden', exact: true }).click()
    await page.getByRole('heading', { name: 'Anmelden', exact: true }).waitFor()
    await expectAccessible(page, 'sign in')
    await screenshot(page, 'anmelden')

    const enter = async (password: string, digits: string) => {
      await page.getByLabel('E-Mail-Adresse', { exact: true }).fill('dora@localhost')
      await page.getByLabel('Passwort', { exact: true }).fill(password)
      await page.getByLabel('Code aus der App', { exact: true }).fill(digits)
      await page.getByRole('button', { name: 'Anmelden', exact: true }).click()
    }
    await enter(PASSWORD, code)
    await page.getByText('E-Mail-Adresse, Passwort oder Code stimmen nicht.').waitFor()
    await enter(PASSWORD, codeAt(secret, new Date(Date.now() + 30_000)))
    await page.getByRole('heading', { name: 'Übersicht', exact: true }).waitFor()
    expect(await page.getByRole('link', { name: 'Dora', exact: true }).count()).toBe(1)
    expect(await page.getByRole('link', { name: 'Zugänge', exact: true }).count()).toBe(0)
  })

  test('a used link leads nowhere, and looking at it uses nothing up', async () => {
    const { token } = await stack.runtime.act((deed) =>
      linkAuth.invite(deed, COMMAND, { email: 'cem@localhost', role: 'editor', channel: 'arnsberg' }),
    )
    const context = await openContext(browser, stack.url)
    const page = await context.newPage()
    for (const _ of [1, 2]) await page.goto(signInUrl(stack.url, token))
    await page.getByRole('button', { name: 'Jetzt anmelden', exact: true }).click()
    await page.getByRole('heading', { name: 'Übersicht', exact: true }).waitFor()
    const other = await (await openContext(browser, stack.url)).newPage()
    await other.goto(signInUrl(stack.url, token))
    await other.getByRole('button', { name: 'Jetzt anmelden', exact: true }).click()
    await other.getByText('Dieser Link gilt nicht mehr').waitFor()
    await expectAccessible(other, 'used link')
  })

  test('whoever guesses is slowed down, and others still get in', async () => {
    const page = await (await openContext(browser, stack.url)).newPage()
    await page.goto(`${stack.url}/office/anmelden`)
    for (let attempt = 0; attempt < 6; attempt++) {
      await page.getByLabel('E-Mail-Adresse', { exact: true }).fill('bernd@localhost')
      await page.getByLabel('Passwort', { exact: true }).fill(`falsch ${attempt}`)
      await page.getByLabel('Code aus der App', { exact: true }).fill('123456')
      await page.getByRole('button', { name: 'Anmelden', exact: true }).click()
      await page.getByRole('alert').waitFor()
    }
    expect(await page.getByRole('alert').textContent()).toMatch(/Zu viele Versuche/)
    await stack.windowOf('Anna', 'editor')
  })

  test('everything works without JavaScript, and by keyboard alone', async () => {
    const page = await stack.windowOf('Anna', 'editor', { script: false })
    await page.goto(`${stack.url}/office/meldungen/neu?vorlage=notfall.de`)
    await page.getByLabel('Interner Titel (nur für Sie)', { exact: true }).fill('Hochwasser')
    await page.getByLabel(/^Lücke 1 im Text/).fill('Hochwasser an der Ruhr')
    await page.getByLabel(/^Lücke 2 im Text/).fill('Bitte meiden Sie die Ufer.')
    await page.getByRole('button', { name: 'Speichern und prüfen', exact: true }).focus()
    await page.keyboard.press('Enter')
    await page.getByText('Gespeichert.').waitFor()
    await page.keyboard.press('Tab')
    expect(await page.evaluate('document.activeElement?.textContent?.trim()')).toBe('Zum Inhalt springen')
    await page.getByRole('button', { name: 'Zur Freigabe einreichen', exact: true }).focus()
    await page.keyboard.press('Enter')
    await page.getByText('Eingereicht.').waitFor()
  })

  test('what cannot be undone asks first, without script and by keyboard as well', async () => {
    const page = await stack.windowOf('Anna', 'editor', { script: false })
    const { id } = await stack.runtime.act((deed) =>
      draft(deed, { ...COMMAND, id: 'key:a' }, stack.channel('arnsberg'), {
        title: 'Probe',
        template: { name: 'notfall', language: 'de' },
        parameters: { body: ['Probe', 'Nichts.'] },
        audience: { offering: 'info' },
      }),
    )
    await page.goto(`${stack.url}/office/meldungen/${id}`)
    const yes = page.getByRole('button', { name: 'Ja, löschen', exact: true })
    expect(await yes.isVisible()).toBe(false)
    await page.locator('summary', { hasText: 'Löschen …' }).focus()
    await page.keyboard.press('Enter')
    await page.getByText('Diese Meldung endgültig löschen?').waitFor()
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.getByText('Gelöscht.').waitFor()
    expect((await page.goto(`${stack.url}/office/meldungen/${id}`))!.status()).toBe(404)
  })
})
