// Brokers are bounced under groups of static members, on a real Kafka: `node test/long/broker-bounces.ts [--bounces 50]
// [--brokers 1|3] [--groups cooperative-sticky,KIP-848] [--seed N]`. A broker ends in an orderly way or by kill -9, and
// starts again. Then the members are restarted one by one. Prints a line a group; exits with 1 when there was a
// rebalance, or anything was lost. [a process of its own]
import { parseArgs } from 'node:util'
import { seededRandom } from '../../src/base/random.ts'
import { chainGroups } from '../scenario/chain-run.ts'
import { bounceBrokers, MEMBERS } from '../support/broker-bounces.ts'
import { startKafka } from '../support/kafka.ts'
import { prepareJars } from '../support/kafka-jars.ts'
import { KafkaTool } from '../support/kafka-tool.ts'

const text = { type: 'string' } as const
const { values } = parseArgs({ options: { bounces: text, brokers: text, groups: text, seed: text } })
const bounces = Number(values.bounces ?? 50)
const seed = Number(values.seed ?? Date.now() % 0x7fffffff)
const brokers = values.brokers === '1' ? 1 : 3
console.log(`seed ${seed}, ${brokers} broker${brokers === 1 ? '' : 's'}`)

// Java's tool does not keep the process up.
const alive = setInterval(() => {}, 1_000)
await prepareJars()
for (const name of (values.groups ?? 'cooperative-sticky,KIP-848').split(',')) {
  const consumer = chainGroups[name]
  if (consumer === undefined) throw new Error(`--groups knows ${Object.keys(chainGroups).join()}, not ${name}`)
  // Sessions as long as by default, so that a broker that starts slowly ends none.
  const properties = { 'group.consumer.session.timeout.ms': 45_000 }
  const cluster = await startKafka({ brokers, properties })
  const java = new KafkaTool(cluster.brokers)
  const random = seededRandom(seed)
  const begun = performance.now()
  try {
    await java.createTopic('bounced', { partitions: MEMBERS, replicationFactor: brokers })
    const bounce = async (broker: number) => {
      await cluster.kill(broker, random.next() < 0.5 ? 'SIGTERM' : 'SIGKILL')
      await cluster.restart(broker)
    }
    const plan = { brokers: cluster.brokers, topic: 'bounced', consumer, bounces, random, bounce }
    const report = await bounceBrokers(plan)
    const changed = report.epochs.some((epoch) => epoch !== report.epochs[0])
    console.log(name, JSON.stringify({ ...report, seconds: Math.round((performance.now() - begun) / 1_000) }))
    if (changed || report.rebalances.length + report.lost > 0) process.exitCode = 1
  } finally {
    await java.close()
    await cluster.stop()
  }
}
clearInterval(alive)
