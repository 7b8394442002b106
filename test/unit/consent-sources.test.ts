import { expect, test } from 'vitest'
import { consentWords, sourceWords } from '../../src/console/texts.de.ts'

const WRITTEN_BY_US = [
  ...['keyword', 'button', 'office', 'user-preferences'],
  ...['chat-closed', 'unreachable', 'identity-change', 'same-person', 'channel-ended'],
]

test.each(WRITTEN_BY_US)('the office reads %s of the ledger in words', (source) => {
  expect(sourceWords(source, { posters: {} })).not.toBe(source)
})

test.each(['granted', 'withdrawn'])(
  'the office does not read a setting in WhatsApp (%s) as a consent or its end',
  (action) => {
    expect(consentWords({ action, source: 'keyword' })).toMatch(/^(Eingewilligt|Widerrufen)$/)
    expect(consentWords({ action, source: 'user-preferences' })).toMatch(/^Werbung /)
  },
)
