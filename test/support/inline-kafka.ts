// An embedded broker and a client of it on the test's own thread, for all tests of a file. [test]
import { afterAll, beforeAll } from 'vitest'
import { Broker } from '../../src/broker/index.ts'
import { Kafka } from '../../src/index.ts'

/** Both are there while tests run. */
export function inlineKafka(): { readonly broker: Broker; readonly kafka: Kafka } {
  let broker: Broker
  let kafka: Kafka
  beforeAll(async () => {
    broker = await Broker.start()
    kafka = new Kafka({ brokers: broker.addresses, threads: 'inline' })
  })
  afterAll(async () => {
    await kafka.close()
    await broker.close()
  })
  return {
    get broker() {
      return broker
    },
    get kafka() {
      return kafka
    },
  }
}
