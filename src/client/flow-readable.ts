// A flow as a Node.js stream of objects. [main thread]
import { Readable } from 'node:stream'
import type { FlowSource, Given } from './flow-source.ts'

/** One is processed when the one after it is taken; in a pipe, when its `ack()` says so. */
export class FlowReadable<T> extends Readable {
  readonly #source: FlowSource<T>
  /** Pushed last, and the one before it, which was taken when that was pushed. */
  #pushed: Given<T> | undefined
  #taken: Given<T> | undefined
  #piped = false

  constructor(source: FlowSource<T>) {
    // One ahead: Node.js asks for another only when that one was taken.
    super({ objectMode: true, highWaterMark: 1 })
    this.#source = source
  }

  /** What goes into a pipe lies in the buffers of others when the next is taken. */
  override pipe<W extends NodeJS.WritableStream>(destination: W, options?: { end?: boolean }): W {
    this.#piped = true
    return super.pipe(destination, options)
  }

  override _read(): void {
    if (!this.#piped) this.#taken?.done()
    this.#taken = this.#pushed
    this.#taken?.seen()
    this.#pushed = undefined
    this.#source.next().then(
      (given) => {
        if (this.destroyed) return given?.unread()
        this.#pushed = given
        this.push(given === undefined ? null : given.value)
      },
      (error) => this.destroy(error),
    )
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    if (this.readableEnded && !this.#piped) this.#taken?.done()
    else if (!this.#piped) this.#taken?.left()
    if (this.readableLength > 0) this.#pushed?.unread()
    else if (this.#piped) this.#pushed?.seen()
    else this.#pushed?.left()
    this.#source.close().then(
      () => callback(error),
      (failed) => callback(error ?? failed),
    )
  }
}
