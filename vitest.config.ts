import { defineConfig } from 'vitest/config'

const database = { globalSetup: ['test/support/global-setup.ts'], testTimeout: 30_000, hookTimeout: 60_000 }

/** Stories with real processes on a shared machine may meet a moment of bad luck: CI asks twice, people see it at once. */
const retry = process.env.CI ? 1 : 0

export default defineConfig({
  test: {
    pool: 'forks',
    // One more than the two cores of a small machine: many stories wait for a lease or an answer.
    maxWorkers: 3,
    setupFiles: ['test/support/stay-local.ts'],
    // Rules leave nothing behind, and a story has its own database, ports and folders: a worker reads the code once for all its files.
    projects: [
      { extends: true, test: { name: 'unit', isolate: false, include: ['test/unit/**/*.test.{ts,tsx}'] } },
      {
        extends: true,
        test: {
          name: 'integration',
          isolate: false,
          retry,
          include: ['test/integration/**/*.test.{ts,tsx}'],
          ...database,
        },
      },
      {
        extends: true,
        test: { name: 'e2e', retry, include: ['test/e2e/**/*.test.{ts,tsx}'], ...database, testTimeout: 120_000 },
      },
    ],
  },
})
