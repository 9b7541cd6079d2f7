// How the tests run: one process per file, one real Kafka for the run if a test asks for it. [vitest]
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/shared-kafka.ts'],
    pool: 'forks',
    // Node strips types by WebAssembly, in each thread anew. Optimized again in the background while a thread ends, it
    // makes V8 abort now and then ("Check failed: jit_page.has_value()", nodejs/node#64500).
    execArgv: ['--no-wasm-tier-up'],
    // Most of a scenario is waiting: left to itself vitest keeps one of two cores idle.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
})
