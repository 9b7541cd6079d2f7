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
const names = (values.groups ?? 'cooperative-sticky,KIP-848').split(',')
const groups = Object.fromEntries(
  names.map((name) => {
    const options = chainGroups[name]
    if (options === undefined) throw new Error(`--groups knows ${Object.keys(chainGroups).join()}, not ${name}`)
    return [name, options]
  }),
)
console.log(`--seed ${seed} --brokers ${brokers} --bounces ${bounces}`)

// Java's tool does not keep the process up.
const alive = setInterval(() => {}, 1_000)
await prepareJars()
// Sessions as long as by default: a broker that starts slowly ends none.
const cluster = await startKafka({ brokers, properties: { 'group.consumer.session.timeout.ms': 45_000 } })
const java = new KafkaTool(cluster.brokers)
const random = seededRandom(seed)
const begun = performance.now()
const seconds = () => Math.round((performance.now() - begun) / 1_000)
try {
  const topic = 'bounced'
  await java.createTopic(topic, { partitions: MEMBERS, replicationFactor: brokers })
  const bounce = async (broker: number) => {
    await cluster.kill(broker, random.next() < 0.5 ? 'SIGTERM' : 'SIGKILL')
    await cluster.restart(broker)
  }
  const progress = (count: number) => {
    if (count % 10 === 0) console.log(`${count} bounces, ${seconds()} s`)
  }
  const plan = { brokers: cluster.brokers, topic, groups, bounces, random, bounce, progress }
  for (const [name, report] of Object.entries(await bounceBrokers(plan))) {
    console.log(name, JSON.stringify(report))
    const { epochs, rebalances, lost } = report
    if (new Set(epochs).size > 1 || rebalances.length + lost > 0) process.exitCode = 1
  }
  console.log(`${seconds()} s`)
} finally {
  await java.close()
  await cluster.stop()
  clearInterval(alive)
}
