// Brokers are bounced 50 times under groups of static members, which then are restarted one by one: no rebalance. On
// the embedded broker; test/long/broker-bounces.ts does so to a real Kafka. [test process]
import { expect, test } from 'vitest'
import { seededRandom } from '../../src/base/random.ts'
import { Broker } from '../../src/broker/index.ts'
import { bounceBrokers, MEMBERS } from '../support/broker-bounces.ts'
import { chainGroups } from './chain-run.ts'

/** Another seed is as good: a failure names the one it had. */
const SEED = Number(process.env['MILLRACE_SEED'] ?? 20_261_121)
const BOUNCES = 50

test.each([1, 3])(
  `brokers: %i: ${BOUNCES} bounces and the restart of 4 static members make 0 rebalances (seed ${SEED})`,
  async (brokers) => {
    await using broker = await Broker.start({ brokers, groups: { heartbeatIntervalMs: 300 } })
    const topic = 'bounced'
    broker.createTopic(topic, { partitions: MEMBERS, replicationFactor: brokers })
    const bounce = async (index: number) => {
      await broker.stopNode(index + 1)
      await broker.startNode(index + 1)
    }
    const random = seededRandom(SEED)
    const plan = { brokers: broker.addresses, topic, groups: chainGroups, bounces: BOUNCES, bounce, random }
    for (const [name, report] of Object.entries(await bounceBrokers(plan))) {
      expect(report, name).toMatchObject({ rebalances: [], lost: 0, errors: [] })
      expect(new Set(report.epochs).size, name).toBe(1)
    }
  },
  60_000,
)
