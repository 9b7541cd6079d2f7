// What a producer keeps for one partition: its open batch, its numbers, and its share of the memory. [main thread]
import type { BatchQueue, ProducerBatch } from './producer-batch.ts'
import { type ProducerMemory, SEGMENT_BYTES } from './producer-memory.ts'

/** Records of one partition on their way to the I/O thread. */
export class PartitionQueue implements BatchQueue {
  readonly topic: string
  readonly partition: number
  open: ProducerBatch | undefined
  nextOrdinal = 0
  outstanding = 0
  heldBytes = 0
  pieceBytes = SEGMENT_BYTES
  readonly #memory: ProducerMemory

  constructor(topic: string, partition: number, memory: ProducerMemory) {
    this.topic = topic
    this.partition = partition
    this.#memory = memory
  }

  /**
   * At most twice what is free then (dynamic thresholds). So a partition whose broker is slow leaves a third of the
   * memory to the others, two of them a fifth.
   */
  mayHold(moreBytes: number): boolean {
    return this.heldBytes === 0 || this.heldBytes + moreBytes <= 2 * (this.#memory.freeBytes - moreBytes)
  }
}
