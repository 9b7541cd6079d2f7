// What a consumer gives to loops, to `poll` and to `recv`, and when it counts as processed. [main thread]
import type { Clock } from '../base/clock.ts'
import { onAbort } from '../base/on-abort.ts'
import type { Batch } from '../delivery/batch.ts'
import type { ConsumerRecord } from '../delivery/record.ts'
import { polling } from './consumer-checks.ts'
import { ConsumerCursor } from './consumer-cursor.ts'
import type { ConsumerPartition } from './consumer-partition.ts'
import type { SourceBatch } from './consumer-source.ts'
import { type FlowSource, Given } from './flow-source.ts'
import { type Acked, type Hand, LoopHand } from './loop-hand.ts'
import { ReadAhead } from './read-ahead.ts'
import { RecordBatches, type RecordBatchesOptions } from './record-batches.ts'
import type { Poll } from './wait-options.ts'

/** Whom they ask. */
export interface HandoutPlan {
  pull(idleMs: number | undefined, ending?: AbortSignal): Promise<SourceBatch | 'idle' | 'end'>
  /** Throws when nothing may be asked for now. */
  check(): void
  /** User code was given something, or asks for more. */
  progressed(busy: boolean): void
  /** The consumer was closed: loops are at their end. */
  closed(): boolean
  clock(): Promise<Clock>
  maxBufferedRecords: number
}

/** What `recvBatch` gives. */
export interface ReceivedBatch<K, V> {
  /** Why it came back: with records, without any in time, because the consumer is closed, or none were asked for. */
  outcome: 'records' | 'timedOut' | 'closed' | 'empty'
  records: ConsumerRecord<K, V>[]
}

const RECV_BATCH_MS = 1_000

type Handout<K, V> = ConsumerRecord<K, V> | Batch<K, V>

/** Each way of reading marks what it gave as processed when it is asked for more. */
export class ConsumerHandouts<K, V> {
  readonly #plan: HandoutPlan
  readonly #cursor: ConsumerCursor<K, V>
  /** Given by a loop that was left: processed when anything else is asked for. */
  #left: Handout<K, V>[] = []
  #polled: ConsumerRecord<K, V>[] = []
  #received: ConsumerRecord<K, V>[] = []
  #polling = false
  /** Not held: a batch that was forgotten has to be found. */
  readonly #hands = new Set<WeakRef<Hand>>()
  /** What a transaction found in hand, until anything else is asked for: a second one with it alone is refused. */
  readonly #transacted: Acked[] = []

  constructor(plan: HandoutPlan) {
    this.#plan = plan
    this.#cursor = new ConsumerCursor(async (idleMs, ending) => {
      plan.progressed(false)
      try {
        return await plan.pull(idleMs, ending)
      } catch (error) {
        // Nothing is opened any more for who waited for that.
        if (plan.closed()) return 'end'
        throw error
      } finally {
        plan.progressed(true)
      }
    }, plan.clock)
  }

  /** Record by record, until the consumer is closed. */
  records(): AsyncIterator<ConsumerRecord<K, V>, undefined> {
    const hand = new LoopHand<ConsumerRecord<K, V>>(this.#hands)
    const ending = new AbortController()
    return {
      next: async () => {
        if (ending.signal.aborted || this.#plan.closed()) return { done: true, value: undefined }
        this.#ask()
        hand.empty()?.ack()
        try {
          const got = await this.#cursor.next(undefined, ending.signal)
          if (typeof got === 'string') return { done: true, value: undefined }
          return { done: false, value: hand.give(got) }
        } finally {
          hand.rest()
        }
      },
      return: async () => {
        ending.abort()
        this.#leave(hand)
        return { done: true, value: undefined }
      },
    }
  }

  /** Record by record, for functions that say of each what became of it. */
  source(): FlowSource<ConsumerRecord<K, V>> {
    const ahead = new ReadAhead<K, V>()
    return {
      next: async (signal) => {
        if (ahead.over || signal?.aborted) return undefined
        const stop = signal && onAbort(signal, () => ahead.interrupt())
        try {
          const given = await this.#next(undefined, ahead)
          return typeof given === 'string' ? undefined : given
        } finally {
          stop?.()
        }
      },
      close: async () => ahead.end(),
    }
  }

  /** Records of one partition at a time, so many or as many as came in time, or as fit. */
  recordBatches(options: RecordBatchesOptions): RecordBatches<K, V> {
    const { clock, maxBufferedRecords } = this.#plan
    const ahead = new ReadAhead<K, V>()
    const next = (timeoutMs: number | undefined) => this.#next(timeoutMs, ahead)
    const close = () => {
      ahead.end()
      this.#hands.delete(own)
    }
    const source = { next, close, clock, asked: () => void (this.#transacted.length = 0) }
    const batches = new RecordBatches(source, options, maxBufferedRecords)
    const own = new WeakRef<Hand>(batches)
    this.#hands.add(own)
    return batches
  }

  /** Batch by batch; each is released when the next one is asked for. */
  batches(): AsyncIterableIterator<Batch<K, V>, undefined> {
    const hand = new LoopHand<Batch<K, V>>(this.#hands)
    // Also of one that a transaction took out of the hand.
    let held: Batch<K, V> | undefined
    const ending = new AbortController()
    const iterator: AsyncIterableIterator<Batch<K, V>, undefined> = {
      next: async () => {
        held?.release()
        held = undefined
        if (ending.signal.aborted || this.#plan.closed()) return { done: true, value: undefined }
        this.#ask()
        hand.empty()?.ack()
        try {
          const got = await this.#cursor.nextBatch(ending.signal)
          if (typeof got === 'string') return { done: true, value: undefined }
          held = got
          return { done: false, value: hand.give(got) }
        } finally {
          hand.rest()
        }
      },
      return: async () => {
        ending.abort()
        held?.release()
        held = undefined
        this.#leave(hand)
        return { done: true, value: undefined }
      },
      [Symbol.asyncIterator]: () => iterator,
    }
    return iterator
  }

  /** Up to `max` records: those that are there, or that come within `timeoutMs`. */
  async poll({ max, timeoutMs, signal }: Poll): Promise<ConsumerRecord<K, V>[]> {
    this.#ask()
    if (this.#polling) throw polling()
    for (const record of this.#polled.splice(0)) record.ack()
    this.#polling = true
    try {
      const records = await this.#cursor.take(max, { timeoutMs, ending: signal })
      if (records.length === 0) signal?.throwIfAborted()
      this.#polled.push(...records)
      return records
    } finally {
      this.#polling = false
    }
  }

  /** The next record; undefined when the consumer was closed meanwhile. */
  async recv(signal?: AbortSignal): Promise<ConsumerRecord<K, V> | undefined> {
    this.#ask()
    for (const record of this.#received.splice(0)) record.ack()
    const record = await this.#cursor.next(undefined, signal)
    if (record === 'idle') signal?.throwIfAborted()
    if (typeof record === 'string') return undefined
    this.#received.push(record)
    return record
  }

  /** Up to `max` records: waits until there are so many, or `timeoutMs` are over, or `signal` fires. */
  async recvBatch({ max, timeoutMs = RECV_BATCH_MS, signal }: Poll): Promise<ReceivedBatch<K, V>> {
    if (max === 0) return { outcome: 'empty', records: [] }
    this.#ask()
    for (const record of this.#received.splice(0)) record.ack()
    const clock = await this.#plan.clock()
    const untilMs = clock.now() + timeoutMs
    const records: ConsumerRecord<K, V>[] = []
    while (records.length < max && !this.#plan.closed()) {
      const patience = { timeoutMs: Math.max(0, untilMs - clock.now()), ending: signal }
      const more = await this.#cursor.take(max - records.length, patience).catch((error) => {
        if (records.length === 0) throw error
        this.#cursor.tellLater(error)
        return []
      })
      records.push(...more)
      if (more.length === 0) break
    }
    this.#received.push(...records)
    if (records.length > 0) return { outcome: 'records', records }
    signal?.throwIfAborted()
    return { outcome: this.#plan.closed() ? 'closed' : 'timedOut', records }
  }

  /** All that was given counts as processed, and nothing is held: somebody else reads from here on. */
  settle(): void {
    this.#ask()
    for (const given of [...this.#polled.splice(0), ...this.#received.splice(0)]) given.ack()
    this.drop()
  }

  /**
   * What was given counts as processed, for a transaction. False: some of it was taken away, or is read again; that is
   * said until something is asked for, not once more by what stayed in another hand.
   */
  ackInHand(): boolean {
    this.#transacted.push(...this.#left.splice(0), ...this.#polled.splice(0), ...this.#received.splice(0))
    for (const ref of this.#hands) {
      const hand = ref.deref()
      const given = hand?.empty()
      if (hand === undefined) this.#hands.delete(ref)
      else if (given !== undefined) this.#transacted.push(given)
    }
    return this.#transacted.map((given) => given.ack()).every((counted) => counted)
  }

  /** Gives back the batch that records are taken from, if it is of this partition, or any. */
  drop(partition?: ConsumerPartition): void {
    this.#cursor.drop(partition)
  }

  async #next(
    timeoutMs: number | undefined,
    ahead: ReadAhead<K, V>,
  ): Promise<Given<ConsumerRecord<K, V>> | 'idle' | 'end'> {
    if (this.#plan.closed()) return 'end'
    this.#ask()
    const loan = await this.#cursor.lend(timeoutMs, ahead)
    if (typeof loan === 'string') return loan
    const { record } = loan
    return new Given(record, {
      seen: () => ahead.saw(loan),
      done: () => void (loan.returned || record.ack()),
      left: () => void (loan.returned || this.#left.push(record)),
      unread: () => loan.unread(),
      stale: () => loan.stale,
    })
  }

  #leave(hand: LoopHand<Handout<K, V>>): void {
    const given = hand.empty()
    if (given !== undefined) this.#left.push(given)
    hand.rest()
  }

  /** What was given by a loop that is gone counts as processed: something else is asked for. */
  #ask(): void {
    this.#plan.check()
    this.#plan.progressed(true)
    for (const given of this.#left.splice(0)) given.ack()
    this.#transacted.length = 0
  }
}
