import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  LIFECYCLE,
  next,
  PAUSES,
  type Progress,
  pauseSentence,
  type State,
  type Step,
  shown,
  stepsFrom,
} from '../../src/broadcasts/lifecycle.ts'
import { broadcastStatus } from '../../src/db/schema.ts'
import { reasons } from '../../src/whatsapp/reasons.ts'

const STATES = broadcastStatus.enumValues
const STEPS: Step[] = [
  'submit',
  'approve',
  'reject',
  'start',
  'begin',
  'pause',
  'resume',
  'cancel',
  'edit',
  'delete',
  'retry',
  'finish',
]
const PROGRESS: Progress[] = ['planned', 'frozen', 'started']

// Every cell, written out by hand: state → what each step leads to. What is missing is refused.
const EXPECTED: Record<State, Partial<Record<Step, string>>> = {
  draft: { submit: 'awaiting-approval', edit: 'draft', delete: 'gone' },
  'awaiting-approval': { approve: 'scheduled', reject: 'rejected', edit: 'draft', cancel: 'cancelled' },
  scheduled: { start: 'starting', pause: 'paused', edit: 'draft', cancel: 'cancelled', finish: 'done' },
  starting: { begin: 'sending', pause: 'paused', cancel: 'cancelled' },
  sending: { pause: 'paused', cancel: 'cancelled', retry: 'sending', finish: 'done' },
  paused: { resume: 'sending', retry: 'paused', cancel: 'cancelled' },
  rejected: { edit: 'draft', delete: 'gone' },
  done: { retry: 'sending' },
  cancelled: {},
}

describe('a broadcast under way', () => {
  for (const state of STATES) {
    test.each(STEPS)(`${state}: %s`, (step) => {
      expect(next(state, step, 'started')).toBe(EXPECTED[state][step] ?? null)
    })
  }
})

describe('a paused broadcast', () => {
  test.each<[Progress, Step, State | null]>([
    ['planned', 'resume', 'scheduled'],
    ['frozen', 'resume', 'starting'],
    ['started', 'resume', 'sending'],
    ['planned', 'edit', 'draft'],
    ['frozen', 'edit', null],
    ['started', 'edit', null],
    ['planned', 'retry', null],
  ])('that is %s: %s → %s', (progress, step, state) => expect(next('paused', step, progress)).toBe(state))
})

describe('whatever the office does', () => {
  const walk = fc.array(fc.nat({ max: 59 }), { maxLength: 60 })
  /** Plays steps from a draft as the verbs do, each choice among those that are possible. */
  const play = (choices: number[], see: (state: State, step: Step, progress: Progress, approved: boolean) => void) => {
    let state: State = 'draft'
    let progress: Progress = 'planned'
    let approved = false
    for (const choice of choices) {
      const possible = stepsFrom(state, progress)
      const step = possible[choice % possible.length]
      if (!step) return
      const after = next(state, step, progress)
      if (step === 'approve') approved = true
      if (step === 'edit') approved = false
      see(state, step, progress, approved)
      if (step === 'start') progress = 'frozen'
      if (step === 'begin') progress = 'started'
      if (after === 'gone' || after === null) return
      state = after
    }
  }

  test('nothing is sent that was not approved as it stands', () => {
    fc.assert(
      fc.property(walk, (steps) =>
        play(steps, (_, step, __, approved) => step !== 'begin' || expect(approved).toBe(true)),
      ),
    )
  })

  test('nothing whose recipients are written can be edited or deleted', () => {
    fc.assert(
      fc.property(walk, (steps) =>
        play(steps, (_, step, progress) => {
          if (step === 'edit' || step === 'delete') expect(progress).toBe('planned')
        }),
      ),
    )
  })

  test('the audience is frozen once', () => {
    fc.assert(
      fc.property(walk, (steps) => {
        let starts = 0
        play(steps, (_, step) => {
          if (step === 'start') starts++
        })
        expect(starts).toBeLessThanOrEqual(1)
      }),
    )
  })

  test('what is cancelled stays cancelled', () => {
    for (const step of STEPS) for (const progress of PROGRESS) expect(next('cancelled', step, progress)).toBeNull()
  })

  test('every state but the last ones can be left, and every state can be reached', () => {
    const reached = new Set<string>(['draft'])
    fc.assert(
      fc.property(walk, (steps) => play(steps, (state) => void reached.add(state))),
      { numRuns: 2000 },
    )
    for (const state of STATES) {
      if (state === 'cancelled') continue
      expect(reached, state).toContain(state)
      expect(PROGRESS.flatMap((progress) => stepsFrom(state, progress)).length, state).toBeGreaterThan(0)
    }
  })
})

test('outside nobody sees "starting"', () => {
  expect(STATES.map(shown)).not.toContain('starting')
  expect(shown('starting')).toBe('sending')
  expect(Object.keys(LIFECYCLE)).toEqual(expect.arrayContaining([...STATES]))
})

test('every reason to stand still has a German sentence, unknown ones too', () => {
  for (const reason of [...Object.keys(PAUSES), ...Object.keys(reasons), 'of-the-future', 'toString']) {
    expect(pauseSentence(reason), reason).toMatch(/^[A-ZÄÖÜ].*\.$/)
  }
})
