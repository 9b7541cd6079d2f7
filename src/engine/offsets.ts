// Reconciles what was processed, in whatever order, into the offset of a partition that may be committed. [main thread]
//
//          committed     floor        done         done      position
//   ----------+-----------+------======-----==========---------+--------> offsets
//     all processed       |   gap      gap            gap      | not arrived yet
//
// Everything below the floor is processed. A gap is a stretch above it that is not, with processed ones behind it.
import { assert } from '../base/assert.ts'

/** A stretch of offsets: `end` is the first one after it. */
export interface OffsetRange {
  first: number
  end: number
}

/** Which assignment and which seek work was handed out under; acks of any other are refused. */
export interface OffsetLife {
  readonly epoch: number
  readonly generation: number
}

/** How a tracker starts. */
export interface TrackerStart extends OffsetLife {
  /** The first offset that will arrive. */
  position: number
  /** What the group has committed; undefined when it has nothing, or there is no group. */
  committed?: number | undefined
  /** Most offsets that may be done above the floor before `full` says to stop; default 100,000. */
  maxGapRecords?: number | undefined
}

const MAX_GAP_RECORDS = 100_000

/**
 * The offsets of one partition of one assignment. Nothing here waits or fails: what is stale is refused and counted.
 * Memory grows with the number of gaps, never with the number of records.
 */
export class OffsetTracker {
  readonly epoch: number
  readonly maxGapRecords: number
  #generation: number
  #position: number
  #floor: number
  #committed: number | undefined
  /** Where its life began, or its last commit. */
  #secured: number
  /** The floor was set by work or by a seek: only then is it worth a commit. */
  #moved = false
  #refused = 0
  /** Processed stretches above the floor, rising, never touching each other or the floor. */
  readonly #starts: number[] = []
  readonly #ends: number[] = []
  #doneAhead = 0

  constructor({ epoch, generation, position, committed, maxGapRecords = MAX_GAP_RECORDS }: TrackerStart) {
    this.epoch = epoch
    this.maxGapRecords = maxGapRecords
    this.#generation = generation
    this.#position = position
    this.#floor = position
    this.#secured = position
    this.#committed = committed
  }

  /** Of the seek in force. */
  get generation(): number {
    return this.#generation
  }

  /** The next offset to arrive. */
  get position(): number {
    return this.#position
  }

  /** Everything before it is processed, or never was a record. */
  get floor(): number {
    return this.#floor
  }

  /** The offset that the group has; undefined when it has none. */
  get committed(): number | undefined {
    return this.#committed
  }

  /** Where to read again when what was processed since the last commit, or the last seek, is void. */
  get secured(): number {
    return this.#secured
  }

  /** How many stretches wait between the floor and the last processed offset. */
  get gapCount(): number {
    return this.#starts.length
  }

  /** Offsets processed above the floor: what would be processed again after a crash, even with every ack committed. */
  get doneAhead(): number {
    return this.#doneAhead
  }

  /** So much is done above the floor that nothing more should be taken until it moves. */
  get full(): boolean {
    return this.#doneAhead >= this.maxGapRecords
  }

  /** Acks that came too late: of an assignment or a position that is gone. */
  get refused(): number {
    return this.#refused
  }

  /** The stretches that hold the floor back, first to last; at most `max` of them. */
  gaps(max = 100): OffsetRange[] {
    return this.#starts.slice(0, max).map((end, i) => ({ first: i === 0 ? this.#floor : this.#ends[i - 1]!, end }))
  }

  /** Records from `first` to before `end` were taken. Offsets that were passed over on the way hold no record. */
  arrived(first: number, end: number): void {
    assert(end >= first, `a batch ends at ${end} before it begins at ${first}`)
    this.passed(first)
    if (end > this.#position) this.#position = end
  }

  /** Up to here nothing is left to process: markers, aborted or compacted records, records that are not shown. */
  passed(offset: number): void {
    if (offset <= this.#position) return
    const from = this.#position
    this.#position = offset
    this.#done(from, offset)
  }

  /**
   * Offsets from `first` to before `end` are processed; in any order, any number of times. False: refused, because the
   * work belongs to an assignment or a position that is gone.
   */
  ack(life: OffsetLife, first: number, end: number): boolean {
    if (life.epoch !== this.epoch || life.generation !== this.#generation) {
      this.#refused++
      return false
    }
    assert(end <= this.#position, `ack up to ${end}, but only what is before ${this.#position} has arrived`)
    this.#done(first, end)
    return true
  }

  /** Whether this offset is processed. */
  isDone(offset: number): boolean {
    if (offset < this.#floor) return true
    const at = this.#search(offset)
    return at < this.#starts.length && this.#starts[at]! <= offset
  }

  /** The first stretch of unprocessed offsets at or after `first`, before `end`. */
  pending(first: number, end: number): OffsetRange | undefined {
    let from = Math.max(first, this.#floor)
    let at = this.#search(from)
    if (at < this.#starts.length && this.#starts[at]! <= from) from = this.#ends[at++]!
    if (from >= end) return undefined
    return { first: from, end: at < this.#starts.length ? Math.min(end, this.#starts[at]!) : end }
  }

  /** Reading goes on elsewhere; acks of what was handed out before are refused. `explicit`: worth a commit as it is. */
  seek(position: number, generation: number, { explicit = true }: { explicit?: boolean } = {}): void {
    this.#generation = generation
    this.#position = position
    this.#floor = position
    this.#secured = position
    this.#starts.length = 0
    this.#ends.length = 0
    this.#doneAhead = 0
    if (explicit) this.#moved = true
  }

  /** What to commit now: the floor, if it is news. */
  committable(): number | undefined {
    return this.#moved && this.#floor !== this.#committed ? this.#floor : undefined
  }

  /** The group has this offset now. */
  wasCommitted(offset: number): void {
    this.#committed = offset
    // One above the floor was made before a seek.
    if (offset <= this.#floor) this.#secured = offset
  }

  #done(first: number, end: number): void {
    let from = Math.max(first, this.#floor)
    let to = end
    if (from >= to) return
    // Every stretch that overlaps or touches [from, to) becomes one with it.
    const low = this.#search(from - 1)
    let high = low
    while (high < this.#starts.length && this.#starts[high]! <= to) {
      from = Math.min(from, this.#starts[high]!)
      to = Math.max(to, this.#ends[high]!)
      this.#doneAhead -= this.#ends[high]! - this.#starts[high]!
      high++
    }
    if (from === this.#floor) {
      this.#floor = to
      this.#moved = true
      this.#starts.splice(low, high - low)
      this.#ends.splice(low, high - low)
      return
    }
    this.#doneAhead += to - from
    if (high === low && low === this.#starts.length) {
      this.#starts.push(from)
      this.#ends.push(to)
      return
    }
    this.#starts.splice(low, high - low, from)
    this.#ends.splice(low, high - low, to)
  }

  /** The first stretch that ends after `offset`. */
  #search(offset: number): number {
    let low = 0
    let high = this.#ends.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#ends[middle]! > offset) high = middle
      else low = middle + 1
    }
    return low
  }
}
