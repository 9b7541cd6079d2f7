// A copier that reads, writes and commits offsets in one transaction dies at each of eight points, again and again;
// another one takes over under the same id, and everything is in the copy once. [test process]
import { describe, expect, test } from 'vitest'
import { type Random, seededRandom } from '../../src/base/random.ts'
import type { Fault } from '../../src/broker/index.ts'
import type { ApiName } from '../../src/protocol/apis.ts'
import { producerWorlds } from '../support/producer-world.ts'
import { ProducerRig } from '../support/producing.ts'
import { readCommitted, readCommittedOffset } from '../support/read-committed.ts'

const start = producerWorlds()

const SEED = Number(process.env['MILLRACE_SEED'] ?? 1)
/** With each of the two protocols: 50 times each point. */
const RUNS = 25
const RECORDS = 20
const PER_TRANSACTION = 4

/** Where a copier may die: at a step of its own, or when a request of it reaches the broker. */
const POINTS: Record<string, { step: Step } | { api: ApiName }> = {
  'after begin': { step: 'begun' },
  'after the first send left': { api: 'Produce' },
  'after it was acknowledged': { step: 'acknowledged' },
  'after partitions were added': { api: 'AddPartitionsToTxn' },
  'after offsets were added': { step: 'offsets added' },
  'when EndTxn was written': { api: 'EndTxn' },
  'after EndTxn was acknowledged': { step: 'ended' },
  'before the next begin': { step: 'about to begin' },
}

type Step = 'begun' | 'acknowledged' | 'offsets added' | 'ended' | 'about to begin'

/** Copies until all is copied; `reached` returns true where it dies. */
async function copy(rig: ProducerRig, reached: (step: Step) => boolean): Promise<'done' | 'died'> {
  await rig.call({ op: 'initProducer' })
  let position = Math.max(0, await readCommittedOffset(rig.cluster, 'copier', 'source', 0))
  for (let transaction = 1; position < RECORDS; transaction++) {
    if (reached('about to begin')) return 'died'
    await rig.call({ op: 'beginTransaction', transaction })
    if (reached('begun')) return 'died'
    const values = Array.from({ length: PER_TRANSACTION }, (_, i) => `${position + i}`)
    const sent = values.map((value, i) => rig.send({ topic: 'copy', partition: i % 2, values: [value], transaction }))
    for (const { error } of await Promise.all(sent.map(({ report }) => report))) if (error !== undefined) throw error
    if (reached('acknowledged')) return 'died'
    position += PER_TRANSACTION
    const group = { groupId: 'copier', generationId: -1, memberId: '', groupInstanceId: null }
    const next = { topic: 'source', partition: 0, offset: position, leaderEpoch: -1, metadata: null }
    await rig.call({ op: 'addOffsets', group, offsets: [next] })
    if (reached('offsets added')) return 'died'
    await rig.call({ op: 'endTransaction', commit: true })
    if (reached('ended')) return 'died'
  }
  return 'done'
}

describe.each([1, 2] as const)('transaction.version %i', (transactionVersion) => {
  test.each(Object.entries(POINTS))(`a crash %s, ${RUNS} times: MILLRACE_SEED=${SEED}`, async (name, point) => {
    // The second protocol has no such request: partitions are added with the first records.
    const at = transactionVersion === 2 && name.includes('partitions') ? ({ api: 'Produce' } as const) : point
    let deaths = 0
    for (let run = 0; run < RUNS; run++) {
      const random = seededRandom(SEED * 1_000 + run)
      deaths += (await crashOnce(at, random, transactionVersion)) ? 1 : 0
    }
    expect(deaths).toBe(RUNS)
  })
})

async function crashOnce(point: { step: Step } | { api: ApiName }, random: Random, transactionVersion: 1 | 2) {
  const settings = { transactionalId: 'copier', transactionTimeoutMs: 600_000 }
  const { world, clock, broker, rig } = await start(settings, { transactionVersion, brokers: 2 })
  broker.createTopic('source')
  broker.createTopic('copy', { partitions: 2 })
  await broker.seed(
    'source',
    Array.from({ length: RECORDS }, (_, i) => `${i}`),
  )
  const fatal = Math.floor(random.next() * 5)
  let seen = 0
  const dies = () => seen++ === fatal
  let died = false
  /** Nothing is said to anybody, as with kill -9: sockets are cut, and whoever waits waits for ever. */
  const die = () => {
    died = true
    rig.cluster.close()
    world.pipes.cut()
  }
  if ('api' in point) {
    const fault: Fault<ApiName> = { drop: random.next() < 0.5 ? 'before' : 'after' }
    broker.on(point.api, () => {
      if (died || !dies()) return undefined
      clock.after(0, die)
      return fault as never
    })
  }
  const reached = (step: Step) => {
    if (died || !('step' in point) || point.step !== step || !dies()) return false
    die()
    return true
  }
  await clock.until(copy(rig, reached).catch(() => 'died'))
  const heir = new ProducerRig(world.host, settings)
  expect(await clock.until(copy(heir, () => false))).toBe('done')
  const copied = await clock.until(readCommitted(heir.cluster, 'copy', 2))
  expect(copied.map(Number).toSorted((a, b) => a - b)).toEqual(Array.from({ length: RECORDS }, (_, i) => i))
  expect(await clock.until(readCommittedOffset(heir.cluster, 'copier', 'source', 0))).toBe(RECORDS)
  heir.cluster.close()
  return died
}
