// Offsets asked of leaders that move, fail and hang.
import { describe, expect, test } from 'vitest'
import { Cluster } from '../../src/io/cluster.ts'
import type { IoOptions } from '../../src/io/io-options.ts'
import { OffsetLookup, type OffsetQuery } from '../../src/io/offsets.ts'
import type { ResponseInput } from '../../src/protocol/apis.ts'
import { EARLIEST, LATEST } from '../../src/protocol/offset-timestamps.ts'
import { caught, IoWorld } from '../support/io-world.ts'
import type { ScriptedBroker } from '../support/scripted-broker.ts'
import { ScriptedCluster } from '../support/scripted-cluster.ts'

const COMMITTED = { isolationLevel: 'read_committed' } as const

/** `count` partitions over the brokers in turn; each broker answers with its id times 1000 plus the partition. */
async function start(partitionCount = 6, options: Partial<IoOptions> = {}, brokerCount = 3) {
  const world = new IoWorld(options)
  const brokers = await ScriptedCluster.start(world, brokerCount)
  world.brokers = brokers.brokers.map(({ address }) => address)
  const topic = brokers.topic(
    'events',
    Array.from({ length: partitionCount }, (_, partition) => 1 + (partition % brokerCount)),
  )
  const cluster = new Cluster(world.host)
  const lookup = new OffsetLookup(cluster)
  for (const [i, broker] of brokers.brokers.entries()) answerOffsets(broker, () => ({ offset: (i + 1) * 1_000 }))
  return { world, clock: world.clock, pipes: world.pipes, brokers, topic, cluster, lookup }
}

type Outcome = { errorCode?: number; offset?: number; timestamp?: number; leaderEpoch?: number } | undefined

/** Answers ListOffsets partition by partition; undefined leaves it out. */
function answerOffsets(broker: ScriptedBroker, outcomeOf: (partition: number, timestamp: number) => Outcome): void {
  broker.on('ListOffsets', ({ request }): ResponseInput<'ListOffsets'> => {
    const topics = request.body.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.flatMap(({ partitionIndex, timestamp }) => {
        const outcome = outcomeOf(partitionIndex, timestamp)
        if (outcome === undefined) return []
        const offset = outcome.offset === undefined ? -1 : outcome.offset + partitionIndex
        return [{ partitionIndex, ...outcome, offset }]
      }),
    }))
    return { topics }
  })
}

const all = (count: number, timestamp = LATEST): OffsetQuery[] =>
  Array.from({ length: count }, (_, partition) => ({ topic: 'events', partition, timestamp }))

const asked = (brokers: ScriptedCluster) => brokers.brokers.map((broker) => broker.asked('ListOffsets').length)

describe('ListOffsets', () => {
  test('50 partitions on 3 brokers are 3 requests, answered in the order of the queries', async () => {
    const { clock, brokers, lookup } = await start(50)
    const answers = await clock.until(lookup.listOffsets(all(50), COMMITTED))
    expect(answers.map(({ offset }) => offset)).toEqual(
      Array.from({ length: 50 }, (_, partition) => (1 + (partition % 3)) * 1_000 + partition),
    )
    expect(asked(brokers)).toEqual([1, 1, 1])
    expect(brokers.metadataCount).toBe(1)
    const { body } = brokers.broker(1).asked('ListOffsets')[0]!
    expect(body).toMatchObject({ replicaId: -1, isolationLevel: 1 })
  })

  test('calls of one moment share requests; start and end of a partition, and isolation levels, do not', async () => {
    const { clock, brokers, lookup } = await start(6)
    await clock.until(
      Promise.all([
        lookup.listOffsets(all(3), COMMITTED),
        lookup.listOffsets(all(6).slice(3), COMMITTED),
        lookup.listOffsets(all(6, EARLIEST), COMMITTED),
        lookup.listOffsets(all(6), { isolationLevel: 'read_uncommitted' }),
      ]),
    )
    expect(asked(brokers)).toEqual([3, 3, 3])
    const levels = brokers
      .broker(1)
      .asked('ListOffsets')
      .map(({ body }) => body.isolationLevel)
    expect(levels.sort()).toEqual([0, 1, 1])
  })

  test('a time beyond the end means the end, asked for first: what comes meanwhile is not passed', async () => {
    const { clock, brokers, lookup } = await start(2)
    const times: number[] = []
    answerOffsets(brokers.broker(1), (_, timestamp) => {
      times.push(timestamp)
      return timestamp === LATEST ? { offset: 500 } : { timestamp: -1 }
    })
    const answers = await clock.until(lookup.listOffsets(all(2, 1_700_000_000_000), { ...COMMITTED, orEnd: true }))
    expect(answers.map(({ offset }) => offset)).toEqual([500, 2_001])
    expect(times).toEqual([LATEST, 1_700_000_000_000])
  })

  test('what does not exist is undefined, never -1', async () => {
    const { clock, brokers, lookup } = await start(1)
    answerOffsets(brokers.broker(1), () => ({ timestamp: -1, leaderEpoch: -1 }))
    const answers = await clock.until(lookup.listOffsets(all(1, 1_700_000_000_000), COMMITTED))
    expect(answers).toEqual([
      {
        topic: 'events',
        partition: 0,
        offset: undefined,
        timestamp: undefined,
        leaderEpoch: undefined,
        error: undefined,
      },
    ])
  })

  test('a partition that was refused for long is asked at once when its leader changes', async () => {
    const { clock, brokers, lookup } = await start(1)
    let movedAtMs = 0
    answerOffsets(brokers.broker(1), () => {
      // By now the wait after a refusal is longer than 10 s; the new leader is known 100 ms later.
      if (clock.now() > 20_000) {
        brokers.topic('events', [2], 1)
        movedAtMs = clock.now()
      }
      return { errorCode: 6 }
    })
    const [answer] = await clock.until(lookup.listOffsets(all(1), COMMITTED))
    expect(answer).toMatchObject({ offset: 2_000, error: undefined })
    expect(clock.now() - movedAtMs).toBeLessThan(200)
  })

  test.each([5, 6, 9, 13, 56, 74, 75, 78])(
    'error %i of one partition is retried for that partition alone',
    async (errorCode) => {
      const { clock, brokers, lookup } = await start(6)
      let bad = 3
      answerOffsets(brokers.broker(1), (partition) =>
        partition === 3 && bad-- > 0 ? { errorCode } : { offset: 1_000 },
      )
      const answers = await clock.until(lookup.listOffsets(all(6), COMMITTED))
      expect(answers.map(({ offset }) => offset)).toEqual([1_000, 2_001, 3_002, 1_003, 2_004, 3_005])
      expect(asked(brokers)).toEqual([4, 1, 1])
      const retried = brokers.broker(1).asked('ListOffsets').slice(1)
      expect(retried.map(({ body }) => body.topics[0]!.partitions.map(({ partitionIndex }) => partitionIndex))).toEqual(
        [[3], [3], [3]],
      )
      // 100 + 200 + 400 ms, each with 20 % jitter.
      expect(clock.now()).toBeGreaterThan(560)
      expect(clock.now()).toBeLessThan(900)
    },
  )

  test('the backoff of a partition grows to 30 s, and the call ends at its bound with the last error', async () => {
    const { clock, brokers, lookup } = await start(3)
    answerOffsets(brokers.broker(1), () => ({ errorCode: 6 }))
    const [first, second] = await clock.until(lookup.listOffsets(all(3), { ...COMMITTED, timeoutMs: 3_600_000 }))
    expect(first).toMatchObject({
      offset: undefined,
      error: { name: 'Timeout', topic: 'events', partition: 0, cause: { kafkaCode: 6 } },
    })
    expect(second).toMatchObject({ offset: 2_001, error: undefined })
    expect(clock.now()).toBeGreaterThanOrEqual(3_600_000)
    // About 10 requests to get there, then one in 30 s less jitter.
    expect(asked(brokers)[0]).toBeGreaterThan(110)
    expect(asked(brokers)[0]).toBeLessThan(170)
  })

  test('the default bound is defaultApiTimeoutMs', async () => {
    const { clock, brokers, lookup } = await start(1, { defaultApiTimeoutMs: 5_000 })
    brokers.broker(1).on('ListOffsets', () => undefined)
    const [answer] = await clock.until(lookup.listOffsets(all(1), COMMITTED))
    expect(answer?.error).toMatchObject({ name: 'Timeout', code: 'API_TIMEOUT' })
    expect(clock.now()).toBeLessThan(5_100)
  })

  test('an error that will not pass is told at once, for its partition alone', async () => {
    const { clock, brokers, lookup } = await start(3)
    answerOffsets(brokers.broker(2), () => ({ errorCode: 29 }))
    const answers = await clock.until(lookup.listOffsets(all(3), COMMITTED))
    expect(answers.map(({ error }) => error?.name)).toEqual([undefined, 'Unauthorized', undefined])
    expect(answers[1]?.error).toMatchObject({ topic: 'events', partition: 1, kafkaCode: 29, broker: 'broker-2:9092' })
    expect(clock.now()).toBeLessThan(100)
  })

  test('a partition follows its leader', async () => {
    const { clock, brokers, topic, lookup } = await start(3)
    answerOffsets(brokers.broker(1), () => {
      topic.partitions[0] = { leader: 2, epoch: 1 }
      return { errorCode: 6 }
    })
    const answers = await clock.until(lookup.listOffsets(all(3), COMMITTED))
    expect(answers.map(({ offset }) => offset)).toEqual([2_000, 2_001, 3_002])
    expect(brokers.broker(2).asked('ListOffsets')[1]?.body.topics[0]?.partitions).toMatchObject([
      { partitionIndex: 0, currentLeaderEpoch: 1 },
    ])
  })

  test('a partition that moved with a dead broker is found at its successor, and the others do not wait', async () => {
    const { clock, pipes, brokers, topic, cluster, lookup } = await start(3, { connectTimeoutMs: 1_000 })
    await clock.until(cluster.topic('events'))
    pipes.setOutage(brokers.broker(3).address, 'unanswered')
    pipes.cut(brokers.broker(3).address)
    clock.after(2_000, () => {
      topic.partitions[2] = { leader: 1, epoch: 1 }
    })
    const others = lookup.listOffsets(all(2), COMMITTED)
    const every = lookup.listOffsets(all(3), COMMITTED)
    await clock.until(others)
    expect(clock.now()).toBeLessThan(100)
    expect((await clock.until(every)).map(({ offset }) => offset)).toEqual([1_000, 2_001, 1_002])
  })

  test('a partition without a leader is waited for', async () => {
    const { clock, topic, lookup } = await start(3)
    topic.partitions[1] = { leader: -1, epoch: 0, errorCode: 5 }
    clock.after(3_000, () => {
      topic.partitions[1] = { leader: 3, epoch: 1 }
    })
    const answers = await clock.until(lookup.listOffsets(all(3), COMMITTED))
    expect(answers[1]).toMatchObject({ offset: 3_001 })
  })

  test('a topic and a partition that do not exist are typed errors; the rest is answered', async () => {
    const { clock, lookup } = await start(2)
    const queries = [
      ...all(2),
      { topic: 'events', partition: 7, timestamp: LATEST },
      { topic: 'no', partition: 0, timestamp: LATEST },
    ]
    const answers = await clock.until(lookup.listOffsets(queries, COMMITTED))
    expect(answers.map(({ error }) => error?.name)).toEqual([
      undefined,
      undefined,
      'PartitionNotFound',
      'TopicNotFound',
    ])
    expect(clock.now()).toBeLessThan(1_000)
  })

  test('a partition added since the metadata was made is found', async () => {
    const { clock, brokers, cluster, lookup } = await start(2)
    await clock.until(cluster.topic('events'))
    brokers.topic('events', [1, 2, 3])
    const [answer] = await clock.until(lookup.listOffsets(all(3).slice(2), COMMITTED))
    expect(answer).toMatchObject({ offset: 3_002 })
  })

  test('a partition that the answer leaves out is asked about again; one it adds is ignored', async () => {
    const { clock, brokers, lookup } = await start(3)
    let times = 0
    const broker = brokers.broker(1)
    broker.on('ListOffsets', () => ({
      topics: [
        { name: 'other', partitions: [{ partitionIndex: 0, offset: 66 }] },
        {
          name: 'events',
          partitions: times++ === 0 ? [{ partitionIndex: 1, offset: 66 }] : [{ partitionIndex: 0, offset: 7 }],
        },
      ],
    }))
    const answers = await clock.until(lookup.listOffsets(all(3), COMMITTED))
    expect(answers.map(({ offset }) => offset)).toEqual([7, 2_001, 3_002])
  })

  test('a broker too old for the timestamp is an UnsupportedVersion for its partitions', async () => {
    const { clock, brokers, lookup } = await start(2, {}, 2)
    brokers.broker(2).versions.set('ListOffsets', [0, 6])
    const answers = await clock.until(lookup.listOffsets(all(2, -3), COMMITTED))
    expect(answers.map(({ error }) => error?.name)).toEqual([undefined, 'UnsupportedVersion'])
  })

  test('unreachable brokers are the error of every partition, at once', async () => {
    const { world, clock, lookup } = await start(2)
    world.brokers = [{ host: 'nobody', port: 1 }]
    const answers = await clock.until(lookup.listOffsets(all(2), COMMITTED))
    for (const { error } of answers) expect(error).toMatchObject({ code: 'NO_BROKER_REACHABLE' })
    expect(clock.now()).toBeLessThan(100)
  })

  test('a signal rejects the call; closing rejects it too and leaves no timer', async () => {
    const { clock, pipes, brokers, cluster, lookup } = await start(3)
    answerOffsets(brokers.broker(1), () => ({ errorCode: 6 }))
    const abort = new AbortController()
    const aborted = caught(lookup.listOffsets(all(3), { ...COMMITTED, signal: abort.signal }))
    const closed = caught(lookup.listOffsets(all(3), COMMITTED))
    await clock.advance(1_000)
    abort.abort()
    expect(await aborted).toMatchObject({ code: 'ABORTED' })
    cluster.close()
    expect(await closed).toMatchObject({ name: 'Closed' })
    await clock.advance(1)
    expect([pipes.connectionCount(), clock.pendingCount]).toEqual([0, 0])
  })
})

describe('OffsetForLeaderEpoch (KIP-320)', () => {
  test('epoch ends are asked for together, with the current epoch of each leader', async () => {
    const { clock, brokers, topic, lookup } = await start(3, {}, 1)
    topic.partitions[1] = { leader: 1, epoch: 4 }
    brokers.broker(1).on('OffsetForLeaderEpoch', () => ({
      topics: [
        {
          topic: 'events',
          partitions: [
            { partition: 0, leaderEpoch: 2, endOffset: 100 },
            { partition: 1, leaderEpoch: -1, endOffset: -1 },
            { partition: 2, errorCode: 29 },
          ],
        },
      ],
    }))
    const query = (partition: number) => ({ topic: 'events', partition, leaderEpoch: 2 })
    const [first, second, third] = await clock.until(
      Promise.all([
        lookup.endOffsetForEpoch(query(0)),
        lookup.endOffsetForEpoch(query(1)),
        caught(lookup.endOffsetForEpoch(query(2))),
      ]),
    )
    expect(first).toEqual({ leaderEpoch: 2, endOffset: 100 })
    expect(second).toEqual({ leaderEpoch: undefined, endOffset: undefined })
    expect(third).toMatchObject({ name: 'Unauthorized', topic: 'events', partition: 2 })
    const requests = brokers.broker(1).asked('OffsetForLeaderEpoch')
    expect(requests.length).toBe(1)
    expect(requests[0]?.body).toMatchObject({ replicaId: -1 })
    expect(requests[0]?.body.topics[0]?.partitions.map(({ currentLeaderEpoch }) => currentLeaderEpoch)).toEqual([
      0, 4, 0,
    ])
  })
})
