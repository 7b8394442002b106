import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ConsoleStack, expectAccessible, openBrowser, openConsole, screenshot } from '../support/browser.ts'

let browser: Browser
let stack: ConsoleStack
beforeAll(async () => {
  browser = await openBrowser()
  // Slow enough to be stopped in the middle.
  stack = await openConsole(browser, { perSecond: 25 })
  await stack.seed(400)
})
afterAll(async () => {
  await browser?.close()
  await stack?.close()
})

describe('from an idea to everybody who asked for it', () => {
  test('Anna writes, Bernd approves, and both watch it arrive', async () => {
    const anna = await stack.windowOf('Anna', 'editor')
    await screenshot(anna, 'uebersicht-leer')
    await anna.getByRole('link', { name: 'Meldungen', exact: true }).first().click()
    await anna.getByRole('link', { name: 'Neue Meldung', exact: true }).click()
    await expectAccessible(anna, 'choice of template')
    await screenshot(anna, 'vorlage-waehlen')
    await anna.getByRole('link', { name: 'Mit „Stadt Meldung“ schreiben', exact: true }).click()
    await anna.getByLabel('Interner Titel (nur für Sie)', { exact: true }).fill('Sperrung der Ruhrstraße')
    await anna.getByLabel('Überschrift (z. B. „Verkehr“)', { exact: true }).fill('Verkehr')
    await anna.getByRole('button', { name: 'Speichern und prüfen', exact: true }).click()
    await expect.poll(() => anna.getByRole('alert').textContent()).toMatch(/Angaben stimmen noch nicht/)
    await expectAccessible(anna, 'form with errors')
    await screenshot(anna, 'neue-meldung-fehler')
    const wrong = anna.locator('.kern-alert--danger', { hasText: 'noch nicht' })
    await wrong.getByText('3 Angaben stimmen noch nicht', { exact: true }).waitFor()
    const first = anna.getByLabel('Lücke 1 im Text (z. B. „Sperrung“)', { exact: true })
    // The list of errors calls a field what its label calls it, and leads there.
    await wrong.getByRole('link', { name: 'Lücke 1 im Text (z. B. „Sperrung“): Diese Angabe ist leer.' }).click()
    await expect.poll(() => anna.evaluate('document.activeElement.id')).toBe(await first.getAttribute('id'))
    expect(await wrong.getByRole('link').last().textContent()).toMatch(/^Ende der Adresse hinter „Mehr lesen“: /)
    await first.fill('Sperrung')
    await wrong.getByText('2 Angaben stimmen noch nicht', { exact: true }).waitFor()
    expect(await first.getAttribute('aria-invalid')).toBe(null)
    expect(await anna.locator('form').getByText('Diese Angabe ist leer.').count()).toBe(2)
    await anna.getByLabel(/^Lücke 2 im Text/).fill('Die Ruhrstraße ist ab Montag, 7 Uhr, gesperrt.')
    await anna.getByLabel(/^Ende der Adresse/).fill('sperrung-ruhrstrasse')
    expect(await wrong.count()).toBe(0)
    expect(await anna.locator('.kern-error').count()).toBe(0)
    await anna.locator('#vorschau', { hasText: 'ab Montag, 7 Uhr, gesperrt' }).waitFor()
    await screenshot(anna, 'neue-meldung')
    await anna.getByRole('button', { name: 'Speichern und prüfen', exact: true }).click()
    await anna.getByText('Alles bereit').waitFor()
    await expectAccessible(anna, 'draft')
    await screenshot(anna, 'entwurf')
    await anna.getByRole('button', { name: 'Zur Freigabe einreichen', exact: true }).click()
    await anna.getByText('Jetzt ist eine zweite Person an der Reihe').waitFor()

    const bernd = await stack.windowOf('Bernd', 'approver')
    await bernd.goto(anna.url())
    const read = await bernd.content()
    expect(read.indexOf('bubble-text'), 'the text comes before what is done with it').toBeLessThan(
      read.indexOf('Freigeben und senden …'),
    )
    await expectAccessible(bernd, 'approval')
    await screenshot(bernd, 'freigabe')
    await bernd.getByText('Freigeben und senden …').click()
    await bernd.getByText('Jetzt an 400 Personen senden?').waitFor()
    await expectAccessible(bernd, 'question before sending')
    await screenshot(bernd, 'freigabe-frage')
    await bernd.getByRole('button', { name: 'Ja, jetzt senden', exact: true }).click()
    await anna.getByRole('heading', { name: 'Fortschritt', exact: true }).waitFor()
    await anna.getByText(/Prozent bearbeitet/).waitFor({ state: 'attached' })
    await screenshot(anna, 'laufende-meldung')
    await anna.getByRole('button', { name: 'Anhalten', exact: true }).click()
    await anna.getByText('Diese Meldung ist angehalten').waitFor()
    await expectAccessible(anna, 'paused')
    await screenshot(anna, 'angehalten')
    await anna.getByRole('button', { name: 'Fortsetzen', exact: true }).click()
    await anna
      .locator('#stand')
      .getByText(/Abgeschlossen am/)
      .waitFor({ timeout: 60_000 })
    await screenshot(anna, 'bericht')
    await anna.getByRole('link', { name: 'Empfängerliste', exact: true }).click()
    await expectAccessible(anna, 'recipients')
    await screenshot(anna, 'empfaenger')
  })
})
