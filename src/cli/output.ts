// Standard output for data: few large writes, with back-pressure, and quiet when its reader goes away. [main thread]
import type { Writable } from 'node:stream'
import { isBrokenPipe } from './exit.ts'

const CHUNK_BYTES = 262_144
/** Written chunks kept for reuse; more than this are in flight only when back-pressure is ignored. */
const SPARE_CHUNKS_MAX = 4

/**
 * Collects bytes in chunks. A chunk goes out when it is full, and at the next turn of the event loop, so that a busy
 * loop writes much at once and a quiet one does not keep anybody waiting.
 */
export class Output {
  /** Where the caller writes, from `at` on, after `reserve`. */
  chunk: Buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES)
  /** Bytes of `chunk` in use; the caller moves it. */
  at = 0
  readonly #stream: Writable
  #spare: Buffer[] = []
  #planned = false
  #congested = false
  #error: Error | undefined

  constructor(stream: Writable) {
    this.#stream = stream
    stream.on('error', (error: Error) => {
      this.#error ??= error
    })
  }

  /** The reader went away. */
  get closed(): boolean {
    return this.#error !== undefined
  }

  /** Makes sure that `size` more bytes fit into `chunk`. */
  reserve(size: number): void {
    if (this.at + size > this.chunk.length) {
      this.#flush()
      if (size > this.chunk.length) this.chunk = Buffer.allocUnsafeSlow(size)
    }
    this.#plan()
  }

  /** Adds bytes. */
  write(bytes: Uint8Array): void {
    this.reserve(bytes.length)
    this.chunk.set(bytes, this.at)
    this.at += bytes.length
  }

  /** Undefined while more may be written; else resolves when the reader has caught up. Rejects when writing failed. */
  ready(): Promise<void> | undefined {
    if (this.#error !== undefined) return this.#outcome()
    return this.#congested ? this.#drained() : undefined
  }

  /** Writes what is left; resolves when it is out. A reader that went away is no failure. */
  async end(): Promise<void> {
    this.#flush()
    if (this.#error === undefined) await new Promise<void>((resolve) => this.#stream.write('', () => resolve()))
    await this.#outcome()
  }

  #outcome(): Promise<void> {
    return this.#error === undefined || isBrokenPipe(this.#error) ? Promise.resolve() : Promise.reject(this.#error)
  }

  #drained(): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = () => {
        this.#stream.off('drain', done)
        this.#stream.off('close', done)
        this.#stream.off('error', done)
        this.#congested = false
        this.#outcome().then(resolve, reject)
      }
      this.#stream.once('drain', done).once('close', done).once('error', done)
    })
  }

  #plan(): void {
    if (this.#planned) return
    this.#planned = true
    setImmediate(() => {
      this.#planned = false
      this.#flush()
    })
  }

  #flush(): void {
    if (this.at === 0) return
    const full = this.chunk
    const bytes = full.subarray(0, this.at)
    this.chunk = this.#spare.pop() ?? Buffer.allocUnsafeSlow(CHUNK_BYTES)
    this.at = 0
    if (this.#error !== undefined) return
    const more = this.#stream.write(bytes, () => {
      if (full.length === CHUNK_BYTES && this.#spare.length < SPARE_CHUNKS_MAX) this.#spare.push(full)
    })
    if (!more) this.#congested = true
  }
}
