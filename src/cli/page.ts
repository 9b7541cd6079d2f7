// Bytes of formatted records in memory that grows: what a worker prints of a batch. [any thread]
import type { ByteSink } from './record-format.ts'

const PAGE_BYTES = 65_536

/** Used again for each batch. */
export class Page implements ByteSink {
  chunk: Buffer = Buffer.allocUnsafeSlow(PAGE_BYTES)
  at = 0

  reserve(size: number): void {
    if (this.at + size <= this.chunk.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.chunk.length, this.at + size))
    larger.set(this.chunk.subarray(0, this.at))
    this.chunk = larger
  }

  write(bytes: Uint8Array): void {
    this.reserve(bytes.length)
    this.chunk.set(bytes, this.at)
    this.at += bytes.length
  }

  /** What was written, and from the beginning again. */
  take(): Uint8Array {
    const bytes = this.chunk.subarray(0, this.at)
    this.at = 0
    return bytes
  }
}
