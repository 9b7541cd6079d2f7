// Records on their way into shared memory: put together in plain memory, they go over many at a time. [main thread]
//
// V8 copies into shared memory byte by byte, unless source and target are aligned alike: then it takes eight at a time.
// Records never are; a stage always is.
import { type HeadersToWrite, type RecordText, writeRecord } from '../record/record-writer.ts'
import { COPY_BYTES } from '../ring/layout.ts'

const STAGE_BYTES = 16_384

/** What is written goes to `out`, from where `moveTo` said on; it is there after `flush`. */
export class RecordStage {
  readonly #out: Buffer
  readonly #bytes = Buffer.allocUnsafeSlow(STAGE_BYTES + COPY_BYTES)
  /** Where in `out` the first byte of the stage belongs: at the beginning of a word. */
  #base = 0
  /** What is in the stage, and not yet in `out`. */
  #begin = 0
  #end = 0

  constructor(out: Buffer) {
    this.#out = out
  }

  /** Where in `out` the next record begins. */
  get at(): number {
    return this.#base + this.#end
  }

  /** The next record is to begin there. */
  moveTo(at: number): void {
    this.flush()
    this.#begin = at % COPY_BYTES
    this.#end = this.#begin
    this.#base = at - this.#begin
  }

  /** As `writeRecord`, which says what `bytesMax` is. */
  write(
    bytesMax: number,
    timestampDelta: number,
    offsetDelta: number,
    key: RecordText,
    value: RecordText,
    headers: HeadersToWrite | undefined,
  ): void {
    if (this.#end + bytesMax > STAGE_BYTES) this.moveTo(this.at)
    if (this.#end + bytesMax <= STAGE_BYTES) {
      this.#end = writeRecord(this.#bytes, this.#end, timestampDelta, offsetDelta, key, value, headers)
    } else {
      // Too large for a stage, and a long copy of its own.
      this.moveTo(writeRecord(this.#out, this.at, timestampDelta, offsetDelta, key, value, headers))
    }
  }

  /** All that was written is in `out`. */
  flush(): void {
    if (this.#end === this.#begin) return
    this.#out.set(this.#bytes.subarray(this.#begin, this.#end), this.#base + this.#begin)
    this.#begin = this.#end
  }
}
