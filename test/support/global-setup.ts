import { chmod, mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { connect } from '../../src/db/db.ts'
import { removeEmbedded, startEmbedded } from '../../src/db/embedded.ts'
import { migrate } from '../../src/db/migrate.ts'
import { withDatabase } from './context.ts'
import { roomyDir } from './roomy-dir.ts'

const PREFIX = 'whatsup-test-'

/** One PostgreSQL for the run (TEST_DATABASE_URL or our own, in memory where possible) with a migrated database to clone. Leaves nothing behind. */
export default async function globalSetup(project: TestProject) {
  const server = process.env.TEST_DATABASE_URL
    ? { url: process.env.TEST_DATABASE_URL, stop: async () => {} }
    : await ownServer()
  const run = `whatsup_test_${process.pid.toString(36)}${Date.now().toString(36)}`
  const template = `${run}_template`
  const admin = connect(server.url, 1)
  await admin`create database ${admin(template)}`
  await migrate(withDatabase(server.url, template))
  project.provide('adminUrl', server.url)
  project.provide('template', template)

  return async () => {
    const left = await admin<
      { name: string }[]
    >`select datname as name from pg_database where starts_with(datname, ${run})`
    for (const { name } of left) await admin`drop database if exists ${admin(name)} with (force)`
    await admin.end()
    await server.stop()
  }
}

async function ownServer() {
  const room = await roomyDir()
  await removeAbandoned(room)
  const dataDir = await mkdtemp(join(room, PREFIX))
  await chmod(dataDir, 0o711) // as root, PostgreSQL runs as somebody else and must get through
  const server = await startEmbedded({ dataDir, fast: true })
  return {
    url: server.url,
    stop: async () => {
      await server.stop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

/** A run that was killed leaves its server behind. Ten minutes, because a younger one may be about to start. */
async function removeAbandoned(room: string) {
  for (const name of await readdir(room)) {
    const path = join(room, name)
    const age = Date.now() - ((await stat(path).catch(() => null))?.mtimeMs ?? Date.now())
    if (!name.startsWith(PREFIX) || age < 600_000) continue
    await removeEmbedded(path).then(
      () => rm(path, { recursive: true, force: true }),
      () => {}, // in use, or somebody else's
    )
  }
}
