// Exactly once while all dies: `node test/long/transactional-copy.ts [--records 100000] [--kills 40] [--seed N]`.
// Three brokers and the copier are killed by kill -9 at random; a Java reader with read_committed must see each record
// once. Prints what came of it; exits with 1 when it did not. [a process of its own]
import { parseArgs } from 'node:util'
import { seededRandom } from '../../src/base/random.ts'
import { startKafka } from '../support/kafka.ts'
import { prepareJars } from '../support/kafka-jars.ts'
import { KafkaTool } from '../support/kafka-tool.ts'
import { copyWithKills } from '../support/transactional-copy.ts'

const text = { type: 'string' } as const
const { values } = parseArgs({ options: { records: text, kills: text, seed: text } })
const records = Number(values.records ?? 100_000)
const kills = Number(values.kills ?? 40)
const seed = Number(values.seed ?? Date.now() % 0x7fffffff)
const partitions = 8
const random = seededRandom(seed)
console.log(`seed ${seed}`)

// Java's tool does not keep the process up.
const alive = setInterval(() => {}, 1_000)
await prepareJars()
const cluster = await startKafka({ brokers: 3, properties: { 'min.insync.replicas': 2 } })
const java = new KafkaTool(cluster.brokers)
try {
  for (const topic of ['source', 'copy']) await java.createTopic(topic, { partitions, replicationFactor: 3 })
  let brokersKilled = 0
  const meanwhile = async () => {
    if (random.next() < 0.5) return
    const broker = Math.floor(random.next() * 3)
    await cluster.kill(broker)
    brokersKilled++
    await cluster.restart(broker)
  }
  const plan = { brokers: cluster.brokers, from: 'source', to: 'copy', partitions, records, kills, random, meanwhile }
  const copiersKilled = await copyWithKills(plan)
  const read = await java.consume('copy', { 'isolation.level': 'read_committed' })
  const seen = new Map<number, number>()
  for (const { value } of read) seen.set(Number(value), (seen.get(Number(value)) ?? 0) + 1)
  const lost = Array.from({ length: records }, (_, i) => i).filter((i) => !seen.has(i)).length
  const twice = [...seen.values()].filter((count) => count > 1).length
  console.log(JSON.stringify({ seed, records, copiersKilled, brokersKilled, lost, twice }))
  process.exitCode = lost + twice === 0 ? 0 : 1
} finally {
  await java.close()
  await cluster.stop()
  clearInterval(alive)
}
