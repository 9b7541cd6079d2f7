// What a producer keeps for one partition: its open batch, its share of the memory, and who waits for room. [main thread]
import type { ProducerBatch } from './producer-batch.ts'
import { type ProducerMemory, SEGMENT_BYTES } from './producer-memory.ts'
import { WaitingLine } from './waiting-line.ts'

/** Records of one partition on their way to the I/O thread. */
export class PartitionQueue {
  readonly topic: string
  readonly partition: number
  /** The batch that takes records now. */
  open: ProducerBatch | undefined
  /** Of the next batch to be sealed. */
  nextOrdinal = 0
  /** Batches that were sealed and not yet reported. */
  outstanding = 0
  /** Memory of all its batches. */
  heldBytes = 0
  /** What its next batch begins with: about what the one before needed. */
  pieceBytes = SEGMENT_BYTES
  /** Records that found no room, in order. */
  readonly waiting = new WaitingLine()
  readonly #memory: ProducerMemory

  constructor(topic: string, partition: number, memory: ProducerMemory) {
    this.topic = topic
    this.partition = partition
    this.#memory = memory
  }

  /**
   * Whether it may hold so much more: at most twice what is free then (dynamic thresholds). So a partition whose broker
   * is slow leaves a third of the memory to the others, two of them a fifth.
   */
  mayHold(moreBytes: number): boolean {
    return this.heldBytes === 0 || this.heldBytes + moreBytes <= 2 * (this.#memory.freeBytes - moreBytes)
  }
}
