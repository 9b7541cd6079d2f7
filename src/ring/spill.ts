// Memory of its own for a batch too large for its share: one raw and one decoded at a time. [shared bytes]
import { add, exchangeIf, load, store, type Words } from './atomics.ts'

/** Where spills are made, announced to the other threads, and found. */
export interface SpillDesk {
  /** Makes a spill and announces it; undefined while another one holds the token at that control word. */
  open(sizeBytes: number, token: number): number | undefined
}

const HEADER_BYTES = 64
const REFERENCES = 0
const TOKEN = 1

/** Takes the right to spill, a word in the control memory; false while another spill holds it. */
export const takeSpillToken = (control: Words, token: number, holder = 1): boolean =>
  exchangeIf(control, token, 0, holder)

/** A holder that died gives its right back, if it had it. */
export const giveSpillTokenOf = (control: Words, token: number, holder: number): boolean =>
  exchangeIf(control, token, holder, 0)

/** Gives the right back. */
export const giveSpillTokenBack = (control: Words, token: number): void => store(control, token, 0)

/**
 * A spill, seen from one thread. It starts with one reference, its maker's; the last release gives the token back.
 *
 *   | references | control index of the token | ... 64 bytes | bytes |
 */
export class Spill {
  readonly bytes: Uint8Array<SharedArrayBuffer>
  readonly view: DataView<SharedArrayBuffer>
  readonly words: Int32Array<SharedArrayBuffer>
  readonly #head: Words
  readonly #control: Words

  constructor(buffer: SharedArrayBuffer, control: Words) {
    this.#head = new Int32Array(buffer, 0, HEADER_BYTES / 4)
    this.#control = control
    this.bytes = new Uint8Array(buffer, HEADER_BYTES)
    this.view = new DataView(buffer, HEADER_BYTES)
    this.words = new Int32Array(buffer, HEADER_BYTES)
  }

  /** Allocates a spill under a token that was taken. */
  static allocate(sizeBytes: number, token: number): SharedArrayBuffer {
    const buffer = new SharedArrayBuffer(HEADER_BYTES + Math.ceil(sizeBytes / 4) * 4)
    const head = new Int32Array(buffer, 0, HEADER_BYTES / 4)
    store(head, TOKEN, token)
    store(head, REFERENCES, 1)
    return buffer
  }

  /** Everyone has released it. */
  get released(): boolean {
    return load(this.#head, REFERENCES) === 0
  }

  retain(_start: number, _sizeBytes: number): void {
    add(this.#head, REFERENCES, 1)
  }

  release(_start: number, _sizeBytes: number): void {
    if (add(this.#head, REFERENCES, -1) === 1) giveSpillTokenBack(this.#control, load(this.#head, TOKEN))
  }
}
