// What a loop over a consumer gave last, where a transaction finds it. [main thread]

/** Something that was given, and may be processed. */
export interface Acked {
  /** False: refused, as it is of an assignment or a position that is over. */
  ack(): boolean
}

/** Who has something in hand. */
export interface Hand {
  /** Takes it out: it is given so once. */
  empty(): Acked | undefined
}

/** The hand of one loop. */
export class LoopHand<T extends Acked> implements Hand {
  readonly #hands: Set<WeakRef<Hand>>
  readonly #own = new WeakRef<Hand>(this)
  #given: T | undefined
  #known = false

  /** `hands`: where those are known that may have something. */
  constructor(hands: Set<WeakRef<Hand>>) {
    this.#hands = hands
  }

  give(given: T): T {
    this.#given = given
    if (!this.#known) this.#hands.add(this.#own)
    this.#known = true
    return given
  }

  empty(): T | undefined {
    const given = this.#given
    this.#given = undefined
    return given
  }

  /** Forgotten, unless it has something: nobody may ask it again. */
  rest(): void {
    if (this.#given !== undefined) return
    this.#hands.delete(this.#own)
    this.#known = false
  }
}
