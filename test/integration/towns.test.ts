import { eq } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { reply } from '../../src/chats/answers.ts'
import { close } from '../../src/chats/closing.ts'
import { dropHeldExpired } from '../../src/chats/held.ts'
import { outgoing, subscriptions } from '../../src/db/schema.ts'
import { takeMessages } from '../../src/intake/intake.ts'
import type { MessageEvent, Person } from '../../src/whatsapp/webhook-events.ts'
import { anna, bernd, type ChatDesk, cem, everything, OFFICE, openChatDesk, written } from '../support/chat-desk.ts'

/*
 * Die drei Städte, Schritt für Schritt: was jemand schreibt, was zurückkommt, was im Posteingang ankommt.
 */
const STUNDE = 3_600_000
let desk: ChatDesk
beforeEach(async () => {
  desk = await openChatDesk('2026-11-23T10:00:00+01:00') // ein Montag, die Rathäuser haben offen
})
afterEach(() => desk.close())

/** Jemand schreibt oder tippt. */
async function schreibt(stadt: string, wer: Person, was: string | Partial<MessageEvent>) {
  const message = written(wer, was, desk.now())
  await desk.act((deed) => takeMessages(deed, [{ channel: desk.channels.get(stadt)!, message }]))
  desk.pass(1000)
}
const tippt = (stadt: string, wer: Person, knopf: string) =>
  schreibt(stadt, wer, { kind: 'reply', rawType: 'interactive', buttonId: knopf, text: 'Knopf' })

type Body = {
  text?: { body: string }
  interactive?: { body: { text: string }; action: { buttons?: { reply: { id: string } }[] } }
}
/** Was die Stadt von selbst geantwortet hat, das Älteste zuerst. */
async function antworten(): Promise<{ text: string; knoepfe: string[] }[]> {
  const rows = await desk.database.db.select().from(outgoing).where(eq(outgoing.kind, 'reply')).orderBy(outgoing.id)
  return rows.map((row) => {
    const { text, interactive } = JSON.parse(desk.vault.open(row.payloadSealed!)) as Body
    const knoepfe = interactive?.action.buttons?.map(({ reply: { id } }) => id) ?? []
    return { text: text?.body ?? interactive?.body.text ?? '', knoepfe }
  })
}
const letzteAntwort = async () => (await antworten()).at(-1)!
const imPosteingang = async (anzahl: number) => {
  await desk.receiver.until(({ taken }) => taken().length >= anzahl)
  return desk.receiver.texts()
}
const chatVon = () => {
  const event = desk.receiver.taken().findLast(({ type }) => type === 'chat.message.received')
  return event?.type === 'chat.message.received' ? event.data.chat.id : ''
}

describe('Arnsberg: Infokanal und Chat, der Chat nur mit Zustimmung', () => {
  test('Anna schreibt einfach los: Ihre Nachricht wartet, bis sie zugestimmt hat, und geht dann ohne neues Tippen weiter', async () => {
    desk.forwards('arnsberg')
    await schreibt('arnsberg', anna, 'Guten Tag, in der Rathausstraße fehlt ein Gullideckel.')
    const frage = await letzteAntwort()
    expect(frage.text).toContain('https://www.arnsberg.de/datenschutz')
    expect(frage.knoepfe).toContain('join:chat')
    expect(desk.receiver.posts).toEqual([])

    await tippt('arnsberg', anna, 'join:chat')
    expect(await imPosteingang(1)).toEqual(['Guten Tag, in der Rathausstraße fehlt ein Gullideckel.'])
    expect((await letzteAntwort()).text).toContain('weitergeleitet')

    await schreibt('arnsberg', anna, 'Direkt vor der Bäckerei.')
    expect(await imPosteingang(2)).toHaveLength(2)
    await desk.act((deed) => reply(deed, OFFICE, chatVon(), { text: 'Danke, der Bauhof ist unterwegs.' }))
  })

  test('Bernd stimmt nicht zu: Nach einem Tag ist seine Nachricht ungelesen gelöscht', async () => {
    desk.forwards('arnsberg')
    await schreibt('arnsberg', bernd, 'Mein Nachbar parkt immer vor der Einfahrt.')
    desk.pass(24 * STUNDE)
    await desk.act(dropHeldExpired)
    await tippt('arnsberg', bernd, 'join:chat')
    await schreibt('arnsberg', bernd, 'Hallo?')
    expect(await imPosteingang(1)).toEqual(['Hallo?'])
    expect(await everything(desk)).not.toContain('vor der Einfahrt')
  })

  test('START meldet für den Infokanal an, nicht für den Chat', async () => {
    await schreibt('arnsberg', anna, 'Start')
    const abos = await desk.database.db.select().from(subscriptions)
    expect(abos.map(({ offering, leftAt }) => ({ offering, leftAt }))).toEqual([{ offering: 'info', leftAt: null }])
  })

  test('Wer am Abend schreibt, erfährt einmal, wann gelesen wird, und wen man in Notfällen ruft', async () => {
    await schreibt('arnsberg', anna, 'Chat')
    desk.pass(9 * STUNDE)
    await schreibt('arnsberg', anna, 'Die Ampel an der Ruhrbrücke ist aus.')
    await schreibt('arnsberg', anna, 'Beide Richtungen.')
    const zeilen = (await antworten()).filter(({ text }) => text.includes('Wir lesen Ihre Nachricht'))
    expect(zeilen).toHaveLength(1)
    expect(zeilen[0]!.text).toContain('am Dienstag ab 8:00 Uhr')
    expect(zeilen[0]!.text).toContain('112')
  })
})

describe('Warstein: nur Chat, ohne Zustimmung, Text und Bild', () => {
  test('START erklärt freundlich, dass es keinen Infokanal gibt, und meldet niemanden an', async () => {
    await schreibt('warstein', anna, 'START')
    expect((await letzteAntwort()).text).toContain('Einen Infokanal gibt es hier nicht')
    expect(await desk.database.db.select().from(subscriptions)).toEqual([])
  })

  test('Jede Nachricht eröffnet einen Chat; ein Bild kommt mit seiner Unterschrift an', async () => {
    desk.forwards('warstein')
    await schreibt('warstein', anna, 'Guten Tag')
    const media = { id: '9000001', mimeType: 'image/jpeg', caption: 'Schlagloch in der Hauptstraße' }
    await schreibt('warstein', anna, { kind: 'image', rawType: 'image', text: undefined, media })
    expect(await imPosteingang(2)).toEqual(['Guten Tag', 'Schlagloch in der Hauptstraße'])
  })

  test('STATUS sagt, ob ein Anliegen offen ist; STOP beendet es, und dann ist keines mehr offen', async () => {
    const status = async () => {
      await schreibt('warstein', anna, 'Status')
      return (await letzteAntwort()).text
    }
    expect(await status()).toContain('Schreiben Sie uns einfach.')
    await schreibt('warstein', anna, 'Die Laterne am Markt ist aus.')
    expect(await status()).toContain('Ihr Anliegen ist noch offen.')
    await schreibt('warstein', anna, 'Auskunft')
    expect((await letzteAntwort()).text).toContain('Ihr Anliegen ist noch offen.')
    await schreibt('warstein', anna, 'Stop')
    expect((await letzteAntwort()).text).toBe(
      'Der Chat ist beendet. Möchten Sie uns wieder schreiben, genügt eine Nachricht.',
    )
    const danach = await status()
    expect(danach).toContain('Schreiben Sie uns einfach.')
    expect(danach).not.toContain('offen')
  })

  test('Eine Sprachnachricht wird höflich abgelehnt, mit dem, was möglich ist, und nicht weitergeleitet', async () => {
    const media = { id: '9000002', mimeType: 'audio/ogg', voice: true }
    await schreibt('warstein', cem, { kind: 'voice', rawType: 'audio', text: undefined, media })
    await schreibt('warstein', cem, { kind: 'voice', rawType: 'audio', text: undefined, media })
    const zeilen = await antworten()
    expect(zeilen).toHaveLength(1)
    expect(zeilen[0]!.text).toContain('Möglich sind')
    expect(await desk.database.db.select().from(outgoing).where(eq(outgoing.kind, 'inbox'))).toEqual([])
  })
})

describe('Heringen: Chat mit Videos; ist ein Anliegen erledigt, wird alles gelöscht', () => {
  test('Anna schickt ein Video, bekommt Antwort, das Anliegen wird geschlossen: Von ihr bleibt nichts', async () => {
    desk.forwards('heringen')
    await schreibt('heringen', anna, 'Am Spielplatz ist die Schaukel kaputt')
    const media = { id: '9000003', mimeType: 'video/mp4', caption: 'So sieht sie aus' }
    await schreibt('heringen', anna, { kind: 'video', rawType: 'video', text: undefined, media })
    await imPosteingang(2)
    const chat = chatVon()
    await desk.act((deed) => reply(deed, OFFICE, chat, { text: 'Ist repariert.' }))
    await desk.database.sql`update outgoing set status = 'sending' where kind in ('answer', 'reply')`
    await desk.database
      .sql`update outgoing set status = 'accepted', not_before = null, payload_sealed = null where kind in ('answer', 'reply')`

    const { erased } = await desk.act((deed) => close(deed, OFFICE, chat, desk.channels))
    expect(erased).toEqual({ messages: 3, phone: true })
    desk.pass(0)
    await imPosteingang(3)
    const rest = await everything(desk)
    for (const spur of [
      anna.phone!,
      anna.userId!,
      anna.name!,
      'Schaukel',
      'So sieht sie aus',
      '9000003',
      'repariert',
    ]) {
      expect(rest).not.toContain(spur)
    }
  })

  test('Schreibt sie danach wieder, beginnt alles von vorn', async () => {
    desk.forwards('heringen')
    await schreibt('heringen', anna, 'Erstes Anliegen')
    await imPosteingang(1)
    const erstes = chatVon()
    await desk.act((deed) => close(deed, OFFICE, erstes, desk.channels))
    await schreibt('heringen', anna, 'Zweites Anliegen')
    await imPosteingang(3)
    expect(chatVon()).not.toBe(erstes)
    expect((await letzteAntwort()).text).toContain('Danke für Ihre Nachricht')
  })

  test('Beendet sie den Chat selbst, wird ebenfalls alles gelöscht, und sie bekommt einen Abschied', async () => {
    await schreibt('heringen', anna, 'Ein Anliegen')
    await schreibt('heringen', anna, 'Stop Chat')
    const rest = await everything(desk)
    expect(rest).not.toContain('Ein Anliegen')
    expect(rest).not.toContain(anna.name)
    expect((await antworten()).length).toBeGreaterThan(0)
  })
})
