// Lets records into batches, and keeps those waiting that cannot go yet. [main thread]
//
//   offer ─► is the topic known? ─► which partition? ─► is there room? ─► in a batch
//                  │ no                                      │ no
//                  ▼                                         ▼
//          line of the topic                        line of the partition        both bounded in number and time
import type { Clock, Timer } from '../base/clock.ts'
import {
  BufferFull,
  InvalidOption,
  MessageTooLarge,
  type MillraceError,
  PartitionNotFound,
  Timeout,
} from '../base/errors.ts'
import { BATCH_HEADER_BYTES } from '../record/batch.ts'
import type { PartitionChoice } from './options-producer.ts'
import type { Accumulator } from './producer-accumulator.ts'
import type { ProducerMemory } from './producer-memory.ts'
import type { Outgoing } from './producer-outgoing.ts'
import type { PartitionQueue } from './producer-partition.ts'
import type { TopicQueue } from './producer-topic.ts'
import { WaitingLine } from './waiting-line.ts'

/** What it is set up with. */
export interface IntakeParts {
  accumulator: Accumulator
  memory: ProducerMemory
  clock: Clock
  settings: {
    maxRequestBytes: number
    maxBlockMs: number
    deliveryTimeoutMs: number
    maxBlockedRecords: number
    onBufferFull: 'wait' | 'reject'
  }
  /** A partitioner of the user's. */
  choose: PartitionChoice | undefined
  /** How many partitions a topic has. */
  askTopic(name: string): Promise<number>
  /** A record that waited will not be sent. */
  refused(record: Outgoing, error: MillraceError): void
}

/** An explicit partition that is not there may be new: who names one makes us look again, but not more often. */
const ASK_AGAIN_MS = 1_000

/** Records of one partition keep their order, whatever they wait for. */
export class Intake {
  readonly #parts: IntakeParts
  readonly #waiters = new Set<Outgoing>()
  /** Lines of records whose topic is not known yet. */
  readonly #unknown = new Map<TopicQueue, WaitingLine<Outgoing>>()
  /** Lines of records that found no room in their partition. */
  readonly #crowded = new Map<PartitionQueue, WaitingLine<Outgoing>>()
  #timer: Timer | undefined

  constructor(parts: IntakeParts) {
    this.#parts = parts
  }

  /** Records that wait. */
  get waitingCount(): number {
    return this.#waiters.size
  }

  /** Those that wait now. */
  waiting(): Outgoing[] {
    return [...this.#waiters]
  }

  /** True: the record is in a batch, and may be used anew. False: it waits. Throws when it cannot be sent. */
  offer(record: Outgoing): boolean {
    this.#checkSize(record)
    const { topic } = record
    if (topic.count === 0) return this.#waitForTopic(record)
    if (record.queue === undefined && !this.#choose(record)) return this.#waitForTopic(record)
    if (!this.#crowded.has(record.queue!) && this.#append(record)) return true
    return this.#waitForRoom(record)
  }

  /** Memory came back. */
  roomMade(): void {
    for (const line of this.#crowded.values()) {
      for (let record = line.first(); record !== undefined; record = line.first()) {
        if (!this.#parts.accumulator.append(record)) break
        // The last one takes the line with it: whoever goes on from here need not wait.
        this.#leave(record)
        record.waiter?.admitted()
      }
    }
  }

  /** It waits no more, and is not sent. */
  refuse(record: Outgoing, error: MillraceError): void {
    this.#leave(record)
    const { topic, queue, partition, timestamp, audience, about, waiter } = record
    this.#parts.refused(record, error)
    const place = { topic: topic.name, partition: queue?.partition ?? partition, timestamp }
    audience.watch?.failed(record.record, error, place)
    audience.sink?.failed(about, error, place)
    waiter?.refused(error)
  }

  /** Nothing waits any more. */
  refuseAll(error: MillraceError): void {
    for (const record of this.#waiters) this.refuse(record, error)
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #checkSize(record: Outgoing): void {
    const { maxRequestBytes } = this.#parts.settings
    const bufferBytes = this.#parts.memory.sizeBytes
    const limit = Math.min(maxRequestBytes, bufferBytes)
    if (record.measure() + BATCH_HEADER_BYTES <= limit) return
    record.toBytes()
    const sizeBytes = record.sizeBytes + BATCH_HEADER_BYTES
    const fits = sizeBytes <= maxRequestBytes && record.bytesMax + BATCH_HEADER_BYTES <= bufferBytes
    if (fits) return
    const name = sizeBytes > maxRequestBytes ? 'maxRequestBytes' : 'bufferMemoryBytes'
    const allowed = sizeBytes > maxRequestBytes ? maxRequestBytes : bufferBytes
    const what = `A record for ${record.topic.name} takes ${sizeBytes} bytes`
    const text = `${what}, ${name} allows ${allowed}. Nothing was sent.`
    throw new MessageTooLarge('RECORD_TOO_LARGE', text, { topic: record.topic.name, stored: 'not stored' })
  }

  /** Sets the queue. False: the partition is not there, but may be by now. */
  #choose(record: Outgoing): boolean {
    const { topic, partition } = record
    const chosen = partition ?? this.#partitionOf(record)
    const known = Number.isInteger(chosen) && chosen >= 0 && chosen < topic.count
    if (known) {
      record.queue = topic.partitions[chosen]
      return true
    }
    const isInteger = Number.isSafeInteger(chosen) && chosen >= 0
    if (partition !== undefined && isInteger && this.#parts.clock.now() - topic.askedAtMs > ASK_AGAIN_MS) return false
    const what = partition === undefined ? 'The partitioner chose' : 'A record was given'
    const has = `${topic.name} has partitions 0 to ${topic.count - 1}`
    const text = `${what} partition ${chosen}; ${has}. Nothing was sent.`
    const details = { topic: topic.name, partition: chosen, stored: 'not stored' } as const
    if (isInteger) throw new PartitionNotFound('NO_SUCH_PARTITION', text, details)
    throw new InvalidOption('INVALID_PARTITION', text, details)
  }

  #partitionOf(record: Outgoing): number {
    const { topic, key } = record
    const { choose } = this.#parts
    if (topic.partitioner !== undefined) return topic.partitioner.choose(key, record.bytesMax, topic.open)
    return choose!(record.record as never, topic.count, key)
  }

  /** Where a record may go anywhere, a full partition is no reason to wait. */
  #append(record: Outgoing): boolean {
    const { accumulator } = this.#parts
    if (accumulator.append(record)) return true
    const { topic, key, partition } = record
    if (partition !== undefined || topic.partitioner?.isFree(key) !== true || topic.count === 1) return false
    const chosen = record.queue
    record.queue = topic.open.reduce((least, queue) => (queue.heldBytes < least.heldBytes ? queue : least))
    const isFree = record.queue !== chosen && !this.#crowded.has(record.queue)
    if (isFree && accumulator.append(record)) {
      topic.partitioner.move(record.queue.partition)
      return true
    }
    record.queue = chosen
    return false
  }

  #waitForTopic(record: Outgoing): boolean {
    const { topic } = record
    this.#wait(record)
    lineOf(this.#unknown, topic).push(record)
    if (!topic.asking) void this.#ask(topic)
    return false
  }

  #waitForRoom(record: Outgoing): boolean {
    const { topic, queue } = record
    const { settings, memory } = this.#parts
    if (settings.onBufferFull === 'reject') {
      const whose = `the share of ${topic.name}-${queue!.partition}`
      const text = `bufferMemoryBytes (${memory.sizeBytes}) is used up, or ${whose}`
      throw bufferFull(record, `${text}, and onBufferFull is 'reject'`)
    }
    this.#wait(record)
    lineOf(this.#crowded, queue!).push(record)
    return false
  }

  #wait(record: Outgoing): void {
    // It may go from one line to another: from the topic's to the partition's.
    if (this.#waiters.has(record)) return
    const { settings, clock } = this.#parts
    if (this.#waiters.size >= settings.maxBlockedRecords) {
      throw bufferFull(record, `${settings.maxBlockedRecords} records wait for room already (maxBlockedRecords)`)
    }
    record.waitsSinceMs = clock.now()
    this.#waiters.add(record)
    this.#timer ??= clock.after(Math.min(settings.maxBlockMs, settings.deliveryTimeoutMs), this.#expire)
  }

  #leave(record: Outgoing): void {
    record.left = true
    this.#waiters.delete(record)
    const line = record.queue === undefined ? undefined : this.#crowded.get(record.queue)
    if (line?.first() === undefined) this.#crowded.delete(record.queue!)
    for (const called of record.whenLeft ?? []) called()
  }

  /** The oldest stand first. */
  #expire = (): void => {
    this.#timer = undefined
    const { clock, settings } = this.#parts
    for (const record of this.#waiters) {
      const leftMs = record.waitsSinceMs + Math.min(settings.maxBlockMs, settings.deliveryTimeoutMs) - clock.now()
      if (leftMs > 0) {
        this.#timer = clock.after(leftMs, this.#expire)
        return
      }
      const why = `for ${record.queue === undefined ? 'its partitions to be known' : 'room in bufferMemoryBytes'}`
      const text = `A record for ${record.topic.name} waited ${settings.maxBlockMs} ms (maxBlockMs) ${why}.`
      const details = { topic: record.topic.name, stored: 'not stored', retriable: true } as const
      const error = record.queue === undefined ? new Timeout('BLOCKED_TOO_LONG', text, details) : undefined
      this.refuse(record, error ?? new BufferFull('BLOCKED_TOO_LONG', text, details))
    }
  }

  async #ask(topic: TopicQueue): Promise<void> {
    topic.asking = true
    // Whoever came leaves at once where another record of the same `sendBatch` was refused.
    await undefined
    topic.asking = this.#unknown.get(topic)?.first() !== undefined
    if (!topic.asking) return
    try {
      topic.resize(await this.#parts.askTopic(topic.name))
    } catch (error) {
      topic.asking = false
      return this.#each(topic, (record) => this.refuse(record, error as MillraceError))
    }
    topic.asking = false
    topic.askedAtMs = this.#parts.clock.now()
    this.#each(topic, (record) => this.#goOn(record))
  }

  /** Its topic is known now. */
  #goOn(record: Outgoing): void {
    try {
      if (!this.offer(record)) return
    } catch (error) {
      return this.refuse(record, error as MillraceError)
    }
    this.#leave(record)
    record.waiter?.admitted()
  }

  /** Takes all out of a topic's line. */
  #each(topic: TopicQueue, take: (record: Outgoing) => void): void {
    const line = this.#unknown.get(topic)
    this.#unknown.delete(topic)
    for (let record = line?.shift(); record !== undefined; record = line?.shift()) take(record)
  }
}

function lineOf<K>(lines: Map<K, WaitingLine<Outgoing>>, of: K): WaitingLine<Outgoing> {
  const line = lines.get(of) ?? new WaitingLine<Outgoing>()
  lines.set(of, line)
  return line
}

function bufferFull(record: Outgoing, why: string): BufferFull {
  const { name } = record.topic
  return new BufferFull('BUFFER_FULL', `A record for ${name} was not sent: ${why}.`, {
    topic: name,
    stored: 'not stored',
    retriable: true,
  })
}
