// Which leader epoch began at which offset: tells a reader that a log was truncated (KIP-101, KIP-320). [broker]

/** The last offset of an epoch; both -1 when the epoch is not known. */
export interface EpochEnd {
  epoch: number
  endOffset: number
}

/** Epochs and start offsets, both ascending. */
export class EpochHistory {
  #entries: { epoch: number; startOffset: number }[] = []

  /** The newest epoch that wrote something, or -1. */
  get latest(): number {
    return this.#entries.at(-1)?.epoch ?? -1
  }

  /** A leader of this epoch appends from `startOffset` on. */
  begin(epoch: number, startOffset: number): void {
    if (this.latest >= epoch) return
    // A leader that wrote nothing leaves no trace.
    this.#entries = this.#entries.filter((entry) => entry.startOffset < startOffset)
    this.#entries.push({ epoch, startOffset })
  }

  /** Where the largest known epoch that is not above `epoch` ends. */
  endOf(epoch: number, logEndOffset: number): EpochEnd {
    if (epoch < 0 || epoch > this.latest) return { epoch: -1, endOffset: -1 }
    if (epoch === this.latest) return { epoch, endOffset: logEndOffset }
    const next = this.#entries.findIndex((entry) => entry.epoch > epoch)
    // Older than all that is known: the log begins where the first known epoch does.
    if (next === 0) return { epoch, endOffset: this.#entries[0]!.startOffset }
    return { epoch: this.#entries[next - 1]!.epoch, endOffset: this.#entries[next]!.startOffset }
  }

  /** The epoch in which `offset` was written, or -1. */
  epochAt(offset: number): number {
    return this.#entries.findLast((entry) => entry.startOffset <= offset)?.epoch ?? -1
  }

  /** Forgets epochs of which nothing is left. */
  forgetBefore(logStartOffset: number): void {
    const keep = this.#entries.findLastIndex((entry) => entry.startOffset <= logStartOffset)
    if (keep < 0) return
    this.#entries = this.#entries.slice(keep)
    this.#entries[0]!.startOffset = Math.max(logStartOffset, this.#entries[0]!.startOffset)
  }

  /** Forgets epochs that began at or after the new end. */
  truncate(endOffset: number): void {
    this.#entries = this.#entries.filter((entry) => entry.startOffset < endOffset)
  }
}
