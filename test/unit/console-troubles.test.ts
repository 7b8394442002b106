import { describe, expect, test } from 'vitest'
import { troublesOf } from '../../src/console/troubles.ts'
import { towns } from '../support/towns.ts'

const arnsberg = towns().get('arnsberg')!
const now = new Date('2026-12-01T08:00:00Z')
const growsAt = new Date('2026-12-02T07:30:00Z')
const healthy = {
  stopped: null,
  dailyLimit: 2000,
  qualityRating: 'GREEN',
  phoneStatus: null,
  throughputLevel: null,
  checkedAt: now,
}
const troubles = (limit: Partial<Parameters<typeof troublesOf>[2]['limit']> | null, approvers = 2) =>
  troublesOf(arnsberg, now, {
    health: healthy,
    inbox: null,
    templates: [],
    approvers,
    limit: limit && { limit: 2000, used: 0, growsAt: null, ahead: 0, room: 2000, ...limit },
  }).map(({ kind, title, advice }) => `${kind}: ${title} – ${advice}`)

describe('the daily limit is an alarm of its own', () => {
  test('no word while there is room, or no limit', () => {
    expect(troubles(null)).toEqual([])
    expect(troubles({ used: 1599, growsAt, ahead: 401, room: 401 })).toEqual([])
  })

  test('nearly used, it says how far and until when', () => {
    const [said] = troubles({ used: 1600, growsAt, room: 400 })
    expect(said).toContain('warning: Das Tageslimit ist bald ausgeschöpft')
    expect(said).toContain('1.600 von 2.000 Personen')
    expect(said).toContain('Ab Mi, 02.12.2026, 8:30\u00A0Uhr')
  })

  test('used up, it says so', () => {
    expect(troubles({ used: 2000, growsAt, room: 0 })[0]).toContain('Das Tageslimit ist ausgeschöpft')
  })

  test('what is scheduled does not fit: how many, and what to do', () => {
    const [said, ...more] = troubles({ used: 1900, growsAt, ahead: 340, room: 100 })
    expect(more).toEqual([])
    expect(said).toContain('Das Tageslimit reicht nicht')
    expect(said).toContain('340 weitere Personen, Platz ist nur für 100')
    expect(said).toContain('verschieben Sie')
  })

  test('a limit of nobody is said as soon as something is scheduled', () => {
    expect(troubles({ limit: 0, room: 0 })).toEqual([])
    expect(troubles({ limit: 0, room: 0, ahead: 1 })[0]).toContain('1 weitere Person, Platz ist nur für 0')
  })
})

test('a channel with approval by a second person says so while there are not two for it', () => {
  expect(troubles(null, 1)[0]).toContain('mindestens zwei Personen freigeben dürfen (jetzt: 1)')
  expect(troubles(null, 2)).toEqual([])
})

describe('the consent ledger', () => {
  const HOLDS = { entries: 5, head: 'ab', broken: null, stands: true }
  const said = (hoursAgo: number) =>
    troublesOf(arnsberg, now, {
      health: healthy,
      inbox: null,
      templates: [],
      approvers: 2,
      ledger: { ...HOLDS, at: new Date(now.getTime() - hoursAgo * 3_600_000) },
    }).map(({ kind, title, advice }) => `${kind}: ${title} – ${advice}`)

  test('is no matter while the nights verify it', () => expect(said(71)).toEqual([]))

  test('that was not verified for three nights is an alarm', () => {
    expect(said(72)).toEqual([
      'warning: Das Verzeichnis der Einwilligungen wird nicht mehr geprüft – Die letzte Prüfung war am Sa, 28.11.2026, 9:00\u00A0Uhr. Seither ist die nächtliche Prüfung nicht gelungen. Prüfen Sie es selbst; gelingt das nicht, ziehen Sie bitte die Technik hinzu.',
    ])
  })
})
