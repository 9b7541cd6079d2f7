// What a consumer may give while it is sought, paused and assigned anew under the hands of those who read. [test]
import type { ConsumerRecord } from '../../src/index.ts'

/** One partition since the last account. */
interface Log {
  end: number
  /** Where reading began, and where it was moved to. */
  starts: number[]
  /** The call of the last move has returned: who asks from then on is given nothing of before. */
  movedAt: number
  /** How often each offset was given. */
  given: Map<number, number>
  /** The last one that was given to somebody who asked behind the last move. */
  last: number
  /** The call that paused it has returned. */
  pausedAt: number
}

/** A book of all partitions of one topic; the calls of the test are its time. */
export class ReadingBook {
  readonly wrong: string[] = []
  delivered = 0
  readonly #logs: Log[]
  #now = 0

  constructor(partitions: number) {
    this.#logs = Array.from({ length: partitions }, () => {
      return { end: 0, starts: [0], movedAt: 0, given: new Map(), last: -1, pausedAt: Infinity }
    })
  }

  /** A moment of its own. */
  now(): number {
    return ++this.#now
  }

  written(partition: number, count: number): void {
    this.#logs[partition]!.end += count
  }

  end(partition: number): number {
    return this.#logs[partition]!.end
  }

  /** A call is made after which reading goes on from there; to be told when it has returned. */
  moves(partition: number, position: number): () => void {
    const log = this.#logs[partition]!
    log.starts.push(position)
    return () => {
      log.movedAt = this.now()
      log.last = -1
    }
  }

  paused(partition: number): void {
    this.#logs[partition]!.pausedAt = this.now()
  }

  resumes(partition: number): void {
    this.#logs[partition]!.pausedAt = Infinity
  }

  /** A read that was asked at a moment gave this. */
  gave(how: string, askedAt: number, { partition, offset, value }: ConsumerRecord): void {
    const log = this.#logs[partition]!
    const what = `${how}: ${partition}/${offset}`
    this.delivered++
    log.given.set(offset, (log.given.get(offset) ?? 0) + 1)
    if (value?.toString() !== `${partition}/${offset}`) this.wrong.push(`${what} says ${value}`)
    if (askedAt > log.pausedAt) this.wrong.push(`${what} is paused`)
    if (askedAt > log.movedAt) log.last = Math.max(log.last, offset)
  }

  /**
   * Nobody reads now, and the consumer says that it stands there. What was given must be as many stretches without a
   * hole as there were starts, one of which ends here, as each offset that is given more often than the one before is
   * a start, and each that is given less often the end of another one.
   */
  account(partition: number, position: number): void {
    const log = this.#logs[partition]!
    const { given, starts, last } = log
    const times = (offset: number) => given.get(offset) ?? 0
    const ends: number[] = []
    for (let offset = 0; offset <= log.end; offset++) {
      const begun = starts.filter((start) => start === offset).length
      const ended = begun - (times(offset) - times(offset - 1))
      if (ended < 0) this.wrong.push(`${partition}/${offset} was given, and not what is before it, ${describe(log)}`)
      for (let i = 0; i < ended; i++) ends.push(offset)
    }
    const start = starts.at(-1)!
    for (let offset = start; offset <= last; offset++) {
      if (times(offset) === 0) this.wrong.push(`${partition}/${offset} was lost, ${describe(log)}`)
    }
    if (!ends.includes(position))
      this.wrong.push(`${partition} is at ${position}, not at one of ${ends}, ${describe(log)}`)
    Object.assign(log, { starts: [position], given: new Map(), last: -1, movedAt: this.now() })
  }
}

const describe = ({ starts, given, end }: Log) =>
  `read from ${starts} of ${end}: ${[...given].map(([offset, times]) => `${offset}x${times}`)}`
