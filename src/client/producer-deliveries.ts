// Who waits for which record of a batch, and what each is told. [main thread]
import { fromWire, type MillraceError } from '../base/errors.ts'
import type { PartReport } from '../control/producing.ts'

/** Where a record went. */
export interface RecordMetadata {
  topic: string
  partition: number
  /** Undefined where no broker said so: acks 0, or a batch that was stored long ago already. */
  offset: number | undefined
  /** Milliseconds since the epoch: the record's own, or the broker's where the topic has LogAppendTime. */
  timestamp: number
}

/** Where a record was to go. */
export interface FailedPlace {
  topic: string
  /** Undefined: it was not chosen yet. */
  partition: number | undefined
  /** The record's own. */
  timestamp: number
}

/** Somebody who is told what became of records. `about` is what was given with the record. */
export interface DeliverySink {
  delivered(about: unknown, metadata: RecordMetadata): void
  failed(about: unknown, error: MillraceError, place: FailedPlace): void
}

/** Who is told of a record. */
export interface Audience {
  /** Its sender, by a promise. */
  readonly promised: boolean
  /** Its sender, otherwise. */
  readonly sink: DeliverySink | undefined
  /** Looks on: before the sender, and with the record itself. That it was told does not mean that anybody heard. */
  readonly watch: DeliverySink | undefined
}

/** Nobody is told. */
export const NOBODY: Audience = { promised: false, sink: undefined, watch: undefined }

/** What became of records that follow each other; `first` is the number of the one at `baseOffset`. */
type Outcome =
  | { topic: string; partition: number; error: MillraceError }
  | { topic: string; partition: number; error: undefined; first: number; baseOffset: number; logAppendTime: number }

/** What became of a batch; in parts where it went so, each up to record number `end`. */
type BatchOutcome = Outcome | { parts: readonly { end: number; outcome: Outcome }[] }

/** The records of one batch that somebody waits for. Records that nobody waits for cost nothing. */
export class Deliveries {
  /** Records whose senders are told. */
  heardCount = 0
  #watched: Told | undefined
  readonly #told: Told[] = []
  #promised: Promised | undefined

  /** Record number `index` of the batch; indexes rise. Returns the promise, if there is to be one. */
  add(
    index: number,
    timestamp: number,
    { promised, sink, watch }: Audience,
    about: unknown,
    record: unknown,
  ): Promise<RecordMetadata> | undefined {
    if (watch !== undefined) {
      this.#watched ??= new Told(watch)
      this.#watched.add(index, timestamp, record)
    }
    if (sink !== undefined) {
      this.heardCount++
      let last = this.#told.at(-1)
      if (last?.sink !== sink) this.#told.push((last = new Told(sink)))
      last.add(index, timestamp, about)
    }
    if (!promised) return undefined
    this.heardCount++
    this.#promised ??= new Promised()
    return this.#promised.add(index, timestamp)
  }

  /** The batch is stored: record i at `baseOffset + i`. */
  delivered(topic: string, partition: number, baseOffset: number, logAppendTime: number): void {
    this.#tell({ topic, partition, error: undefined, first: 0, baseOffset, logAppendTime })
  }

  failed(topic: string, partition: number, error: MillraceError): void {
    this.#tell({ topic, partition, error })
  }

  /** The batch went in parts, which follow each other. */
  inParts(topic: string, partition: number, reports: readonly PartReport[]): void {
    let end = 0
    const parts = reports.map(({ count, baseOffset, logAppendTime, error }) => {
      const first = end
      end += count
      if (error !== undefined) return { end, outcome: { topic, partition, error: fromWire(error) } }
      return { end, outcome: { topic, partition, error, first, baseOffset, logAppendTime } }
    })
    this.#tell({ parts })
  }

  /** Of the records in these parts that failed: how many senders were told. */
  heardFailures(parts: readonly PartReport[]): number {
    let end = 0
    const ends = parts.map(({ count, error }) => ({ end: (end += count), failed: error !== undefined }))
    const hasFailed = (index: number) => ends.find((part) => index < part.end)!.failed
    const heard = [...this.#told, ...(this.#promised === undefined ? [] : [this.#promised])]
    return heard.reduce((sum, { indexes }) => sum + indexes.filter(hasFailed).length, 0)
  }

  #tell(outcome: BatchOutcome): void {
    this.#watched?.tell(outcome)
    for (const told of this.#told) told.tell(outcome)
    this.#promised?.settle(outcome)
  }
}

/** Records that follow each other and have the same sink. */
class Told {
  readonly sink: DeliverySink
  readonly indexes: number[] = []
  readonly #timestamps: number[] = []
  readonly #abouts: unknown[] = []

  constructor(sink: DeliverySink) {
    this.sink = sink
  }

  add(index: number, timestamp: number, about: unknown): void {
    this.indexes.push(index)
    this.#timestamps.push(timestamp)
    this.#abouts.push(about)
  }

  tell(told: BatchOutcome): void {
    for (let i = 0; i < this.indexes.length; i++) {
      const [about, timestamp] = [this.#abouts[i], this.#timestamps[i]!]
      const outcome = outcomeOf(told, this.indexes[i]!)
      if (outcome.error === undefined) this.sink.delivered(about, metadataOf(outcome, this.indexes[i]!, timestamp))
      else {
        const { topic, partition, error } = outcome
        this.sink.failed(about, error, { topic, partition, timestamp })
      }
    }
  }
}

/**
 * Records with a promise each. All derive from one, which runs what was derived in order: so one function serves for
 * all of them. A pair of functions for each, as `new Promise` makes them, costs more than to write the record.
 */
class Promised {
  readonly indexes: number[] = []
  readonly #timestamps: number[] = []
  #toldCount = 0
  #settle!: (outcome: BatchOutcome) => void
  readonly #settled = new Promise<BatchOutcome>((settle) => {
    this.#settle = settle
  })

  add(index: number, timestamp: number): Promise<RecordMetadata> {
    this.indexes.push(index)
    this.#timestamps.push(timestamp)
    return this.#settled.then(this.#next)
  }

  settle(outcome: BatchOutcome): void {
    this.#settle(outcome)
  }

  #next = (told: BatchOutcome): RecordMetadata => {
    const at = this.#toldCount++
    const outcome = outcomeOf(told, this.indexes[at]!)
    if (outcome.error !== undefined) throw outcome.error
    return metadataOf(outcome, this.indexes[at]!, this.#timestamps[at]!)
  }
}

function outcomeOf(told: BatchOutcome, index: number): Outcome {
  return 'parts' in told ? told.parts.find(({ end }) => index < end)!.outcome : told
}

function metadataOf(
  { topic, partition, first, baseOffset, logAppendTime }: Extract<Outcome, { error: undefined }>,
  index: number,
  timestamp: number,
): RecordMetadata {
  const offset = baseOffset < 0 ? undefined : baseOffset + index - first
  return { topic, partition, offset, timestamp: logAppendTime < 0 ? timestamp : logAppendTime }
}
