/** `npm run bench [-- NAME…]`: ratios against ceilings measured in the same run. Absolute figures mean little on a shared machine. */
import { run as bothBench } from './both.ts'
import { consoleBench } from './console.ts'
import { dispatchBench } from './dispatch.ts'
import { encryptionBench } from './encryption.ts'
import { forwardBench } from './forward.ts'
import { freezeBench } from './freeze.ts'
import { run as intakeBench } from './intake.ts'
import { mainJobBench } from './main-job.ts'
import { ratesBench } from './rates.ts'
import { startsBench } from './starts.ts'
import { type Row, tableOf } from './table.ts'

const benches: Record<string, () => Promise<Row[]>> = {
  'main-job': () => mainJobBench(),
  dispatch: () => dispatchBench(),
  encryption: () => encryptionBench(),
  intake: () => intakeBench(),
  both: () => bothBench(),
  rates: () => ratesBench(),
  starts: () => startsBench(),
  freeze: () => freezeBench(),
  forward: () => forwardBench(),
  console: () => consoleBench(),
}

const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !(name in benches))
if (unknown.length > 0) {
  console.error(`There is no bench ${unknown.join(', ')}. Known: ${Object.keys(benches).join(', ')}.`)
  process.exit(2)
}
const rows: Row[] = []
for (const name of asked.length > 0 ? asked : Object.keys(benches)) {
  console.error(`measuring ${name} …`)
  rows.push(...(await benches[name]!()))
}
console.log(tableOf(rows))
process.exitCode = rows.some(({ met }) => met === false) ? 1 : 0
