import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const read = (file: string) => JSON.parse(readFileSync(file, 'utf8'))
const { allowScripts, scarfSettings, scripts } = read('package.json')
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

test.each(['start', 'demo'])(
  'no shell stands between npm and the process of "npm run %s": a signal reaches it',
  (name) => expect(scripts[name]).toMatch(/^exec node /),
)
