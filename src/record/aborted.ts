// Decides which batches of a fetch response a reader of committed records sees (KIP-98). [I/O thread, before fan-out]
//
// The broker lists, with every response, each aborted transaction that overlaps it: producer and first offset, no
// end. The end is the producer's abort marker in the log. A transaction that reaches into the next response is listed
// there again, so the state lives as long as one response of one partition. Carrying it on would do harm: batches
// that were discarded and are fetched again would meet the state of a later place.
//
// The order matters: a transaction counts from its first offset on, not from the start of the response, because the
// same producer may have committed records before it; and the marker ends only the transactions that began before it.

import type { BatchHeader } from './batch.ts'
import { controlMarker } from './control-marker.ts'

/** One entry of a fetch response's `abortedTransactions`. */
export interface AbortedTransaction {
  producerId: bigint
  firstOffset: number
}

/** 'deliver' its records; skip a 'control' batch or an 'aborted' one (their CRC is checked all the same). */
export type Verdict = 'deliver' | 'control' | 'aborted'

/** The aborted transactions of one partition in one fetch response. */
export class AbortedTransactions {
  readonly #byFirstOffset: AbortedTransaction[]
  #next = 0
  readonly #aborting = new Set<bigint>()

  /** `list`: in any order, with repetitions; empty or null for a reader of uncommitted records. */
  constructor(list: readonly AbortedTransaction[] | null) {
    this.#byFirstOffset = list === null ? [] : [...list].sort((one, other) => one.firstOffset - other.firstOffset)
  }

  /**
   * The verdict on the batch at `bytes[at]`; to be asked once for each batch of the response, in the order of the
   * log.
   */
  verdict(header: BatchHeader, bytes: Uint8Array, at: number): Verdict {
    if (this.#byFirstOffset.length > 0 && header.producerId >= 0n) {
      this.#beginUpTo(header.baseOffset + header.lastOffsetDelta)
      if (header.control) {
        if (controlMarker(header, bytes, at) === 'abort') this.#aborting.delete(header.producerId)
      } else if (header.transactional && this.#aborting.has(header.producerId)) return 'aborted'
    }
    return header.control ? 'control' : 'deliver'
  }

  #beginUpTo(lastOffset: number): void {
    for (; this.#next < this.#byFirstOffset.length; this.#next++) {
      const { producerId, firstOffset } = this.#byFirstOffset[this.#next]!
      if (firstOffset > lastOffset) return
      this.#aborting.add(producerId)
    }
  }
}
