// What main is told about batches: all that happens in one turn goes in one message. [I/O thread]
import { type MillraceError, toWire } from '../../base/errors.ts'
import type { BatchReport, ProducerEvent } from '../../control/producing.ts'
import type { OutgoingBatch } from './outgoing-batch.ts'

/** What became of the records. */
export type Outcome =
  | { error: undefined; baseOffset: number; logAppendTime: number; requestMs: number }
  | { error: MillraceError; requestMs: number }

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
    const stored = outcome.error === undefined
    this.#reports.push({
      id: batch.sealed.id,
      baseOffset: stored ? outcome.baseOffset : -1,
      logAppendTime: stored ? outcome.logAppendTime : -1,
      error: stored ? undefined : toWire(outcome.error),
      firstSentAtMs: batch.firstSentAtMs,
      requestMs: outcome.requestMs,
      attempts: batch.attempts,
      sizeBytes: batch.sizeBytes,
    })
    this.#postSoon()
    this.freeIfDone(batch)
  }

  /** To be called whenever a write or a request with the batch has ended. */
  freeIfDone(batch: OutgoingBatch): void {
    if (!batch.free || batch.freed) return
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
