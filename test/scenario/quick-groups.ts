// A topic with three records and a broker whose groups notice things soon, made anew for each test. [test]
import { afterEach, beforeEach } from 'vitest'
import { Broker } from '../../src/broker/index.ts'
import { Kafka } from '../../src/index.ts'

/** Options of consumers that beat as often as this broker lets them. */
export const QUICK = { heartbeatIntervalMs: 50, heartbeatFloorMs: 50, autoOffsetReset: 'earliest' } as const

/** How long a group may take, on a slow machine. */
export const PATIENCE = { timeout: 10_000, interval: 10 }

/** Both protocols. */
export const BOTH = ['classic', 'consumer'] as const

/** Both are there while a test runs: the broker with topic `t`, and an inline client of it. */
export function quickGroups(): { readonly broker: Broker; readonly kafka: Kafka } {
  let broker: Broker
  let kafka: Kafka
  beforeEach(async () => {
    broker = await Broker.start({ groups: { heartbeatIntervalMs: 50, sessionTimeoutMs: 6_000 } })
    kafka = new Kafka({ brokers: broker.addresses, threads: 'inline', retryBackoffMs: 20, retryBackoffMaxMs: 50 })
    broker.createTopic('t', { partitions: 1 })
    await broker.seed('t', ['a', 'b', 'c'])
  })
  afterEach(async () => {
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
