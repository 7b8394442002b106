import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkLedger } from '../../src/privacy/ledger-check.ts'
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
import { eventually } from '../support/stack.ts'

const ANNA = { phone: '+4915112340001', name: 'Anna Ahrens' }

let browser: Browser
let stack: ConsoleStack
beforeAll(async () => {
  browser = await openBrowser()
  stack = await openConsole(browser)
  for (const message of ['START #rathaus', 'CHAT', 'In der Ruhrstraße ist ein Schlagloch.', 'STOP'])
    await writes(message)
  await checkLedger(stack.runtime, 'arnsberg')
  await writes('START')
})
afterAll(async () => {
  await browser?.close()
  await stack?.close()
})

const writes = (message: string) =>
  stack.emulator.citizenWrites({
    phoneNumberId: stack.channel('arnsberg').whatsapp.phoneNumberId,
    from: ANNA,
    message,
  })

/** What has the focus, and whether it can be seen: by its outline, and within the window. */
const focused = (page: Page) =>
  page.evaluate(`(() => {
    const here = document.activeElement
    const { top, bottom, left, right, width } = here.getBoundingClientRect()
    const inside = bottom > 0 && top < innerHeight && left >= 0 && right <= innerWidth + 1 && width > 0
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(here)
    const marked = (outlineStyle !== 'none' && outlineWidth !== '0px') || boxShadow !== 'none'
    return { name: here.textContent.trim(), seen: inside && marked, where: [top, bottom, left, right, innerWidth, innerHeight, outlineStyle, outlineWidth].join(' ') }
  })()`) as Promise<{ name: string; seen: boolean; where: string }>

/** Goes on with the Tab key until this has the focus; everything on the way must be seen. */
async function tabTo(page: Page, name: string | RegExp): Promise<void> {
  for (let presses = 0; presses < 60; presses++) {
    await page.keyboard.press('Tab')
    // The page scrolls softly to where the focus goes.
    await eventually(async () => (await focused(page)).seen).catch(() => {})
    const here = await focused(page)
    expect.soft(here.seen, `focus on "${here.name}" at ${here.where}`).toBe(true)
    if (typeof name === 'string' ? here.name === name : name.test(here.name)) return
  }
  throw new Error(`The Tab key does not reach ${name}`)
}

describe.each([
  ['hell', WIDE.width],
  ['dunkel', WIDE.width],
  ['hell', NARROW.width],
  ['dunkel', NARROW.width],
] as const)('%s, %i px wide', (design, width) => {
  const look = { dark: design === 'dunkel', width }

  test('the office gets the proof of one person with the keyboard alone, and can read all of it', async () => {
    const page = await stack.windowOf('Frida', 'admin', look)
    await page.goto(`${stack.url}/office/abonnenten`)
    await page.getByLabel('Rufnummer', { exact: true }).focus()
    await page.keyboard.type(ANNA.phone)
    await page.keyboard.press('Tab')
    await page.keyboard.type('Beschwerde über eine Meldung')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Eine Person', exact: true }).waitFor()
    await tabTo(page, 'Nachweis zum Drucken')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Nachweis der Einwilligung', exact: true }).waitFor()
    for (const words of [
      'Die Einträge dieser Person sind unverändert',
      'Aushang im Rathaus',
      /^Das ganze Verzeichnis war zuletzt am/,
    ])
      expect(await page.getByText(words).count(), String(words)).toBeGreaterThan(0)
    await expectAccessible(page, `proof ${design} ${width}`)
    await screenshot(page, `nachweis-${design}-${width}`)
    await tabTo(page, 'Als Datei (JSON)')
    await page.context().close()
  })

  test('a poster is printed from a list that counts', async () => {
    const page = await stack.windowOf('Frida', 'admin', look)
    await page.goto(`${stack.url}/office/kanal`)
    await page.getByRole('link', { name: 'Zu den Aushängen', exact: true }).click()
    const rows = page.getByRole('table', { name: 'Aushänge' }).getByRole('row')
    expect(await rows.filter({ hasText: 'START #rathaus' }).getByRole('cell', { name: '1', exact: true }).count()).toBe(
      1,
    )
    await expectAccessible(page, `posters ${design} ${width}`)
    await screenshot(page, `aushaenge-${design}-${width}`)
    await page.getByRole('link', { name: 'Aushang im Rathaus', exact: true }).first().click()
    await page.getByRole('heading', { name: 'Aushang im Rathaus', exact: true }).waitFor()
    await expectAccessible(page, `poster ${design} ${width}`)
    await screenshot(page, `aushang-${design}-${width}`)
    await page.emulateMedia({ media: 'print' })
    expect(await page.getByRole('banner').count()).toBe(0)
    expect(await page.getByRole('link', { name: /QR-Code als Bild/ }).count()).toBe(0)
    const paper = `(({ color, backgroundColor }) => [color, backgroundColor])(getComputedStyle(document.querySelector('.sheet p')))`
    expect(await page.evaluate(paper)).toEqual(['rgb(0, 0, 0)', 'rgb(255, 255, 255)'])
    await screenshot(page, `aushang-druck-${design}-${width}`)
    await page.context().close()
  })
})

describe.each([[WIDE.width], [NARROW.width]])('the one-time link of a citizen, %i px wide', (width) => {
  test('shows everything after a press of the Enter key, with the poster in words', async () => {
    const links = () =>
      stack.emulator
        .messagesOf({ phone: ANNA.phone })
        .flatMap((one) => JSON.stringify(one).match(/https?:[^"\\\s]+\/auskunft\/[\w-]+/g) ?? [])
    const before = new Set(links())
    await writes('AUSKUNFT')
    await eventually(() => links().some((link) => !before.has(link)))
    const context = await openContext(browser, stack.url, { width })
    const page = await context.newPage()
    await page.goto(links().find((link) => !before.has(link))!)
    await expectAccessible(page, `link ${width}`)
    await screenshot(page, `auskunft-frage-${width}`)
    await tabTo(page, 'Auskunft anzeigen')
    await page.keyboard.press('Enter')
    await page.getByText('Aushang im Rathaus').waitFor()
    await expectAccessible(page, `disclosure ${width}`)
    await screenshot(page, `auskunft-${width}`)
    await tabTo(page, /^Als Datei speichern/)
    await tabTo(page, /Datenschutzhinweis/)
    await context.close()
  })
})
