// What a flow reads from: things that say of themselves whether they are processed. [main thread]

/** Where a flow begins. */
export interface FlowSource<T> {
  /**
   * The next one, undefined at the end and when the signal fires; called again when the call before has settled. It
   * marks nothing processed.
   */
  next(signal?: AbortSignal): Promise<Given<T> | undefined>
  /**
   * Nothing more is asked for, and what was given last is handed back unless somebody saw it: whoever reads next is to
   * find it at once. A call of `next` that is pending is given nothing more.
   */
  close(): Promise<void>
}

/** What becomes of one thing, told once; before that, that it was seen. */
export interface Fate {
  /** User code has it now. */
  seen?(): void
  /** It is processed. */
  done(): void
  /** User code stopped in the middle of it. */
  left(): void
  /** Nobody looked at it: whoever asks next gets it. */
  unread(): void
  /** Its place was sought away from, or given up: it is nobody's any more. */
  stale?(): boolean
}

/** One thing on its way. */
export class Given<T> {
  readonly value: T
  readonly #fate: Fate

  constructor(value: T, fate: Fate) {
    this.value = value
    this.#fate = fate
  }

  seen(): void {
    this.#fate.seen?.()
  }

  done(): void {
    this.#fate.done()
  }

  left(): void {
    this.#fate.left()
  }

  unread(): void {
    this.#fate.unread()
  }

  /** Whether it is nobody's any more. */
  get stale(): boolean {
    return this.#fate.stale?.() ?? false
  }

  /** Something that was made of it, and shares its fate. */
  as<U>(value: U): Given<U> {
    return new Given(value, this.#fate)
  }
}

/** One thing of which several are made: it is processed when all of them were given and are processed. */
export class Whole<T> {
  readonly #given: Given<T>
  #open = 0
  #complete = false

  constructor(given: Given<T>) {
    this.#given = given
  }

  part<U>(value: U): Given<U> {
    const given = this.#given
    this.#open++
    const done = () => {
      this.#open--
      this.#settle()
    }
    return new Given(value, { seen: () => given.seen(), done, left: () => given.left(), unread: () => given.unread() })
  }

  /** There are no more. */
  end(): void {
    this.#complete = true
    this.#settle()
  }

  #settle(): void {
    if (this.#complete && this.#open === 0) this.#given.done()
  }
}

/** The fate of something that is processed already, or has no offset. */
export const NO_FATE: Fate = { done() {}, left() {}, unread() {} }
