import { eq } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { SYSTEM } from '../../src/audit/audit.ts'
import { limitOutlook } from '../../src/broadcasts/limit-outlook.ts'
import { storeTemplates } from '../../src/channels/template-store.ts'
import { reply } from '../../src/chats/answers.ts'
import { chatById } from '../../src/chats/chats.ts'
import { close, eraseDue, reopen } from '../../src/chats/closing.ts'
import { dropHeldExpired, holdFirst, releaseHeld } from '../../src/chats/held.ts'
import { recognise } from '../../src/contacts/contacts.ts'
import { consents, contacts, outgoing } from '../../src/db/schema.ts'
import { retain } from '../../src/privacy/retention.ts'
import { type ChainedEntry, chainHash } from '../../src/subscriptions/consents.ts'
import { join } from '../../src/subscriptions/subscriptions.ts'
import type { Person } from '../../src/whatsapp/webhook-events.ts'
import {
  ANSWER_READY,
  anna,
  bernd,
  type ChatDesk,
  everything,
  OFFICE,
  openChatDesk,
  written,
} from '../support/chat-desk.ts'
import { eventually } from '../support/stack.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
let desk: ChatDesk
beforeEach(async () => {
  desk = await openChatDesk()
})
afterEach(() => desk.close())

const closes = (chatId: string) => desk.act((deed) => close(deed, OFFICE, chatId, desk.channels))
/** Gives a town a time in which a close can be undone. */
function grace(slug: string, eraseGraceMs: number) {
  const channel = desk.channels.get(slug)!
  const chat = { ...channel.offerings.chat!, eraseOnClose: true, eraseGraceMs }
  desk.channels.set(slug, { ...channel, offerings: { ...channel.offerings, chat } })
}
const PHOTO = { id: '9000000000077', mimeType: 'image/jpeg', sha256: 'c2hhMjU2', caption: 'Unser Zaun' }
const traces = (person: Person) => [
  person.phone!,
  person.phone!.slice(1),
  person.userId!,
  person.name!,
  'wackelt seit Tagen',
  'Wir kommen vorbei',
  PHOTO.id,
  PHOTO.caption,
  'wamid.',
]
const found = async (person: Person) => {
  const text = await everything(desk)
  return traces(person).filter((trace) => text.includes(trace))
}

async function matterOf(town: string, person: Person) {
  const { chatId, contact } = await desk.writes(town, person, 'Der Zaun wackelt seit Tagen')
  await desk.writes(town, person, { kind: 'image', rawType: 'image', text: undefined, media: PHOTO })
  await desk.act((deed) => reply(deed, OFFICE, chatId, { text: 'Wir kommen vorbei' }))
  return { chatId, contact }
}
/** WhatsApp has taken what was waiting for it. */
const handedOver = () =>
  desk.database.sql`update outgoing set status = 'sending' where kind = 'answer'`.then(
    () => desk.database.sql`update outgoing set status = 'accepted', not_before = null, payload_sealed = null,
      wamid_hash = ${desk.vault.fingerprint('wamid', 'wamid.answer')} where kind = 'answer'`,
  )
const joinsInfo = (contact: { id: string; subject: string }, town: string) =>
  desk.act((deed) =>
    join(deed, [
      {
        channel: town,
        contactId: contact.id,
        subject: contact.subject,
        offering: 'info',
        at: deed.now,
        source: 'keyword',
        messageId: 'wamid.START',
        noticeVersion: '2026-11',
      },
    ]),
  )

describe('a matter is settled in Heringen, which erases', () => {
  test('number, user id, name, texts and media are gone from every table, and the inbox is told to erase', async () => {
    const lane = desk.forwards('heringen')
    const { chatId } = await matterOf('heringen', anna)
    await desk.receiver.until(({ taken }) => taken().length === 2)
    await lane.stop()
    await handedOver()
    expect((await found(anna)).length).toBeGreaterThan(5) // the search finds what is there

    expect(await closes(chatId)).toEqual({
      closedAt: desk.now(),
      erased: { messages: 3, phone: true },
      eraseAt: null,
    })
    expect(await found(anna)).toEqual([])
    const again = desk.forwards('heringen')
    await desk.receiver.until(({ taken }) => taken().length === 3)
    expect(desk.receiver.taken()[2]).toMatchObject({
      type: 'chat.closed',
      data: { channel: 'heringen', chat: { id: chatId }, erase: true },
    })
    await again.stop()
    expect(await found(anna)).toEqual([])
  })

  test('what waited for an inbox that was down is gone too', async () => {
    await desk.receiver.down()
    desk.forwards('heringen')
    const { chatId } = await matterOf('heringen', anna)
    await handedOver()
    await closes(chatId)
    expect(await found(anna)).toEqual([])
  })

  test('an answer that WhatsApp has not taken yet still leaves, and belongs to nobody', async () => {
    const { chatId, contact } = await matterOf('heringen', anna)
    await closes(chatId)
    const [row] = await desk.database.db.select().from(outgoing).where(eq(outgoing.kind, 'answer'))
    expect(row).toMatchObject({ status: 'queued', contactId: null, chatId: null })
    expect(JSON.parse(desk.vault.open(row!.addressSealed!))).toEqual({ phone: anna.phone, userId: anna.userId })
    expect(await desk.database.db.select().from(contacts).where(eq(contacts.id, contact.id))).toEqual([])
  })

  test('closing twice answers the same, and nobody else’s matter is touched', async () => {
    const { chatId } = await matterOf('heringen', anna)
    await matterOf('heringen', bernd)
    const first = await closes(chatId)
    desk.pass(MINUTE)
    expect(await closes(chatId)).toEqual(first)
    expect(await found(bernd)).toEqual(expect.arrayContaining([bernd.phone, bernd.name, 'wackelt seit Tagen']))
  })

  test('whoever writes again is a new person with a new matter', async () => {
    const { chatId, contact } = await matterOf('heringen', anna)
    await closes(chatId)
    const next = await desk.writes('heringen', anna, 'Noch etwas')
    expect(next.opened).toBe(true)
    expect(next.chatId).not.toBe(chatId)
    expect(next.contact.id).not.toBe(contact.id)
    expect(next.contact.subject).not.toBe(contact.subject)
  })

  test('answering a settled matter is refused', async () => {
    const { chatId } = await matterOf('heringen', anna)
    await closes(chatId)
    await expect(desk.act((deed) => reply(deed, OFFICE, chatId, { text: 'x' }))).rejects.toMatchObject({
      code: 'chat-closed',
    })
  })

  test('a count is all that stays', async () => {
    const { chatId } = await matterOf('heringen', anna)
    await closes(chatId)
    const chat = await desk.act((deed) => chatById(deed, SYSTEM, chatId))
    expect(chat).toMatchObject({ closedBy: OFFICE.id, erased: { messages: 3, phone: true }, external: null })
  })
})

test('who was told by a template that an answer waits counts at the daily limit, also after the erasure, as nobody', async () => {
  const { chatId, contact } = await matterOf('heringen', anna)
  await handedOver()
  desk.pass(2 * DAY)
  await desk.database.sql`update channels set daily_limit = 250 where slug = 'heringen'`
  const used = async () => (await desk.act((deed) => limitOutlook(deed, desk.channels.get('heringen')!)))?.used
  await desk.act((deed) => storeTemplates(deed, 'heringen', [ANSWER_READY]))
  await desk.act((deed) => reply(deed, OFFICE, chatId, { text: 'Der Zaun steht' }, undefined, { request: true }))
  expect(await used()).toBe(0)
  await desk.database.sql`update outgoing set status = 'sending', handed_over_at = ${desk.now()} where kind = 'reply'`
  await desk.database.sql`update outgoing set status = 'accepted', not_before = null,
    wamid_hash = ${desk.vault.fingerprint('wamid', 'wamid.ready')} where kind = 'reply'`
  expect(await used()).toBe(1)
  await closes(chatId)
  expect(await used()).toBe(1)
  expect(await found(anna)).toEqual([])
  const rows = await desk.database.sql`select * from outgoing where kind = 'reply'`
  expect(JSON.stringify(rows)).not.toContain(contact.id)
  desk.pass(DAY)
  expect(await used()).toBe(0)
})

describe('where the citizen also gets the newsletter', () => {
  test('only the chat is erased; the newsletter’s data alone stays', async () => {
    grace('arnsberg', 0)
    const { chatId, contact } = await matterOf('arnsberg', anna)
    await joinsInfo(contact, 'arnsberg')
    await handedOver()
    expect(await closes(chatId)).toMatchObject({ erased: { messages: 3, phone: false } })
    expect((await found(anna)).sort()).toEqual(
      [anna.phone, anna.phone!.slice(1), anna.userId, anna.name, 'wamid.'].sort(),
    )
    const next = await desk.writes('arnsberg', anna, 'Noch etwas')
    expect(next.contact.id).toBe(contact.id)
  })
})

describe('with a time of grace', () => {
  beforeEach(() => grace('heringen', 10 * MINUTE))

  test('nothing is erased before it is over, then everything', async () => {
    const { chatId } = await matterOf('heringen', anna)
    await handedOver()
    const first = await closes(chatId)
    expect(first).toMatchObject({
      erased: { messages: 0, phone: false },
      eraseAt: new Date(desk.now().getTime() + 10 * MINUTE),
    })
    desk.pass(10 * MINUTE - 1)
    expect(await desk.act((deed) => eraseDue(deed))).toBe(0)
    expect(await found(anna)).toContain('wackelt seit Tagen')
    desk.pass(1)
    expect(await desk.act((deed) => eraseDue(deed))).toBe(1)
    expect(await found(anna)).toEqual([])
    expect(await closes(chatId)).toMatchObject({ closedAt: first.closedAt, erased: { messages: 3, phone: true } })
  })

  test('it can be undone, and then nothing is erased', async () => {
    const { chatId } = await matterOf('heringen', anna)
    await closes(chatId)
    await desk.act((deed) => reopen(deed, OFFICE, chatId))
    desk.pass(60 * MINUTE)
    expect(await desk.act((deed) => eraseDue(deed))).toBe(0)
    await desk.writes('heringen', anna, 'Weiter geht es')
    await expect(desk.act((deed) => reply(deed, OFFICE, chatId, { text: 'Gern' }))).resolves.toMatchObject({
      state: 'queued',
    })
  })

  test('undone at the very moment of its erasure, it is erased or open again, never both', async () => {
    const { chatId } = await matterOf('heringen', anna)
    await closes(chatId)
    desk.pass(10 * MINUTE)
    const waiting = async () =>
      (
        await desk.database
          .sql`select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
      ).length
    let erasing: Promise<number> | undefined
    await desk.act(async (deed) => {
      await reopen(deed, OFFICE, chatId)
      erasing = desk.act((other) => eraseDue(other)) // finds it due, and waits for who is faster
      await eventually(async () => (await waiting()) > 0)
    })
    expect(await erasing).toBe(0)
    expect(await desk.act((deed) => chatById(deed, SYSTEM, chatId))).toMatchObject({ closedAt: null, erased: null })
    expect(await found(anna)).toContain('wackelt seit Tagen')

    await closes(chatId)
    desk.pass(10 * MINUTE)
    let reopening: Promise<unknown> | undefined
    await desk.act(async (deed) => {
      expect(await eraseDue(deed)).toBe(1)
      reopening = desk.act((other) => reopen(other, OFFICE, chatId)).catch((error) => error)
      await eventually(async () => (await waiting()) > 0)
    })
    expect(await reopening).toMatchObject({ code: 'already-erased' })
  })

  test('longer than retention it holds all the same, and then everything is erased', async () => {
    grace('heringen', 40 * DAY)
    const { chatId } = await matterOf('heringen', anna)
    await handedOver()
    await closes(chatId)
    desk.pass(35 * DAY)
    await retain(desk.runtime)
    expect(await found(anna)).toContain(anna.phone)
    expect(await desk.act((deed) => chatById(deed, SYSTEM, chatId))).toMatchObject({ erased: null })
    desk.pass(5 * DAY)
    await desk.act((deed) => eraseDue(deed))
    expect(await found(anna)).toEqual([])
  })

  test('after it there is nothing to undo', async () => {
    const { chatId } = await matterOf('heringen', anna)
    await closes(chatId)
    desk.pass(10 * MINUTE)
    await desk.act((deed) => eraseDue(deed))
    await expect(desk.act((deed) => reopen(deed, OFFICE, chatId))).rejects.toMatchObject({ code: 'already-erased' })
  })

  test('a new matter begun meanwhile stays whole when the old one is erased', async () => {
    const { chatId } = await matterOf('heringen', anna)
    await closes(chatId)
    const next = await desk.writes('heringen', anna, 'Etwas ganz anderes')
    expect(next.opened).toBe(true)
    await expect(desk.act((deed) => reopen(deed, OFFICE, chatId))).rejects.toMatchObject({ code: 'wrong-state' })
    desk.pass(10 * MINUTE)
    await desk.act((deed) => eraseDue(deed))
    const rest = await found(anna)
    expect(rest).toContain(anna.phone)
    expect(rest).not.toContain('wackelt seit Tagen')
    expect(await everything(desk)).toContain('Etwas ganz anderes')
  })
})

describe('in Warstein, which does not erase on close', () => {
  test('the matter is closed, the inbox told, and the next message opens a new one for the same person', async () => {
    const { chatId, contact } = await matterOf('warstein', anna)
    expect(await closes(chatId)).toMatchObject({ erased: { messages: 0, phone: false }, eraseAt: null })
    const next = await desk.writes('warstein', anna, 'Noch etwas')
    expect([next.opened, next.contact.id]).toEqual([true, contact.id])
    expect(next.chatId).not.toBe(chatId)
  })

  test('retention empties it later, without a word to the inbox; who wrote it is known as long as was promised', async () => {
    const { chatId } = await matterOf('warstein', anna)
    await handedOver()
    await closes(chatId)
    desk.pass(31 * DAY)
    await retain(desk.runtime)
    expect((await found(anna)).sort()).toEqual([anna.phone, anna.phone!.slice(1), anna.userId, anna.name].sort())
    desk.pass(58 * DAY)
    await retain(desk.runtime)
    expect(await found(anna)).toContain(anna.phone)
    desk.pass(2 * DAY)
    await retain(desk.runtime)
    expect(await found(anna)).toEqual([])
  })
})

test('the receipt of an erasure ends with the audit log, but not before the inbox was told, nor while its person is here', async () => {
  const receipts = async () => {
    await retain(desk.runtime)
    return (await desk.database.sql<{ id: string }[]>`select id from chats where erased is not null`).map(
      ({ id }) => id,
    )
  }
  const { chatId: gone } = await matterOf('heringen', anna)
  const { chatId: emptied } = await matterOf('warstein', bernd)
  await handedOver()
  await closes(gone)
  await closes(emptied)
  desk.pass(366 * DAY)
  await desk.writes('warstein', bernd, 'Noch etwas')
  expect((await receipts()).sort()).toEqual([gone, emptied].sort())
  await desk.database.sql`update outgoing set status = 'delivered', not_before = null where kind = 'inbox'`
  expect(await receipts()).toEqual([emptied])
})

test('a consent to the chat that ends with the erasure is noted in the ledger, whose chain holds', async () => {
  grace('arnsberg', 0)
  const { chatId, contact } = await matterOf('arnsberg', anna)
  const wish = {
    channel: 'arnsberg',
    contactId: contact.id,
    subject: contact.subject,
    source: 'keyword',
    noticeVersion: '7',
  }
  await desk.act((deed) => join(deed, [{ ...wish, offering: 'chat', at: deed.now, messageId: 'wamid.CHAT' }]))
  await handedOver()
  await closes(chatId)
  expect(await found(anna)).toEqual([])
  const ledger = await desk.database.db.select().from(consents).orderBy(consents.seq)
  expect(ledger.map(({ offering, action, noticeVersion }) => ({ offering, action, noticeVersion }))).toEqual([
    { offering: 'chat', action: 'granted', noticeVersion: '7' },
    { offering: 'chat', action: 'expired', noticeVersion: '7' },
  ])
  let hash: Buffer = Buffer.alloc(0)
  for (const entry of ledger) {
    hash = chainHash(hash, entry as ChainedEntry)
    expect(entry.hash).toEqual(hash)
  }
})

describe('a first message is kept until its sender has agreed to the chat', () => {
  const arrives = async (text: string) =>
    desk.act(async (deed) => {
      const message = written(anna, text, desk.now())
      const [contact] = await recognise(deed, 'arnsberg', [{ identity: anna, at: message.at }])
      await holdFirst(deed, [{ contact: contact!, message }])
      return contact!
    })

  test('nobody can read it, and after the tap it goes through without being typed again', async () => {
    const contact = await arrives('Mein erstes Wort')
    await arrives('und noch eins')
    desk.pass(5 * MINUTE)
    const released = await desk.act((deed) => releaseHeld(deed, desk.channels.get('arnsberg')!, [contact]))
    expect(released.map(({ opened }) => opened)).toEqual([true, false])
    desk.forwards('arnsberg')
    await desk.receiver.until(({ taken }) => taken().length === 2)
    expect(desk.receiver.texts(released[0]!.chatId)).toEqual(['Mein erstes Wort', 'und noch eins'])
    expect(await desk.act((deed) => releaseHeld(deed, desk.channels.get('arnsberg')!, [contact]))).toEqual([])
  })

  test('without a tap it is deleted after 24 hours, unread', async () => {
    const contact = await arrives('Mein erstes Wort')
    desk.pass(24 * 60 * MINUTE - 1)
    expect(await desk.act((deed) => dropHeldExpired(deed))).toBe(0)
    desk.pass(1)
    expect(await desk.act((deed) => releaseHeld(deed, desk.channels.get('arnsberg')!, [contact]))).toEqual([])
    expect(await desk.act((deed) => dropHeldExpired(deed))).toBe(1)
    expect(await everything(desk)).not.toContain('Mein erstes Wort')
  })
})
