import { expect, test } from 'vitest'
import { recogniseBy } from '../../src/contacts/identity.ts'

const A = { id: 'a' }
const B = { id: 'b' }

test.each<[string, Parameters<typeof recogniseBy>, ReturnType<typeof recogniseBy>]>([
  ['nobody has either id: new', [{ hasUserId: true }, undefined, undefined], { is: 'new' }],
  ['known by user id', [{ hasUserId: true }, A, undefined], { is: 'known', id: 'a' }],
  ['known by both', [{ hasUserId: true }, A, { ...A, hasUserId: true }], { is: 'known', id: 'a' }],
  [
    'known by number, user id not known yet',
    [{ hasUserId: true }, undefined, { ...A, hasUserId: false }],
    { is: 'known', id: 'a' },
  ],
  [
    'known by number, none said',
    [{ hasUserId: false }, undefined, { ...A, hasUserId: true }],
    { is: 'known', id: 'a' },
  ],
  [
    'a known number with another user id: somebody new',
    [{ hasUserId: true }, undefined, { ...A, hasUserId: true }],
    { is: 'new-on-known-number', formerOwner: 'a' },
  ],
  [
    'the number is another contact’s: the user id decides',
    [{ hasUserId: true }, B, { ...A, hasUserId: true }],
    { is: 'known-with-number-of', id: 'b', formerOwner: 'a' },
  ],
  [
    'the same where that contact was known by number only',
    [{ hasUserId: true }, B, { ...A, hasUserId: false }],
    { is: 'known-with-number-of', id: 'b', formerOwner: 'a' },
  ],
])('%s', (_, asked, answer) => {
  expect(recogniseBy(...asked)).toEqual(answer)
})
