// What main is told about batches: all that happens in one turn goes in one message. [I/O thread]
import { toWire } from '../../base/errors.ts'
import type { BatchReport, PartReport, ProducerEvent } from '../../control/producing.ts'
import type { Outcome } from './outcome.ts'
import type { OutgoingBatch, PartOf } from './outgoing-batch.ts'

/** Sees to it that each batch is reported once, and freed once. */
export class Reports {
  readonly #producer: number
  readonly #post: (event: ProducerEvent) => void
  #reports: BatchReport[] = []
  #freed: number[] = []
  #posting = false
  /** Batches whose memory this thread still has. */
  #heldCount = 0
  #emptied: (() => void)[] = []

  constructor(producer: number, post: (event: ProducerEvent) => void) {
    this.#producer = producer
    this.#post = post
  }

  /** A batch came. */
  came(): void {
    this.#heldCount++
  }

  /** The first time; later news of the same batch is no news. */
  report(batch: OutgoingBatch, outcome: Outcome): void {
    if (batch.reported) return
    batch.reported = true
    if (batch.part === undefined) this.#push(batch, outcome)
    else this.#gather(batch.part, batch.sealed.count, outcome)
  }

  /** To be called whenever a write or a request with the batch has ended. */
  freeIfDone(batch: OutgoingBatch): void {
    // What a part takes is no memory of main's.
    if (!batch.free || batch.freed || batch.part !== undefined) return
    batch.freed = true
    this.#heldCount--
    this.#freed.push(batch.sealed.id)
    this.#postSoon()
  }

  /** Resolves when everything that came was freed, and main was told. */
  emptied(): Promise<void> {
    return new Promise((resolve) => {
      this.#emptied.push(resolve)
      this.#postSoon()
    })
  }

  /** The whole is reported when all of its parts are. */
  #gather({ whole, ends, first }: PartOf, count: number, outcome: Outcome): void {
    ends.push({ first, count, outcome })
    if (ends.reduce((sum, part) => sum + part.count, 0) < whole.sealed.count) return
    whole.reported = true
    ends.sort((a, b) => a.first - b.first)
    const failed = ends.find((end) => end.outcome.error !== undefined)
    const parts = ends.map((end) => partReport(end.count, end.outcome))
    this.#push(whole, (failed ?? ends[0]!).outcome, parts)
  }

  #push(batch: OutgoingBatch, outcome: Outcome, parts?: PartReport[]): void {
    const { sealed, firstSentAtMs, attempts, sizeBytes } = batch
    const more = { id: sealed.id, parts, firstSentAtMs, requestMs: outcome.requestMs, attempts, sizeBytes }
    this.#reports.push({ ...partReport(sealed.count, outcome), ...more })
    this.#postSoon()
    this.freeIfDone(batch)
  }

  #postSoon(): void {
    if (this.#posting) return
    this.#posting = true
    queueMicrotask(() => {
      this.#posting = false
      const [reports, freed] = [this.#reports, this.#freed]
      this.#reports = []
      this.#freed = []
      if (reports.length + freed.length > 0) {
        this.#post({ type: 'produced', producer: this.#producer, reports, freed })
      }
      if (this.#heldCount === 0) for (const resolve of this.#emptied.splice(0)) resolve()
    })
  }
}

function partReport(count: number, outcome: Outcome): PartReport {
  if (outcome.error !== undefined) return { count, baseOffset: -1, logAppendTime: -1, error: toWire(outcome.error) }
  const { baseOffset, logAppendTime } = outcome
  return { count, baseOffset, logAppendTime, error: undefined }
}
