// Whatever fails, no record is lost and no commit says more than was processed. [test process]
import { expect, test } from 'vitest'
import { liveThroughStorm } from './consumer-lives.ts'

/** Another seed is as good: a failure names the one it had. */
const SEED = Number(process.env['MILLRACE_SEED'] ?? 20_260_101)

test.each(Array.from({ length: 10 }, (_, i) => SEED + i))(
  'through 12 lives of a consumer in a storm all is processed, in order, and every commit holds (seed %i)',
  async (seed) => {
    const { records, commits } = await liveThroughStorm(seed, 12)
    expect(records).toBeGreaterThan(300)
    expect(commits).toBeGreaterThan(20)
  },
)
