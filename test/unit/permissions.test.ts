import { describe, expect, test } from 'vitest'
import { type Action, may, reaches } from '../../src/access/permissions.ts'
import type { Role } from '../../src/audit/audit.ts'

const ROLES: readonly Role[] = ['inbox', 'editor', 'approver', 'admin']

describe('who may do what', () => {
  test.each<[Action, string]>([
    ['channels.read', 'editor approver admin'],
    ['templates.read', 'editor approver admin'],
    ['templates.sync', 'editor approver admin'],
    ['templates.write', 'editor approver admin'],
    ['broadcasts.read', 'editor approver admin'],
    ['broadcasts.write', 'editor approver admin'],
    ['broadcasts.approve', 'approver admin'],
    ['subscribers.read', 'editor approver admin'],
    ['subscribers.reveal', 'editor approver admin'],
    ['subscribers.sign-off', 'editor approver admin'],
    ['subscribers.change', 'admin'],
    ['consents.read', 'editor approver admin'],
    ['chats.tend', 'editor approver admin'],
    ['chats.answer', 'inbox admin'],
    ['channels.repair', 'admin'],
    ['access.grant', 'admin'],
    ['audit.read', 'admin'],
  ])('%s: %s', (action, allowed) => expect(ROLES.filter((role) => may(role, action)).join(' ')).toBe(allowed))

  test.each(['broadcasts.delete-everything', 'toString', '__proto__', ''])(
    'nobody may %j, which is not on the list',
    (action) => {
      for (const role of ROLES) expect(may(role, action as Action)).toBe(false)
    },
  )

  test('an unknown role may nothing', () => {
    expect(may('janitor' as Role, 'channels.read')).toBe(false)
  })
})

test('access to one channel does not reach another; access without a channel reaches all', () => {
  expect(reaches({ channel: 'arnsberg' }, 'arnsberg')).toBe(true)
  expect(reaches({ channel: 'arnsberg' }, 'warstein')).toBe(false)
  expect(reaches({ channel: null }, 'warstein')).toBe(true)
})
