import { expect, test } from 'vitest'
import { openLog } from '../../src/log.ts'

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
