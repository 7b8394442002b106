import { describe, expect, test } from 'vitest'
import { signatureOf, verifySignature, verifyToken } from '../../src/whatsapp/signature.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const body = '{"object":"whatsapp_business_account","entry":[]}'
const spaced = '{"object": "whatsapp_business_account", "entry": []}'
const good = 'sha256=dec6a680679a968e7e0319355b23599cbfc54502c0784668e9618baa0c633756'
const secret = 'test_app_secret'

describe('whether Meta sent these bytes', () => {
  const cases: [sentence: string, body: string, header: unknown, secrets: string[], verdict: boolean][] = [
    ['the reference body passes', body, good, [secret], true],
    [
      'the same JSON with blanks is other bytes and has its own signature',
      spaced,
      'sha256=56cbbaf4961c6cfdae48b7f116c047e5eb513d2c931baae63a2bc1afd26f803a',
      [secret],
      true,
    ],
    ['the first of two secrets passes as well', body, good, [secret, 'old'], true],
    ['the old secret still passes while the new one is rolled out', body, good, ['new', secret], true],
    ['escaped umlauts are signed as they stand', '"\\u00e4"', signatureOf('"\\u00e4"', secret), [secret], true],
    ['plain umlauts are signed as they stand', '"ä"', signatureOf('"ä"', secret), [secret], true],
    ['one form does not pass for the other', '"ä"', signatureOf('"\\u00e4"', secret), [secret], false],
    ['a changed body fails', `${body} `, good, [secret], false],
    ['another secret fails', body, good, ['other'], false],
    ['no secret fails', body, good, [], false],
    ['an empty secret never passes', body, signatureOf(body, ''), [''], false],
    ['a missing header fails', body, undefined, [secret], false],
    ['an empty header fails', body, '', [secret], false],
    ['a bare digest fails', body, good.slice(7), [secret], false],
    ['SHA-1 fails', body, `sha1=${good.slice(7, 47)}`, [secret], false],
    ['a short digest fails without throwing', body, good.slice(0, -1), [secret], false],
    ['a long digest fails without throwing', body, `${good}0`, [secret], false],
    ['no hex fails without throwing', body, `sha256=${'z'.repeat(64)}`, [secret], false],
    ['a list of headers fails', body, [good], [secret], false],
  ]
  test.each(cases)('%s', (_sentence, text, header, secrets, verdict) =>
    expect(verifySignature(bytes(text), header, secrets)).toBe(verdict),
  )
})

describe('the verify token', () => {
  const cases: [sentence: string, given: unknown, expected: string, verdict: boolean][] = [
    ['the right one passes', 'geheim', 'geheim', true],
    ['a wrong one fails', 'geheim!', 'geheim', false],
    ['a missing one fails', undefined, 'geheim', false],
    ['an unset one matches nothing', '', '', false],
  ]
  test.each(cases)('%s', (_sentence, given, expected, verdict) => expect(verifyToken(given, expected)).toBe(verdict))
})
