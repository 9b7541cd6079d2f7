// An embedded broker and a client of it on the test's own thread. [test]
import { afterAll, beforeAll } from 'vitest'
import { Broker } from '../../src/broker/index.ts'
import { Kafka } from '../../src/index.ts'

/** A broker and its client. */
export interface BrokerAndKafka {
  readonly broker: Broker
  readonly kafka: Kafka
}

/** For all tests of a file: both are there while tests run. */
export function inlineKafka(): BrokerAndKafka {
  return during(beforeAll, afterAll, async () => {
    const broker = await Broker.start()
    return { broker, kafka: new Kafka({ brokers: broker.addresses, threads: 'inline' }) }
  })
}

/** Opened by one hook of vitest's, closed by another. */
export function during(
  before: (run: () => Promise<void>) => void,
  after: (run: () => Promise<void>) => void,
  open: () => Promise<BrokerAndKafka>,
): BrokerAndKafka {
  let opened: BrokerAndKafka
  before(async () => {
    opened = await open()
  })
  after(async () => {
    await opened.kafka.close()
    await opened.broker.close()
  })
  return {
    get broker() {
      return opened.broker
    },
    get kafka() {
      return opened.kafka
    },
  }
}
