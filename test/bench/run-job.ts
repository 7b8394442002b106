import { fork } from 'node:child_process'
import { compiledFile } from '../support/compiled.ts'
import type { Job, Measured } from './worker.ts'

/** Carries out one job in a fresh process. */
export function runJob(job: Job, execArgv: string[] = [], onFrozen = () => {}): Promise<Measured> {
  const child = fork(compiledFile('test/bench/worker.ts'), { execArgv })
  return new Promise((resolve, reject) => {
    child.on('message', (answer: { result?: Measured; error?: string; frozen?: true }) => {
      if (answer.frozen) return onFrozen()
      child.disconnect()
      if (answer.result) resolve(answer.result)
      else reject(new Error(answer.error))
    })
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`the job ended with ${code}`)))
    child.send(job)
  })
}
