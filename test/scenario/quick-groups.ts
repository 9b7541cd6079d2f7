// A topic with three records and a broker whose groups notice things soon, made anew for each test. [test]
import { afterEach, beforeEach } from 'vitest'
import { Broker } from '../../src/broker/index.ts'
import { Kafka } from '../../src/index.ts'
import { type BrokerAndKafka, during } from '../support/inline-kafka.ts'

/** Options of consumers that beat as often as this broker lets them. */
export const QUICK = { heartbeatIntervalMs: 50, heartbeatFloorMs: 50, autoOffsetReset: 'earliest' } as const

/** How long a group may take, on a slow machine. */
export const PATIENCE = { timeout: 10_000, interval: 10 }

/** Both protocols. */
export const BOTH = ['classic', 'consumer'] as const

/** Both are there while a test runs: the broker with topic `t`, and an inline client of it. */
export function quickGroups(): BrokerAndKafka {
  return during(beforeEach, afterEach, async () => {
    const broker = await Broker.start({ groups: { heartbeatIntervalMs: 50, sessionTimeoutMs: 6_000 } })
    broker.createTopic('t', { partitions: 1 })
    await broker.seed('t', ['a', 'b', 'c'])
    const quick = { retryBackoffMs: 20, retryBackoffMaxMs: 50 }
    return { broker, kafka: new Kafka({ brokers: broker.addresses, threads: 'inline', ...quick }) }
  })
}
