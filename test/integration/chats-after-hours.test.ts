import { eq } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { outgoing } from '../../src/db/schema.ts'
import { takeMessages } from '../../src/intake/intake.ts'
import type { MessageEvent, Person } from '../../src/whatsapp/webhook-events.ts'
import { anna, bernd, type ChatDesk, openChatDesk, written } from '../support/chat-desk.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const CLOSED =
  'Wir lesen Ihre Nachricht am Montag ab 8:00 Uhr. In Notfällen wählen Sie bitte 112 (Feuerwehr, Rettungsdienst) oder 110 (Polizei).'
let desk: ChatDesk
afterEach(() => desk.close())

/** The automatic lines sent so far, oldest first. */
async function lines(): Promise<string[]> {
  const rows = await desk.database.db.select().from(outgoing).where(eq(outgoing.kind, 'reply')).orderBy(outgoing.id)
  return rows.map((row) => {
    const { text, interactive } = JSON.parse(desk.vault.open(row.payloadSealed!))
    return text?.body ?? interactive.body.text
  })
}
/** Somebody writes, once or several times at the same moment. */
const write = (town: string, who: Person, ...what: (string | Partial<MessageEvent>)[]) =>
  desk.act((deed) =>
    takeMessages(
      deed,
      what.map((one) => ({ channel: desk.channels.get(town)!, message: written(who, one, desk.now()) })),
    ),
  )

describe('Warstein reads from Monday to Friday; Anna writes on Saturday evening', () => {
  beforeEach(async () => {
    desk = await openChatDesk('2026-11-21T19:00:00+01:00')
  })

  test('one message welcomes her and says when somebody reads, and whom to call in an emergency; after that nothing more', async () => {
    await write('warstein', anna, 'Die Laterne ist aus', 'vor dem Haus 12')
    desk.pass(10 * MINUTE)
    await write('warstein', anna, 'Sie flackert nur')
    desk.pass(14 * HOUR)
    await write('warstein', anna, 'immer noch')
    const [only, ...more] = await lines()
    expect(more).toEqual([])
    expect(only).toMatch(/^Danke für Ihre Nachricht an: Stadt Warstein\./)
    expect(only!.endsWith(`\n\n${CLOSED}`)).toBe(true)
  })

  test('Bernd, who writes too, is told as well', async () => {
    await write('warstein', anna, 'Die Laterne ist aus')
    await write('warstein', bernd, 'Guten Abend')
    expect((await lines()).filter((line) => line.includes(CLOSED))).toHaveLength(2)
  })

  test('on Monday morning nobody is told anything, on Monday evening the next period begins, in a message of its own', async () => {
    await write('warstein', anna, 'Die Laterne ist aus')
    desk.pass(37 * HOUR) // Monday 8:00
    await write('warstein', anna, 'Guten Morgen')
    expect(await lines()).toHaveLength(1)
    desk.pass(10 * HOUR) // Monday 18:00
    await write('warstein', anna, 'Noch jemand da?')
    expect((await lines())[1]).toMatch(/^Wir lesen Ihre Nachricht am Dienstag ab 8:00 Uhr\./)
  })

  test('a thumbs-up is no question', async () => {
    desk.pass(38 * HOUR)
    const message = written(anna, 'Guten Morgen', desk.now())
    await desk.act((deed) => takeMessages(deed, [{ channel: desk.channels.get('warstein')!, message }]))
    const before = await lines()
    desk.pass(10 * HOUR)
    await write('warstein', anna, {
      kind: 'reaction',
      rawType: 'reaction',
      text: undefined,
      reaction: { messageId: message.id, emoji: '👍' },
    })
    expect(await lines()).toEqual(before)
  })
})

test('Arnsberg asks for consent first: the tap in the evening passes the message on and says in one line when it is read', async () => {
  desk = await openChatDesk('2026-11-23T19:00:00+01:00')
  await write('arnsberg', anna, 'Die Ampel ist aus')
  expect((await lines()).join()).not.toContain('Wir lesen Ihre Nachricht')
  await write('arnsberg', anna, { kind: 'reply', rawType: 'interactive', buttonId: 'join:chat', text: 'Chat beginnen' })
  const all = await lines()
  expect(all).toHaveLength(2)
  expect(all[1]).toMatch(/^Danke, wir haben Ihre Nachricht weitergeleitet\./)
  expect(all[1]).toContain('Wir lesen Ihre Nachricht am Dienstag ab 8:00 Uhr.')
  const [consent] = await desk.runtime.sql<{ wording: string }[]>`select wording from consents order by id desc limit 1`
  expect(all[1]!.startsWith(consent!.wording)).toBe(true)
})

describe('whoever ends a chat learns how to begin another', () => {
  beforeEach(async () => {
    desk = await openChatDesk('2026-11-23T10:00:00+01:00')
  })

  test('where any message opens one, by just writing', async () => {
    await write('warstein', anna, 'Die Laterne ist aus')
    desk.pass(MINUTE)
    await write('warstein', anna, 'Stop')
    desk.pass(MINUTE)
    await write('warstein', anna, 'Stop')
    const [, left, notIn] = await lines()
    expect(left).toBe('Der Chat ist beendet. Möchten Sie uns wieder schreiben, genügt eine Nachricht.')
    expect(notIn).toBe('Zurzeit ist kein Chat offen. Möchten Sie uns schreiben, genügt eine Nachricht.')
  })

  test('where it needs consent, by the keyword', async () => {
    await write('arnsberg', anna, 'Chat')
    desk.pass(MINUTE)
    await write('arnsberg', anna, 'Stop Chat')
    desk.pass(MINUTE)
    await write('arnsberg', anna, 'Stop Chat')
    const [, left, notIn] = await lines()
    expect(left).toContain('beginnen Sie bitte mit CHAT')
    expect(notIn).toContain('Beginnen können Sie ihn mit CHAT')
  })
})
