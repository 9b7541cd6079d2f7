// A simulated hour of cuts, latency, outages and moving leaders: everything settles, and a seed says it all.
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { MillraceError } from '../../src/base/errors.ts'
import { seededRandom } from '../../src/base/random.ts'
import { Cluster } from '../../src/io/cluster.ts'
import { OffsetLookup } from '../../src/io/offsets.ts'
import { LATEST } from '../../src/protocol/offset-timestamps.ts'
import type { Outage } from '../../src/wiring/pipes.ts'
import { IoWorld } from '../support/io-world.ts'
import { ScriptedCluster } from '../support/scripted-cluster.ts'

const HOUR_MS = 3_600_000
const PARTITIONS = 12

interface Run {
  trace: string
  answered: number
  failed: number
  unsettled: number
  wrong: number
  moves: number
}

/** Readers ask for offsets all the time, while leaders move and the network misbehaves for the first 50 minutes. */
async function hour(seed: number): Promise<Run> {
  const { next } = seededRandom(seed)
  const world = new IoWorld({ defaultApiTimeoutMs: 30_000 }, { latencyMs: [1, 80], cutChance: 0.01 }, seed)
  const { clock, pipes } = world
  const brokers = await ScriptedCluster.start(world, 3)
  world.brokers = brokers.brokers.map(({ address }) => address)
  const leaderships = Array.from({ length: PARTITIONS }, (_, i) => ({ leader: 1 + (i % 3), epoch: 0 }))
  brokers.topic('events', []).partitions = leaderships
  const trace = createHash('sha256')
  const run: Run = { trace: '', answered: 0, failed: 0, unsettled: 0, wrong: 0, moves: 0 }
  for (const [i, broker] of brokers.brokers.entries()) {
    broker.on('ListOffsets', ({ request }) => {
      trace.update(`${clock.now()} ${i} ${request.correlationId};`)
      return {
        topics: request.body.topics.map(({ name, partitions }) => ({
          name,
          partitions: partitions.map(({ partitionIndex, currentLeaderEpoch }) => {
            const { leader, epoch } = leaderships[partitionIndex]!
            if (leader !== i + 1) return { partitionIndex, errorCode: 6 }
            if (currentLeaderEpoch < epoch) return { partitionIndex, errorCode: 74 }
            return { partitionIndex, offset: 1_000 + partitionIndex, leaderEpoch: epoch }
          }),
        })),
      }
    })
  }
  const chaos = () => {
    if (clock.now() > HOUR_MS * 0.83) return
    const at = Math.floor(next() * PARTITIONS)
    leaderships[at] = { leader: 1 + Math.floor(next() * 3), epoch: leaderships[at]!.epoch + 1 }
    run.moves++
    const { address } = brokers.broker(1 + Math.floor(next() * 3))
    const outage = (['refused', 'unanswered', 'silent', undefined] as (Outage | undefined)[])[Math.floor(next() * 4)]
    pipes.setOutage(address, outage)
    if (next() < 0.3) pipes.cut(address)
    clock.after(1_000 + next() * 20_000, () => pipes.setOutage(address, undefined))
    clock.after(next() * 30_000, chaos)
  }
  const cluster = new Cluster(world.host)
  await clock.until(cluster.topic('events'))
  clock.after(1_000, chaos)
  const lookup = new OffsetLookup(cluster)
  const ask = async () => {
    run.unsettled++
    const queries = leaderships.map((_, partition) => ({ topic: 'events', partition, timestamp: LATEST }))
    const answers = await lookup.listOffsets(queries, { isolationLevel: 'read_committed' })
    run.unsettled--
    for (const { partition, offset, error } of answers) {
      trace.update(`${clock.now()} ${partition} ${offset} ${error?.code};`)
      if (error !== undefined) run.failed++
      else run.answered++
      if (error === undefined ? offset !== 1_000 + partition : !(error instanceof MillraceError)) run.wrong++
    }
    if (clock.now() < HOUR_MS - 40_000) clock.after(next() * 2_000, () => void ask())
  }
  clock.after(0, () => void ask())
  await clock.run(HOUR_MS * 0.9)
  // The liveness phase: the faults are over, so nothing may fail any more.
  pipes.faults.cutChance = 0
  const failedBefore = run.failed
  await clock.run(HOUR_MS)
  expect(run.failed - failedBefore, `seed ${seed}`).toBe(0)
  cluster.close()
  await clock.advance(100)
  expect([pipes.connectionCount(), run.unsettled], `seed ${seed}`).toEqual([0, 0])
  run.trace = trace.digest('hex')
  return run
}

test('everything settles, nothing is wrong, and the same seed gives the same trace', { timeout: 120_000 }, async () => {
  const first = await hour(1)
  expect(first.wrong).toBe(0)
  expect(first.moves).toBeGreaterThan(100)
  expect(first.answered).toBeGreaterThan(10_000)
  expect(await hour(1)).toEqual(first)
  expect((await hour(2)).trace).not.toBe(first.trace)
})
