// Cuts the bytes of a connection into frames, and lets each body land where it belongs. [I/O thread]
import { assert } from '../base/assert.ts'
import type { BodySink } from './body-sink.ts'

/** The length and the correlation id: what is read before anything is known about a frame. */
const HEAD_BYTES = 8
/** Room for bytes that come in although reading was stopped; small, as they are copied later. */
const SCRATCH_BYTES = 512
/** TLS may deliver 32 KiB after a stop; far more than that means that the transport ignores it. */
const LATE_BYTES_MAX = 1_048_576

/** Whom the reader tells, and asks. */
export interface FrameOwner {
  /** Judges the first four bytes of a frame (a length, one hopes); throws to refuse. */
  checkLength(first: Uint8Array): void
  /** A frame for this correlation id begins. Gives where its body goes; throws to refuse. */
  frame(correlationId: number): BodySink
  /** The body is complete. Its sink has not been told yet. */
  frameEnd(): void
}

/**
 * A byte-level state machine with the shape of `SocketEvents`. The head is read into eight bytes of its own, so a body
 * of any size starts exactly at the start of its target.
 *
 *     | length 4 | correlation id 4 | body ................ |
 *     `------- head, private -------´`-- sink.buffer() ----´
 */
export class FrameReader {
  readonly #owner: FrameOwner
  readonly #head = new Uint8Array(HEAD_BYTES)
  readonly #headView = new DataView(this.#head.buffer)
  readonly #scratch = new Uint8Array(SCRATCH_BYTES)
  /** Bytes that arrived while reading was stopped. */
  #late: Uint8Array[] = []
  #lateBytes = 0
  #headFilled = 0
  #missing = 0
  #sink: BodySink | undefined
  #stopped = false
  /** What the last `buffer()` returned: it stays with the transport until `received`, whatever happens in between. */
  #given: 'head' | 'body' | 'scratch' = 'scratch'

  constructor(owner: FrameOwner) {
    this.#owner = owner
  }

  /** Whether a sink had no room, so that nothing is read. */
  get stopped(): boolean {
    return this.#stopped
  }

  /** Bytes of the current body still to come; 0 between frames. */
  get missingBytes(): number {
    return this.#missing
  }

  /** Whether the transport may write into memory of the current sink at any moment. */
  get sinkIsExposed(): boolean {
    return this.#given === 'body'
  }

  buffer(): Uint8Array {
    if (this.#stopped) {
      this.#given = 'scratch'
      return this.#scratch
    }
    if (this.#sink === undefined) {
      this.#given = 'head'
      return this.#head.subarray(this.#headFilled)
    }
    this.#given = 'body'
    return this.#room(this.#sink)
  }

  /** Takes `count` bytes at the start of the last `buffer()`; says whether to go on. Throws what the owner throws. */
  received(count: number): boolean {
    const given = this.#given
    this.#given = 'scratch'
    if (given === 'head') this.#headReceived(count)
    else if (given === 'body') this.#bodyReceived(count)
    else this.#take(this.#scratch.subarray(0, count))
    return !this.#stopped
  }

  /** Asks the sink that had no room again. Returns whether reading goes on (then the socket must be resumed). */
  resume(): boolean {
    if (!this.#stopped) return false
    this.#stopped = false
    this.#begin()
    const late = this.#late
    this.#late = []
    this.#lateBytes = 0
    for (const bytes of late) this.#take(bytes)
    return !this.#stopped
  }

  /** The current body goes elsewhere from here on. Not while `sinkIsExposed`. */
  redirect(sink: BodySink): void {
    assert(this.#sink !== undefined && !this.sinkIsExposed, 'a body is redirected only between reads')
    this.#sink = sink
  }

  /** Distributes bytes that did not land in place. */
  #take(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const left = bytes.length - at
      if (this.#stopped) {
        this.#lateBytes += left
        assert(this.#lateBytes <= LATE_BYTES_MAX, 'the transport stops reading when told to')
        this.#late.push(bytes.slice(at))
        return
      }
      if (this.#sink === undefined) {
        // In two steps, so that a bad length is refused even when the rest of the head is there.
        const count = Math.min(left, (this.#headFilled < 4 ? 4 : HEAD_BYTES) - this.#headFilled)
        this.#head.set(bytes.subarray(at, at + count), this.#headFilled)
        at += count
        this.#headReceived(count)
      } else {
        const room = this.#room(this.#sink)
        const count = Math.min(left, room.length)
        room.set(bytes.subarray(at, at + count))
        at += count
        this.#bodyReceived(count)
      }
    }
  }

  #headReceived(count: number): void {
    const before = this.#headFilled
    this.#headFilled += count
    if (before < 4 && this.#headFilled >= 4) this.#owner.checkLength(this.#head.subarray(0, 4))
    if (this.#headFilled < HEAD_BYTES) return
    this.#missing = this.#headView.getInt32(0) - 4
    this.#sink = this.#owner.frame(this.#headView.getInt32(4))
    this.#begin()
  }

  #begin(): void {
    const sink = this.#sink
    assert(sink !== undefined, 'a body that begins has a target')
    if (!sink.begin(this.#missing)) this.#stopped = true
    else if (this.#missing === 0) this.#end()
  }

  #bodyReceived(count: number): void {
    this.#sink?.received(count)
    this.#missing -= count
    assert(this.#missing >= 0, 'no more of a body arrives than is missing')
    if (this.#missing === 0) this.#end()
  }

  #end(): void {
    this.#sink = undefined
    this.#headFilled = 0
    this.#owner.frameEnd()
  }

  #room(sink: BodySink): Uint8Array {
    const room = sink.buffer()
    assert(room.length > 0, 'a sink that began has room')
    return room.length > this.#missing ? room.subarray(0, this.#missing) : room
  }
}
