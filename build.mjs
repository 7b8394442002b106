// Builds dist/ beside the old one and swaps it in, so that a service that runs from dist never finds half of it.
// --if-missing: only where there is none yet.
import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs'

if (process.argv.includes('--if-missing') && existsSync('dist/cli.js')) process.exit(0)

const fresh = `dist.${process.pid}`
try {
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--outDir', fresh], { stdio: 'inherit' })
  for (const folder of readdirSync('src')) {
    const assets = `src/${folder}/assets`
    if (existsSync(assets)) cpSync(assets, `${fresh}/${folder}/assets`, { recursive: true })
  }
  chmodSync(`${fresh}/cli.js`, 0o755)
  if (existsSync('dist')) renameSync('dist', `${fresh}.old`)
  renameSync(fresh, 'dist')
} catch (error) {
  if (error.status === undefined) throw error
  process.exitCode = 1
} finally {
  for (const path of [fresh, `${fresh}.old`]) rmSync(path, { recursive: true, force: true })
}

// `npx --no whatsup` finds this link; without it npm would pack and build the project once more for its own cache.
mkdirSync('node_modules/.bin', { recursive: true })
rmSync('node_modules/.bin/whatsup', { force: true })
symlinkSync('../../dist/cli.js', 'node_modules/.bin/whatsup')
