import { expect, test } from 'vitest'
import { inboxAddressProblem } from '../../src/channels/inbox-address.ts'

test.each([
  ['https://inbox.arnsberg.de/hook', null, null],
  ['http://127.0.0.1:4000/', null, null],
  ['http://127.9.9.9/', null, null],
  ['http://localhost:4000/', null, null],
  ['http://inbox.localhost/', null, null],
  ['http://[::1]:4000/', null, null],
  ['http://0x7f.1/', null, null],
  ['https://[::ffff:127.0.0.1]/', null, null],
  ['http://inbox.arnsberg.de/', 'https', 'https'],
  ['http://localhost.example/', 'https', 'https'],
  ['http://10.0.0.1/', 'https', 'https'],
  ['https://10.0.0.1/', 'private', null],
  ['https://172.31.255.1/', 'private', null],
  ['https://172.32.0.1/', null, null],
  ['https://192.168.178.2/', 'private', null],
  ['https://169.254.169.254/', 'private', null],
  ['https://0x0a000001/', 'private', null],
  ['https://[fd00::1]/', 'private', null],
  ['https://[fe80::1]/', 'private', null],
  ['https://[::ffff:10.0.0.1]/', 'private', null],
  ['https://0.0.0.0/', 'private', null],
  ['https://user:word@inbox.arnsberg.de/', 'password', 'password'],
  ['ftp://inbox.arnsberg.de/', 'https', 'https'],
  ['inbox.arnsberg.de', 'https', 'https'],
])('%s: %s, and if private addresses are allowed: %s', (address, problem, whenAllowed) => {
  for (const [allowed, expected] of [
    [false, problem],
    [true, whenAllowed],
  ] as const) {
    const found = inboxAddressProblem(address, allowed)
    if (expected === null) expect(found).toBeNull()
    else expect(found).toContain(expected)
  }
})
