import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { openLog } from '../../src/log.ts'
import { compiledFile } from '../support/compiled.ts'

const said = (err: unknown): string => {
  const lines: string[] = []
  openLog('info', { write: (line) => lines.push(line) }).error({ err }, 'something went wrong')
  return lines.join('')
}

test.each([
  ['text that was taken for JSON', () => JSON.parse('+4915112345678 schreibt')],
  [
    'a statement',
    () => {
      throw Object.assign(new Error('invalid input: "+4915112345678"'), { query: 'select', code: '22P02' })
    },
  ],
])('an error about %s is told without it', (_, fail) => {
  try {
    fail()
  } catch (error) {
    expect(said(error)).toContain((error as Error).name)
    expect(said(error)).not.toContain('4915112')
    expect(said(new Error('wrapped', { cause: error }))).not.toContain('4915112')
  }
  expect.assertions(3)
})

test('nor does a crash tell it: the process ends and says where it was', () => {
  const breaking = `
    const quoting = Object.assign(new Error('insert +4915112345678'), { query: 'insert', parameters: ['+4915112345678'] })
    setInterval(() => process.listenerCount('SIGTERM') > 0 && Promise.reject(quoting), 10)`
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [
      '--import',
      `data:text/javascript,${encodeURIComponent(breaking)}`,
      compiledFile('src/cli.ts'),
      'emulator',
      '--port',
      '0',
    ],
    { encoding: 'utf8', timeout: 30_000 },
  )
  expect(status).toBe(1)
  expect(stdout + stderr).not.toContain('4915112')
  expect(JSON.parse(stderr.trim().split('\n').at(-1)!)).toMatchObject({ level: 'fatal', err: { name: 'Error' } })
})
