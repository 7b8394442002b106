import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { COMMAND } from '../../src/audit/audit.ts'
import { approve, submit } from '../../src/broadcasts/approval.ts'
import { draft } from '../../src/broadcasts/drafts.ts'
import { countStates } from '../../src/dispatch/queue.ts'
import { eventually, openStack, type Stack } from '../support/stack.ts'

let stack: Stack
beforeAll(async () => {
  stack = await openStack({ perSecond: 200 })
})
afterAll(() => stack.close())

const anna = { phone: '+4915112340001', name: 'Anna' }
const bernd = { phone: '+4915112340002', name: 'Bernd' }
const of = (slug: string) => stack.channel(slug).whatsapp.phoneNumberId
const words = (who: { phone: string }, slug = 'arnsberg') =>
  stack.emulator
    .messagesOf(who, of(slug))
    .filter((bubble) => bubble.from === 'town')
    .map((bubble) => bubble.text)

describe('the main job', () => {
  test('a subscriber chooses topics by tapping rows of the list that comes with the welcome', async () => {
    const cem = { phone: '+4915112340003', name: 'Cem' }
    const here = { phoneNumberId: of('arnsberg'), from: cem }
    await stack.emulator.citizenWrites({ ...here, message: 'START' })
    await eventually(() => words(cem).length === 1)
    await stack.emulator.citizenTaps({ ...here, action: 'Veranstaltungen' })
    await eventually(() => words(cem).length === 2)
    expect(words(cem)[1]).toMatch(/^Sie bekommen jetzt: Veranstaltungen\./)
    await stack.emulator.citizenWrites({ ...here, message: 'STATUS' })
    await eventually(() => words(cem).length === 3)
    expect(words(cem)[2]).toContain('(Themen: Veranstaltungen)')
    await stack.emulator.citizenWrites({ ...here, message: 'STOP' })
    await eventually(() => words(cem).length === 4)
  })

  test('whoever sends START is welcomed once, and a broadcast approved by somebody else arrives', async () => {
    for (const who of [anna, bernd]) {
      const { status } = await stack.emulator.citizenWrites({
        phoneNumberId: of('arnsberg'),
        from: who,
        message: 'START',
      })
      expect(status).toBe(200)
    }
    await eventually(() => words(anna).length === 1 && words(bernd).length === 1)
    expect(words(anna)[0]).toMatch(/angemeldet/)
    const id = await stack.runtime.act(async (deed) => {
      const channel = stack.channel('arnsberg')
      const row = await draft(deed, { ...COMMAND, id: 'key:a' }, channel, {
        title: 'Sperrung',
        template: { name: 'stadt_meldung', language: 'de' },
        parameters: { header: ['Verkehr'], body: ['Sperrung', 'Ruhrstraße ab Montag'], buttons: { '0': 'sperrung' } },
        audience: { offering: 'info' },
      } as never)
      await submit(deed, { ...COMMAND, id: 'key:a' }, channel, row.id)
      return row.id
    })
    await stack.runtime.act((deed) =>
      approve(deed, { ...COMMAND, id: 'key:b' }, stack.channel('arnsberg'), id, {
        overdueToleranceMs: 3600000,
      }),
    )
    await eventually(() => words(anna).length === 2 && words(bernd).length === 2)
    await eventually(async () => {
      const counts = (await stack.runtime.act((deed) => countStates(deed, [id]))).get(id)!
      return counts.recipients === 2 && counts.delivered + counts.read === 2
    })
  })
})
