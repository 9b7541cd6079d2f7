// Gathers records into batches by partition, and says when a batch is ready to go. [main thread]

import { assert } from '../base/assert.ts'
import type { Clock, Timer } from '../base/clock.ts'
import { ProducerBatch } from './producer-batch.ts'
import { NOBODY } from './producer-deliveries.ts'
import { type ProducerMemory, SEGMENT_BYTES } from './producer-memory.ts'
import type { Outgoing } from './producer-outgoing.ts'

/** Sealed batches go to the other thread together, at the end of the turn or when there is so much of them. */
const POST_BYTES = 524_288
/** Timers of Node may be early by less than this. */
const EARLY_MS = 1

/** What it is set up with. */
export interface AccumulatorParts {
  memory: ProducerMemory
  clock: Clock
  batchBytes: number
  lingerMs: number
  deliveryTimeoutMs: number
  /** While so many batches of a partition are under way, one that is not full gains by waiting. */
  maxInFlight: number
  /** Takes sealed batches. */
  send(batches: ProducerBatch[]): void
}

/** Batches live here from their first record until their memory is free again. */
export class Accumulator {
  readonly #parts: AccumulatorParts
  readonly #batches = new Map<number, ProducerBatch>()
  readonly #openBatches = new Set<ProducerBatch>()
  /** Open ones in the order in which their linger ends; among them some that were sealed since. */
  #lingering: ProducerBatch[] = []
  #sealed: ProducerBatch[] = []
  #unsettledCount = 0
  #sealedBytes = 0
  #nextId = 1
  #timer: Timer | undefined
  #turnIsDue = false
  #postIsDue = false

  constructor(parts: AccumulatorParts) {
    this.#parts = parts
  }

  /** Writes the record into the open batch of its queue, or a new one; false when there is no room. */
  append(record: Outgoing): boolean {
    const { batchBytes, deliveryTimeoutMs } = this.#parts
    const queue = record.queue!
    let batch = queue.open
    if (batch !== undefined && batch.sizeBytes + record.bytesMax > batchBytes) record.toBytes()
    if (batch !== undefined && (batch.sizeBytes + record.bytesMax > batchBytes || !goesWith(record, batch))) {
      this.#seal(batch)
      batch = undefined
    }
    const fresh = batch === undefined
    batch ??= this.#open(record)
    if (!batch.hasRoom(record.bytesMax, batchBytes - batch.sizeBytes)) {
      this.#relieve()
      return false
    }
    if (fresh) this.#lingers(batch)
    const deadlineMs = record.waitsSinceMs + deliveryTimeoutMs
    if (deadlineMs < batch.deadlineMs) batch.deadlineMs = deadlineMs
    const { timestamp, audience } = record
    if (audience !== NOBODY) {
      record.promise = batch.deliveries.add(batch.count, timestamp, audience, record.about, record.record)
    }
    batch.write(record.bytesMax, record.key, record.value, record.headers, timestamp)
    return true
  }

  /** Seals every open batch. */
  sealAll(): void {
    for (const batch of this.#openBatches) this.#seal(batch)
    this.#lingering = []
  }

  /** Nobody waits for a report. */
  get isSettled(): boolean {
    return this.#unsettledCount === 0
  }

  /** Batches that nobody has told about. */
  unsettled(): ProducerBatch[] {
    return [...this.#batches.values()].filter((batch) => !batch.settled)
  }

  /** The batch of that number, if it is not settled yet; it is now. */
  settle(id: number): ProducerBatch | undefined {
    const batch = this.#batches.get(id)
    if (batch === undefined || batch.settled) return undefined
    batch.settled = true
    this.#unsettledCount--
    const { queue } = batch
    if (!batch.sealed) {
      // The end of everything: nothing was handed out.
      batch.sealed = true
      queue.open = undefined
      this.#openBatches.delete(batch)
      this.freed(id)
      return batch
    }
    queue.outstanding--
    const { open } = queue
    if (open !== undefined && open.lingerEndMs <= this.#parts.clock.now() + EARLY_MS) this.#seal(open)
    return batch
  }

  /** Nobody reads the memory of that batch any more. */
  freed(id: number): void {
    const batch = this.#batches.get(id)
    if (batch === undefined) return
    assert(batch.settled, 'a batch is reported before its memory is freed')
    this.#batches.delete(id)
    batch.free()
  }

  /** No more timers. */
  stop(): void {
    this.#timer?.cancel()
  }

  #open(record: Outgoing): ProducerBatch {
    const { memory, clock, lingerMs, deliveryTimeoutMs } = this.#parts
    const openedAtMs = clock.now()
    const times = { openedAtMs, lingerEndMs: openedAtMs + lingerMs, deadlineMs: openedAtMs + deliveryTimeoutMs }
    return new ProducerBatch(this.#nextId, record.queue!, memory, record.way, record.transaction, times)
  }

  #lingers(batch: ProducerBatch): void {
    this.#nextId++
    this.#unsettledCount++
    this.#batches.set(batch.id, batch)
    this.#openBatches.add(batch)
    batch.queue.open = batch
    this.#lingering.push(batch)
    if (this.#parts.lingerMs > 0) this.#timer ??= this.#parts.clock.after(this.#parts.lingerMs, this.#turn)
    else if (!this.#turnIsDue) {
      this.#turnIsDue = true
      queueMicrotask(this.#turn)
    }
  }

  /** Seals what has waited long enough. */
  #turn = (): void => {
    this.#timer = undefined
    this.#turnIsDue = false
    const { clock, maxInFlight } = this.#parts
    const now = clock.now() + EARLY_MS
    const lingering = this.#lingering
    let at = 0
    for (; at < lingering.length; at++) {
      const batch = lingering[at]!
      if (batch.sealed) continue
      if (batch.lingerEndMs > now) break
      if (batch.queue.outstanding < maxInFlight) this.#seal(batch)
    }
    this.#lingering = lingering.slice(at)
    const next = this.#lingering[0]
    if (next !== undefined) this.#timer = clock.after(next.lingerEndMs - clock.now(), this.#turn)
  }

  #seal(batch: ProducerBatch): void {
    const { queue } = batch
    batch.seal()
    queue.open = undefined
    this.#openBatches.delete(batch)
    queue.outstanding++
    queue.pieceBytes = Math.max(SEGMENT_BYTES, batch.sizeBytes)
    this.#sealed.push(batch)
    this.#sealedBytes += batch.sizeBytes
    // A caller that never returns to the event loop must not keep full batches from being sent.
    if (this.#sealedBytes >= POST_BYTES) this.#post()
    else if (!this.#postIsDue) {
      this.#postIsDue = true
      queueMicrotask(this.#post)
    }
  }

  #post = (): void => {
    this.#postIsDue = false
    if (this.#sealed.length === 0) return
    const batches = this.#sealed
    this.#sealed = []
    this.#sealedBytes = 0
    this.#parts.send(batches)
  }

  /** No room: what holds memory and could be on its way must go. Behind a batch under way it may as well fill up. */
  #relieve(): void {
    for (const batch of this.#openBatches) {
      if (batch.queue.outstanding === 0) this.#seal(batch)
    }
  }
}

function goesWith(record: Outgoing, batch: ProducerBatch): boolean {
  return record.way === batch.way && record.transaction === batch.transaction
}
