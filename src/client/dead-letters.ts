// Sends records that failed for good to another topic, with where they came from and why they failed. [main thread]
import type { DeadLetter } from '../control/processing.ts'
import type { Producer, ProducerOptions } from './producer.ts'
import type { ProducerRecord } from './producer-record.ts'

/** A record on its way, which its partition follows from. */
interface Letter extends ProducerRecord {
  readonly from: number
}

/** How they are sent: idempotent, each at once, and as large as what can be read. */
export const DEAD_LETTER_OPTIONS: ProducerOptions = {
  lingerMs: 0,
  maxRequestBytes: 67_108_864,
  bufferMemoryBytes: 67_108_864,
  // To the partition of the same number, so that order is kept where both topics have as many.
  partitioner: ({ from }: Letter, partitionCount: number) => from % partitionCount,
}

/** The dead letters of all consumers of an instance. */
export class DeadLetters {
  readonly #producer: () => Producer

  /** The producer is asked for at each letter: it is made at the first one, and made anew when it failed for good. */
  constructor(producer: () => Producer) {
    this.#producer = producer
  }

  /** Resolves when the record is stored in the topic; rejects when it cannot be. */
  async send(to: string, letter: DeadLetter): Promise<void> {
    const { key, value, partition: from } = letter
    const record: Letter = { topic: to, key, value, headers: [...letter.headers, ...originOf(letter)], from }
    await this.#producer().send(record)
  }
}

function originOf(letter: DeadLetter): [name: string, value: string][] {
  const texts = {
    'original-topic': letter.topic,
    'original-partition': letter.partition,
    'original-offset': letter.offset,
    'original-timestamp': letter.timestamp,
    'error-code': letter.errorCode,
    'error-message': letter.errorMessage,
    attempts: letter.attempts,
  }
  return Object.entries(texts).map(([header, text]) => [header, String(text)])
}
