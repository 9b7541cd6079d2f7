// Brokers are bounced 50 times under a group of static members, which then are restarted one by one: no rebalance. On
// the embedded broker; test/long/broker-bounces.ts does so to a real Kafka. [test process]
import { expect, test } from 'vitest'
import { seededRandom } from '../../src/base/random.ts'
import { Broker } from '../../src/broker/index.ts'
import { bounceBrokers, MEMBERS } from '../support/broker-bounces.ts'
import { chainGroups } from './chain-run.ts'

/** Another seed is as good: a failure names the one it had. */
const SEED = Number(process.env['MILLRACE_SEED'] ?? 20_261_121)
const BOUNCES = 50

test.each([
  ['cooperative-sticky', 1],
  ['cooperative-sticky', 3],
  ['KIP-848', 1],
  ['KIP-848', 3],
] as const)(
  `%s, brokers: %i: ${BOUNCES} bounces and 4 restarts of static members make 0 rebalances (seed ${SEED})`,
  async (name, brokers) => {
    await using broker = await Broker.start({ brokers, groups: { heartbeatIntervalMs: 300 } })
    const topic = `bounced-${name}-${brokers}`
    broker.createTopic(topic, { partitions: MEMBERS, replicationFactor: brokers })
    const bounce = async (index: number) => {
      await broker.stopNode(index + 1)
      await broker.startNode(index + 1)
    }
    const plan = { brokers: broker.addresses, topic, consumer: chainGroups[name]!, bounces: BOUNCES, bounce }
    const report = await bounceBrokers({ ...plan, random: seededRandom(SEED) })
    expect(report).toMatchObject({ bounces: BOUNCES, rebalances: [], lost: 0, errors: [] })
    expect(new Set(report.epochs).size).toBe(1)
  },
  60_000,
)
