// Sends records that failed for good to another topic, with where they came from and why they failed. [main thread]
import type { MillraceError } from '../base/errors.ts'
import type { DeadLetter } from '../control/processing.ts'
import type { Engine } from '../engine/engine.ts'
import type { ResponseOf } from '../protocol/apis.ts'
import { brokerError } from '../protocol/errors.ts'
import { firstError } from '../protocol/first-error.ts'
import { encodeBatch } from '../record/encode.ts'
import { retry } from './retry.ts'

/** From this version on topics go by id. */
const PRODUCE_BY_NAME_MAX = 12
const BACKOFF = { backoffMs: 100, factor: 2, maxBackoffMs: 1_000, jitter: 0.1 }

/** One Produce with acks from all replicas for each record. */
export class DeadLetters {
  readonly #engine: Engine
  readonly #timeoutMs: number

  constructor(engine: Engine, timeoutMs: number) {
    this.#engine = engine
    this.#timeoutMs = timeoutMs
  }

  /** Resolves when the record is stored in the topic; rejects when it cannot be. */
  async send(to: string, letter: DeadLetter): Promise<void> {
    const { clock } = this.#engine
    const { key, value } = letter
    const headers = [...letter.headers, ...originOf(letter)]
    const records = await encodeBatch([{ key, value, headers, timestamp: clock.wall() }])
    const deadline = clock.now() + this.#timeoutMs
    const retriable = (failed: unknown) => (failed as MillraceError).retriable === true && clock.now() < deadline
    const attempt = () => this.#produce(to, letter.partition, records)
    await this.#engine.holding(retry(attempt, { ...BACKOFF, retries: Infinity, retriable, clock }))
  }

  /** To the partition of the same number, so that order is kept where both topics have as many. */
  async #produce(topic: string, from: number, records: Uint8Array): Promise<void> {
    const limits = { timeoutMs: this.#timeoutMs }
    const [known] = await this.#engine.call({ op: 'topics', topics: [topic] }, limits)
    const partition = from % Math.max(1, known!.partitions)
    const body = {
      acks: -1,
      timeoutMs: 30_000,
      topicData: [{ name: topic, partitionData: [{ index: partition, records }] }],
    }
    const target = { leader: { topic, partition } }
    const call = { op: 'request', target, api: 'Produce', body, maxVersion: PRODUCE_BY_NAME_MAX } as const
    const answer = (await this.#engine.call(call, limits)) as ResponseOf<'Produce'>
    const found = firstError('Produce', answer)
    if (found === undefined) return
    const what = `The dead letter to ${topic}[${partition}]`
    throw brokerError(found.code, { what, brokerMessage: found.message, topic, partition })
  }
}

function originOf(letter: DeadLetter): [name: string, value: Uint8Array][] {
  const texts = {
    'original-topic': letter.topic,
    'original-partition': letter.partition,
    'original-offset': letter.offset,
    'original-timestamp': letter.timestamp,
    'error-code': letter.errorCode,
    'error-message': letter.errorMessage,
    attempts: letter.attempts,
  }
  return Object.entries(texts).map(([header, text]) => [header, Buffer.from(String(text))])
}
