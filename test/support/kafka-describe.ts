// Suites that need Java or a real Kafka: skipped by name where that is missing, failing there when CI=true.
// [test processes]
import { afterAll, beforeAll, describe, test } from 'vitest'
import { type KafkaCluster, type KafkaOptions, startKafka } from './kafka.ts'
import { unavailable } from './kafka-jars.ts'
import { sharedKafka } from './shared-kafka.ts'
import { TestKafka } from './test-kafka.ts'

/** A suite that runs Java programs on Kafka's jars (`runJava`), but needs no broker. */
export function javaDescribe(name: string, body: () => void): void {
  const why = unavailable()
  if (why === undefined) {
    describe(name, body)
  } else if (process.env['CI'] === 'true') {
    test(`${name} [needs Java and Maven]`, () => {
      throw new Error(`CI=true, and this suite could not run: ${why}`)
    })
  } else {
    describe.skip(`${name} [${why}]`, body)
  }
}

/** A suite against the one real Kafka that the whole run shares: use topics of your own (`await kafka.topic('x')`). */
export function kafkaDescribe(name: string, body: (kafka: TestKafka) => void): void {
  javaDescribe(name, () => {
    const kafka = new TestKafka()
    beforeAll(async () => {
      const { brokers, home } = await sharedKafka()
      kafka.open(brokers, home)
    })
    afterAll(() => kafka.close())
    body(kafka)
  })
}

/** A suite with a Kafka of its own, for tests that stop brokers or need other server properties. */
export function ownKafkaDescribe(
  name: string,
  options: KafkaOptions,
  body: (kafka: TestKafka, cluster: () => KafkaCluster) => void,
): void {
  javaDescribe(name, () => {
    const kafka = new TestKafka()
    let cluster: KafkaCluster | undefined
    beforeAll(async () => {
      cluster = await startKafka(options)
      kafka.open(cluster.brokers, cluster.home)
    })
    afterAll(async () => {
      await kafka.close()
      await cluster?.stop()
    })
    body(kafka, () => cluster!)
  })
}
