import { startEmbedded } from '../../src/db/embedded.ts'

/** A process of its own that starts the embedded database of a directory, says its URL, and stops it when its input ends or it reads "die". */
const { url, stop } = await startEmbedded({ dataDir: process.argv[2]!, fast: process.argv[3] === 'fast' })
process.stdout.write(`${url}\n`)
process.stdin.on('end', stop).on('data', () => process.exit(3))
