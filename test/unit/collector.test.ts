import { expect, test } from 'vitest'
import { Collector, type CollectorOptions } from '../../src/intake/collector.ts'

type Item = { owner: string; n: number; bad?: boolean; impossible?: boolean }
const outage = new Error('away')
const item = (owner: string, n: number, own: Partial<Item> = {}): Item => ({ owner, n, ...own })

/** A store whose statements run until they are let go. */
function store(
  options: Partial<CollectorOptions<Item>> = {},
  leave: (items: readonly Item[]) => readonly Item[] = () => [],
) {
  const written: Item[] = []
  const batches: (readonly Item[])[] = []
  let running: (() => void)[] = []
  let away = false
  let collisions = 0
  const collector = new Collector<Item>(
    async (items) => {
      batches.push(items)
      await new Promise<void>((resolve) => running.push(resolve))
      if (away) throw outage
      if (collisions > 0) {
        collisions -= 1
        throw Object.assign(new Error('deadlock'), { code: '40P01' })
      }
      if (items.some(({ impossible }) => impossible)) throw Object.assign(new Error('too big'), { code: '22003' })
      if (items.some(({ bad }) => bad)) throw new Error('bad')
      const left = leave(items)
      written.push(...items.filter((one) => !left.includes(one)))
      return left
    },
    {
      isOutage: (error) => error === outage,
      drop: (error) => (error as { code?: string }).code === '22003',
      share: { of: ({ owner }) => owner, max: 3 },
      ...options,
    },
  )
  const turn = () => new Promise((resolve) => setImmediate(resolve))
  return {
    collector,
    written,
    batches,
    set away(value: boolean) {
      away = value
    },
    set collisions(value: number) {
      collisions = value
    },
    /** Lets everything run to its end. */
    async drain() {
      for (let quiet = 0; quiet < 5; ) {
        await turn()
        const now = running
        running = []
        for (const go of now) go()
        quiet = now.length === 0 ? quiet + 1 : 0
      }
    },
    turn,
  }
}

test('what arrives while a batch is written is the next one; each caller is answered after its commit', async () => {
  const { collector, batches, drain, turn } = store()
  let first = false
  void collector.add([item('anna', 1)]).then(() => {
    first = true
  })
  await turn()
  const rest = ['bernd', 'cem', 'dora'].map((owner, n) => collector.add([item(owner, n)]))
  await turn()
  expect(first).toBe(false)
  await drain()
  await Promise.all(rest)
  expect(batches.map((batch) => batch.length)).toEqual([1, 3])
})

test('a flood of one owner waits behind itself, in its order', async () => {
  const { collector, written, batches, drain } = store()
  const flood = collector.add(Array.from({ length: 10 }, (_, n) => item('robot', n)))
  const dora = collector.add([item('dora', 0)])
  await drain()
  await Promise.all([flood, dora])
  expect(batches[0]!.map(({ owner }) => owner)).toEqual(['robot', 'robot', 'robot', 'dora'])
  expect(written.filter(({ owner }) => owner === 'robot').map(({ n }) => n)).toEqual([...Array(10).keys()])
})

test('two batches at the same time have no owner in common', async () => {
  const { collector, batches, turn, drain } = store({ parallel: 2 })
  const all = [collector.add([item('anna', 1)])]
  await turn()
  all.push(collector.add([item('anna', 2), ...Array.from({ length: 30 }, (_, n) => item(`other ${n}`, n))]))
  await turn()
  expect(batches.map((batch) => batch.filter(({ owner }) => owner === 'anna').map(({ n }) => n))).toEqual([[1], []])
  await drain()
  await Promise.all(all)
})

test('what a batch leaves comes first in the next one', async () => {
  const { collector, written, drain } = store({}, (items) => items.slice(1))
  const all = collector.add([item('anna', 1), item('anna', 2), item('bernd', 3)])
  const later = collector.add([item('anna', 4)])
  await drain()
  await Promise.all([all, later])
  expect(written.filter(({ owner }) => owner === 'anna').map(({ n }) => n)).toEqual([1, 2, 4])
  expect(written).toHaveLength(4)
})

test('a bad item fails its own request alone, the neighbours in it are written', async () => {
  const { collector, written, drain } = store()
  const good = collector.add([item('anna', 1)])
  const bad = collector.add([item('bernd', 2), item('cem', 3, { bad: true })]).catch((error: Error) => error.message)
  await drain()
  await good
  expect(await bad).toBe('bad')
  expect(written.map(({ n }) => n).sort()).toEqual([1, 2])
})

test('what can never be written counts as done', async () => {
  const { collector, written, drain } = store()
  const both = collector.add([item('anna', 1), item('bernd', 2, { impossible: true })])
  await drain()
  await both
  expect(written.map(({ n }) => n)).toEqual([1])
})

test('an outage fails everybody at once, without trying them one by one', async () => {
  const desk = store()
  desk.away = true
  const all = [1, 2, 3].map((n) => desk.collector.add([item(`${n}`, n)]).catch((error: Error) => error.message))
  await desk.drain()
  expect(await Promise.all(all)).toEqual(['away', 'away', 'away'])
  expect(desk.batches).toHaveLength(1)
})

test('two transactions that met in a bad order are tried again', async () => {
  const desk = store()
  desk.collisions = 2
  const all = desk.collector.add([item('anna', 1)])
  await desk.drain()
  await all
  expect(desk.batches).toHaveLength(3)
  expect(desk.written).toHaveLength(1)
})

test('given up, everybody who waits is told, and who comes later does not wait for what hangs', async () => {
  const desk = store()
  const hanging = desk.collector.add([item('anna', 1)]).catch((error: Error) => error.message)
  await desk.turn()
  const waiting = desk.collector.add([item('bernd', 2)]).catch((error: Error) => error.message)
  desk.collector.giveUp(outage)
  expect(await Promise.all([hanging, waiting])).toEqual(['away', 'away'])
  const later = desk.collector.add([item('cem', 3)])
  await desk.turn()
  expect(desk.batches).toHaveLength(2)
  await desk.drain()
  await later
})
