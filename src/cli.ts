#!/usr/bin/env node
import { main } from './commands/main.ts'
import { describeError } from './log.ts'

// A crash says where it was; Node's own words would quote what a statement carried.
process.on('uncaughtException', (error) => {
  process.stderr.write(`${JSON.stringify({ level: 'fatal', err: describeError(error) })}\n`)
  process.exit(1)
})

const stopping = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort())

process.exitCode = await main(process.argv.slice(2), {
  env: process.env,
  out: (line) => process.stdout.write(`${line}\n`),
  err: (line) => process.stderr.write(`${line}\n`),
  ...(process.stderr.isTTY
    ? { progress: (text: string | null) => process.stderr.write(text === null ? '\r\x1b[K' : `\r\x1b[K${text}`) }
    : {}),
  signal: stopping.signal,
})

// Nothing may keep a process that was asked to end.
if (stopping.signal.aborted) setTimeout(() => process.exit(), 200).unref()
