// The grounds that a scenario is played on: the embedded broker and a real Kafka, the same words for both, each with
// the roles on real threads and on one thread. [test processes]
import { afterAll, afterEach, beforeAll, describe } from 'vitest'
import { Broker } from '../../src/broker/index.ts'
import { Kafka, type KafkaOptions } from '../../src/index.ts'
import type { KafkaOptions as ServerOptions } from './kafka.ts'
import { kafkaDescribe, ownKafkaDescribe } from './kafka-describe.ts'
import type { TestKafka } from './test-kafka.ts'

/** A record that a scenario writes: text or null. */
export interface SceneRecord {
  partition?: number
  key?: string | null
  value: string | null
  timestamp?: number
  headers?: [string, string][]
}

/** What a scenario may use. */
export interface Ground {
  /** Where the roles are. */
  readonly mode: 'on threads' | 'inline'
  readonly brokers: string[]
  /** A topic with a name of its own. */
  topic(name: string, partitions?: number): Promise<string>
  produce(topic: string, records: SceneRecord[]): Promise<void>
  /** Moves the beginning of a partition. */
  deleteRecords(topic: string, partition: number, before: number): Promise<void>
  /** A client, closed after the test. */
  kafka(options?: Omit<KafkaOptions, 'brokers'>): Kafka
}

const MODES = { 'on threads': {}, inline: { threads: 'inline' } } as const

/** Runs the scenario's tests four times: {embedded broker, real Kafka} x {threads, inline}. */
export function onEveryGround(name: string, scenario: (ground: Ground) => void): void {
  describe(`${name}: embedded broker`, () => {
    let broker: Broker
    let topics = 0
    beforeAll(async () => {
      // As test/support/kafka-node.ts sets a real one: members are missed soon.
      const groups = { minSessionTimeoutMs: 1_000, heartbeatIntervalMs: 1_000, sessionTimeoutMs: 6_000 }
      broker = await Broker.start({ groups })
    })
    afterAll(() => broker.close())
    inEveryMode(scenario, {
      get brokers() {
        return broker.addresses
      },
      topic: async (prefix, partitions = 1) => {
        const topic = `${prefix}-${topics++}`
        broker.createTopic(topic, { partitions })
        return topic
      },
      produce: (topic, records) => broker.seed(topic, records),
      deleteRecords: async (topic, partition, before) => broker.deleteRecords(topic, partition, before),
    })
  })
  kafkaDescribe(`${name}: real Kafka`, (real) => inEveryMode(scenario, placeOf(real)))
}

/** Runs the scenario's tests once, inline, on a real Kafka of its own, which is set up differently. */
export function onOwnKafka(name: string, options: ServerOptions, scenario: (ground: Ground) => void): void {
  ownKafkaDescribe(name, options, (real) => inMode('inline', scenario, placeOf(real)))
}

/** A ground without clients. */
type Place = Omit<Ground, 'kafka' | 'mode'>

function placeOf(real: TestKafka): Place {
  return {
    get brokers() {
      return real.brokers
    },
    topic: (prefix, partitions = 1) => real.topic(prefix, { partitions }),
    produce: async (topic, records) => void (await real.java.produce(topic, records)),
    deleteRecords: (topic, partition, before) => real.java.deleteRecords(topic, partition, before),
  }
}

function inEveryMode(scenario: (ground: Ground) => void, place: Place): void {
  for (const mode of ['on threads', 'inline'] as const) describe(mode, () => inMode(mode, scenario, place))
}

function inMode(mode: Ground['mode'], scenario: (ground: Ground) => void, place: Place): void {
  const open: Kafka[] = []
  afterEach(async () => {
    await Promise.all(open.splice(0).map((kafka) => kafka.close()))
  })
  // Not spread: `brokers` is known only when tests run.
  const ground: Ground = Object.create(place, {
    mode: { value: mode },
    kafka: {
      value: (more: Omit<KafkaOptions, 'brokers'> = {}) => {
        const kafka = new Kafka({ ...MODES[mode], ...more, brokers: place.brokers })
        open.push(kafka)
        return kafka
      },
    },
  })
  scenario(ground)
}
