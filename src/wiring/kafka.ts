// `Kafka` as users make it: the client, bound to real threads or to none. [main thread]
import { backgroundClock } from '../base/clock.ts'
import { systemRandom } from '../base/random.ts'
import { tcp } from '../base/tcp.ts'
import { type Environment, fromEnvironment } from '../client/environment.ts'
import { KafkaClient } from '../client/kafka.ts'
import type { KafkaOptions, ResolvedKafkaOptions } from '../client/options.ts'
import { fromProperties } from '../client/properties.ts'
import type { EngineParts } from '../engine/engine.ts'
import { wiringOptions } from './wiring-options.ts'

/**
 * A Kafka client. Nothing is started or connected before the first call; `close()` (or `await using`) ends everything.
 *
 * ```ts
 * const kafka = new Kafka({ brokers: ['127.0.0.1:9092'] })
 * for await (const record of kafka.iterate('events')) console.log(record.offset, record.value)
 * await kafka.close()
 * ```
 */
export class Kafka extends KafkaClient {
  constructor(options: KafkaOptions) {
    super(options, start)
  }

  /** A client configured by MILLRACE_* (or KAFKA_BROKERS, KAFKA_BOOTSTRAP_SERVERS); what is given here wins. */
  static fromEnv(options: KafkaOptions = {}, environment: Environment = process.env): Kafka {
    return new Kafka(fromEnvironment(environment, options))
  }

  /** A client configured by a Java `client.properties` file; what is given here wins. */
  static fromProperties(file: string, options: KafkaOptions = {}): Kafka {
    return new Kafka(fromProperties(file, options))
  }
}

/** Threads are loaded only where they are used: inline mode needs neither worker_threads nor piscina. */
async function start(options: ResolvedKafkaOptions): Promise<EngineParts> {
  const wiring = wiringOptions(options)
  if (options.threads === 'inline') {
    const { startInline } = await import('./inline.ts')
    const post = (run: () => void) => void setImmediate(run)
    const world = { transport: tcp, clock: backgroundClock, random: systemRandom, post }
    return { ...startInline(wiring, world), findLeaks: true }
  }
  const { startThreads } = await import('./threads.ts')
  return { ...startThreads(wiring), findLeaks: true }
}
