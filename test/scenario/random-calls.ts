// A consumer to which everything is done at once: reads that are given up, seeks, pauses, new assignments, the end.
// [test]
import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../../src/base/random.ts'
import { type Consumer, ConsumerClosed, type ConsumerRecord, type TopicPartition } from '../../src/index.ts'
import { type Reading, within } from '../support/reading.ts'
import { ReadingBook } from './reading-book.ts'

const PARTITIONS = 3
const ROUNDS = 10
const STEPS = 15
/** No call takes so long, on a slow machine. */
const HANG_MS = 20_000

/** A consumer, and what is done to it. */
export class RandomCalls {
  readonly book = new ReadingBook(PARTITIONS)
  readonly #reading: Reading
  readonly #random: Random
  readonly #consumer: Consumer
  /** Reads under way, and how each is given up. */
  readonly #pending = new Map<Promise<void>, AbortController>()
  #assigned = Array.from({ length: PARTITIONS }, () => 0)
  #closed = false

  constructor(reading: Reading, random: Random) {
    this.#reading = reading
    this.#random = random
    reading.broker.createTopic('t', { partitions: PARTITIONS })
    this.#consumer = reading.kafka.consumer({ autoOffsetReset: 'earliest', maxPollRecords: 20 })
    this.#consumer.assign(this.#names())
  }

  async play(): Promise<void> {
    for (let round = 0; round < ROUNDS; round++) {
      for (let step = 0; step < STEPS; step++) {
        if (this.#pending.size < 4 && this.#below(3) > 0) this.#read()
        else await within(`step ${step} of round ${round}`, HANG_MS, this.#act())
        if (this.#below(4) === 0) await sleep(this.#below(5))
      }
      await this.#account(`round ${round}`)
    }
    await this.#consumer.resume(this.#consumer.paused())
    for (const { partition } of this.#names()) this.book.resumes(partition)
    await within('the rest', HANG_MS, this.#readAll())
    await this.#account('the rest')
    this.#read()
    this.#read()
    this.#closed = true
    await within('the close', HANG_MS, this.#consumer.close())
    await within('reads under way at the close', HANG_MS, Promise.all(this.#pending.keys()))
  }

  /** Gives up all reads, and has the book say whether what they gave is right. */
  async #account(what: string): Promise<void> {
    for (const abort of this.#pending.values()) abort.abort(new Error('given up'))
    await within(`reads of ${what}`, HANG_MS, Promise.all(this.#pending.keys()))
    for (const name of this.#names()) this.book.account(name.partition, await this.#position(name))
  }

  async #readAll(): Promise<void> {
    for (;;) {
      const positions = await Promise.all(this.#names().map((name) => this.#position(name)))
      if (positions.every((position, partition) => position >= this.book.end(partition))) return
      await this.#recvBatch(50, undefined)
    }
  }

  /** Before anything was read after `assign` nothing is known. */
  async #position(name: TopicPartition): Promise<number> {
    return (await this.#consumer.position(name)) ?? this.#assigned[name.partition]!
  }

  #below(limit: number): number {
    return Math.floor(this.#random.next() * limit)
  }

  #names() {
    return Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: 't', partition }))
  }

  /** A read that nobody waits for, perhaps given up at some moment. */
  #read(): void {
    const abort = new AbortController()
    const { signal } = abort
    if (this.#below(3) > 0) this.#abortSoon(abort)
    const reads = [
      () => this.#poll(this.#below(40), signal),
      () => this.#recv(signal),
      () => this.#recv(signal),
      () => this.#recvBatch(this.#below(40), signal),
    ]
    const pending = reads[this.#below(4)]!().finally(() => this.#pending.delete(pending))
    this.#pending.set(pending, abort)
  }

  #poll(timeoutMs: number, signal: AbortSignal): Promise<void> {
    const max = 1 + this.#below(20)
    return this.#gives('poll', signal, () => this.#consumer.poll({ max, timeoutMs, signal }))
  }

  #recv(signal: AbortSignal): Promise<void> {
    return this.#gives('recv', signal, async () => [await this.#consumer.recv({ signal })])
  }

  #recvBatch(timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    const max = 1 + this.#below(20)
    const read = async () => (await this.#consumer.recvBatch({ max, timeoutMs, signal })).records
    return this.#gives('recvBatch', signal, read)
  }

  async #gives(how: string, signal: AbortSignal | undefined, read: () => Promise<ConsumerRecord[]>): Promise<void> {
    const askedAt = this.book.now()
    try {
      for (const record of await read()) this.book.gave(how, askedAt, record)
    } catch (error) {
      const expected =
        (signal?.aborted && error === signal.reason) ||
        (how === 'poll' && (error as { code?: string }).code === 'POLLING') ||
        (this.#closed && error instanceof ConsumerClosed)
      if (!expected) this.book.wrong.push(`${how} rejected with ${error}`)
    }
  }

  #abortSoon(abort: AbortController): void {
    const after = this.#below(3)
    if (after === 0) queueMicrotask(() => abort.abort(new Error('at once')))
    else if (after === 1) setImmediate(() => abort.abort(new Error('in a moment')))
    else setTimeout(() => abort.abort(new Error('soon')), this.#below(30))
  }

  async #act(): Promise<void> {
    const partition = this.#below(PARTITIONS)
    const name = { topic: 't', partition }
    switch (this.#below(7)) {
      case 0:
      case 1:
        return this.#write()
      case 2: {
        await this.#consumer.pause([name])
        return this.book.paused(partition)
      }
      case 3:
      case 4: {
        this.book.resumes(partition)
        return this.#consumer.resume([name])
      }
      case 5: {
        const offset = this.#below(this.book.end(partition) + 1)
        const moved = this.book.moves(partition, offset)
        await this.#consumer.seek(name, offset)
        return moved()
      }
      default:
        return this.#assign()
    }
  }

  async #write(): Promise<void> {
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const first = this.book.end(partition)
      const count = this.#below(12)
      const records = Array.from({ length: count }, (_, i) => ({ partition, value: `${partition}/${first + i}` }))
      this.book.written(partition, count)
      if (count > 0) await this.#reading.broker.seed('t', records, { batchRecords: 1 + this.#below(5) })
    }
  }

  /** All anew, each partition from anywhere. Nothing is paused then. */
  #assign(): void {
    const assigned = this.#names().map((name) => {
      return { ...name, offset: this.#below(this.book.end(name.partition) + 1) }
    })
    const moved = assigned.map(({ partition, offset }) => this.book.moves(partition, offset))
    this.#assigned = assigned.map(({ offset }) => offset)
    this.#consumer.assign(assigned)
    for (const told of moved) told()
    for (const { partition } of assigned) this.book.resumes(partition)
  }
}
