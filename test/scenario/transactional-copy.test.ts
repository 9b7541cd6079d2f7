// A topic copied in transactions while copiers and brokers are killed: Java reads each record exactly once.
// [test process]
import { spawn } from 'node:child_process'
import { expect, test } from 'vitest'
import { seededRandom } from '../../src/base/random.ts'
import { Kafka } from '../../src/index.ts'
import { ownKafkaDescribe } from '../support/kafka-describe.ts'

// The short form; MILLRACE_COPY_RECORDS=100000 is the long one.
const RECORDS = Number(process.env['MILLRACE_COPY_RECORDS'] ?? 10_000)
const PER_TRANSACTION = 100
const COPIER_KILLS = 4
const BROKER_KILLS = 2
const SEED = Number(process.env['MILLRACE_SEED'] ?? Date.now() % 100_000)

/** A copier; `ended` tells whether it finished. */
function copier(brokers: readonly string[], source: string, copy: string) {
  const program = new URL('./transactional-copy-child.ts', import.meta.url).pathname
  const args = ['--no-warnings', program, brokers.join(), source, copy, `${PER_TRANSACTION}`]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  child.stdout.on('data', (text) => (said += text))
  const ended = new Promise<boolean>((resolve) => child.on('exit', () => resolve(said.includes('done'))))
  return { ended, kill: () => child.kill('SIGKILL') }
}

const sleep = (ms: number) => new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), ms))

ownKafkaDescribe('a transactional copy', { brokers: 3 }, (real, cluster) => {
  test(`of ${RECORDS} records survives kill -9 of copiers and brokers: MILLRACE_SEED=${SEED}`, {
    timeout: 600_000,
  }, async () => {
    const random = seededRandom(SEED)
    const source = await real.topic('source', { replicationFactor: 3 })
    const copy = await real.topic('copy', { partitions: 3, replicationFactor: 3 })
    await using kafka = new Kafka({ brokers: real.brokers })
    await using producer = kafka.producer()
    await producer.sendBatch(
      source,
      Array.from({ length: RECORDS }, (_, i) => `${i}`),
    )
    const brokerKills = killBrokers(cluster(), random)
    let finished = false
    for (let kills = 0; !finished; ) {
      const running = copier(real.brokers, source, copy)
      const ended = await Promise.race([
        running.ended,
        kills < COPIER_KILLS ? sleep(2_000 + random.next() * 2_000) : running.ended,
      ])
      if (ended === undefined) {
        kills++
        running.kill()
        await running.ended
      }
      finished = ended === true
    }
    await brokerKills
    const read = await real.java.consume(copy, { 'isolation.level': 'read_committed' })
    const values = read.map(({ value }) => Number(value)).sort((a, b) => a - b)
    expect(values.length).toBe(RECORDS)
    expect(new Set(values).size).toBe(RECORDS)
  })
})

/** One broker after the other dies and comes back. */
async function killBrokers(
  cluster: { kill(index: number): Promise<void>; restart(index: number): Promise<void> },
  random: { next(): number },
) {
  for (let kill = 0; kill < BROKER_KILLS; kill++) {
    await sleep(3_000)
    const index = Math.floor(random.next() * 3)
    await cluster.kill(index)
    await sleep(1_000)
    await cluster.restart(index)
  }
}
