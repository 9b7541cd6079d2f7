// Transactions under a storm, with every event kept and judged: nothing lost, doubled, torn, or seen too early.
// [test process]
import { afterEach, expect, test } from 'vitest'
import { type Random, seededRandom } from '../../src/base/random.ts'
import { Broker } from '../../src/broker/index.ts'
import { Kafka } from '../../src/index.ts'
import { ErrorCode } from '../../src/protocol/errors.ts'
import { History } from '../support/history.ts'

const SEED = Number(process.env['MILLRACE_SEED'] ?? 1)
const PARTITIONS = 3
const ROUNDS = 40
const TOPIC = 'out'

let broker: Broker
let kafka: Kafka

afterEach(async () => {
  await kafka.close()
  await broker.close()
})

test.each([1, 2] as const)(
  `every event of it is right, transaction.version %i: MILLRACE_SEED=${SEED}`,
  {
    timeout: 120_000,
  },
  async (transactionVersion) => {
    broker = await Broker.start({ brokers: 3, transactionVersion })
    broker.createTopic(TOPIC, { partitions: PARTITIONS, replicationFactor: 3 })
    kafka = new Kafka({ brokers: broker.addresses, threads: 'inline' })
    const random = seededRandom(SEED)
    const history = new History()
    const stop = new AbortController()
    const reading = read(history, stop.signal)
    for (let round = 0; round < ROUNDS; round++) {
      misbehave(random)
      await transact(history, random, round)
    }
    broker.off()
    // The last end was answered before its markers were written.
    await expect.poll(() => broker.transaction('storm')?.state).toMatch(/^Complete/)
    const messages = await broker.messages(TOPIC, undefined, { committed: true })
    for (const { partition, offset, value } of messages) {
      history.record({ do: 'log', topic: TOPIC, partition, offset, value: String(value) })
    }
    await expect.poll(() => delivered(history), { timeout: 20_000 }).toBeGreaterThanOrEqual(messages.length)
    stop.abort()
    await reading
    expect(history.anomalies()).toEqual([])
    const ended = history.events.filter((event) => event.do === 'ended')
    expect(ended).toHaveLength(ROUNDS)
    expect(new Set(ended.map(({ outcome }) => outcome)).size).toBeGreaterThan(1)
    expect(broker.errors).toEqual([])
  },
)

/** One thing goes wrong, which any client has to get over. */
function misbehave(random: Random): void {
  const below = (limit: number) => Math.floor(random.next() * limit)
  const faults = [
    () => broker.moveLeader(TOPIC, below(PARTITIONS), 1 + below(3)),
    () => broker.disconnectAll(1 + below(3)),
    () => broker.delayMarkers(below(40)),
    () => broker.once('Produce', () => ({ cut: 'after' })),
    () => broker.once('EndTxn', () => ({ cut: random.next() < 0.5 ? 'before' : 'after' })),
    () => broker.fail('Produce', ErrorCode.NOT_ENOUGH_REPLICAS, { times: 1 + below(2) }),
    () => broker.cutAfterReceiving(1 + below(300)),
    () => undefined,
  ]
  faults[below(faults.length)]!()
}

async function transact(history: History, random: Random, round: number): Promise<void> {
  const tx = `tx${round}`
  const outcome = random.next() < 0.3 ? 'abort' : 'commit'
  const values = Array.from({ length: 1 + Math.floor(random.next() * 6) }, (_, i) => `${round}.${i}`)
  const changedMind = new Error('aborted on purpose')
  try {
    await kafka.transaction(
      async (transaction) => {
        const sends = values.map(async (value) => {
          const partition = Math.floor(random.next() * PARTITIONS)
          history.record({ do: 'send', producer: `p${partition}`, value, tx })
          try {
            const { offset = -1 } = await transaction.send({ topic: TOPIC, partition, value })
            history.record({ do: 'ack', topic: TOPIC, partition, offset, value })
          } catch (error) {
            history.record({ do: 'fail', value, maybe: true })
            throw error
          }
        })
        await Promise.all(sends)
        history.record({ do: 'end', tx, outcome })
        if (outcome === 'abort') throw changedMind
      },
      { transactionalId: 'storm' },
    )
    history.record({ do: 'ended', tx, outcome: 'commit' })
  } catch (error) {
    const known = error === changedMind || !history.events.some((event) => event.do === 'end' && event.tx === tx)
    history.record({ do: 'ended', tx, outcome: known ? 'abort' : 'unknown' })
  }
}

async function read(history: History, signal: AbortSignal): Promise<void> {
  const partitions = Array.from({ length: PARTITIONS }, (_, partition) => `${TOPIC}/${partition}`)
  history.record({ do: 'assign', consumer: 'reader', partitions })
  try {
    for await (const record of kafka.iterate(TOPIC, { until: 'never', signal })) {
      const { partition, offset } = record
      history.record({
        do: 'deliver',
        consumer: 'reader',
        topic: TOPIC,
        partition,
        offset,
        value: String(record.value),
      })
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

function delivered(history: History): number {
  return history.events.filter((event) => event.do === 'deliver').length
}
