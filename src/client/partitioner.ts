// Which partition a record without one goes to. [main thread]
import type { Random } from '../base/random.ts'
import { partitionOfKey } from '../bytes/murmur2.ts'

/** The partitioners by name. */
export const partitionerNames = ['murmur2', 'sticky', 'uniformSticky', 'roundRobin'] as const

/** One of them. */
export type PartitionerName = (typeof partitionerNames)[number]

/** A partition as a partitioner sees it. */
export interface PartitionLoad {
  /** Batches that were sealed and are not stored yet. */
  readonly outstanding: number
  /** The batch that takes records now, with its size. */
  readonly open: { readonly sizeBytes: number } | undefined
}

/** Chooses for one topic. */
export interface Partitioner {
  /** Whether a record with that key may go to any partition. */
  isFree(key: Uint8Array | null): boolean
  /** For a record of about `sizeBytes`; there is at least one partition. */
  choose(key: Uint8Array | null, sizeBytes: number, partitions: readonly PartitionLoad[]): number
  /** The one that it chose for a free record had no room, another one did: those that follow may as well go there. */
  move(to: number): void
}

/** What the built-in ones need to know. */
export interface PartitionerSettings {
  batchBytes: number
  /** Prefers partitions with shorter queues (KIP-794). */
  adaptive: boolean
  random: Random
}

/**
 * A partitioner of one topic. `murmur2`: as Java's, keyed records by the hash of the key, the others sticky by bytes
 * (KIP-794); `sticky`: the others sticky by batch (KIP-480); `uniformSticky`: by bytes, whatever the key; `roundRobin`.
 */
export function makePartitioner(name: PartitionerName, settings: PartitionerSettings): Partitioner {
  switch (name) {
    case 'murmur2':
      return new Keyed(new UniformSticky(settings))
    case 'sticky':
      return new Keyed(new Sticky(settings))
    case 'uniformSticky':
      return new UniformSticky(settings)
    case 'roundRobin':
      return new RoundRobin()
  }
}

/** Records with a key where Java puts them, the others where `rest` says. */
class Keyed implements Partitioner {
  readonly #rest: Partitioner

  constructor(rest: Partitioner) {
    this.#rest = rest
  }

  isFree(key: Uint8Array | null): boolean {
    return key === null
  }

  choose(key: Uint8Array | null, sizeBytes: number, partitions: readonly PartitionLoad[]): number {
    return key === null ? this.#rest.choose(key, sizeBytes, partitions) : partitionOfKey(key, partitions.length)
  }

  move(to: number): void {
    this.#rest.move(to)
  }
}

class RoundRobin implements Partitioner {
  #next = 0

  isFree(): boolean {
    return true
  }

  choose(_key: Uint8Array | null, _sizeBytes: number, partitions: readonly PartitionLoad[]): number {
    const chosen = this.#next % partitions.length
    this.#next = chosen + 1
    return chosen
  }

  /** The turn stays what it is. */
  move(): void {}
}

/** KIP-480: one partition until its batch is sealed, then another. */
class Sticky implements Partitioner {
  readonly #settings: PartitionerSettings
  #current = -1
  /** The batch that the partition was chosen for. */
  #batch: PartitionLoad['open']

  constructor(settings: PartitionerSettings) {
    this.#settings = settings
  }

  isFree(): boolean {
    return true
  }

  choose(_key: Uint8Array | null, sizeBytes: number, partitions: readonly PartitionLoad[]): number {
    const { random, batchBytes } = this.#settings
    const { length } = partitions
    const open = partitions[this.#current]?.open
    this.#batch ??= open
    const isOver = this.#batch !== undefined && (open !== this.#batch || open.sizeBytes + sizeBytes > batchBytes)
    if (this.#current >= length || this.#current < 0) this.#current = Math.floor(random.next() * length)
    else if (isOver && length > 1) {
      const step = 1 + Math.floor(random.next() * (length - 1))
      this.#current = (this.#current + step) % length
    } else return this.#current
    this.#batch = partitions[this.#current]!.open
    return this.#current
  }

  move(to: number): void {
    this.#current = to
    this.#batch = undefined
  }
}

/** What Java's default batch holds: no partition is left before it got so much, or slow senders would hop about. */
const STICKY_BYTES_MIN = 16_384

/**
 * KIP-794: one partition until it got a batch's worth of bytes, then another, drawn by how short the queues are. Java
 * switches every 16 KiB, its batch size. Ours is larger, so we switch as well when a smaller batch is sealed.
 */
class UniformSticky implements Partitioner {
  readonly #settings: PartitionerSettings
  #current = -1
  #producedBytes = 0
  #batch: PartitionLoad['open']

  constructor(settings: PartitionerSettings) {
    this.#settings = settings
  }

  isFree(): boolean {
    return true
  }

  choose(_key: Uint8Array | null, sizeBytes: number, partitions: readonly PartitionLoad[]): number {
    const open = partitions[this.#current]?.open
    const wasSealed = this.#batch !== undefined && open !== this.#batch
    const isOver =
      this.#current < 0 ||
      this.#current >= partitions.length ||
      this.#producedBytes + sizeBytes > this.#settings.batchBytes ||
      (wasSealed && this.#producedBytes >= STICKY_BYTES_MIN)
    if (isOver) {
      this.#current = this.#draw(partitions)
      this.#producedBytes = 0
    }
    this.#producedBytes += sizeBytes
    this.#batch = partitions[this.#current]!.open
    return this.#current
  }

  move(to: number): void {
    this.#current = to
    this.#producedBytes = 0
    this.#batch = undefined
  }

  /** By weights: the longest queue has 1, each batch less one more. */
  #draw(partitions: readonly PartitionLoad[]): number {
    const { adaptive, random } = this.#settings
    const { length } = partitions
    if (!adaptive) return Math.floor(random.next() * length)
    let longest = 0
    for (const { outstanding } of partitions) longest = Math.max(longest, outstanding)
    let total = 0
    for (const { outstanding } of partitions) total += longest + 1 - outstanding
    let rest = random.next() * total
    for (let i = 0; i < length; i++) {
      rest -= longest + 1 - partitions[i]!.outstanding
      if (rest < 0) return i
    }
    return length - 1
  }
}
