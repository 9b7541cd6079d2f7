// Cuts the bytes of a connection into frames. [broker]

/** As `socket.request.max.bytes`. */
export const FRAME_BYTES_MAX = 100 * 1024 * 1024
/** A larger frame gets its room step by step, as its bytes come: a claim alone costs nothing. */
const FIRST_ROOM_BYTES = 1024 * 1024
const LENGTH_BYTES = 4

/** Says where the next bytes go, and hands out each frame when it is whole. */
export class FrameReader {
  readonly #length = new Uint8Array(LENGTH_BYTES)
  readonly #onFrame: (frame: Uint8Array) => void
  #frame: Uint8Array | undefined
  #frameBytes = 0
  /** Bytes of the length prefix, or else of the frame, that are there. */
  #have = 0

  /** `onFrame` gets the bytes behind the length prefix; they are its own. */
  constructor(onFrame: (frame: Uint8Array) => void) {
    this.#onFrame = onFrame
  }

  /** Room for the next bytes; never empty. */
  room(): Uint8Array {
    if (this.#frame === undefined) return this.#length.subarray(this.#have)
    if (this.#have === this.#frame.length) {
      const larger = new Uint8Array(Math.min(this.#frameBytes, 2 * this.#frame.length))
      larger.set(this.#frame)
      this.#frame = larger
    }
    return this.#frame.subarray(this.#have)
  }

  /** `count` bytes were put into the last `room()`. Returns false when what came cannot be a frame. */
  received(count: number): boolean {
    this.#have += count
    if (this.#frame === undefined) {
      if (this.#have < LENGTH_BYTES) return true
      this.#frameBytes = new DataView(this.#length.buffer).getInt32(0)
      // Also when the length is refused: `room` must never be empty, and the transport may still have bytes to put.
      this.#have = 0
      if (this.#frameBytes < 0 || this.#frameBytes > FRAME_BYTES_MAX) return false
      this.#frame = new Uint8Array(Math.min(this.#frameBytes, FIRST_ROOM_BYTES))
    }
    if (this.#have < this.#frameBytes) return true
    const frame = this.#frame
    this.#frame = undefined
    this.#have = 0
    this.#onFrame(frame)
    return true
  }
}
