import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { COMMAND } from '../../src/audit/audit.ts'
import { draft } from '../../src/broadcasts/drafts.ts'
import {
  type ConsoleStack,
  expectAccessible,
  NARROW,
  openBrowser,
  openConsole,
  openContext,
  screenshot,
  WIDE,
} from '../support/browser.ts'

let browser: Browser
let stack: ConsoleStack
let broadcast: string
beforeAll(async () => {
  browser = await openBrowser()
  stack = await openConsole(browser, { perSecond: 100 })
  await stack.seed(300)
  const row = await stack.runtime.act((deed) =>
    draft(deed, { ...COMMAND, id: 'key:a' }, stack.channel('arnsberg'), {
      title: 'Weihnachtsmarkt in der Altstadt',
      template: { name: 'veranstaltung', language: 'de' },
      parameters: {
        body: { titel: 'Weihnachtsmarkt', wann: 'Samstag, 5. Dezember, ab 11 Uhr', wo: 'Alter Markt' },
        buttons: { '0': 'weihnachtsmarkt' },
      },
      audience: { offering: 'info', topics: ['termine'] },
    }),
  )
  broadcast = row.id
  for (const message of ['Chat', 'In der Ruhrstraße ist ein Schlagloch.'])
    await stack.emulator.citizenWrites({
      phoneNumberId: stack.channel('arnsberg').whatsapp.phoneNumberId,
      from: { phone: '+4915112340001', name: 'Anna' },
      message,
    })
})
afterAll(async () => {
  await browser?.close()
  await stack?.close()
})

const PAGES = (): [name: string, path: string][] => [
  ['uebersicht', '/office'],
  ['meldungen', '/office/meldungen'],
  ['meldungen-leere-auswahl', '/office/meldungen?zeige=laufend'],
  ['meldung-vorlage', '/office/meldungen/neu'],
  ['meldung-neu', '/office/meldungen/neu?vorlage=strassensperrung.de'],
  ['meldung-bearbeiten', `/office/meldungen/${broadcast}/bearbeiten`],
  ['meldung-entwurf', `/office/meldungen/${broadcast}`],
  ['meldung-empfaenger', `/office/meldungen/${broadcast}/empfaenger`],
  ['vorlagen', '/office/vorlagen'],
  ['vorlage', '/office/vorlagen/stadt_meldung.de'],
  ['vorlage-neu', '/office/vorlagen/neu'],
  ['vorlage-bearbeiten', '/office/vorlagen/stadt_meldung.de/bearbeiten'],
  ['abonnenten', '/office/abonnenten'],
  ['abonnenten-uebernehmen', '/office/abonnenten/uebernehmen'],
  ['chats', '/office/chats'],
  ['einwilligungen', '/office/einwilligungen'],
  ['kanal', '/office/kanal'],
  ['zugaenge', '/office/zugaenge'],
  ['protokoll', '/office/protokoll'],
  ['konto', '/office/konto'],
  ['barrierefreiheit', '/office/barrierefreiheit'],
  ['nicht-gefunden', '/office/gibt-es-nicht'],
  ['oeffentlich-start', '/'],
  ['oeffentlich-arnsberg', '/arnsberg'],
  ['oeffentlich-warstein', '/warstein'],
  ['oeffentlich-heringen', '/heringen'],
]

const problemsOf = (page: Page): string[] => {
  const problems: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' && !/404|422/.test(message.text())) problems.push(`${page.url()}: ${message.text()}`)
  })
  page.on('pageerror', (error) => problems.push(String(error)))
  return problems
}

describe.each([
  ['hell', WIDE.width],
  ['dunkel', WIDE.width],
  ['hell', NARROW.width],
  ['dunkel', NARROW.width],
] as const)('every page, %s, %i px wide', (design, width) => {
  test('has no barrier that axe finds, fits the window and breaks no rule of its own', async () => {
    const page = await stack.windowOf('Anna', 'admin', { channel: null, dark: design === 'dunkel', width })
    const problems = problemsOf(page)
    for (const [name, path] of PAGES()) {
      await page.goto(stack.url + path)
      await screenshot(page, `${name}-${design}-${width}`)
      await expectAccessible(page, `${name} ${design} ${width}`)
    }
    expect(problems).toEqual([])
    await page.context().close()
  }, 300_000)
})

describe('on a small screen', () => {
  test('a table is a list of cards with their labels, and still a table for screen readers', async () => {
    const page = await stack.windowOf('Anna', 'admin', { width: NARROW.width })
    await page.goto(`${stack.url}/office/meldungen`)
    const row = page.getByRole('table', { name: 'Meldungen' }).getByRole('row', { name: 'Weihnachtsmarkt' })
    await row.getByRole('cell', { name: 'Entwurf', exact: true }).waitFor()
    expect(await page.getByRole('columnheader').allTextContents()).toContain('Stand')
    const [title, state] = [
      await row.getByRole('rowheader').boundingBox(),
      await row.getByRole('cell').first().boundingBox(),
    ]
    expect(state!.y, 'the cells stand below each other').toBeGreaterThanOrEqual(title!.y + title!.height)
    const label = `getComputedStyle(document.querySelector('td'), '::before').content`
    expect(await page.evaluate(label)).toContain('Stand')
    await page.context().close()
  })

  test('a phone of the emulator shows all its buttons', async () => {
    const { url } = stack.emulator
    const page = await (await openContext(browser, url, { width: NARROW.width })).newPage()
    await page.goto(url)
    const phone = page.getByRole('region', { name: 'Anna' })
    const edge = (await phone.boundingBox())!
    for (const button of await phone.getByRole('form', { name: 'Anna sendet' }).getByRole('button').all()) {
      const { x, width } = (await button.boundingBox())!
      expect(x, (await button.textContent())!).toBeGreaterThanOrEqual(edge.x)
      expect(x + width, (await button.textContent())!).toBeLessThanOrEqual(edge.x + edge.width)
    }
    await expectAccessible(page, 'phones')
    await page.context().close()
  })

  test('the head of the page is one line; the menu opens without script', async () => {
    const page = await stack.windowOf('Anna', 'admin', { channel: null, width: NARROW.width, script: false })
    expect((await page.getByRole('banner').boundingBox())!.height).toBeLessThan(80)
    expect(await page.getByRole('link', { name: 'Chats', exact: true }).count()).toBe(0)
    await page.getByText('Menü', { exact: true }).click()
    await page.getByRole('link', { name: 'Chats', exact: true }).click()
    await page.getByRole('heading', { name: 'Chats', exact: true }).waitFor()
    await page.getByText('Menü', { exact: true }).click()
    await page.getByRole('combobox', { name: 'Kanal wechseln', exact: true }).selectOption('warstein')
    await page.getByRole('button', { name: 'Wechseln', exact: true }).click()
    await page.getByRole('banner').getByText('Stadt Warstein').first().waitFor()
    await page.context().close()
  })
})
