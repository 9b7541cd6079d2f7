// Where the body of one answer goes: the contract, and the two plain kinds of it. [I/O thread]
import type { MillraceError } from '../base/errors.ts'

/**
 * Where the body of one response goes (all after the correlation id), instead of a buffer of its own.
 * Calls come in the order begin, (buffer, received)*, end; `end` may come at any point, also as the only call.
 */
export interface BodySink {
  /** Its memory is nobody else's afterwards, so it may be ended although bytes can still arrive there. */
  readonly expendable?: boolean
  /**
   * The frame's remaining size is known. Returns false when there is no room yet: reading stops until
   * `connection.resumeBody()`, which asks `begin` again. Throws to refuse: the connection closes, and the request fails
   * with what it threw.
   */
  begin(sizeBytes: number): boolean
  /** Room for the next bytes (not empty; at most what is missing is used). May be asked twice before `received`. */
  buffer(): Uint8Array
  /** Bytes arrived at the start of the last `buffer()`. */
  received(count: number): void
  /** The request ended: undefined = the whole body is there, else why not. Once; nothing is written after it. */
  end(error: MillraceError | undefined): void
}

/** Collects a body in one Buffer, with the correlation id in front of it, as `decodeResponse` wants it. */
export class BufferSink implements BodySink {
  readonly expendable = true
  #bytes = Buffer.alloc(0)
  #filled = 4
  readonly #correlationId: () => number
  readonly #ended: (bytes: Uint8Array, error: MillraceError | undefined) => void

  constructor(correlationId: () => number, ended: (bytes: Uint8Array, error: MillraceError | undefined) => void) {
    this.#correlationId = correlationId
    this.#ended = ended
  }

  begin(sizeBytes: number): boolean {
    // The size was checked against the cap before.
    this.#bytes = Buffer.allocUnsafe(4 + sizeBytes)
    this.#bytes.writeInt32BE(this.#correlationId(), 0)
    return true
  }

  buffer(): Uint8Array {
    return this.#bytes.subarray(this.#filled)
  }

  received(count: number): void {
    this.#filled += count
  }

  end(error: MillraceError | undefined): void {
    this.#ended(this.#bytes, error)
  }
}

/** Takes the rest of an answer that nobody waits for any more. */
export class DiscardSink implements BodySink {
  readonly expendable = true
  readonly #bytes = new Uint8Array(16_384)

  begin(): boolean {
    return true
  }

  buffer(): Uint8Array {
    return this.#bytes
  }

  received(): void {}

  end(): void {}
}
