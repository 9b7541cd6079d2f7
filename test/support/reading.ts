// An embedded broker and a client of it, in either way of running the roles. [test]
import { Broker } from '../../src/broker/broker.ts'
import type { BrokerOptions } from '../../src/broker/options.ts'
import type { KafkaOptions } from '../../src/client/options.ts'
import { type EncodeOptions, encodeBatch } from '../../src/record/encode.ts'
import { Kafka } from '../../src/wiring/kafka.ts'

/** Both ways of running the roles: what reading does is the same in each. */
export const modes = ['workers', 'inline'] as const
export type Mode = (typeof modes)[number]

/** A broker and clients of it, ended together. */
export class Reading implements AsyncDisposable {
  readonly broker: Broker
  readonly kafka: Kafka
  readonly #mode: Mode
  readonly #clients: Kafka[] = []

  private constructor(broker: Broker, mode: Mode, options: KafkaOptions) {
    this.broker = broker
    this.#mode = mode
    this.kafka = this.client(options)
  }

  static async start(mode: Mode, options: KafkaOptions = {}, broker: BrokerOptions = {}): Promise<Reading> {
    return new Reading(await Broker.start(broker), mode, options)
  }

  /** One more client of the same broker. */
  client(options: KafkaOptions = {}): Kafka {
    const kafka = new Kafka({ brokers: this.broker.addresses, threads: this.#mode, ...options })
    this.#clients.push(kafka)
    return kafka
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#clients.map((kafka) => kafka.close()))
    await this.broker.close()
  }
}

/** The promise's value or error, or an error that names what hung. The bound only ends a test that would never end. */
export function within<T>(what: string, limitMs: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} had not ended after ${limitMs} ms`)), limitMs)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

/** Resolves to what a promise is rejected with. */
export async function errorOf(promise: Promise<unknown>): Promise<Record<string, unknown> & Error> {
  try {
    await promise
  } catch (error) {
    return error as Record<string, unknown> & Error
  }
  throw new Error('it should have failed')
}

/** Everything, or the first `max`. */
export async function collect<T>(source: AsyncIterable<T>, max = Number.POSITIVE_INFINITY): Promise<T[]> {
  const all: T[] = []
  if (max === 0) return all
  for await (const one of source) {
    all.push(one)
    if (all.length >= max) break
  }
  return all
}

/** What `collect` gives and the error that ended it, if one did. */
export async function collectUntilError<T>(source: AsyncIterable<T>): Promise<{ all: T[]; error: unknown }> {
  const all: T[] = []
  try {
    for await (const one of source) all.push(one)
  } catch (error) {
    return { all, error }
  }
  return { all, error: undefined }
}

/** A batch of these values. */
export async function batchOf(values: readonly (string | Uint8Array | null)[], options: EncodeOptions = {}) {
  const records = values.map((value) => {
    const bytes = typeof value === 'string' ? Buffer.from(value) : value
    return { key: null, value: bytes, timestamp: 1_700_000_000_000 }
  })
  return Buffer.from(await encodeBatch(records, options))
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
