import { expect, test } from 'vitest'
import { sourceWords } from '../../src/console/texts.de.ts'

const WRITTEN_BY_US = [
  ...['keyword', 'button', 'office', 'user-preferences'],
  ...['chat-closed', 'unreachable', 'identity-change', 'same-person', 'channel-ended'],
]

test.each(WRITTEN_BY_US)('the office reads %s of the ledger in words', (source) => {
  expect(sourceWords(source, { posters: {} })).not.toBe(source)
})
