/** `npm run chaos -- --minutes 10 [--seed N] [--rate N]`: breaks everything for so long and says whether every promise held; a run that cannot tell has failed too. */
import { parseArgs } from 'node:util'
import { runChaos } from './chaos.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string' },
    rate: { type: 'string', default: '80' },
    dispatchers: { type: 'string', default: '3' },
  },
})
const minutes = Number(values.minutes)
const perSecond = Number(values.rate)
if (!(minutes > 0) || !(perSecond >= 1)) {
  console.error('Usage: npm run chaos -- [--minutes N] [--seed N] [--rate N] [--dispatchers N]')
  process.exit(2)
}
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed)
console.log(`seed ${seed}, ${minutes} minutes, ${perSecond} messages per second`)
const report = await runChaos({
  seed,
  seconds: minutes * 60,
  perSecond,
  people: Math.min(20_000, perSecond * 15),
  dispatchers: Number(values.dispatchers),
  tell: (line) => console.error(line),
})
console.log(JSON.stringify(report, null, 2))
process.exit(report.problems.length + report.undecided.length > 0 ? 1 : 0)
