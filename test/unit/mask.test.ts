import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { maskPhone, maskUserId } from '../../src/contacts/mask.ts'

describe('a number on a list cannot be called', () => {
  test.each([
    ['+4915112345612', '+49 151 ••••• 12'],
    ['+4917612345678', '+49 176 ••••• 78'],
    ['+492932201100', '+49 293 ••••• 00'],
    ['+12025550123', '+1 202 ••••• 23'],
    ['+49110123', '+49 ••••• 23'],
    ['+4912', '+49 •••••'],
    ['12345678', '••••• 78'],
    ['', '•••••'],
  ])('%s → %s', (phone, masked) => expect(maskPhone(phone)).toBe(masked))

  test('never more than five digits of the number itself are left', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^\+49[1-9][0-9]{4,11}$/), (phone) => {
        const shown = maskPhone(phone).replace(/^\+49/, '').replace(/\D/g, '')
        expect(shown.length).toBeLessThanOrEqual(5)
        expect(phone.length - 3 - shown.length).toBeGreaterThanOrEqual(3)
      }),
    )
  })
})

describe('a user id of Meta likewise', () => {
  test.each([
    ['DE.13491208655302741918', 'DE.134 ••••• 18'],
    ['DE.ENT.11815799212886844830', 'DE.ENT.118 ••••• 30'],
    ['13491208655302741918', '134 ••••• 18'],
    ['DE.12', 'DE. •••••'],
  ])('%s → %s', (id, masked) => expect(maskUserId(id)).toBe(masked))
})
