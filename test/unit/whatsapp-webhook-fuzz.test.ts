import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { parseBody, readWebhook } from '../../src/whatsapp/webhook.ts'
import type { WhatsappEvent } from '../../src/whatsapp/webhook-events.ts'

const FOLDER = 'test/fixtures/whatsapp'
const bodies = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.json'))
  .map((name) => JSON.parse(readFileSync(`${FOLDER}/${name}`, 'utf8')) as unknown)

/** What Meta might put where something else stood. */
const oddities: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1e308,
  '',
  ' ',
  '\u0000',
  '\ud800',
  '😀'.repeat(50),
  '4915112340001',
  '__proto__',
  'constructor',
  'x'.repeat(5000),
  [],
  [[]],
  [null],
  {},
  { id: {} },
  { length: 3 },
  JSON.parse('{"__proto__":{"type":"text"}}'),
]

type Path = (string | number)[]
function paths(value: unknown, at: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [at]
  return [at, ...Object.entries(value).flatMap(([key, inner]) => paths(inner, [...at, key]))]
}

function changed(value: unknown, [key, ...rest]: Path, change: (old: unknown) => unknown): unknown {
  if (key === undefined) return change(value)
  const copy = Array.isArray(value) ? [...value] : { ...(value as object) }
  const inner = changed((copy as Record<string | number, unknown>)[key], rest, change)
  if (inner === undefined) delete (copy as Record<string | number, unknown>)[key]
  else (copy as Record<string | number, unknown>)[key] = inner
  return copy
}

/** What everybody behind the reader relies on, whatever came in. Plain checks: a matcher per event would take most of the time. */
function flawsOf(event: WhatsappEvent): string[] {
  const people = [
    ...('from' in event ? [event.from] : []),
    ...('recipient' in event ? [event.recipient] : []),
    ...('old' in event ? [event.old, event.new] : []),
  ]
  const stored = JSON.stringify(event)
  const flaws: Record<string, boolean> = {
    'a time that is none': 'at' in event && Number.isNaN(event.at.getTime()),
    'a phone that is none': people.some(({ phone }) => phone !== undefined && !/^\+[1-9]\d+$/.test(phone)),
    'an empty user id': people.some(({ userId }) => userId === ''),
    'a message from nobody': event.type === 'message' && (event.from.phone ?? event.from.userId) === undefined,
    'what PostgreSQL cannot store': /\\u0000|\\ud[89a-f]/i.test(stored),
  }
  return Object.keys(flaws).filter((flaw) => flaws[flaw])
}

const expectSound = (events: WhatsappEvent[]) => expect(events.flatMap(flawsOf)).toEqual([])

const seed = 20261121
vi.setConfig({ testTimeout: 30_000 })

test('real bodies with odd, missing, doubled and moved parts are read without an error', () => {
  const mutation = fc.record({ spot: fc.nat(), kind: fc.nat(3), odd: fc.constantFrom(...oddities), other: fc.nat() })
  fc.assert(
    fc.property(fc.constantFrom(...bodies), fc.array(mutation, { minLength: 1, maxLength: 4 }), (body, mutations) => {
      let mutated = body
      for (const { spot, kind, odd, other } of mutations) {
        const all = paths(mutated)
        const path = all[spot % all.length]!
        mutated = changed(mutated, path, (old) => {
          if (kind === 0) return odd
          if (kind === 1) return undefined
          if (kind === 2) return Array.isArray(old) ? [...old, odd, ...old] : [old]
          return bodies[other % bodies.length]
        })
      }
      expectSound(readWebhook(mutated))
    }),
    { seed, numRuns: 1500 },
  )
})

test('any JSON at all is read without an error', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expectSound(readWebhook(value))
      expectSound(
        readWebhook({
          object: 'whatsapp_business_account',
          entry: [{ id: value, changes: [{ field: 'messages', value }] }],
        }),
      )
    }),
    { seed, numRuns: 500 },
  )
})

test('damaged bytes are read or refused, never an error', () => {
  const raw = bodies.map((body) => Buffer.from(JSON.stringify(body)))
  fc.assert(
    fc.property(
      fc.constantFrom(...raw),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 8 }),
      (bytes, hits) => {
        const damaged = Buffer.from(bytes)
        for (const [at, value] of hits) damaged[at % damaged.length] = value
        const json = parseBody(damaged)
        if (json !== undefined) expectSound(readWebhook(json))
      },
    ),
    { seed, numRuns: 1000 },
  )
})
