import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const read = (file: string) => JSON.parse(readFileSync(file, 'utf8'))
const { allowScripts, scarfSettings } = read('package.json')
const packages: Record<string, { hasInstallScript?: boolean }> = read('package-lock.json').packages

test('an installation runs no script of a dependency', () => {
  const names = Object.entries(packages)
    .filter(([path, { hasInstallScript }]) => path !== '' && hasInstallScript)
    .map(([path]) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length))
  expect(names.length).toBeGreaterThan(0)
  expect(allowScripts).toEqual(Object.fromEntries(names.map((name) => [name, false])))
})

// npm before 11 knows no list of scripts.
test('an older npm, which does run them, reports no installation to anybody', () =>
  expect(scarfSettings).toEqual({ enabled: false }))
