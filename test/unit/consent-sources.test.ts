import { expect, test } from 'vitest'
import { consentWords, sourceWords } from '../../src/console/texts.de.ts'
import { CONSENT_SOURCES } from '../support/consent-sources.ts'

test.each(CONSENT_SOURCES)('the office reads %s of the ledger in words', (source) => {
  expect(sourceWords(source, { posters: {} })).not.toBe(source)
})

test.each(['granted', 'withdrawn'])(
  'the office does not read a setting in WhatsApp (%s) as a consent or its end',
  (action) => {
    expect(consentWords({ action, source: 'keyword' })).toMatch(/^(Eingewilligt|Widerrufen)$/)
    expect(consentWords({ action, source: 'user-preferences' })).toMatch(/^Werbung /)
  },
)
