// One Kafka for a whole test run, started by the first test that asks. [the vitest process, and test processes]
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { text } from 'node:stream/consumers'
import { type KafkaCluster, startKafka } from './kafka.ts'
import { prepareJars } from './kafka-jars.ts'

const portVariable = 'MILLRACE_TEST_KAFKA_PORT'

/** The address of the run's Kafka and the directory of its files; rejects when it cannot be started. */
export async function sharedKafka(): Promise<SharedKafka> {
  const port = process.env[portVariable]
  if (port === undefined) throw new Error('test/support/shared-kafka.ts is not the globalSetup of this run')
  const answer = JSON.parse(await text(connect(Number(port), '127.0.0.1'))) as SharedKafka & { error?: string }
  if (answer.error !== undefined) throw new Error(answer.error)
  return answer
}

/** What `sharedKafka` tells. */
export interface SharedKafka {
  brokers: string[]
  home: string
}

/**
 * vitest's globalSetup: a door in the main process where test processes ask for the run's Kafka. It is started on the
 * first question and stopped after the last test, so a run without such tests pays nothing.
 */
export default async function setup(): Promise<() => Promise<void>> {
  await prepareJars()
  let cluster: Promise<KafkaCluster> | undefined
  const door = createServer((socket) => {
    socket.on('error', () => {}) // a test process that was killed while it waited
    cluster ??= startKafka()
    cluster.then(
      ({ brokers, home }) => socket.end(JSON.stringify({ brokers, home })),
      (error) => socket.end(JSON.stringify({ error: String(error) })),
    )
  })
  door.listen(0, '127.0.0.1')
  await once(door, 'listening')
  process.env[portVariable] = String((door.address() as AddressInfo).port)
  return async () => {
    door.close()
    await cluster?.then(
      (running) => running.stop(),
      () => {},
    )
  }
}
