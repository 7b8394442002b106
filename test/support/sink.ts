import { type ChildProcess, fork } from 'node:child_process'
import { compiledFile } from './compiled.ts'

/** Shares (0–1) of the messages that meet a fault, drawn by the seed. `reset` and `silent` take the message all the same; `refuse` does not. */
export type SinkFaults = {
  latencyMs?: number
  jitterMs?: number
  reset?: number
  silent?: number
  refuse?: number
  seed?: number
  /** Keep only the times: a bench must not measure our notes. */
  countOnly?: boolean
  /** Where a share of what was taken is told of by webhook: `sent` and `delivered` in any order, half of them before the answer; repeated until taken. */
  statuses?: { url: string; share: number }
  /** Waits for a processor like everybody else, for benches of throughput. Otherwise it goes first, so that its times are right. */
  isPatient?: boolean
}

/** What arrived, in order: time in ms since the epoch, address, our row's id as it came, and what the sender was told. */
export type SinkRecord = {
  at: Float64Array
  to: string[]
  callbackData: string[]
  /** By how much the times may be late, because the receiver itself had to wait for a processor. */
  stallMs: number
  fate: ('taken' | 'reset' | 'silent' | 'refused')[]
  /** Our row's ids of which every status was answered with 200. */
  told: string[]
}

export interface Sink {
  url: string
  port: number
  pid: number
  set(faults: SinkFaults): Promise<void>
  /** What arrived since the last time. */
  take(): Promise<SinkRecord>
  count(): Promise<number>
  /** Resolves when every status that is under way was answered with 200. */
  untilTold(): Promise<void>
  close(): Promise<void>
}

/** A receiver of messages in a process of its own, so that its times are the receiver's and its work not ours. */
export async function openSink(faults: SinkFaults = {}): Promise<Sink> {
  const child: ChildProcess = fork(compiledFile('test/support/sink-process.ts'), {
    execArgv: [],
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const waiting = new Map<number, (result: unknown) => void>()
  let ids = 0
  const port = await new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`the sink ended with ${code}`)))
    child.on('message', (message: { port?: number; id?: number; result?: unknown }) => {
      if (message.port !== undefined) resolve(message.port)
      else waiting.get(message.id!)?.(message.result)
      waiting.delete(message.id!)
    })
  })
  const ask = <T>(what: string, more: object = {}): Promise<T> =>
    new Promise((resolve) => {
      const id = ++ids
      waiting.set(id, resolve as (result: unknown) => void)
      child.send({ id, do: what, ...more })
    })
  const sink: Sink = {
    url: `http://127.0.0.1:${port}`,
    port,
    pid: child.pid!,
    set: (wanted) => ask('set', { faults: wanted }),
    take: () => ask('take'),
    count: () => ask('count'),
    untilTold: async () => {
      while ((await ask<number>('untold')) > 0) await new Promise((resolve) => setTimeout(resolve, 50))
    },
    close: () =>
      new Promise((resolve) => {
        child.once('exit', () => resolve())
        child.disconnect()
      }),
  }
  await sink.set(faults)
  return sink
}

/** The largest number of instants in any half-open window of `lengthMs`. */
export function worstWindow(instants: Iterable<number>, lengthMs = 1000): number {
  const sorted = Float64Array.from(instants).sort()
  let worst = 0
  for (let last = 0, first = 0; last < sorted.length; last++) {
    while (sorted[last]! - sorted[first]! >= lengthMs) first++
    worst = Math.max(worst, last - first + 1)
  }
  return worst
}
