// How the tests run: one process per file, one real Kafka for the run if a test asks for it. [vitest]
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/stripped-sources.ts', 'test/support/shared-kafka.ts'],
    pool: 'forks',
    execArgv: ['--import', new URL('test/support/load-stripped.mjs', import.meta.url).href],
    // Most of a scenario is waiting: left to itself vitest keeps one of two cores idle.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
})
