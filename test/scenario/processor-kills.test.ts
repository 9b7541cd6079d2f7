// 200 workers with user code die, in every state of a batch: nothing lost, leaked, or committed too early. [test]
// test/long/worker-kills.ts is the same with 4,000.
import { expect, it } from 'vitest'
import { killWorkers } from '../support/worker-kills.ts'

it.each([
  { order: 'partition', codec: 'none', kills: 80, seed: 1 },
  { order: 'key', codec: 'zstd', kills: 60, seed: 2 },
  { order: 'none', codec: 'lz4', kills: 60, seed: 3 },
] as const)(
  '$kills kills, order $order, codec $codec, seed $seed',
  async (options) => {
    const report = await killWorkers(options)
    console.log(JSON.stringify({ ...report, servingMs: report.servingMs[report.servingMs.length >> 1] }))
    expect(report.kills).toBeGreaterThanOrEqual(options.kills)
    expect(report).toMatchObject({ lost: 0, twice: 0, tooOften: 0, committedTooEarly: 0, left: [0, 0, 0, 0, 0] })
    expect(new Set(report.committed).size).toBe(1)
  },
  200_000,
)
