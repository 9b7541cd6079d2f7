// The end of something that is closed by whoever comes first. [pure: any thread]

/** What may be closed again and again: the first call does it, the others wait for it. */
export abstract class ClosedOnce implements AsyncDisposable {
  #closing: Promise<void> | undefined

  /** Ends everything that belongs to it; a second call waits for the first. */
  close(): Promise<void> {
    this.#closing ??= this.closeNow()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Called once. */
  protected abstract closeNow(): Promise<void>
}
