import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { callbackDataOf, fold, sentAs } from '../../src/dispatch/statuses.ts'

type Report = Parameters<typeof fold>[0][number]
const RANK = { sent: 1, failed: 2, delivered: 3, read: 4 } as const

const report = fc.record({
  outgoingId: fc.integer({ min: 1, max: 4 }),
  state: fc.constantFrom('sent', 'failed', 'delivered', 'read'),
  second: fc.integer({ min: 0, max: 100 }),
  price: fc.option(fc.constantFrom('utility', 'marketing'), { nil: undefined }),
})
const made = ({
  outgoingId,
  state,
  second,
  price,
}: {
  outgoingId: number
  state: string
  second: number
  price?: string
}) =>
  ({
    channel: 'arnsberg',
    wamidHash: Buffer.from([outgoingId]),
    outgoingId,
    state,
    at: new Date(second * 1000),
    pricing: price === undefined ? undefined : { category: price },
  }) as Report

describe('several statuses of one message', () => {
  test('leave one for each message: the furthest, in whatever order they come', () => {
    fc.assert(
      fc.property(fc.array(report, { maxLength: 30 }), fc.func(fc.integer()), (list, order) => {
        const reports = list.map(made)
        const folded = fold(reports)
        expect(new Set(folded.map((one) => one.outgoingId)).size).toBe(folded.length)
        for (const one of folded) {
          const theirs = reports.filter((each) => each.outgoingId === one.outgoingId)
          expect(RANK[one.state]).toBe(Math.max(...theirs.map(({ state }) => RANK[state])))
          if (theirs.some(({ pricing }) => pricing)) expect(one.pricing).toBeDefined()
        }
        const shuffled = reports.toSorted((a, b) => order(a.state) - order(b.state))
        const states = (all: Report[]) => Object.fromEntries(all.map((one) => [one.outgoingId, one.state]))
        expect(states(fold(shuffled))).toEqual(states(folded))
      }),
    )
  })

  test('repeats change nothing', () => {
    fc.assert(
      fc.property(fc.array(report, { maxLength: 20 }), (list) => {
        const reports = list.map(made)
        expect(fold([...reports, ...reports]).map(({ outgoingId, state }) => [outgoingId, state])).toEqual(
          fold(reports).map(({ outgoingId, state }) => [outgoingId, state]),
        )
      }),
    )
  })
})

describe("what a message carries of ours and Meta's statuses bring back", () => {
  test('names its row and the moment of its hand-over', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10 ** 14 }),
        fc.date({ min: new Date(0), noInvalidDate: true }),
        (id, at) => {
          const handedOverAt = new Date(at.getTime() % 1e14)
          expect(sentAs(callbackDataOf(id, handedOverAt))).toEqual({ outgoingId: id, handedOverAt })
        },
      ),
    )
  })
  test('as an earlier version sent it, names its row alone', () =>
    expect(sentAs('whatsup:7')).toEqual({ outgoingId: 7 }))
  test.each([
    [undefined],
    [''],
    ['7'],
    ['whatsup:'],
    ['whatsup:x'],
    ['whatsup:-1'],
    ['whatsup:1e3'],
    ['other:7'],
    ['whatsup:7.'],
    ['whatsup:7.-1'],
    [`whatsup:7.${'z'.repeat(10)}`],
    [`whatsup:${'9'.repeat(16)}`],
  ])('%j names none', (data) => expect(sentAs(data)).toEqual({}))
})
