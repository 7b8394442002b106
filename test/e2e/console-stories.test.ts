import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ConsoleStack, expectAccessible, openBrowser, openConsole, screenshot } from '../support/browser.ts'
import { eventually } from '../support/stack.ts'

/** A picture of one red dot. */
const PICTURE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==',
  'base64',
)

let browser: Browser
let stack: ConsoleStack
beforeAll(async () => {
  browser = await openBrowser()
  stack = await openConsole(browser, { perSecond: 100, emulator: { readShare: 1 } })
  await stack.seed(30)
})
afterAll(async () => {
  await browser?.close()
  await stack?.close()
})

describe('the office at work', () => {
  test('what is handed back says why, and the next time shows what has changed', async () => {
    const anna = await stack.windowOf('Anna', 'editor')
    await anna.goto(`${stack.url}/office/meldungen/neu?vorlage=notfall.de`)
    await anna.getByLabel('Interner Titel (nur für Sie)', { exact: true }).fill('Hochwasser')
    await anna.getByLabel(/^Lücke 1 im Text/).fill('Hochwasser an der Rur')
    await anna.getByLabel(/^Lücke 2 im Text/).fill('Bitte meiden Sie die Ufer.')
    await anna.getByRole('button', { name: 'Speichern und prüfen', exact: true }).click()
    await anna.getByRole('button', { name: 'Zur Freigabe einreichen', exact: true }).click()
    await anna.getByText('Jetzt ist eine zweite Person an der Reihe').waitFor()

    const bernd = await stack.windowOf('Bernd', 'approver')
    await bernd.getByRole('heading', { name: 'Wartet auf Sie', exact: true }).waitFor()
    await screenshot(bernd, 'uebersicht-wartet')
    await bernd.getByRole('link', { name: 'Hochwasser', exact: true }).click()
    await bernd.getByText('Zurückgeben …').click()
    await bernd.getByLabel('Was soll geändert werden?', { exact: true }).fill('Die Ruhr schreibt sich mit h.')
    await bernd.getByRole('button', { name: 'Zurückgeben', exact: true }).click()
    await bernd.getByText('Diese Meldung wurde zurückgegeben').waitFor()
    await expectAccessible(bernd, 'rejected')

    await anna.getByText('Die Ruhr schreibt sich mit h.').waitFor()
    await screenshot(anna, 'zurueckgegeben')
    await anna.getByRole('link', { name: 'Bearbeiten', exact: true }).click()
    await anna.getByLabel(/^Lücke 1 im Text/).fill('Hochwasser an der Ruhr')
    await anna.getByRole('button', { name: 'Speichern und prüfen', exact: true }).click()
    await anna.getByRole('button', { name: 'Zur Freigabe einreichen', exact: true }).click()
    await anna.getByText('Jetzt ist eine zweite Person an der Reihe').waitFor()

    await bernd.goto(anna.url())
    await bernd.getByRole('heading', { name: 'Seit der letzten Fassung geändert', exact: true }).waitFor()
    expect(await bernd.locator('ins').allTextContents()).toEqual(['Hochwasser an der Ruhr'])
    await expectAccessible(bernd, 'changes')
    await screenshot(bernd, 'aenderungen')
    await bernd.getByText('Freigeben und senden …').click()
    await bernd.getByRole('button', { name: 'Ja, jetzt senden', exact: true }).click()
    await anna
      .locator('#stand')
      .getByText(/Abgeschlossen am/)
      .waitFor({ timeout: 20_000 })
    // Everybody has read it, and the page says so without being loaded again.
    await anna.locator('.funnel div', { hasText: 'Gelesen' }).getByText('30', { exact: true }).waitFor()
    await screenshot(anna, 'bericht-vollstaendig')
  })

  test('a version that was changed meanwhile cannot be approved unseen', async () => {
    const anna = await stack.windowOf('Anna', 'editor')
    await anna.goto(`${stack.url}/office/meldungen/neu?vorlage=notfall.de`)
    await anna.getByLabel('Interner Titel (nur für Sie)', { exact: true }).fill('Probe')
    await anna.getByLabel(/^Lücke 1 im Text/).fill('Erste Fassung')
    await anna.getByLabel(/^Lücke 2 im Text/).fill('Nichts.')
    await anna.getByRole('button', { name: 'Speichern und prüfen', exact: true }).click()
    await anna.getByRole('button', { name: 'Zur Freigabe einreichen', exact: true }).click()
    await anna.getByText('Jetzt ist eine zweite Person an der Reihe').waitFor()
    const bernd = await stack.windowOf('Bernd', 'approver', { script: false })
    await bernd.goto(anna.url())
    await anna.getByRole('link', { name: 'Bearbeiten', exact: true }).click()
    await anna.getByLabel(/^Lücke 1 im Text/).fill('Zweite Fassung')
    await anna.getByRole('button', { name: 'Speichern und prüfen', exact: true }).click()
    await anna.getByRole('button', { name: 'Zur Freigabe einreichen', exact: true }).click()
    await anna.getByText('Jetzt ist eine zweite Person an der Reihe').waitFor()
    await bernd.getByText('Freigeben und senden …').click()
    await bernd.getByRole('button', { name: 'Ja, jetzt senden', exact: true }).click()
    await bernd.getByText('Die Meldung wurde inzwischen geändert.').waitFor()
  })

  test('a new template is checked while typing, handed in and approved', async () => {
    const dora = await stack.windowOf('Dora', 'admin')
    await dora.goto(`${stack.url}/office/vorlagen/neu`)
    await dora.getByLabel('Name', { exact: true }).fill('wochenmarkt')
    await dora.getByLabel('Text', { exact: true }).fill('{{1}} ist Markt.')
    await dora.locator('#vorschau').getByText('Der Text darf nicht mit einer Lücke beginnen.').waitFor()
    await expectAccessible(dora, 'template with problems')
    await screenshot(dora, 'vorlage-probleme')
    await dora
      .getByLabel('Text', { exact: true })
      .fill('Guten Tag, am {{1}} ist wieder Wochenmarkt auf dem Alten Markt.')
    await dora.getByLabel('Beispiele für die Lücken im Text', { exact: true }).fill('Samstag')
    await dora.locator('#vorschau').getByText('Hält alle Regeln ein').waitFor()
    await dora.getByRole('button', { name: 'Zur Prüfung einreichen', exact: true }).click()
    await dora.getByText('Eingereicht. WhatsApp prüft die Vorlage').waitFor()
    await eventually(async () => {
      await dora.reload()
      return (await dora.locator('.head').getByText('Freigegeben').count()) > 0
    })
    await screenshot(dora, 'vorlage-freigegeben')
  })

  test('a template with a picture is written, and what is sent with it carries its own', async () => {
    const dora = await stack.windowOf('Dora', 'admin')
    await dora.goto(`${stack.url}/office/vorlagen/neu`)
    await dora.getByLabel('Name', { exact: true }).fill('stadtfest')
    await dora.getByRole('radio', { name: 'Bild', exact: true }).check()
    await dora.getByLabel('Text', { exact: true }).fill('Guten Tag, am Samstag feiern wir unser Stadtfest.')
    await dora.getByRole('button', { name: 'Zur Prüfung einreichen', exact: true }).click()
    await dora
      .getByRole('alert')
      .getByRole('link', { name: 'Bitte wählen Sie ein Beispielbild.', exact: true })
      .waitFor()
    await expectAccessible(dora, 'picture missing')
    const example = dora.getByLabel('Beispielbild', { exact: true })
    await example.setInputFiles({ name: 'plan.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF') })
    await dora.locator('#vorschau').getByText('Das Bild muss eine JPEG- oder PNG-Datei sein.').waitFor()
    await example.setInputFiles({ name: 'fest.png', mimeType: 'image/png', buffer: PICTURE })
    await dora.locator('#vorschau').getByText('Hält alle Regeln ein').waitFor()
    await dora.locator('#vorschau').getByRole('img', { name: 'Bild über dem Text' }).waitFor()
    await expectAccessible(dora, 'picture chosen')
    await screenshot(dora, 'vorlage-mit-bild')
    await dora.getByRole('button', { name: 'Zur Prüfung einreichen', exact: true }).click()
    await dora.getByText('Eingereicht. WhatsApp prüft die Vorlage').waitFor()
    await eventually(async () => {
      await dora.reload()
      return (await dora.locator('.head').getByText('Freigegeben', { exact: true }).count()) > 0
    })

    const link = 'https://www.arnsberg.de/bilder/stadtfest.jpg'
    await dora.goto(`${stack.url}/office/meldungen/neu?vorlage=stadtfest.de`)
    await dora.getByLabel('Interner Titel (nur für Sie)', { exact: true }).fill('Stadtfest')
    const address = dora.getByLabel('Adresse: Bild über dem Text', { exact: true })
    await address.fill('stadtfest.jpg')
    await dora.getByRole('button', { name: 'Speichern und prüfen', exact: true }).click()
    await dora.getByRole('alert').getByText('Das ist keine Internetadresse.').waitFor()
    await address.fill(link)
    await dora.locator(`#vorschau img[src="${link}"]`).waitFor()
    await dora.getByRole('button', { name: 'Speichern und prüfen', exact: true }).click()
    await dora.getByRole('button', { name: 'Zur Freigabe einreichen', exact: true }).click()
    await dora.getByText('Jetzt ist eine zweite Person an der Reihe').waitFor()
    const bernd = await stack.windowOf('Bernd', 'approver')
    await bernd.goto(dora.url())
    await bernd.getByText('Freigeben und senden …').click()
    await bernd.getByRole('button', { name: 'Ja, jetzt senden', exact: true }).click()
    const media = () => stack.emulator.messagesOf({ phone: '+4915110000003' }).map((one) => one.media?.link)
    await eventually(() => media().includes(link), 20_000)
  })

  test('what did not reach the inbox is sent again', async () => {
    const { phoneNumberId } = stack.channel('arnsberg').whatsapp
    const from = { phone: '+4915112340009', name: 'Cem' }
    stack.inbox.behave({ do: 'answer', status: 500 })
    await stack.emulator.citizenWrites({ phoneNumberId, from, message: 'Chat' })
    await stack.emulator.citizenWrites({ phoneNumberId, from, message: 'Die Laterne am Markt ist aus.' })
    await eventually(() => stack.inbox.posts.length > 0)
    // Three days of vain attempts, at once.
    await eventually(
      async () =>
        (
          await stack.runtime.database
            .sql`update outgoing set status = 'failed', error_code = 500 where kind = 'inbox' and status = 'queued' returning id`
        ).length > 0,
    )
    const anna = await stack.windowOf('Anna', 'editor')
    await anna.goto(`${stack.url}/office/chats`)
    await anna.getByText('Fehler 500').first().waitFor()
    await expectAccessible(anna, 'dead letters')
    await screenshot(anna, 'chats-nicht-angekommen')
    stack.inbox.behave({ do: 'take' })
    await anna.getByRole('button', { name: 'Alle noch einmal senden', exact: true }).click()
    await anna.getByText('Wird noch einmal gesendet.').waitFor()
    await eventually(() => stack.inbox.texts().some((text) => text?.includes('Laterne')))
  })

  test('a person is looked up, which leaves a trace, and keys are shown once', async () => {
    const dora = await stack.windowOf('Dora', 'admin')
    await dora.goto(`${stack.url}/office/abonnenten`)
    await dora.getByLabel('Rufnummer', { exact: true }).fill('+4915110000003')
    await dora.getByLabel('Grund', { exact: true }).fill('Anruf: ob sie angemeldet ist')
    await dora.getByRole('button', { name: 'Nachschlagen', exact: true }).click()
    await dora.getByRole('heading', { name: 'Eine Person', exact: true }).waitFor()
    await expectAccessible(dora, 'person')
    await screenshot(dora, 'person')
    await dora.goto(`${stack.url}/office/protokoll`)
    await dora.getByText('Person nachgeschlagen').first().waitFor()
    await dora.goto(`${stack.url}/office/zugaenge`)
    await dora.getByLabel('Wofür ist der Schlüssel?', { exact: true }).fill('Posteingang')
    await dora.getByRole('button', { name: 'Schlüssel anlegen', exact: true }).click()
    const key = await dora.locator('code.secret').textContent()
    expect(key).toMatch(/^wu_/)
    await expectAccessible(dora, 'new key')
    await screenshot(dora, 'schluessel')
    await dora.goto(`${stack.url}/office/zugaenge`)
    expect(await dora.content()).not.toContain(key)
    await dora.goto(`${stack.url}/office/einwilligungen`)
    await dora.getByRole('button', { name: 'Verzeichnis prüfen', exact: true }).click()
    await dora.getByText(/^Das ganze Verzeichnis war zuletzt am .* unverändert$/).waitFor()
    await expectAccessible(dora, 'verified ledger')
  })
})
