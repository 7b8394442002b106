import { describe, expect, test } from 'vitest'
import type { Channel } from '../../src/channels/channel.ts'
import { checkMessage } from '../../src/emulator/message-check.ts'
import { tapOf } from '../../src/intake/buttons.ts'
import { type Choice, topicList } from '../../src/intake/topics.ts'
import { town } from '../support/towns.ts'

const arnsberg = town('arnsberg')
const withTopics = (topics: Record<string, string>): Channel => ({
  ...arnsberg,
  offerings: { info: { ...arnsberg.offerings.info!, topics } },
})
const districts = (n: number) =>
  withTopics(Object.fromEntries(Array.from({ length: n }, (_, i) => [`teil-${i}`, `Ortsteil ${i}`])))

type Row = { id: string; title: string; description?: string }
const rowsOf = (channel: Channel, chosen: Choice = null, from = 0) => {
  const body = topicList(channel, 'Welche?', chosen, from)
  const { action } = body.interactive as { action: { sections: { rows: Row[] }[] } }
  return { body, rows: action.sections.flatMap(({ rows }) => rows) }
}
const lines = (chosen: Choice) =>
  rowsOf(arnsberg, chosen).rows.map(({ id, title, description }) => [id, title, description ?? ''].join(' | '))

describe('the list to choose topics from', () => {
  test('whoever gets everything can choose one topic or stay with all', () => {
    expect(lines(null)).toEqual([
      'topic:all | Alle Themen | jede Meldung bekommen, auch zu neuen Themen',
      'topic:baustellen | Baustellen | ',
      'topic:termine | Veranstaltungen | ',
    ])
  })

  test('whoever has chosen sees what, can add another one, and can take one away as long as one remains', () => {
    expect(lines(['termine']).slice(1)).toEqual([
      'topic:baustellen | Baustellen | dazunehmen',
      'topic:termine | Veranstaltungen | ausgewählt',
    ])
    expect(lines(['baustellen', 'termine']).slice(1)).toEqual([
      'topic:drop:baustellen | Baustellen | ausgewählt, hier abwählen',
      'topic:drop:termine | Veranstaltungen | ausgewählt, hier abwählen',
    ])
  })

  test.each([1, 8, 9, 10, 17, 18, 19, 40])('of %i topics every one can be reached, ten rows at a time', (n) => {
    const channel = districts(n)
    const found: string[] = []
    let from: number | undefined = 0
    while (from !== undefined) {
      const { body, rows } = rowsOf(channel, null, from)
      expect(checkMessage(body)).toBeNull()
      const wishes = rows.map(({ id }) => tapOf(id))
      found.push(...wishes.flatMap((wish) => (wish?.do === 'add-topic' ? [wish.topic] : [])))
      const more = wishes.find((wish) => wish?.do === 'topics')
      expect(from).not.toBe(more?.from)
      from = more?.from
    }
    expect(found).toEqual(Object.keys(channel.offerings.info!.topics))
  })

  test('a long label is cut in the title and stands whole below', () => {
    const label = 'Straßensperrungen und Umleitungen'
    const { body, rows } = rowsOf(withTopics({ sperrungen: label }), ['sperrungen'])
    expect(checkMessage(body)).toBeNull()
    expect(rows[1]).toEqual({
      id: 'topic:sperrungen',
      title: 'Straßensperrungen und U…',
      description: `${label} – ausgewählt`,
    })
  })

  test('a row that leads beyond the end of the list begins it anew', () => {
    expect(rowsOf(arnsberg, null, 50).rows[0]!.id).toBe('topic:all')
  })
})
