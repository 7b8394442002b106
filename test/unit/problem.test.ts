import { HTTPException } from 'hono/http-exception'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { answerProblem, problemDocument, problemOf, problemsOf } from '../../src/http/problem.ts'
import { Refusal } from '../../src/refusal.ts'

const outage = Object.assign(new Error('connect ECONNREFUSED 10.0.0.5:5432'), { code: 'ECONNREFUSED' })

describe('what an error means to the caller', () => {
  test.each<[string, unknown, number, string]>([
    ['a refusal keeps its code', new Refusal('window-closed'), 409, 'window-closed'],
    ['a broken body', new HTTPException(400), 400, 'malformed-request'],
    ['another kind of content', new HTTPException(415), 415, 'unsupported-media-type'],
    ['a database that is away', outage, 503, 'database-away'],
    ['the same, wrapped by Drizzle', new Error('Failed query', { cause: outage }), 503, 'database-away'],
    ['a bug', new TypeError('x is not a function'), 500, 'internal-error'],
    ['something that is no error at all', 'oops', 500, 'internal-error'],
  ])('%s', (_, error, status, code) => expect(problemOf(error)).toMatchObject({ status, code }))

  test('of a bug or an outage nothing is told', () => {
    for (const error of [outage, new Error('select phone from contacts'), new Error('+4915112340001')])
      expect(JSON.stringify(problemOf(error))).not.toMatch(/10\.0|select|\+49/)
  })

  test('a refusal brings its fields and what is known beyond its sentence', () => {
    const problems = [{ field: 'title', message: 'Diese Angabe fehlt.' }]
    expect(problemOf(new Refusal('invalid-input', problems)).errors).toEqual(problems)
    expect(problemOf(new Refusal('meta-refused', [], { detail: 'WhatsApp hat …' })).detail).toBe('WhatsApp hat …')
  })
})

test('the answer is RFC 9457, is not kept, and says how to go on', async () => {
  const answer = answerProblem(problemDocument('database-away'))
  expect(answer.headers.get('content-type')).toBe('application/problem+json')
  expect(answer.headers.get('cache-control')).toBe('no-store')
  expect(answer.headers.get('retry-after')).toBe('5')
  const body = (await answer.json()) as object
  expect(Object.keys(body)).toEqual(['type', 'title', 'status', 'code', 'detail'])
  expect(answerProblem(problemDocument('not-signed-in')).headers.get('www-authenticate')).toMatch(/^Bearer/)
})

describe('each wrong field gets a German sentence', () => {
  const Body = z.strictObject({
    title: z.string().min(1).max(5),
    limit: z.coerce.number().int().min(1).max(200).default(50),
    list: z.array(z.string()).min(2).max(3).optional(),
    at: z.iso.datetime({ offset: true }).optional(),
    link: z.url().optional(),
    kind: z.enum(['a', 'b']).optional(),
    deep: z.strictObject({ name: z.string() }).optional(),
  })
  const wrong = (change: object) => {
    const input = { title: 'x', ...change }
    return problemsOf(Body.safeParse(input).error?.issues ?? [], input)
  }
  test.each<[object, string, string]>([
    [{ title: undefined }, 'title', 'Diese Angabe fehlt.'],
    [{ title: '' }, 'title', 'Diese Angabe fehlt.'],
    [{ title: 7 }, 'title', 'Erwartet wird ein Text.'],
    [{ title: null }, 'title', 'Erwartet wird ein Text.'],
    [{ title: 'zu lang' }, 'title', 'Höchstens 5 Zeichen.'],
    [{ limit: '0' }, 'limit', 'Mindestens 1.'],
    [{ limit: '201' }, 'limit', 'Höchstens 200.'],
    [{ limit: 'viele' }, 'limit', 'Erwartet wird eine Zahl.'],
    [{ limit: '1.5' }, 'limit', 'Erwartet wird eine ganze Zahl.'],
    [{ list: ['a'] }, 'list', 'Mindestens 2 Einträge.'],
    [{ list: ['a', 7] }, 'list.1', 'Erwartet wird ein Text.'],
    [{ at: 'morgen' }, 'at', 'Erwartet wird ein Zeitpunkt mit Zeitzone, zum Beispiel 2026-12-01T09:00:00+01:00.'],
    [
      { at: '2026-12-01T09:00:00' },
      'at',
      'Erwartet wird ein Zeitpunkt mit Zeitzone, zum Beispiel 2026-12-01T09:00:00+01:00.',
    ],
    [
      { link: 'bild.jpg' },
      'link',
      'Erwartet wird eine vollständige Adresse, zum Beispiel https://www.example.org/bild.jpg.',
    ],
    [{ kind: 'c' }, 'kind', 'Möglich ist nur: a, b.'],
    [{ deep: {} }, 'deep.name', 'Diese Angabe fehlt.'],
    [{ deep: { name: 'x', nmae: 'x' } }, 'deep.nmae', 'Dieses Feld gibt es hier nicht.'],
  ])('%j', (change, field, message) => expect(wrong(change)).toEqual([{ field, message }]))

  test('several at once', () => {
    expect(
      wrong({ title: '', kind: 'c', x: 1, y: 2 })
        .map(({ field }) => field)
        .toSorted(),
    ).toEqual(['kind', 'title', 'x', 'y'])
  })
})
