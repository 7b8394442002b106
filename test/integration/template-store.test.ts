import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { changeTemplate, storeTemplates, templateFor, templatesOf } from '../../src/channels/template-store.ts'
import type { TemplateEvent } from '../../src/whatsapp/webhook-events.ts'
import { listed, type Newsroom, openNewsroom } from '../support/newsroom.ts'

let room: Newsroom
beforeEach(async () => {
  room = await openNewsroom()
})
afterEach(() => room.close())

const list = (...templates: ReturnType<typeof listed>[]) =>
  room.act((deed) => storeTemplates(deed, 'arnsberg', templates))
const told = (event: TemplateEvent) => room.act((deed) => changeTemplate(deed, 'arnsberg', event))
const one = (name = 'stadt_meldung') => room.act((deed) => templateFor(deed, 'arnsberg', name, 'de'))
const about = { name: 'stadt_meldung', language: 'de', templateId: '1' }

describe("our copy of Meta's list", () => {
  test('is replaced as a whole: what Meta no longer lists stays, as deleted', async () => {
    const changes = await list(listed('stadt_meldung', { status: 'PAUSED' }), listed('veranstaltung'))
    expect(changes).toEqual([
      { name: 'stadt_meldung', language: 'de', before: 'APPROVED', after: 'PAUSED' },
      { name: 'veranstaltung', language: 'de', before: null, after: 'APPROVED' },
      { name: 'notfall', language: 'de', before: 'APPROVED', after: 'DELETED' },
    ])
    expect(
      (await room.act((deed) => templatesOf(deed, 'arnsberg'))).map(({ name, status }) => `${name} ${status}`),
    ).toEqual(['notfall DELETED', 'stadt_meldung PAUSED', 'veranstaltung APPROVED'])
  })

  test('read again without news changes nothing, and an empty list deletes all', async () => {
    expect(await list(listed('stadt_meldung'), listed('notfall'), listed('notfall'))).toEqual([])
    expect((await list()).map(({ after }) => after)).toEqual(['DELETED', 'DELETED'])
    expect(await list()).toEqual([])
  })

  test('remembers the category before', async () => {
    await list(listed('stadt_meldung', { category: 'UTILITY' }), listed('notfall'))
    expect(await one()).toMatchObject({ category: 'UTILITY', previousCategory: 'MARKETING' })
    await list(listed('stadt_meldung', { category: 'UTILITY' }), listed('notfall'))
    expect(await one()).toMatchObject({ category: 'UTILITY', previousCategory: 'MARKETING' })
  })

  test('belongs to one town', async () => {
    await room.act((deed) => storeTemplates(deed, 'warstein', [listed('notfall', { status: 'REJECTED' })]))
    expect(await one('notfall')).toMatchObject({ status: 'APPROVED' })
  })
})

describe('a webhook about a template', () => {
  const status = (event: string, reason?: string): TemplateEvent => ({
    type: 'template-status',
    ...about,
    event,
    reason,
  })

  test.each([
    ['PAUSED', 'PAUSED'],
    ['DISABLED', 'DISABLED'],
    ['LOCKED', 'LOCKED'],
    ['PENDING_DELETION', 'PENDING_DELETION'],
    ['FLAGGED', 'APPROVED'], // a warning, still sendable
    ['REINSTATED', 'APPROVED'],
    ['UNARCHIVED', 'APPROVED'],
  ])('%s: the template is %s', async (event, becomes) => {
    await told(status(event))
    expect(await one()).toMatchObject({ status: becomes })
  })

  test('tells who listens what changed, once', async () => {
    const change = { name: 'stadt_meldung', language: 'de', before: 'APPROVED', after: 'REJECTED' }
    expect(await told(status('REJECTED', 'INVALID_FORMAT'))).toEqual({ change, readAgain: false })
    expect(await told(status('REJECTED', 'INVALID_FORMAT'))).toEqual({ change: null, readAgain: false })
    expect(await one()).toMatchObject({ rejectedReason: 'INVALID_FORMAT' })
    // The approval may be that of other words, which only the list shows.
    expect(await told(status('APPROVED', 'NONE'))).toMatchObject({ change: { after: 'APPROVED' }, readAgain: true })
    expect(await one()).toMatchObject({ rejectedReason: null })
  })

  test('quality and category are kept; an announced category is none yet', async () => {
    await told({ type: 'template-quality', ...about, quality: 'YELLOW' })
    await told({ type: 'template-category', ...about, category: 'UTILITY', announced: true })
    expect(await one()).toMatchObject({ quality: 'YELLOW', category: 'MARKETING' })
    await told({ type: 'template-category', ...about, category: 'UTILITY', announced: false })
    expect(await one()).toMatchObject({ category: 'UTILITY', previousCategory: 'MARKETING' })
  })

  test('new components, and a template we do not know, must be read', async () => {
    expect(await told({ type: 'template-components', ...about })).toEqual({ change: null, readAgain: true })
    expect(await told({ ...status('APPROVED'), name: 'unbekannt' })).toEqual({ change: null, readAgain: true })
    expect(await told({ type: 'template-quality', quality: 'RED' })).toEqual({ change: null, readAgain: true })
  })
})
