// A fetch that waits for bytes or for its time to be over (Kafka's purgatory). [broker]
import type { Timer } from '../base/clock.ts'
import type { RequestContext } from './handler.ts'
import type { Reading } from './partition-reader.ts'
import type { Partition, Waiter } from './topic.ts'

/** Waits for one fetch; settles once. */
export class ParkedFetch implements Waiter {
  readonly #read: () => Reading
  readonly #settle: (reading: Reading | undefined) => void
  readonly #partitions: readonly Partition[]
  readonly #timer: Timer
  readonly #stayOpen: () => void
  /** Bytes that must still come before reading again can help. */
  #missingBytes: number
  readonly #minBytes: number

  /** `settle` gets what could be read in the end, or undefined when the client has gone. */
  constructor(
    fetch: {
      partitions: readonly Partition[]
      maxWaitMs: number
      minBytes: number
      /** What could be read at once. */
      sizeBytes: number
      read: () => Reading
    },
    context: Pick<RequestContext, 'cluster' | 'onClosed'>,
    settle: (reading: Reading | undefined) => void,
  ) {
    this.#read = fetch.read
    this.#settle = settle
    this.#partitions = fetch.partitions
    this.#minBytes = fetch.minBytes
    this.#missingBytes = fetch.minBytes - fetch.sizeBytes
    for (const partition of fetch.partitions) partition.waiters.add(this)
    this.#timer = context.cluster.clock.after(fetch.maxWaitMs, () => this.#finish(this.#read()))
    this.#stayOpen = context.onClosed(() => this.#finish(undefined))
  }

  changed(bytes: number): void {
    this.#missingBytes -= bytes
    // Without bytes it is the partition itself that changed: its leader, its start, its existence.
    if (bytes > 0 && this.#missingBytes > 0) return
    const reading = this.#read()
    if (reading.ready) {
      this.#finish(reading)
      return
    }
    // An open transaction holds back what came: it does not count yet.
    this.#missingBytes = this.#minBytes - reading.sizeBytes
  }

  #finish(reading: Reading | undefined): void {
    for (const partition of this.#partitions) partition.waiters.delete(this)
    this.#timer.cancel()
    this.#stayOpen()
    this.#settle(reading)
  }
}
