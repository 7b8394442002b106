import { readdirSync } from 'node:fs'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fixture, openWebhookDesk, type WebhookDesk } from '../support/webhook-desk.ts'

let desk: WebhookDesk
beforeAll(async () => {
  desk = await openWebhookDesk()
})
afterAll(() => desk.close())

const bodies = () =>
  readdirSync('test/fixtures/whatsapp').map((file) => fixture(file.replace('.json', ''), desk.channel, desk.now()))

/** What Meta might put where something else stood; also what a column of the database would not take. */
const oddities: readonly unknown[] = [
  ...[null, true, false, 0, -1, 1.5, 1e308, 2 ** 31, 2 ** 53, -(2 ** 31) - 1, '', ' ', '\u0000', 'a\u0000b', '\ud800'],
  ...['😀'.repeat(50), '4915112340001', '0', '-1', '99999999999999999', '253402300800', '8640000000001', 'NaN'],
  ...['__proto__', 'constructor', 'x'.repeat(70_000), 'whatsup:1', 'whatsup:999999999999999', 'DE.1', 'STOP', 'START'],
  ...[[], [[]], [null], {}, { id: {} }, { length: 3 }, JSON.parse('{"__proto__":{"type":"text"}}')],
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

test('whatever is signed is answered with 200, whatever it holds, and the door goes on', async () => {
  const real = bodies()
  const mutation = fc.record({ spot: fc.nat(), kind: fc.nat(4), odd: fc.constantFrom(...oddities), other: fc.nat() })
  const one = fc
    .tuple(fc.constantFrom(...real), fc.array(mutation, { minLength: 1, maxLength: 3 }))
    .map(([body, mutations]) => {
      let mutated: unknown = body
      for (const { spot, kind, odd, other } of mutations) {
        const all = paths(mutated)
        // Most of a body is envelope: the deeper half of the paths is where it gets interesting.
        const path =
          all[kind === 4 ? spot % all.length : Math.floor(all.length / 2) + (spot % Math.ceil(all.length / 2))]!
        mutated = changed(mutated, path ?? [], (old) => {
          if (kind === 0 || kind === 4) return odd
          if (kind === 1) return undefined
          if (kind === 2) return Array.isArray(old) ? [...old, odd, ...old] : [old]
          return real[other % real.length]
        })
      }
      return JSON.stringify(mutated) ?? 'null'
    })
  const failures: { status: number; body: string }[] = []
  const until = Date.now() + 15_000
  const samples = fc.sample(one, { numRuns: 1500, seed: 20261121 })
  let posted = 0
  for (let i = 0; i < samples.length && Date.now() < until; i += 15) {
    const some = samples.slice(i, i + 15)
    const answers = await Promise.all(some.map((body) => desk.post(body)))
    posted += some.length
    for (const [k, status] of answers.entries())
      if (status !== 200) failures.push({ status, body: some[k]!.slice(0, 2000) })
  }
  expect(failures.slice(0, 3)).toEqual([])
  expect(posted).toBeGreaterThan(150)
  const dora = { phone: '+4915112340777' }
  expect(await desk.writes(dora, 'START')).toBe(200)
  expect(await desk.offeringsOf(dora)).toEqual(['info'])
}, 60_000)

test('cut, doubled and binary bodies are never worse than dropped', async () => {
  const [body] = bodies()
  const json = JSON.stringify(body)
  for (const odd of ['', '{', json.slice(0, -5), json + json, 'null', '[]', '"x"', '1e999', `\ufeff${json}`, '\u0000'])
    expect(await desk.post(odd)).toBe(200)
})
